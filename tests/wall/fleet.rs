//! Rows become entities: an app without a renderer receives changes, and its world is inspected.

use std::time::Instant;

use bevy::prelude::*;
use model::{Change, Kind, Op, Record, RowKey, SourceId, Status, mapping::MAX_AGENTS_PER_TASK};
use opswall::{
    fleet::{
        self, Columns, Counts, EXIT_SECS, FleetClock, FleetIndex, FleetMapping, InHandOf, Incoming, Key, Moment,
        PartOf, Parts, Rereading, RowLabel, RowState, TaskRow, WorksOn,
    },
    frame,
    messages::{self, Intent, MappedWord, Noticed, Remapped, RowChanged, Switched},
};
use serde_json::{Value, json};

fn app() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(FleetMapping::default())
        .add_plugins((frame::plugin, messages::plugin, fleet::plugin));
    app.update();
    app
}

pub(crate) fn change(kind: Kind, op: Op, row: &Value) -> Change {
    let record: Record = serde_json::from_value(row.clone()).expect("a row is an object");
    let id = row.get("id").and_then(Value::as_str).expect("a row has an id").into();
    Change {
        key: RowKey::new(kind, SourceId::usual(kind), id),
        op,
        record,
        committed_ms: None,
    }
}

/// Sends changes and runs until all are applied.
pub(crate) fn feed(app: &mut App, changes: impl IntoIterator<Item = Change>) {
    for change in changes {
        app.world_mut().write_message(RowChanged(change));
    }
    app.update();
    while !app.world().resource::<Incoming>().is_empty() {
        app.update();
    }
}

pub(crate) fn entity(app: &App, kind: Kind, id: &str) -> Entity {
    app.world()
        .resource::<FleetIndex>()
        .get(&RowKey::new(kind, SourceId::usual(kind), id.into()))
        .expect("the row has an entity")
}

fn agent(id: &str, status: &str) -> Value {
    json!({ "id": id, "name": format!("agent {id}"), "status": status })
}

fn task(id: &str, status: &str, agent: Option<&str>, workflow: Option<&str>) -> Value {
    json!({ "id": id, "title": format!("task {id}"), "status": status, "agent_id": agent, "workflow_id": workflow })
}

/// A task with several agents.
fn shared(id: &str, status: &str, agents: &[&str]) -> Value {
    json!({ "id": id, "title": id, "status": status, "assignee_ids": agents })
}

/// The id of the task that an agent has in hand.
fn in_hand(app: &App, agent: &str) -> Option<String> {
    let works_on = app.world().get::<WorksOn>(entity(app, Kind::Agent, agent))?;
    let key = &app.world().get::<Key>(works_on.0).expect("a row").0;
    assert_eq!(
        app.world().resource::<FleetIndex>().get(key),
        Some(works_on.0),
        "no agent works on a gone task"
    );
    Some(key.id.to_string())
}

fn workflow(id: &str) -> Value {
    json!({ "id": id, "name": format!("workflow {id}"), "status": "running" })
}

