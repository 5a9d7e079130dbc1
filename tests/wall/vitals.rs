//! Agents whose heartbeat is overdue go offline when time passes, and rows that are gone show what that means.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use jiff::Timestamp;
use model::{Kind, Mapping, Op, Rule, Status, StatusReading};
use opswall::{
    fleet::{self, Counts, FleetMapping, Incoming, RowState, Touched, WorksOn},
    frame, messages,
};
use serde_json::{Value, json};

use crate::fleet::{change, entity, feed};

fn app(mapping: Mapping) -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(FleetMapping(mapping.into()))
        .add_plugins((frame::plugin, messages::plugin, fleet::plugin));
    app.update();
    app
}

/// An agent with a task in hand, whose last heartbeat was so long ago.
fn agent(id: &str, status: &str, ago_ms: i64, every_ms: Option<i64>) -> Value {
    json!({
        "id": id, "name": id, "status": status, "current_task_id": "t",
        "last_heartbeat_at": Timestamp::now().as_millisecond() - ago_ms, "heartbeat_interval_ms": every_ms,
    })
}

fn state(app: &App, id: &str) -> StatusReading {
    let row = entity(app, Kind::Agent, id);
    app.world().get::<RowState>(row).expect("a state").0.clone()
}

#[test]
fn an_agent_goes_offline_when_its_heartbeat_is_overdue_and_comes_back_with_the_next() {
    let mut app = app(Mapping::default());
    let every = Some(30_000);
    feed(
        &mut app,
        [change(
            Kind::Task,
            Op::Insert,
            &json!({"id": "t", "title": "t", "status": "running"}),
        )],
    );
    let rows = [
        // 90 s are allowed: it is overdue in a moment.
        agent("soon", "running", 89_000, every),
        agent("late", "running", 120_000, every),
        agent("lost", "error", 7_200_000, every),
        agent("fine", "running", 0, every),
    ];
    feed(&mut app, rows.iter().map(|row| change(Kind::Agent, Op::Insert, row)));
    let of = |app: &App, id: &str| state(app, id).status;
    assert_eq!(
        [of(&app, "soon"), of(&app, "late"), of(&app, "lost"), of(&app, "fine")],
        [Status::Running, Status::Offline, Status::Failed, Status::Running]
    );
    assert_eq!(state(&app, "late").rule, Rule::Heartbeat);
    let soon = entity(&app, Kind::Agent, "soon");
    assert!(app.world().get::<WorksOn>(soon).is_some());

    let started = Instant::now();
    let mut was_touched = false;
    while of(&app, "soon") != Status::Offline {
        assert!(started.elapsed() < Duration::from_secs(30), "it never went offline");
        std::thread::sleep(Duration::from_millis(20));
        app.update();
        was_touched = !app.world().resource::<Touched>().is_empty();
    }
    assert!(was_touched, "it is drawn anew");
    let key = app.world().get::<fleet::Key>(soon).expect("a row").0.clone();
    let journal = app.world().resource::<fleet::History>().journal();
    let states: Vec<Option<Status>> = journal.states(&key).map(|stretch| stretch.status).collect();
    assert_eq!(
        states,
        [Some(Status::Running), Some(Status::Offline)],
        "it is in its history"
    );
    app.update();
    assert_eq!(
        app.world().get::<WorksOn>(soon),
        None,
        "what is offline has nothing in hand"
    );
    let counts = app.world().resource::<Counts>();
    assert_eq!(
        [
            counts.of(Kind::Agent, Status::Offline),
            counts.of(Kind::Agent, Status::Running)
        ],
        [2, 1]
    );

    feed(
        &mut app,
        [change(Kind::Agent, Op::Update, &agent("soon", "running", 0, every))],
    );
    app.update();
    assert_eq!(of(&app, "soon"), Status::Running);
    assert!(app.world().get::<WorksOn>(soon).is_some());
    feed(
        &mut app,
        [change(
            Kind::Agent,
            Op::Delete,
            &agent("late", "running", 120_000, every),
        )],
    );
    assert!(app.world().resource::<Incoming>().is_empty());
}

#[test]
fn a_heartbeat_counts_once_anybody_in_the_source_gives_one() {
    let mut app = app(Mapping::default());
    let old = |id: &str| change(Kind::Agent, Op::Insert, &agent(id, "idle", 7_200_000, None));
    feed(&mut app, [old("a"), old("b")]);
    app.update();
    assert_eq!(state(&app, "a").status, Status::Idle, "nobody maintains the column");
    feed(
        &mut app,
        [change(Kind::Agent, Op::Insert, &agent("c", "idle", 1_000, None))],
    );
    app.update();
    assert_eq!([state(&app, "a").status, state(&app, "b").status], [Status::Offline; 2]);
    assert_eq!(state(&app, "c").status, Status::Idle);
}

#[test]
fn a_row_that_is_gone_leaves_with_the_state_that_its_source_gives_it() {
    let mut mapping = Mapping::default();
    mapping.edit(|sources| sources[1].gone = Some(Status::Done));
    let mut app = app(mapping);
    let row = json!({"id": "t", "title": "t", "status": "running"});
    feed(&mut app, [change(Kind::Task, Op::Insert, &row)]);
    let task = entity(&app, Kind::Task, "t");
    feed(&mut app, [change(Kind::Task, Op::Delete, &row)]);
    let left = app.world().get::<RowState>(task).expect("a state").0.clone();
    assert_eq!((left.status, left.rule), (Status::Done, Rule::Gone));
    assert_eq!(app.world().resource::<Counts>().total(Kind::Task), 0);
}
