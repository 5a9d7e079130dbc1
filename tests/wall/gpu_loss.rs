//! The GPU device is lost twice, and marks, names and panels are drawn as before.

use std::time::Duration;

use bevy::{
    prelude::*,
    render::{render_resource::PollType, renderer::RenderDevice},
};
use opswall::fleet::FleetIndex;
use realtime::LinkStatus;

use crate::wall::{Wall, difference, feed};

#[test]
fn after_a_lost_device_everything_is_drawn_again() {
    let server = feed(8, 4, 80);
    let control = server.control();
    let mut wall = Wall::on(&server, UVec2::new(1280, 720));
    wall.until_status(LinkStatus::Connected);
    // The toast that it is live goes.
    wall.run_for(Duration::from_secs(14));
    let before = wall.picture("device");
    wall.run_for(Duration::from_secs(1));
    // Rings turn, beams flow and ages advance.
    let usual = difference(&before, &wall.picture("device-later")).max(4_000);

    for _ in 1..=2 {
        let lost = device(&wall);
        lost.wgpu_device().destroy();
        // A device that is destroyed by hand reports its loss only when polled; one that fails reports it at once.
        lost.poll(PollType::wait_indefinitely()).expect("an answer");
        // Devices of two instances may have the same number: the time of creation distinguishes them.
        let came = |world: &World| world.resource_ref::<RenderDevice>().last_changed();
        let first = came(wall.app.world());
        wall.until("a new device", |world| came(world) != first);
        wall.run_for(Duration::from_secs(1));
    }
    // The toasts about it go.
    wall.run_for(Duration::from_secs(14));
    let after = wall.picture("other-device");
    // Without its labels, or its panels, it would differ much more.
    let changed = difference(&before, &after);
    assert!(changed < usual * 2, "{changed} pixels differ, {usual} usually do");

    control.step(40);
    wall.run_for(Duration::from_secs(2));
    let later = wall.picture("other-device-later");
    assert!(difference(&before, &later) > 200, "changes are drawn on the new device");
    assert!(!wall.app.world().resource::<FleetIndex>().is_empty());
}

fn device(wall: &Wall) -> RenderDevice {
    wall.app.world().resource::<RenderDevice>().clone()
}
