//! Runs of workflows: they are in their workflow's block, and a task that refers to a run is in the same block.

use std::sync::Arc;

use crate::fleet::feed;
use bevy::prelude::*;
use model::{Change, Kind, Mapping, Op, Row, RowKey, SourceId, Status};
use opswall::{
    fleet::{self, Counts, FleetIndex, FleetMapping, PartOf, WorksOn},
    frame,
    layout::{self, Block, Place},
    messages,
};
use serde_json::{Value, json};

/// The mapping with `--runs-table`.
fn mapping() -> Mapping {
    let mut mapping = Mapping::default();
    mapping.follow_runs("workflow_runs");
    mapping
}

fn app() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(FleetMapping(Arc::new(mapping())))
        .add_plugins((frame::plugin, messages::plugin, fleet::plugin, layout::plugin));
    app.update();
    app
}

/// A row with a numeric id: rows of different kinds have the same ids and must not be confused.
fn row(kind: Kind, op: Op, row: &Value) -> Change {
    let id = row.get("id").and_then(Value::as_i64).expect("a row has an id");
    Change {
        key: RowKey::new(kind, SourceId::usual(kind), id.to_string().as_str().into()),
        op,
        record: serde_json::from_value(row.clone()).expect("an object"),
        committed_ms: None,
    }
}

fn workflow(id: i64) -> Change {
    row(
        Kind::Workflow,
        Op::Insert,
        &json!({ "id": id, "name": "w", "status": "active" }),
    )
}

fn run(id: i64, workflow: i64) -> Change {
    row(
        Kind::Run,
        Op::Insert,
        &json!({ "id": id, "workflow_id": workflow, "status": "running", "steps_completed": 1, "steps_total": 4 }),
    )
}

fn task(id: i64, run: i64, workflow: Option<i64>) -> Change {
    let columns = json!({ "id": id, "title": "t", "status": "queued", "run_id": run, "workflow_id": workflow });
    row(Kind::Task, Op::Insert, &columns)
}

fn gone(kind: Kind, id: i64) -> Change {
    row(kind, Op::Delete, &json!({ "id": id }))
}

fn entity(app: &App, kind: Kind, id: i64) -> Entity {
    let key = RowKey::new(kind, SourceId::usual(kind), id.to_string().as_str().into());
    app.world().resource::<FleetIndex>().get(&key).expect("an entity")
}

/// The number of the workflow that a row is part of.
fn home(app: &App, kind: Kind, id: i64) -> Option<i64> {
    let part_of = app.world().get::<PartOf>(entity(app, kind, id))?.0;
    let key = &app.world().get::<fleet::Key>(part_of).expect("a row").0;
    assert_eq!(key.kind, Kind::Workflow);
    key.id.as_str().parse().ok()
}

#[test]
fn a_task_belongs_to_the_workflow_of_its_run_in_any_order_of_arrival() {
    for order in 0..24 {
        let mut rows = vec![workflow(1), workflow(2), run(1, 2), task(1, 1, None)];
        let mut app = app();
        let mut rest = order;
        for left in (1..=4).rev() {
            let next = rows.remove(rest % left);
            rest /= left;
            feed(&mut app, [next]);
        }
        assert_eq!(home(&app, Kind::Run, 1), Some(2), "order {order}");
        // Not workflow 1, although its run has the id 1.
        assert_eq!(home(&app, Kind::Task, 1), Some(2), "order {order}");
    }
}