#[test]
fn a_row_is_spawned_updated_and_leaves_with_an_exit() {
    let mut app = app();
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &task("t", "queued", None, None))],
    );
    let task_entity = entity(&app, Kind::Task, "t");
    let before = *app.world().get::<Moment>(task_entity).expect("moment");
    assert_eq!(
        app.world().get::<RowLabel>(task_entity).expect("label").0.as_ref(),
        "task t"
    );
    assert_eq!(
        app.world().get::<RowState>(task_entity).expect("state").0.status,
        Status::Queued
    );
    assert_eq!(app.world().resource::<Counts>().of(Kind::Task, Status::Queued), 1);

    feed(
        &mut app,
        [change(Kind::Task, Op::Update, &task("t", "failed", None, None))],
    );
    assert_eq!(entity(&app, Kind::Task, "t"), task_entity, "an update keeps the entity");
    let after = *app.world().get::<Moment>(task_entity).expect("moment");
    assert_eq!(after.appeared, before.appeared);
    assert!(after.changed > before.changed);
    assert_eq!(app.world().resource::<Counts>().of(Kind::Task, Status::Queued), 0);
    assert_eq!(app.world().resource::<Counts>().of(Kind::Task, Status::Failed), 1);

    feed(
        &mut app,
        [change(Kind::Task, Op::Delete, &task("t", "failed", None, None))],
    );
    assert!(app.world().resource::<FleetIndex>().is_empty());
    assert_eq!(app.world().resource::<Counts>().total(Kind::Task), 0);
    assert!(
        app.world()
            .get::<Moment>(task_entity)
            .expect("it stays for its exit")
            .gone
            .is_some()
    );
    let watchdog = Instant::now();
    while app.world().get_entity(task_entity).is_ok() {
        assert!(
            watchdog.elapsed().as_secs_f64() < EXIT_SECS + 10.0,
            "the entity was not despawned"
        );
        app.update();
    }
}

#[test]
fn a_heartbeat_alone_is_not_a_visible_change() {
    let mut app = app();
    let mut row = agent("a", "idle");
    feed(&mut app, [change(Kind::Agent, Op::Insert, &row)]);
    let entity = entity(&app, Kind::Agent, "a");
    let before = *app.world().get::<Moment>(entity).expect("moment");
    row["last_heartbeat_at"] = json!("2026-11-23T07:00:00Z");
    feed(&mut app, [change(Kind::Agent, Op::Update, &row)]);
    assert_eq!(*app.world().get::<Moment>(entity).expect("moment"), before);
    assert!(
        app.world()
            .get::<Columns>(entity)
            .expect("columns")
            .0
            .get("last_heartbeat_at")
            .is_some()
    );
}

/// An agent, a workflow and a task of both have the same relationships in every order of arrival.
#[test]
fn relationships_do_not_depend_on_the_order_of_arrival() {
    let rows = [
        change(Kind::Agent, Op::Insert, &agent("a", "busy")),
        change(Kind::Workflow, Op::Insert, &workflow("w")),
        change(Kind::Task, Op::Insert, &task("t", "running", Some("a"), Some("w"))),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut app = app();
        for at in order {
            feed(&mut app, [rows[at].clone()]);
        }
        let (a, w, t) = (
            entity(&app, Kind::Agent, "a"),
            entity(&app, Kind::Workflow, "w"),
            entity(&app, Kind::Task, "t"),
        );
        assert_eq!(app.world().get::<PartOf>(t).map(|of| of.0), Some(w), "{order:?}");
        assert_eq!(app.world().get::<WorksOn>(a).map(|on| on.0), Some(t), "{order:?}");
    }
}

#[test]
fn a_reference_waits_again_when_its_target_goes_and_returns() {
    let mut app = app();
    feed(
        &mut app,
        [
            change(Kind::Workflow, Op::Insert, &workflow("w")),
            change(Kind::Agent, Op::Insert, &agent("a", "busy")),
            change(Kind::Task, Op::Insert, &task("t", "running", Some("a"), Some("w"))),
        ],
    );
    let t = entity(&app, Kind::Task, "t");
    feed(
        &mut app,
        [
            change(Kind::Workflow, Op::Delete, &workflow("w")),
            change(Kind::Agent, Op::Delete, &agent("a", "busy")),
        ],
    );
    assert!(app.world().get::<PartOf>(t).is_none());
    assert_eq!(
        app.world().get::<InHandOf>(t).map_or(0, |agents| agents.iter().count()),
        0
    );
    feed(
        &mut app,
        [
            change(Kind::Workflow, Op::Insert, &workflow("w")),
            change(Kind::Agent, Op::Insert, &agent("a", "busy")),
        ],
    );
    let w = entity(&app, Kind::Workflow, "w");
    assert_eq!(app.world().get::<PartOf>(t).map(|of| of.0), Some(w));
    assert_eq!(
        app.world()
            .get::<WorksOn>(entity(&app, Kind::Agent, "a"))
            .map(|on| on.0),
        Some(t)
    );
    assert_eq!(app.world().get::<Parts>(w).expect("parts").iter().count(), 1);
}

