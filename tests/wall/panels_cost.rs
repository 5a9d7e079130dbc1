//! What all panels together cost. The test proves that they can be open together over many rows; the measurement prints frame
//! times with them closed and open, and is run by hand: `cargo nextest run --run-ignored only panels_cost --no-capture`.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use model::Kind;
use opswall::{
    actions::Command,
    fleet::Key,
    messages::{Intent, Quality},
    ui::Panels,
};
use realtime::LinkStatus;

use crate::wall::{Wall, feed};

/// Opens every panel that can be open beside the others.
fn open_all(wall: &mut Wall) {
    let world = wall.app.world_mut();
    let mut rows = world.query::<&Key>();
    let task = rows
        .iter(world)
        .find(|key| key.0.kind == Kind::Task)
        .expect("a task")
        .0
        .clone();
    world.write_message(Intent::Select(Some(task)));
    for command in [
        Command::ToggleTable,
        Command::ToggleLog,
        Command::ToggleLegend,
        Command::ToggleConnection,
        Command::ToggleViews,
        Command::ToggleHelp,
    ] {
        world.write_message(command);
    }
    wall.run_for(Duration::from_secs(3));
    let panels = wall.app.world().resource::<Panels>();
    assert!(panels.popover_open && panels.legend_open && panels.keys_open && panels.log.is_some());
}

#[test]
fn all_panels_are_open_together() {
    let server = feed(16, 6, 160);
    let mut wall = Wall::on(&server, UVec2::new(1280, 720));
    wall.until_status(LinkStatus::Connected);
    let closed = wall.picture("panels_closed");
    open_all(&mut wall);
    let open = wall.picture("panels_open");
    assert!(
        crate::wall::difference(&closed, &open) > 100_000,
        "they cover much of the picture"
    );
}

#[test]
#[ignore = "a measurement"]
fn frames_with_all_panels_over_ten_thousand_rows() {
    let server = feed(200, 100, 9_700);
    let mut wall = Wall::on(&server, UVec2::new(1920, 1080));
    wall.until_status(LinkStatus::Connected);
    wall.app.world_mut().insert_resource(Quality::default());
    wall.run_for(Duration::from_secs(5));
    let measure = |wall: &mut Wall| {
        let mut frames: Vec<Duration> = (0..60)
            .map(|_| {
                let begun = Instant::now();
                wall.app.update();
                begun.elapsed()
            })
            .collect();
        frames.sort();
        frames[frames.len() / 2]
    };
    let before = measure(&mut wall);
    open_all(&mut wall);
    let open = measure(&mut wall);
    let times = |open: Duration| open.as_secs_f64() / before.as_secs_f64();
    println!(
        "median frame, panels closed {before:?}, open {open:?}: {:.2} times",
        times(open)
    );
    for command in [
        Command::ToggleHelp,
        Command::ToggleViews,
        Command::ToggleTable,
        Command::ToggleLog,
        Command::ToggleConnection,
        Command::ToggleLegend,
    ] {
        wall.app.world_mut().write_message(command);
        wall.run_for(Duration::from_secs(1));
        println!("and without {command:?}: {:.2} times", times(measure(&mut wall)));
    }
}
