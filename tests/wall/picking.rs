//! Picking compared with a search over all rows, during flights and in the far view.

use std::time::Duration;

use bevy::{prelude::*, time::TimeUpdateStrategy};
use model::{Kind, Op};
use opswall::{
    fleet::{AgentRow, FleetClock, TaskRow, WorkflowRow},
    layout::{District, MOVE_SECS, Place},
    scene::{camera::View, motion::flight_position, pointer::Pointer, selection::Selection},
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

/// Sets the view to the whole plane with this many pixels a slot.
fn look(app: &mut App, px_per_slot: f32) {
    app.insert_resource(View {
        center: Vec2::ZERO,
        world_per_px: 1.0 / px_per_slot,
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

#[test]
fn picking_finds_what_a_search_over_all_rows_finds() {
    let mut app = app();
    feed(&mut app, (0..7).map(|number| workflow(&format!("w{number}"))));
    feed(
        &mut app,
        (0..300).map(|number| {
            task(
                &format!("t{number}"),
                "queued",
                &format!("w{}", number * number % 6),
                &[],
                None,
            )
        }),
    );
    feed(
        &mut app,
        (0..30).map(|number| {
            let in_hand = format!("t{}", number * 7);
            agent(&format!("a{number}"), (number % 3 > 0).then_some(in_hand.as_str()))
        }),
    );
    look(&mut app, 12.0);
    land(&mut app);
    let world = app.world_mut();
    let mut of_kind = |is_agent: bool| -> Vec<(Entity, Vec2)> {
        let mut rows = world.query::<(Entity, &Place, Has<AgentRow>)>();
        let rows = rows.iter(world).filter(|row| row.2 == is_agent);
        rows.map(|(row, place, _)| (row, place.at)).collect()
    };
    let (tasks, agents) = (of_kind(false), of_kind(true));
    let mut grounds = world.query_filtered::<(Entity, &District), With<WorkflowRow>>();
    let grounds: Vec<(Entity, District)> = grounds.iter(world).map(|(row, district)| (row, *district)).collect();
    assert!(tasks.len() == 300 && agents.len() == 30 && grounds.len() == 7);
    let mut found = [0; 4];
    for step in 0..4_000 {
        // A Halton sequence covers the plane evenly.
        let halton = |base: usize| {
            let (mut number, mut share, mut at) = (step + 1, 1.0, 0.0);
            while number > 0 {
                share /= base as f32;
                at += share * (number % base) as f32;
                number /= base;
            }
            at - 0.5
        };
        let point = Vec2::new(halton(2) * 90.0, halton(3) * 60.0);
        let nearest = |rows: &[(Entity, Vec2)], reach: f32| {
            let near = rows.iter().map(|(row, at)| (at.distance(point), *row));
            let nearest = near
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(away, _)| *away < reach);
            nearest.map(|(_, row)| row)
        };
        let (on_task, on_agent) = (nearest(&tasks, 0.5), nearest(&agents, 0.85));
        let on_ground = grounds
            .iter()
            .find(|(_, ground)| ground.center.distance(point) <= ground.radius);
        let expected = on_task.or(on_agent).or(on_ground.map(|(row, _)| *row));
        assert_eq!(hovered(&mut app, point), expected, "at {point}");
        let what = [on_task.is_some(), on_agent.is_some(), on_ground.is_some(), true];
        found[what.iter().position(|is| *is).unwrap()] += 1;
    }
    assert!(
        found.iter().all(|count| *count > 20),
        "every kind was picked: {found:?}"
    );
}

#[test]
fn a_flying_agent_is_picked_at_its_animated_position() {
    let mut app = app();
    feed(
        &mut app,
        [workflow("w"), task("t", "running", "w", &[], None), agent("a", None)],
    );
    look(&mut app, 20.0);
    land(&mut app);
    feed(&mut app, [agent("a", Some("t"))]);
    let flier = entity(&app, Kind::Agent, "a");
    let (mut met, mut frames) = (0, 0);
    loop {
        let place = *app.world().get::<Place>(flier).unwrap();
        let share = (app.world().resource::<FleetClock>().0 - place.moved) / MOVE_SECS;
        if share > 0.8 {
            break;
        }
        let seen = flight_position(place.from, place.at, share as f32);
        // Two frames: picking reads the frame before.
        frames += 1;
        met += usize::from(hovered(&mut app, seen) == Some(flier));
        if seen.distance(place.at) > 4.0 {
            assert_ne!(hovered(&mut app, place.at), Some(flier), "at {share}");
        }
    }
    assert!(frames > 5 && met == frames, "{met} of {frames}");
    land(&mut app);
    let at = app.world().get::<Place>(flier).unwrap().at;
    assert_eq!(hovered(&mut app, at), Some(flier));
}

#[test]
fn in_the_far_view_tasks_in_trouble_are_picked_and_otherwise_districts() {
    let mut app = app();
    feed(&mut app, [workflow("w")]);
    feed(
        &mut app,
        (0..200).map(|number| {
            let status = if number == 150 { "failed" } else { "done" };
            task(&format!("t{number}"), status, "w", &[], None)
        }),
    );
    look(&mut app, 2.0);
    land(&mut app);
    let at = |app: &App, id: &str| {
        let row = entity(app, Kind::Task, id);
        (row, app.world().get::<Place>(row).unwrap().at)
    };
    let (failed, place) = at(&app, "t150");
    assert_eq!(
        hovered(&mut app, place + Vec2::new(1.4, 0.9)),
        Some(failed),
        "three pixels beside it"
    );
    let (_, quiet) = at(&app, "t3");
    let district = entity(&app, Kind::Workflow, "w");
    assert!(quiet.distance(place) > 4.0);
    assert_eq!(hovered(&mut app, quiet), Some(district));
    assert!(app.world().get::<TaskRow>(failed).is_some());
}

#[test]
fn a_double_click_acts_on_the_row_of_its_first_click() {
    let mut app = app();
    feed(&mut app, [workflow("w"), task("t", "running", "w", &[], None)]);
    look(&mut app, 20.0);
    land(&mut app);
    let row = entity(&app, Kind::Task, "t");
    let at = app.world().get::<Place>(row).unwrap().at;
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
    let aside = at + Vec2::new(500.0, 0.0);
    assert_eq!(click(&mut app, aside, true), Some(row));
    assert_eq!(click(&mut app, aside, false), None);
}