#[test]
fn an_agent_leaves_a_finished_task_and_takes_the_next() {
    let mut app = app();
    feed(
        &mut app,
        [
            change(Kind::Agent, Op::Insert, &agent("a", "busy")),
            change(Kind::Task, Op::Insert, &task("one", "running", Some("a"), None)),
        ],
    );
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &task("two", "running", Some("a"), None))],
    );
    let a = entity(&app, Kind::Agent, "a");
    assert_eq!(
        app.world().get::<WorksOn>(a).map(|on| on.0),
        Some(entity(&app, Kind::Task, "one"))
    );
    feed(
        &mut app,
        [change(Kind::Task, Op::Update, &task("one", "done", Some("a"), None))],
    );
    assert_eq!(
        app.world().get::<WorksOn>(a).map(|on| on.0),
        Some(entity(&app, Kind::Task, "two"))
    );
    feed(
        &mut app,
        [change(Kind::Task, Op::Delete, &task("two", "running", Some("a"), None))],
    );
    assert!(app.world().get::<WorksOn>(a).is_none());
}

#[test]
fn every_assigned_agent_works_on_a_running_task_in_any_order_of_arrival() {
    let rows = [
        change(Kind::Agent, Op::Insert, &agent("a", "busy")),
        change(Kind::Agent, Op::Insert, &agent("b", "busy")),
        change(
            Kind::Task,
            Op::Insert,
            &shared("t", "running", &["never", "a", "b", "a"]),
        ),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut app = app();
        for at in order {
            feed(&mut app, [rows[at].clone()]);
        }
        for agent in ["a", "b"] {
            assert_eq!(in_hand(&app, agent).as_deref(), Some("t"), "{order:?}");
        }
    }
}

#[test]
fn agents_join_and_leave_a_shared_task_with_its_row_and_resume_it_when_they_return() {
    let mut app = app();
    feed(
        &mut app,
        ["a", "b", "c"].map(|id| change(Kind::Agent, Op::Insert, &agent(id, "busy"))),
    );
    let hands = |app: &App| ["a", "b", "c"].map(|agent| in_hand(app, agent).is_some());
    let say = |app: &mut App, status: &str, agents: &[&str]| {
        feed(app, [change(Kind::Task, Op::Update, &shared("t", status, agents))]);
    };
    say(&mut app, "running", &["a", "b"]);
    assert_eq!(hands(&app), [true, true, false]);
    say(&mut app, "running", &["c", "b"]);
    assert_eq!(hands(&app), [false, true, true]);
    say(&mut app, "queued", &["c", "b"]);
    assert_eq!(hands(&app), [false; 3]);
    say(&mut app, "running", &["c", "b"]);
    // The second agent goes and returns, with and without a change of the task.
    feed(&mut app, [change(Kind::Agent, Op::Delete, &agent("b", "busy"))]);
    feed(&mut app, [change(Kind::Agent, Op::Insert, &agent("b", "busy"))]);
    assert_eq!(hands(&app), [false, true, true]);
    feed(
        &mut app,
        [
            change(Kind::Agent, Op::Delete, &agent("b", "busy")),
            change(Kind::Task, Op::Update, &shared("t", "running", &["a", "b", "b"])),
            change(Kind::Agent, Op::Insert, &agent("b", "busy")),
        ],
    );
    assert_eq!(hands(&app), [true, true, false]);
    // The task goes and returns in one frame.
    let t = shared("t", "running", &["a", "b"]);
    feed(
        &mut app,
        [change(Kind::Task, Op::Delete, &t), change(Kind::Task, Op::Insert, &t)],
    );
    assert_eq!(hands(&app), [true, true, false]);
    say(&mut app, "running", &[]);
    assert_eq!(hands(&app), [false; 3]);
}

