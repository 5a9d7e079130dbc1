//! Names in a failure storm, as the room sees it: no agent's name hides a task in trouble, and few stand on a ring.

use std::{collections::HashSet, net::Ipv4Addr};

use crate::wall::Wall;
use bevy::prelude::*;
use opswall::{
    demo::{Options, Population, Server},
    domain::{LinkStatus, Status},
    fleet::{AgentRow, Label, RowState, TaskRow},
    layout::{District, Place},
    scene::camera::View,
};

#[test]
fn no_agents_name_hides_a_task_in_trouble_and_few_stand_on_a_ring() {
    let options = Options {
        agents: 60,
        workflows: 24,
        tasks: 1_200,
        rate: 0.0,
        population: Population::Storm,
        ..Options::default()
    };
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let mut wall = Wall::on(&server, UVec2::new(1920, 1080));
    wall.until_status(LinkStatus::Connected);
    wall.settle();
    let labels = wall.labels();
    let view = *wall.app.world().resource::<View>();
    let world = wall.app.world_mut();
    let agents: HashSet<String> = world
        .query_filtered::<(&Label, &RowState), With<AgentRow>>()
        .iter(world)
        // One in trouble is itself what must be found.
        .filter(|(_, state)| state.0.status == Status::Running)
        .map(|(label, _)| label.0.to_string())
        .collect();
    let named: Vec<_> = labels.iter().filter(|(text, _)| agents.contains(text)).collect();
    assert!(named.len() >= 8, "{} of {}: {labels:?}", named.len(), agents.len());

    let trouble: Vec<Vec2> = world
        .query_filtered::<(&RowState, &Place), With<TaskRow>>()
        .iter(world)
        .filter(|(state, _)| matches!(state.0.status, Status::Failed | Status::Blocked | Status::Waiting))
        .map(|(_, place)| view.screen_from_world(place.at))
        .collect();
    assert!(trouble.len() > 500);
    for (text, rect) in &named {
        let hidden = trouble.iter().filter(|at| rect.contains(**at)).count();
        assert_eq!(hidden, 0, "{text} at {rect:?}");
    }

    let rings: Vec<(Vec2, f32)> = world
        .query::<&District>()
        .iter(world)
        .map(|district| {
            (
                view.screen_from_world(district.center),
                district.radius / view.world_per_px,
            )
        })
        .collect();
    let on_ring = named.iter().filter(|(_, rect)| {
        rings.iter().any(|(middle, radius)| {
            let nearest = middle.clamp(rect.min, rect.max).distance(*middle);
            let farthest = (rect.min - middle).abs().max((rect.max - middle).abs()).length();
            nearest < *radius && *radius < farthest
        })
    });
    let on_ring = on_ring.count();
    assert!(on_ring * 2 < named.len(), "{on_ring} of {}", named.len());
}
