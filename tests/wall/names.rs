//! Names in the picture: none hides a task in trouble, few cross a ring or an agent, and in the near view each has an age.

use std::{collections::HashSet, net::Ipv4Addr};

use crate::wall::Wall;
use bevy::prelude::*;
use demo::{Options, Population, Server};
use model::{Kind, Status};
use opswall::{
    fleet::{AgentRow, Key, RowLabel, RowState, TaskRow, WorkflowRow},
    layout::{District, Place},
    messages::FloatingPanels,
    scene::camera::View,
    ui::Panels,
};
use realtime::LinkStatus;

fn wall_of(options: Options) -> (Server, Wall) {
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let mut wall = Wall::on(&server, UVec2::new(1920, 1080));
    wall.until_status(LinkStatus::Connected);
    wall.settle();
    (server, wall)
}

/// A wall with few rows in trouble.
fn calm(agents: usize, workflows: usize, tasks: usize) -> (Server, Wall) {
    wall_of(Options {
        agents,
        workflows,
        tasks,
        rate: 0.0,
        population: Population::Calm,
        ..Options::default()
    })
}

/// The labels of these workflows, whole or shortened.
fn named<'a>(labels: &'a [(String, Rect)], workflows: &[(String, Vec2, f32)]) -> Vec<&'a (String, Rect)> {
    let is_name = |text: &str| {
        let said = text.split("  ").next().unwrap_or_default().replace('\n', " ");
        let kept = said.trim_end_matches('…');
        workflows.iter().any(|(name, ..)| name.starts_with(kept))
    };
    labels.iter().filter(|(text, _)| is_name(text)).collect()
}

/// The workflows: name, middle and radius on the screen.
fn workflows_of(wall: &mut Wall) -> Vec<(String, Vec2, f32)> {
    let view = *wall.app.world().resource::<View>();
    let world = wall.app.world_mut();
    let mut flows = world.query_filtered::<(&RowLabel, &District), With<WorkflowRow>>();
    flows
        .iter(world)
        .map(|(label, district)| {
            let middle = view.screen_from_world(district.center);
            (label.0.to_string(), middle, district.radius / view.world_per_px)
        })
        .collect()
}

/// The places of rows of a kind on the screen.
fn places_of<K: Component>(wall: &mut Wall, is_meant: impl Fn(Status) -> bool) -> Vec<Vec2> {
    let view = *wall.app.world().resource::<View>();
    let world = wall.app.world_mut();
    let mut rows = world.query_filtered::<(&RowState, &Place), With<K>>();
    let meant = rows.iter(world).filter(|(state, _)| is_meant(state.0.status));
    meant.map(|(_, place)| view.screen_from_world(place.at)).collect()
}

fn is_trouble(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Blocked | Status::Waiting)
}

#[test]
fn names_of_districts_avoid_agents_and_use_free_space() {
    let (_server, mut wall) = calm(60, 40, 1_900);
    let labels = wall.labels();
    let workflows = workflows_of(&mut wall);
    let names = named(&labels, &workflows);
    assert!(
        names.len() * 10 >= workflows.len() * 9,
        "{} of {}",
        names.len(),
        workflows.len()
    );
    let trouble = places_of::<TaskRow>(&mut wall, is_trouble);
    let agents = places_of::<AgentRow>(&mut wall, |_| true);
    let over = |marks: &[Vec2]| {
        let hides = |rect: &Rect| marks.iter().any(|mark| rect.contains(*mark));
        names.iter().filter(|(_, rect)| hides(rect)).count()
    };
    assert_eq!(over(&trouble), 0, "no task in trouble is hidden");
    assert!(over(&agents) <= 1, "{} names are over agents", over(&agents));
    // At full width it would cover something.
    let has_ground = |(text, rect): &(String, Rect)| {
        let kept = text.trim_end_matches('…');
        let Some((whole, ..)) = workflows.iter().find(|(name, ..)| name.starts_with(kept)) else {
            return false;
        };
        let share = whole.chars().count() as f32 / text.chars().count() as f32;
        let wanted = Rect::from_center_half_size(rect.center(), rect.half_size() * Vec2::new(share * 1.1, 1.0));
        let rings = workflows.iter().any(|(_, middle, radius)| {
            let away = middle.clamp(wanted.min, wanted.max).distance(*middle);
            away < *radius - 1.0
        });
        let mut others = labels.iter().filter(|(other, _)| other != text);
        let names = others.any(|(_, other)| !other.intersect(wanted.inflate(8.0)).is_empty());
        let marks = agents.iter().any(|agent| wanted.inflate(14.0).contains(*agent));
        !rings && !names && !marks
    };
    let cut: Vec<_> = names.iter().filter(|(text, _)| text.ends_with('…')).collect();
    let needless: Vec<_> = cut.iter().filter(|name| has_ground(name)).collect();
    assert!(needless.is_empty(), "{needless:?} of {} that are cut", cut.len());
}