#[test]
fn a_task_is_assigned_to_at_most_sixteen_agents() {
    let mut app = app();
    let ids: Vec<String> = (10..40).map(|n| format!("a{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    feed(
        &mut app,
        ids.iter().map(|id| change(Kind::Agent, Op::Insert, &agent(id, "busy"))),
    );
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &shared("t", "running", &ids))],
    );
    let t = entity(&app, Kind::Task, "t");
    let agents = app.world().get::<InHandOf>(t).expect("agents");
    assert_eq!(agents.iter().count(), MAX_AGENTS_PER_TASK);
    assert!(in_hand(&app, ids[15]).is_some() && in_hand(&app, ids[16]).is_none());
}

#[test]
fn an_agent_takes_the_same_running_task_in_any_order_of_arrival() {
    let a = change(Kind::Agent, Op::Insert, &agent("a", "busy"));
    let tasks = [("10", "running"), ("9", "running"), ("8", "queued"), ("1", "done")];
    for first in 0..tasks.len() {
        let mut app = app();
        feed(&mut app, [a.clone()]);
        for at in 0..tasks.len() {
            let (id, status) = tasks[(first + at) % tasks.len()];
            feed(
                &mut app,
                [change(Kind::Task, Op::Insert, &task(id, status, Some("a"), None))],
            );
        }
        // Numbers sort by value: of serial ids the older one.
        assert_eq!(in_hand(&app, "a").as_deref(), Some("9"), "beginning with {first}");
        feed(
            &mut app,
            [change(Kind::Task, Op::Update, &task("9", "done", Some("a"), None))],
        );
        assert_eq!(in_hand(&app, "a").as_deref(), Some("10"));
        feed(
            &mut app,
            [change(Kind::Task, Op::Update, &task("8", "running", Some("a"), None))],
        );
        assert_eq!(in_hand(&app, "a").as_deref(), Some("8"));
    }
}

#[test]
fn a_row_that_its_own_columns_call_deleted_leaves_the_floor_and_comes_back_with_them() {
    let mut app = app();
    let archived = |at: Option<&str>| json!({ "id": "t", "title": "t", "status": "failed", "archived_at": at });
    let total = |app: &App| app.world().resource::<Counts>().total(Kind::Task);
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &archived(Some("2026-03-01T10:00:00Z")))],
    );
    assert_eq!(
        (total(&app), app.world().resource::<FleetIndex>().len()),
        (0, 0),
        "it never came"
    );
    feed(&mut app, [change(Kind::Task, Op::Update, &archived(None))]);
    assert_eq!(total(&app), 1);
    let entity = entity(&app, Kind::Task, "t");
    feed(
        &mut app,
        [change(Kind::Task, Op::Update, &archived(Some("2026-03-01T10:00:00Z")))],
    );
    assert_eq!((total(&app), app.world().resource::<FleetIndex>().len()), (0, 0));
    assert!(
        app.world()
            .get::<Moment>(entity)
            .is_some_and(|moment| moment.gone.is_some()),
        "it leaves"
    );
}

