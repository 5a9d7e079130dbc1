//! Picking compared with a search over all rows, during flights and where cells are tiny.

use std::time::Duration;

use bevy::{prelude::*, time::TimeUpdateStrategy};
use model::{Kind, Op};
use opswall::{
    fleet::{AgentRow, FleetClock, TaskRow},
    layout::{Block, Extent, MOVE_SECS, Place, PlanScene},
    scene::{camera::View, marks::Marks, pointer::Pointer, selection::Selection},
};
use serde_json::json;

use crate::ties::{app as bare, change, entity, feed, task, workflow};

const SIZE: Vec2 = Vec2::new(1600.0, 900.0);
const FRAME: Duration = Duration::from_millis(16);

/// An app whose clock advances by frames.
fn app() -> App {
    let mut app = bare();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    app
}

/// Sets the view to the whole plan with this many pixels a world unit.
fn look(app: &mut App, px_per_unit: f32) {
    app.insert_resource(View {
        center: Vec2::ZERO,
        world_per_px: 1.0 / px_per_unit,
        size_px: SIZE,
    });
}

fn land(app: &mut App) {
    for _ in 0..(MOVE_SECS / FRAME.as_secs_f64()).ceil() as usize + 2 {
        app.update();
    }
}

/// The row that is hovered with the pointer at a point of the world.
fn hovered(app: &mut App, world: Vec2) -> Option<Entity> {
    let at = app.world().resource::<View>().screen_from_world(world);
    app.world_mut().resource_mut::<Pointer>().over = Some(at);
    app.update();
    app.world().resource::<Selection>().hovered
}

fn agent(id: &str, task: Option<&str>) -> model::Change {
    let row = json!({"id": id, "name": id, "status": "busy", "current_task_id": task});
    change(Kind::Agent, Op::Update, &row)
}

fn place(app: &App, kind: Kind, id: &str) -> (Entity, Place) {
    let row = entity(app, kind, id);
    (row, *app.world().get::<Place>(row).expect("it has a place"))
}

/// Evenly spread points of a rectangle.
fn points(within: Rect, count: usize) -> impl Iterator<Item = Vec2> {
    (1..=count).map(move |step| {
        // A Halton sequence.
        let halton = |base: usize| {
            let (mut number, mut share, mut at) = (step, 1.0, 0.0);
            while number > 0 {
                share /= base as f32;
                at += share * (number % base) as f32;
                number /= base;
            }
            at
        };
        within.min + Vec2::new(halton(2), halton(3)) * within.size()
    })
}

#[test]
fn picking_finds_what_a_search_over_all_rows_finds() {
    let mut app = app();
    feed(&mut app, (0..7).map(|number| workflow(&format!("w{number}"))));
    feed(
        &mut app,
        (0..300).map(|number| {
            // Some are unassigned.
            let home = format!("w{}", number * number % 9);
            task(&format!("t{number}"), "queued", &home, &[], None)
        }),
    );
    feed(
        &mut app,
        (0..60).map(|number| {
            let in_hand = format!("t{}", number * 7 % 300);
            agent(&format!("a{number}"), (number % 3 > 0).then_some(in_hand.as_str()))
        }),
    );
    look(&mut app, 1.0);
    land(&mut app);
    let extent = app.world().resource::<Extent>().0;
    let world = app.world_mut();
    let mut rows = world.query::<(Entity, &Place, Has<AgentRow>)>();
    let rows: Vec<(Entity, Place, bool)> = rows
        .iter(world)
        .map(|(row, place, is_agent)| (row, *place, is_agent))
        .collect();
    let mut blocks = world.query::<(Entity, &Block)>();
    let blocks: Vec<(Entity, Block)> = blocks.iter(world).map(|(row, block)| (row, *block)).collect();
    assert!(rows.len() == 360 && blocks.len() == 8);
    // On an edge both answers are right.
    let on_edge = |rect: Rect, point: Vec2| rect.inflate(0.05).contains(point) && !rect.inflate(-0.05).contains(point);
    let mut found = [0; 5];
    for point in points(extent, 6_000) {
        let is_vague = rows.iter().any(|(_, place, is_agent)| {
            let share = place.at.distance(point) / place.size.x;
            if *is_agent {
                (0.5..1.1).contains(&share)
            } else {
                on_edge(place.rect(), point)
            }
        });
        if is_vague || blocks.iter().any(|(_, block)| on_edge(block.rect(), point)) {
            continue;
        }
        let on_row = rows.iter().find(|(_, place, is_agent)| {
            if *is_agent {
                place.at.distance(point) <= place.size.x * 0.5
            } else {
                place.rect().contains(point)
            }
        });
        let on_block = blocks.iter().find(|(_, block)| block.rect().contains(point));
        let expected = on_row.map(|(row, ..)| *row).or(on_block.map(|(row, _)| *row));
        assert_eq!(hovered(&mut app, point), expected, "at {point}");
        let what = [
            on_row.is_some_and(|(.., is_agent)| !is_agent),
            on_row.is_some(),
            on_block.is_some_and(|(_, block)| block.header().contains(point)),
            on_block.is_some(),
            true,
        ];
        found[what.iter().position(|is| *is).unwrap()] += 1;
    }
    assert!(
        found.iter().all(|count| *count > 20),
        "cells, agents, headers, blocks and streets were picked: {found:?}"
    );
}

