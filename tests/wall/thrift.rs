//! Quality features: what the governor turns off is not drawn, everything else is, and it returns.

use std::time::Duration;

use bevy::prelude::*;
use demo::TableId;
use image::RgbImage;
use model::{Kind, Status};
use opswall::{
    fleet::{FleetClock, Moment, RowState},
    messages::{Quality, QualityFeature},
    scene::{
        camera::SceneCamera,
        labels::{LabelKind, ShownLabels},
        palette::palette,
    },
    wall::{Picture, frame_rate::FrameRate},
};
use realtime::LinkStatus;
use settings::WallSettings;

use crate::wall::{Wall, difference, feed, id_of, pixels_of};

/// The approximate height of the header in pixels.
const HEADER: u32 = 50;

fn scene_of(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    image::imageops::crop_imm(picture, 0, HEADER, width, height - HEADER).to_image()
}

/// The sharpness of a picture: the sum of large steps from pixel to pixel along rows.
fn edges(picture: &RgbImage) -> usize {
    let steep = |x: u32, y: u32| {
        let (a, b) = (picture.get_pixel(x, y), picture.get_pixel(x + 1, y));
        a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 60)
    };
    (0..picture.height())
        .flat_map(|y| (0..picture.width() - 1).map(move |x| (x, y)))
        .filter(|(x, y)| steep(*x, *y))
        .count()
}

#[test]
fn a_wall_without_motion_is_idle_until_something_changes() {
    let server = feed(3, 2, 20);
    let folder = tempfile::tempdir().expect("a folder");
    let mut wall = Wall::with(
        &server,
        UVec2::new(640, 360),
        Picture::Kept(folder.path().join("wall.png")),
        WallSettings {
            reduced_motion: true,
            ..WallSettings::default()
        },
    );
    wall.until_status(LinkStatus::Connected);
    let rests = |world: &World| world.resource::<FrameRate>().is_idle();
    // The first toast goes, moves are over.
    wall.until("the rest", rests);
    assert_eq!(
        wall.app.world().resource::<FrameRate>().interval(),
        Some(Duration::from_secs(1))
    );
    let control = server.control();
    let rows = control.rows(TableId::Tasks);
    let calm = rows
        .iter()
        .find(|row| row["status"] != "failed")
        .expect("a task that did not fail");
    let id = id_of(calm);
    // An idle wall draws one frame a second.
    std::thread::sleep(Duration::from_millis(1_100));
    wall.app.update();
    std::thread::sleep(Duration::from_millis(1_100));
    let failed = [("status".to_owned(), serde_json::json!("failed"))];
    control
        .update(TableId::Tasks, id, &failed.into_iter().collect())
        .expect("it is there");
    // Something else may end the idle state before the change arrives: a proof that is late on a busy machine.
    let row = wall.row(Kind::Task, id);
    let has_failed = |world: &World| {
        world
            .get::<RowState>(row)
            .is_some_and(|state| state.0.status == Status::Failed)
    };
    wall.until("the change", has_failed);
    assert!(!rests(wall.app.world()), "it is awake");
    // The change that ended the idle state is animated from its beginning: its moment is that of this frame.
    let changed = wall.get::<Moment>(row).expect("it is there").changed;
    let now = wall.app.world().resource::<FleetClock>().0;
    assert!(now - changed < 0.3, "{} s too late", now - changed);
}

#[test]
fn features_that_are_off_are_not_drawn_and_return() {
    let server = feed(16, 6, 160);
    let mut wall = Wall::on(&server, UVec2::new(1280, 720));
    wall.until_status(LinkStatus::Connected);
    // The first toast has gone.
    wall.run_for(Duration::from_secs(14));
    let whole = wall.picture("whole");
    let mut shown = |off: usize| {
        wall.app.world_mut().insert_resource(Quality::without(off));
        wall.run_for(Duration::from_millis(1_500));
        let labels = &wall.app.world().resource::<ShownLabels>().labels;
        let named = labels.iter().filter(|label| label.kind == LabelKind::Agent).count();
        (wall.picture(&format!("without-{off}")), named)
    };

    let (_, before) = shown(2);
    let blue = palette(default()).status(Status::Running);
    let (without_labels, after) = shown(3);
    let text = palette(default()).text;
    let names = |picture: &RgbImage| pixels_of(&scene_of(picture), text);
    assert!(after < before, "names of agents go: {before} then {after}");

    let (coarse, _) = shown(4);
    let (sharp, soft) = (edges(&scene_of(&without_labels)), edges(&scene_of(&coarse)));
    assert!(
        soft * 4 < sharp * 3,
        "half the pixels make a softer picture: {sharp} then {soft} edges"
    );
    assert!(soft * 8 > sharp, "but the scene is drawn: {sharp} then {soft} edges");
    // Lines are as wide as before.
    let (before, after) = (pixels_of(&without_labels, blue), pixels_of(&coarse, blue));
    assert!(after * 10 > before, "its colours remain: {before} then {after}");
    assert!(
        names(&coarse) * 10 > names(&without_labels) * 9,
        "names keep every pixel: {} then {}",
        names(&without_labels),
        names(&coarse)
    );
    let header = |picture: &RgbImage| image::imageops::crop_imm(picture, 0, 0, 200, HEADER - 4).to_image();
    assert!(
        difference(&header(&coarse), &header(&without_labels)) < 200,
        "the panels keep every pixel"
    );

    let (back, _) = shown(0);
    let usual = difference(&whole, &shown(0).0).max(1_500);
    let differs = difference(&whole, &back);
    assert!(
        differs < usual * 4,
        "everything has returned: {differs} pixels differ, {usual} usually do"
    );
    let world = wall.app.world_mut();
    assert_eq!(world.query_filtered::<(), With<Camera>>().iter(world).count(), 1);
    assert_eq!(world.query_filtered::<(), With<SceneCamera>>().iter(world).count(), 1);
    assert!(world.resource::<Quality>().has(QualityFeature::Glow));
}