#[test]
fn a_run_moves_with_its_tasks_except_those_that_refer_to_an_existing_workflow() {
    let mut app = app();
    feed(
        &mut app,
        [
            workflow(1),
            workflow(2),
            run(7, 1),
            task(1, 7, None),
            task(2, 7, Some(2)),
            task(3, 7, Some(9)),
        ],
    );
    let homes = |app: &App| [1, 2, 3].map(|id| home(app, Kind::Task, id));
    assert_eq!(homes(&app), [Some(1), Some(2), Some(1)]);
    feed(&mut app, [run(7, 2)]);
    assert_eq!(homes(&app), [Some(2); 3]);
    feed(&mut app, [run(7, 1), gone(Kind::Workflow, 2)]);
    assert_eq!(
        homes(&app),
        [Some(1); 3],
        "a task without its own workflow is with its run"
    );
    feed(&mut app, [workflow(2), workflow(9)]);
    assert_eq!(homes(&app), [Some(1), Some(2), Some(9)]);
    feed(&mut app, [gone(Kind::Workflow, 1)]);
    assert_eq!(homes(&app), [None, Some(2), Some(9)]);
    assert_eq!(home(&app, Kind::Run, 7), None);
    feed(&mut app, [workflow(1)]);
    assert_eq!(homes(&app), [Some(1), Some(2), Some(9)]);
    feed(&mut app, [gone(Kind::Run, 7)]);
    assert_eq!(homes(&app), [None, Some(2), Some(9)]);
    feed(&mut app, [run(7, 2)]);
    assert_eq!(homes(&app), [Some(2), Some(2), Some(9)]);
}

#[test]
fn a_run_has_a_cell_counts_as_work_and_can_be_in_hand() {
    let mut app = app();
    let agent = json!({ "id": 1, "name": "a", "status": "busy" });
    let of_agent = json!({ "id": 1, "workflow_id": 5, "status": "running", "agent_id": 1 });
    feed(
        &mut app,
        [
            workflow(5),
            row(Kind::Run, Op::Insert, &of_agent),
            task(1, 1, None),
            row(Kind::Agent, Op::Insert, &agent),
        ],
    );
    app.update();
    let world = app.world();
    let (run, task) = (entity(&app, Kind::Run, 1), entity(&app, Kind::Task, 1));
    let block = world.get::<Block>(entity(&app, Kind::Workflow, 5)).expect("a block");
    let [of_run, of_task] = [run, task].map(|row| world.get::<Place>(row).expect("a place").rect());
    let body = block.body().inflate(0.01);
    assert!(
        [of_run, of_task]
            .iter()
            .all(|cell| body.contains(cell.min) && body.contains(cell.max))
    );
    assert!(of_run.intersect(of_task).is_empty(), "each has a cell of its own");
    assert!(
        of_run.center().distance(block.place.first_cell) < 0.01,
        "runs come first"
    );
    assert_eq!(
        world
            .get::<WorksOn>(entity(&app, Kind::Agent, 1))
            .map(|works_on| works_on.0),
        Some(run)
    );
    let counts = world.resource::<Counts>();
    assert_eq!(
        (counts.of(Kind::Run, Status::Running), counts.work(Status::Running)),
        (1, 1)
    );
    assert_eq!(
        (counts.of(Kind::Task, Status::Queued), counts.work(Status::Queued)),
        (1, 1)
    );
}

#[test]
fn a_run_is_read_like_a_task() {
    let columns = json!({
        "id": 3, "workflow_id": 8, "run_id": 4, "status": "failed", "steps_completed": 1, "steps_total": 4,
        "current_step": "Deploy", "error_message": "no space left",
    });
    let record = serde_json::from_value(columns).expect("an object");
    let Row::Task(run) = mapping().read(&RowKey::new(Kind::Run, SourceId::usual(Kind::Run), "3".into()), &record)
    else {
        panic!("a run is drawn like a task");
    };
    assert_eq!((&*run.label, run.status.status), ("Deploy", Status::Failed));
    assert_eq!(
        (run.workflow.map(|key| key.id), run.progress),
        (Some("8".into()), Some(0.25))
    );
    assert_eq!(run.error.as_deref(), Some("no space left"));
    assert_eq!(run.run, None, "a run has no run");
    // Without a table of runs, the run of a task may be its workflow.
    let record = serde_json::from_value(json!({ "id": 1, "run_id": 4 })).expect("an object");
    let homes = [mapping(), Mapping::default()].map(|mapping| {
        let Row::Task(task) = mapping.read(
            &RowKey::new(Kind::Task, SourceId::usual(Kind::Task), "1".into()),
            &record,
        ) else {
            panic!("a task");
        };
        [task.workflow, task.run].map(|key| key.map(|key| (key.kind, key.id.to_string())))
    });
    let four = |kind| Some((kind, "4".to_owned()));
    assert_eq!(homes, [[None, four(Kind::Run)], [four(Kind::Workflow), None]]);
}