#[test]
fn a_reopened_task_is_taken_again_by_the_agents_that_refer_to_it() {
    let names = |status: &str| json!({ "id": "a", "name": "a", "status": status, "current_task_id": "t" });
    let mut app = app();
    let say = |app: &mut App, op: Op, status: &str| feed(app, [change(Kind::Task, op, &task("t", status, None, None))]);
    let agent_says = |app: &mut App, row: &Value| feed(app, [change(Kind::Agent, Op::Update, row)]);
    agent_says(&mut app, &names("busy"));
    say(&mut app, Op::Insert, "running");
    assert_eq!(in_hand(&app, "a").as_deref(), Some("t"));
    say(&mut app, Op::Update, "done");
    assert_eq!(in_hand(&app, "a"), None);
    say(&mut app, Op::Update, "running");
    assert_eq!(in_hand(&app, "a").as_deref(), Some("t"), "reopened");

    // The agent rests because the task is over; the task's row goes and returns reopened.
    say(&mut app, Op::Update, "cancelled");
    say(&mut app, Op::Delete, "cancelled");
    say(&mut app, Op::Insert, "queued");
    assert_eq!(in_hand(&app, "a").as_deref(), Some("t"), "returned");

    // The agent is offline while the row goes and returns.
    agent_says(&mut app, &names("offline"));
    assert_eq!(in_hand(&app, "a"), None);
    say(&mut app, Op::Delete, "queued");
    say(&mut app, Op::Insert, "running");
    assert_eq!(in_hand(&app, "a"), None);
    agent_says(&mut app, &names("busy"));
    assert_eq!(in_hand(&app, "a").as_deref(), Some("t"), "online again");

    // The agent refers to another task that never arrives: the first one no longer matters.
    let mut other = names("busy");
    other["current_task_id"] = json!("u");
    agent_says(&mut app, &other);
    say(&mut app, Op::Update, "done");
    say(&mut app, Op::Update, "running");
    assert_eq!(in_hand(&app, "a"), None);
}

/// Rows that wait for a workflow are all found when it arrives, whatever changed meanwhile.
#[test]
fn every_row_that_waits_for_its_workflow_is_found() {
    const TASKS: usize = 3_000;
    let mut app = app();
    let say = |status: &'static str| {
        (0..TASKS).map(move |n| change(Kind::Task, Op::Update, &task(&n.to_string(), status, None, Some("w"))))
    };
    feed(&mut app, say("queued"));
    feed(&mut app, say("done"));
    for _ in 0..2 {
        feed(&mut app, [change(Kind::Workflow, Op::Insert, &workflow("w"))]);
        let w = entity(&app, Kind::Workflow, "w");
        assert_eq!(app.world().get::<Parts>(w).expect("parts").iter().count(), TASKS);
        feed(&mut app, [change(Kind::Workflow, Op::Delete, &workflow("w"))]);
    }
}

/// The notices of the fleet.
#[derive(Resource, Default)]
struct Told(Vec<String>);

#[test]
fn rows_beyond_the_limit_are_reported_and_again_when_they_double() {
    let mut app = app();
    app.init_resource::<Told>()
        .add_systems(Last, |mut notices: MessageReader<Noticed>, mut told: ResMut<Told>| {
            told.0.extend(notices.read().map(|notice| notice.0.text.clone()));
        });
    app.world_mut().resource_mut::<FleetIndex>().most = 2;
    let come = |app: &mut App, id: &str| {
        feed(app, [change(Kind::Task, Op::Insert, &task(id, "queued", None, None))]);
        app.world().resource::<Told>().0.len()
    };
    let times = ["1", "2", "3", "4", "5", "6", "7"].map(|id| come(&mut app, id));
    assert_eq!(times, [0, 0, 1, 2, 2, 3, 3]);
    let told = app.world().resource::<Told>();
    assert!(
        told.0.iter().all(|text| text.contains("more than 2 rows")),
        "{:?}",
        told.0
    );
    assert_eq!(app.world().resource::<FleetIndex>().len(), 2);
    // One row goes: the next one has room, and so has one that was left out, once it changes.
    feed(
        &mut app,
        [change(Kind::Task, Op::Delete, &task("1", "queued", None, None))],
    );
    assert_eq!(come(&mut app, "7"), 3);
    entity(&app, Kind::Task, "7");
}