#[test]
fn a_flying_agent_is_picked_at_its_animated_position() {
    let mut app = app();
    feed(
        &mut app,
        [workflow("w"), task("t", "running", "w", &[], None), agent("a", None)],
    );
    look(&mut app, 1.0);
    land(&mut app);
    feed(&mut app, [agent("a", Some("t"))]);
    let flier = entity(&app, Kind::Agent, "a");
    let (mut met, mut frames) = (0, 0);
    loop {
        let (_, place) = self::place(&app, Kind::Agent, "a");
        let share = (app.world().resource::<FleetClock>().0 - place.moved) / MOVE_SECS;
        if share > 0.8 {
            break;
        }
        let mark = app.world().resource::<Marks>().mark(flier).expect("it is drawn");
        let seen = mark.flight_position((app.world().resource::<FleetClock>().0 * 1000.0) as u32);
        frames += 1;
        met += usize::from(hovered(&mut app, seen) == Some(flier));
        if seen.distance(place.at) > 2.0 * place.size.x {
            assert_ne!(hovered(&mut app, place.at), Some(flier), "at {share}");
        }
    }
    assert!(frames > 5 && met == frames, "{met} of {frames}");
    land(&mut app);
    let (_, place) = self::place(&app, Kind::Agent, "a");
    assert_eq!(hovered(&mut app, place.at), Some(flier));
}

#[test]
fn during_a_whole_plan_cells_are_picked_where_they_are_drawn() {
    let mut app = app();
    feed(&mut app, (0..5).map(|number| workflow(&format!("w{number}"))));
    let rows = (0..90).map(|number| task(&format!("t{number}"), "queued", &format!("w{}", number % 5), &[], None));
    feed(&mut app, rows);
    look(&mut app, 1.0);
    land(&mut app);
    app.insert_resource(PlanScene {
        size: Vec2::new(1000.0, 1400.0),
        ..PlanScene::default()
    });
    let moved = |app: &App| place(app, Kind::Task, "t0").1.moved;
    let before = moved(&app);
    while moved(&app) == before {
        app.update();
    }
    let mut elsewhere = 0;
    for step in 0..30 {
        let now = app.world().resource::<FleetClock>().0;
        let world = app.world_mut();
        let mut places = world.query_filtered::<(Entity, &Place), With<TaskRow>>();
        let places: Vec<(Entity, Place)> = places.iter(world).map(|(row, place)| (row, *place)).collect();
        let target = places[step * 7 % places.len()].1.drawn_at(now);
        let nearest = places
            .iter()
            .map(|(row, place)| (place.drawn_at(now), *row, place.size))
            .filter(|(at, _, size)| Rect::from_center_size(*at, *size).contains(target))
            .min_by(|one, other| one.0.distance(target).total_cmp(&other.0.distance(target)));
        let expected = nearest.expect("the target itself").1;
        let settled = places.iter().find(|(_, place)| place.rect().contains(target));
        elsewhere += usize::from(settled.map(|(row, _)| *row) != Some(expected));
        assert_eq!(hovered(&mut app, target), Some(expected), "step {step}");
    }
    assert!(elsewhere > 5, "{elsewhere} of 30 are not where their place will be");
}

#[test]
fn cells_too_small_to_be_seen_are_picked_in_trouble_and_otherwise_their_block() {
    let mut app = app();
    feed(&mut app, [workflow("w")]);
    feed(
        &mut app,
        (0..200).map(|number| {
            let status = if number == 150 { "failed" } else { "done" };
            task(&format!("t{number}"), status, "w", &[], None)
        }),
    );
    let block = entity(&app, Kind::Workflow, "w");
    let (failed, alarm) = place(&app, Kind::Task, "t150");
    let (calm, quiet) = place(&app, Kind::Task, "t3");
    assert!(quiet.at.distance(alarm.at) > 4.0 * alarm.size.max_element());
    let least = alarm.size.min_element();
    for (px, picked) in [(1.5, block), (2.9, block), (3.1, calm), (40.0, calm)] {
        look(&mut app, px / least);
        land(&mut app);
        assert_eq!(hovered(&mut app, quiet.at), Some(picked), "a calm cell of {px} px");
        assert_eq!(hovered(&mut app, alarm.at), Some(failed), "one in trouble of {px} px");
    }
    // It is drawn with five pixels, also where its neighbours are.
    look(&mut app, 1.5 / least);
    land(&mut app);
    let pixel = least / 1.5;
    assert_eq!(hovered(&mut app, alarm.at + Vec2::new(2.3, 0.0) * pixel), Some(failed));
    assert_eq!(hovered(&mut app, alarm.at + Vec2::new(3.0, 0.0) * pixel), Some(block));
}

#[test]
fn a_double_click_acts_on_the_row_of_its_first_click() {
    let mut app = app();
    feed(&mut app, [workflow("w"), task("t", "running", "w", &[], None)]);
    look(&mut app, 1.0);
    land(&mut app);
    let (row, Place { at, .. }) = place(&app, Kind::Task, "t");
    let click = |app: &mut App, world: Vec2, is_second: bool| {
        let at = app.world().resource::<View>().screen_from_world(world);
        let mut pointer = app.world_mut().resource_mut::<Pointer>();
        pointer.clicked = Some(at);
        pointer.double_clicked = is_second.then_some(at);
        app.update();
        app.world_mut().resource_mut::<Pointer>().clicked = None;
        app.world().resource::<Selection>().selected
    };
    assert_eq!(click(&mut app, at, false), Some(row));
    // A panel has opened, and the scene has moved aside.
    let aside = at + Vec2::new(5_000.0, 0.0);
    assert_eq!(click(&mut app, aside, true), Some(row));
    assert_eq!(click(&mut app, aside, false), None);
}
