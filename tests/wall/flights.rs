//! Agents fly along the streets.

use std::time::Duration;

use bevy::{prelude::*, time::TimeUpdateStrategy};
use model::{Change, Kind, Op};
use opswall::{
    layout::{Block, MOVE_SECS, Place},
    scene::marks::{Mark, Marks},
};
use serde_json::json;

use crate::ties::{app, change, entity, feed, task, workflow};

const FLOWS: usize = 9;
const FRAME: Duration = Duration::from_millis(25);

fn agent(op: Op, task: Option<&str>) -> Change {
    let status = if task.is_some() { "working" } else { "idle" };
    let row = json!({"id": "a", "name": "Ada", "status": status, "current_task_id": task});
    change(Kind::Agent, op, &row)
}

/// A wall of some blocks, and an agent in the dock.
fn city() -> App {
    let mut app = app();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    let flows: Vec<String> = (0..FLOWS).map(|number| format!("w{number}")).collect();
    let mut rows: Vec<Change> = flows.iter().map(|id| workflow(id)).collect();
    for flow in &flows {
        rows.extend((0..12).map(|number| task(&format!("{flow}.{number}"), "queued", flow, &[], None)));
    }
    rows.push(agent(Op::Insert, None));
    feed(&mut app, rows);
    settle(&mut app);
    app
}

fn settle(app: &mut App) {
    for _ in 0..(MOVE_SECS / FRAME.as_secs_f64()) as usize + 4 {
        app.update();
    }
}

fn mark(app: &App) -> Mark {
    let agent = entity(app, Kind::Agent, "a");
    app.world().resource::<Marks>().mark(agent).expect("it is drawn")
}

fn place(app: &App) -> Place {
    *app.world()
        .get::<Place>(entity(app, Kind::Agent, "a"))
        .expect("it has a place")
}

/// Its positions during its flight.
fn way(mark: &Mark) -> Vec<Vec2> {
    let duration = (MOVE_SECS * 1000.0) as u32;
    (0..=duration)
        .step_by(5)
        .map(|ms| mark.flight_position(mark.moved.wrapping_add(ms)))
        .collect()
}

#[test]
fn agents_fly_in_the_streets_from_the_dock_and_from_block_to_block() {
    let mut app = city();
    let blocks: Vec<Rect> = {
        let mut query = app.world_mut().query::<&Block>();
        query.iter(app.world()).map(Block::rect).collect()
    };
    assert_eq!(blocks.len(), FLOWS);
    let mut routed = 0;
    let mut turn = |app: &mut App, task: Option<&str>| {
        feed(app, [agent(Op::Update, task)]);
        let flight = mark(app);
        assert_eq!(flight.to, place(app).at);
        let way = way(&flight);
        assert_eq!((way.first(), way.last()), (Some(&flight.from), Some(&flight.to)));
        if flight.route.is_some() {
            routed += 1;
            for at in &way {
                let within = blocks.iter().find(|block| block.inflate(-0.5).contains(*at));
                assert_eq!(within, None, "{at} is in no block");
            }
        }
        settle(app);
    };
    for number in [0, 4, 8, 2, 6, 1, 7] {
        turn(&mut app, Some(&format!("w{number}.5")));
    }
    turn(&mut app, None);
    // The others are flown straight, where that is much shorter.
    assert!(routed > 1, "{routed} of 8 flights were along streets");
}

#[test]
fn a_flight_that_begins_within_a_flight_departs_from_where_the_agent_is() {
    let mut app = city();
    feed(&mut app, [agent(Op::Update, Some("w0.5"))]);
    for _ in 0..5 {
        app.update();
    }
    let first = mark(&app);
    assert!(first.from != first.to);
    feed(&mut app, [agent(Op::Update, Some("w8.5"))]);
    let second = mark(&app);
    assert!(second.moved != first.moved && second.to != first.to);
    assert_eq!(second.from, first.flight_position(second.moved));
    // Another change of the row does not change the flight.
    let row = json!({"id": "a", "name": "Ada Two", "status": "working", "current_task_id": "w8.5"});
    feed(&mut app, [change(Kind::Agent, Op::Update, &row)]);
    let third = mark(&app);
    assert_eq!(
        (third.from, third.moved, third.route),
        (second.from, second.moved, second.route)
    );
    settle(&mut app);
    let third = mark(&app);
    assert_eq!(third.flight_position(third.moved.wrapping_add(600)), place(&app).at);
}