/// Changes that do not fit in one frame wait in order, and none is lost.
#[test]
fn five_thousand_changes_and_more_are_applied_in_order() {
    let mut app = app();
    let inserts = (0..5_000).map(|n| change(Kind::Task, Op::Insert, &task(&n.to_string(), "queued", None, None)));
    let updates = (0..5_000).map(|n| change(Kind::Task, Op::Update, &task(&n.to_string(), "done", None, None)));
    let deletes = (0..2_500).map(|n| change(Kind::Task, Op::Delete, &task(&n.to_string(), "done", None, None)));
    let started = Instant::now();
    feed(&mut app, inserts.chain(updates).chain(deletes));
    // Printed with --nocapture; the time is not checked.
    println!("{:.2} µs a change", started.elapsed().as_secs_f64() * 1e6 / 12_500.0);
    let counts = app.world().resource::<Counts>();
    assert_eq!(counts.of(Kind::Task, Status::Done), 2_500);
    assert_eq!(counts.total(Kind::Task), 2_500);
    let mut rows = app
        .world_mut()
        .query_filtered::<(&Key, &RowState, &Moment), With<TaskRow>>();
    let alive: Vec<_> = rows
        .iter(app.world())
        .filter(|(_, _, moment)| moment.gone.is_none())
        .collect();
    assert_eq!(alive.len(), 2_500);
    assert!(alive.iter().all(|(_, state, _)| state.0.status == Status::Done));
}

#[test]
fn a_rows_age_comes_from_its_column_or_else_from_observation() {
    let mut app = app();
    let (told, untold) = (
        json!({"id": "1", "title": "a", "status": "queued", "updated_at": "1970-01-01T00:01:00Z"}),
        json!({"id": "2", "title": "b", "status": "queued"}),
    );
    feed(
        &mut app,
        [&told, &untold].map(|row| change(Kind::Task, Op::Insert, row)),
    );
    let age = |app: &App, id: &str, later: f64| {
        let row = entity(app, Kind::Task, id);
        let world = app.world();
        let clock = world.resource::<FleetClock>().0 + later;
        let (key, columns) = (world.get::<Key>(row).unwrap(), world.get::<Columns>(row).unwrap());
        let mapping = world.resource::<FleetMapping>();
        mapping.age_secs(
            &key.0,
            &columns.0,
            world.get::<Moment>(row).expect("a row has its times"),
            FleetClock(clock),
            100_000,
        )
    };
    assert_eq!(age(&app, "1", 5.0), Some(40.0));
    assert_eq!(age(&app, "2", 5.0), None, "no change was observed");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let changed = json!({"id": "2", "title": "b", "status": "running"});
    feed(&mut app, [change(Kind::Task, Op::Update, &changed)]);
    let seen = age(&app, "2", 5.0).expect("it was seen to change");
    assert!((5.0..6.0).contains(&seen), "{seen}");
}

/// Runs until all rows have been read with the present mapping.
fn reread(app: &mut App) {
    app.update();
    while !app.world().resource::<Rereading>().is_over() {
        app.update();
    }
}

fn state(app: &App, kind: Kind, id: &str) -> Status {
    let entity = entity(app, kind, id);
    app.world().get::<RowState>(entity).expect("a row").0.status
}

#[test]
fn a_word_that_gets_a_state_changes_all_its_rows_at_once_and_no_others() {
    let mut app = app();
    let rows = (0..500).map(|n| change(Kind::Task, Op::Insert, &task(&n.to_string(), "mothballed", None, None)));
    feed(&mut app, rows.collect::<Vec<_>>());
    feed(&mut app, [change(Kind::Agent, Op::Insert, &agent("a", "mothballed"))]);
    let counts = |app: &App, status| app.world().resource::<Counts>().of(Kind::Task, status);
    assert_eq!(counts(&app, Status::Unmapped), 500);
    app.world_mut().write_message(Intent::MapWord(MappedWord {
        source: SourceId::usual(Kind::Task),
        table: "tasks".to_owned(),
        word: "Mothballed".to_owned(),
        status: Status::Waiting,
    }));
    reread(&mut app);
    assert_eq!(
        (counts(&app, Status::Unmapped), counts(&app, Status::Waiting)),
        (0, 500)
    );
    assert_eq!(
        state(&app, Kind::Agent, "a"),
        Status::Unmapped,
        "a word of another table"
    );
    // What comes later is read alike.
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &task("x", "mothballed", None, None))],
    );
    assert_eq!(state(&app, Kind::Task, "x"), Status::Waiting);
}

