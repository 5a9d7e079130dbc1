//! The whole app without a window: the demo feed over a real socket, drawn live and after a loss.

use std::time::Duration;

use bevy::prelude::*;
use demo::{Cut, Refusal};
use model::{Kind, Status};
use opswall::{
    fleet::{Counts, FleetIndex},
    messages::Intent,
    scene::palette::palette,
};
use realtime::LinkStatus;

use crate::wall::{Wall, difference, feed, pixels_of};

const SIZE: UVec2 = UVec2::new(1280, 720);
/// One test with one app: a second one in the same process would set up the logger again.
#[test]
fn the_wall_is_drawn_changes_becomes_stale_and_recovers() {
    let server = feed(16, 6, 160);
    let control = server.control();
    let mut wall = Wall::on(&server, SIZE);

    wall.until_status(LinkStatus::Connected);
    wall.run_for(Duration::from_secs(2));
    let rows: usize = control.state().tables.values().map(|table| table.rows).sum();
    assert_eq!(
        wall.app.world().resource::<FleetIndex>().len(),
        rows,
        "every row is an entity"
    );
    let live = wall.picture("live");
    assert_eq!((live.width(), live.height()), (SIZE.x, SIZE.y));
    let counts = wall.app.world().resource::<Counts>().clone();
    for status in [Status::Running, Status::Blocked, Status::Failed] {
        assert!(
            counts.of(Kind::Task, status) > 0,
            "the seed has {} tasks",
            status.word()
        );
        let drawn = pixels_of(&live, palette(default()).status(status));
        assert!(
            drawn > 20,
            "{} tasks are drawn in their colour: {drawn} pixels",
            status.word()
        );
    }
    let (empty, all) = (pixels_of(&live, palette(default()).ground), (SIZE.x * SIZE.y) as usize);
    assert!(
        empty * 4 < all,
        "blocks fill the screen: {empty} of {all} pixels are empty"
    );

    control.step(60);
    wall.run_for(Duration::from_secs(2));
    let later = wall.picture("later");
    assert!(difference(&live, &later) > 200, "changes are drawn");

    control.refuse(Refusal::default(), None);
    control.cut(Cut::Rst);
    wall.until_status(LinkStatus::Error);
    wall.run_for(Duration::from_secs(2));
    let offline = wall.picture("offline");
    let (before, after) = (running_pixels(&later), running_pixels(&offline));
    // Header and scene lose their colours.
    assert!(
        after * 3 < before,
        "a stale scene has less colour: {before} pixels of running blue, then {after}"
    );
    let reds = |picture| pixels_of(picture, palette(default()).status(Status::Failed));
    assert!(
        reds(&offline) > reds(&later) + 2_000,
        "the badge and the header's line turn red"
    );
    assert_eq!(
        wall.app.world().resource::<FleetIndex>().len(),
        wall.counted(),
        "stale, never blank"
    );

    control.allow();
    wall.app.world_mut().write_message(Intent::Reconnect);
    wall.until_status(LinkStatus::Connected);
    wall.run_for(Duration::from_secs(2));
    let back = wall.picture("back");
    assert!(running_pixels(&back) > after * 3, "live again, the colours return");
    assert!(reds(&back) < reds(&offline), "and the badge is no longer red");
}

fn running_pixels(picture: &image::RgbImage) -> usize {
    pixels_of(picture, palette(default()).status(Status::Running))
}