#[test]
fn in_the_far_view_districts_in_trouble_are_named_and_their_marks_visible() {
    let (_server, mut wall) = calm(300, 200, 19_500);
    let labels = wall.labels();
    let workflows = workflows_of(&mut wall);
    let names = named(&labels, &workflows);
    let trouble = places_of::<TaskRow>(&mut wall, is_trouble);
    for (text, rect) in &names {
        let hidden = trouble.iter().filter(|at| rect.contains(**at)).count();
        assert_eq!(hidden, 0, "{text} at {rect:?}");
    }
    let troubled = names.iter().filter(|(_, rect)| {
        let home = workflows
            .iter()
            .find(|(_, middle, radius)| middle.distance(rect.center()) < *radius);
        home.is_some_and(|(_, middle, radius)| trouble.iter().any(|at| at.distance(*middle) < *radius))
    });
    let troubled = troubled.count();
    assert!(troubled * 2 > names.len(), "{troubled} of {}", names.len());
}

#[test]
fn no_name_is_placed_under_toasts_and_panels() {
    let options = Options {
        agents: 10,
        workflows: 60,
        tasks: 900,
        rate: 0.0,
        population: Population::Calm,
        ..Options::default()
    };
    let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server");
    let mut wall = Wall::on(&server, UVec2::new(1280, 720));
    wall.app.world_mut().resource_mut::<Panels>().legend_open = true;
    wall.until_status(LinkStatus::Connected);
    // The first toast stays for some seconds.
    wall.run_for(std::time::Duration::from_secs(3));
    let panels = wall.app.world().resource::<FloatingPanels>().0.clone();
    assert_eq!(panels.len(), 2, "the legend and a toast: {panels:?}");
    let labels = wall.labels();
    assert!(labels.len() > 20, "{} names", labels.len());
    for (text, rect) in labels {
        let under = panels
            .iter()
            .find(|panel| !panel.intersect(rect.inflate(-2.0)).is_empty());
        assert_eq!(under, None, "{text} at {rect:?}");
    }
}

#[test]
fn in_the_near_view_every_name_has_an_age() {
    let (_server, mut wall) = wall_of(Options {
        agents: 6,
        workflows: 2,
        tasks: 24,
        rate: 0.0,
        ..Options::default()
    });
    let world = wall.app.world_mut();
    let mut tasks = world.query_filtered::<(&Key, &RowState), With<TaskRow>>();
    let busy = tasks.iter(world).find(|(_, state)| state.0.status == Status::Running);
    let id = busy.expect("a task at work").0.0.id.as_str().parse().expect("a uuid");
    wall.visit(Kind::Task, id);
    wall.picture("ages");
    let labels = wall.legible();
    let is_age = |text: &String| {
        let mut words = text.rsplit(' ');
        let unit = words.next().unwrap_or_default();
        let count = words.next().unwrap_or_default();
        ["s", "min", "h", "d"].contains(&unit) && count.parse::<u32>().is_ok()
    };
    let aged = labels.iter().filter(|text| is_age(text)).count();
    assert!(aged >= 2, "{labels:?}");
}

#[test]
fn no_agents_name_hides_a_task_in_trouble_and_few_cross_a_ring() {
    let options = Options {
        agents: 60,
        workflows: 24,
        tasks: 1_200,
        rate: 0.0,
        population: Population::Storm,
        ..Options::default()
    };
    let (_server, mut wall) = wall_of(options);
    let labels = wall.labels();
    let view = *wall.app.world().resource::<View>();
    let world = wall.app.world_mut();
    let agents: HashSet<String> = world
        .query_filtered::<(&RowLabel, &RowState), With<AgentRow>>()
        .iter(world)
        // An agent in trouble must itself be found.
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