#[test]
fn another_mapping_shows_rows_that_were_hidden_and_hides_others() {
    let mut app = app();
    let archived = json!({"id": "1", "title": "old", "status": "done", "archived": true, "secret": false});
    let secret = json!({"id": "2", "title": "new", "status": "done", "archived": false, "secret": true});
    feed(
        &mut app,
        [&archived, &secret].map(|row| change(Kind::Task, Op::Insert, row)),
    );
    let shown = |app: &App| app.world().resource::<Counts>().total(Kind::Task);
    assert_eq!(shown(&app), 1);
    let mut mapping = (*app.world().resource::<FleetMapping>().0).clone();
    mapping.edit(|sources| {
        for source in sources {
            source.removed = vec!["secret".to_owned()];
        }
    });
    app.world_mut().write_message(Remapped(std::sync::Arc::new(mapping)));
    reread(&mut app);
    assert_eq!(shown(&app), 1);
    let index = app.world().resource::<FleetIndex>();
    let key = |id: &str| RowKey::new(Kind::Task, SourceId::usual(Kind::Task), id.into());
    assert!(index.get(&key("1")).is_some() && index.get(&key("2")).is_none());
}

#[test]
fn a_mapping_of_other_tables_is_not_taken_for_the_rows_of_these() {
    let mut app = app();
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &task("1", "done", None, None))],
    );
    let before = app.world().resource::<FleetMapping>().0.clone();
    let mut other = (*before).clone();
    other.edit(|sources| sources.reverse());
    app.world_mut().write_message(Remapped(std::sync::Arc::new(other)));
    reread(&mut app);
    assert_eq!(app.world().resource::<FleetMapping>().0, before);
}

#[test]
fn a_hundred_thousand_rows_are_read_again_in_many_short_frames() {
    const ROWS: usize = 100_000;
    let mut app = app();
    let rows = (0..ROWS).map(|n| change(Kind::Task, Op::Insert, &task(&n.to_string(), "mothballed", None, None)));
    feed(&mut app, rows.collect::<Vec<_>>());
    app.world_mut().write_message(Intent::MapWord(MappedWord {
        source: SourceId::usual(Kind::Task),
        table: "tasks".to_owned(),
        word: "mothballed".to_owned(),
        status: Status::Blocked,
    }));
    app.update();
    let mut frames = 1;
    while !app.world().resource::<Rereading>().is_over() {
        app.update();
        frames += 1;
    }
    assert!(frames > 3, "the budget of a frame holds: {frames} frames");
    assert_eq!(app.world().resource::<Counts>().of(Kind::Task, Status::Blocked), ROWS);
}

#[test]
fn another_feed_removes_the_rows_of_the_old_one_before_its_own_come() {
    let mut app = app();
    feed(
        &mut app,
        [
            change(Kind::Task, Op::Insert, &task("1", "running", None, None)),
            change(Kind::Task, Op::Insert, &task("2", "running", None, None)),
        ],
    );
    let mut mapping = (*app.world().resource::<FleetMapping>().0).clone();
    mapping.add_word("running", Status::Done);
    app.world_mut().write_message(Switched {
        mapping: std::sync::Arc::new(mapping),
        feed: "wss://b.example".to_owned(),
    });
    feed(
        &mut app,
        [change(Kind::Task, Op::Insert, &task("2", "running", None, None))],
    );
    let counts = app.world().resource::<Counts>();
    assert_eq!((counts.total(Kind::Task), counts.of(Kind::Task, Status::Done)), (1, 1));
}
