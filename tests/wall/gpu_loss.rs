//! The GPU device is lost, twice, and the wall goes on: marks, names and panels are drawn as before.

use std::{net::Ipv4Addr, time::Duration};

use bevy::{
    prelude::*,
    render::{render_resource::PollType, renderer::RenderDevice},
};
use opswall::{
    demo::{Options, Server},
    domain::LinkStatus,
    fleet::FleetIndex,
};

use crate::picture::{Wall, difference};

#[test]
fn a_lost_device_is_replaced_and_everything_drawn_again() {
    let options = Options {
        agents: 8,
        workflows: 4,
        tasks: 80,
        rate: 0.0,
        seed: 7,
        ..Options::default()
    };
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let control = server.control();
    let mut wall = Wall::on(&server);
    wall.until_status(LinkStatus::Connected);
    wall.settle(Duration::from_secs(3));
    let before = wall.picture();

    for _ in 1..=2 {
        let lost = device(&wall);
        lost.wgpu_device().destroy();
        // A device destroyed by hand tells of it when it is asked; one that fails tells at once.
        lost.poll(PollType::wait_indefinitely()).expect("an answer");
        // Devices of two instances may have the same number: whether it is another is told by when it came.
        let came = |world: &World| world.resource_ref::<RenderDevice>().last_changed();
        let first = came(wall.app.world());
        wall.until("a new device", |world| came(world) != first);
        wall.settle(Duration::from_secs(1));
    }
    // The toasts that told of it go.
    wall.settle(Duration::from_secs(14));
    let after = wall.picture();
    // Running marks breathe and the clock goes on: what moves is little, a missing part would be much.
    let usual = difference(&after, &wall.picture()).max(2_000);
    let changed = difference(&before, &after);
    assert!(changed < usual * 3, "{changed} pixels differ, {usual} usually do");

    control.step(40);
    wall.settle(Duration::from_secs(2));
    let later = wall.picture();
    assert!(difference(&before, &later) > 200, "changes are seen on the new device");
    assert!(!wall.app.world().resource::<FleetIndex>().is_empty());
}

fn device(wall: &Wall) -> RenderDevice {
    wall.app.world().resource::<RenderDevice>().clone()
}
