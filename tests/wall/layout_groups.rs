//! Which blocks there are: walls without workflows, without tasks and without agents, and workflows that are over.

use std::sync::Arc;

use bevy::prelude::*;
use model::{Change, Kind, Mapping, Op};
use opswall::{
    fleet::{AgentRow, FleetMapping},
    layout::{Block, CityPlan, DockGround, Place, PlanScene, Tallies},
};
use serde_json::json;

use crate::layout::{
    advance, agent, app, block, change, check, created, entity, feed, gone, ground, grounds, place, plan_of, replan,
    settle, task, workflow,
};

const SMALLER: Vec2 = Vec2::new(1600.0, 900.0);

fn run(id: &str, name: &str, second: u32) -> Change {
    created(Kind::Run, second, json!({"id": id, "name": name, "status": "running"}))
}

/// A wall that follows a table of runs.
fn with_runs() -> App {
    let mut app = app();
    let mut mapping = Mapping::default();
    mapping.follow_runs("workflow_runs");
    app.insert_resource(FleetMapping(Arc::new(mapping)));
    app
}

fn member(id: &str, team: &str) -> Change {
    let row = json!({"id": id, "name": id, "status": "busy", "team": team});
    change(Kind::Agent, Op::Insert, &row)
}

#[test]
fn agents_alone_are_the_cells_of_their_teams() {
    let mut app = app();
    let teams = ["billing", "growth", "support"];
    feed(
        &mut app,
        (0..90).map(|number| member(&format!("a{number}"), teams[number * number % 3])),
    );
    settle(&mut app);
    check(&mut app);
    // 0, 1 and 4 modulo 3 are 0 and 1 only.
    assert_eq!(grounds(&mut app), ["billing", "growth"]);
    assert_eq!(app.world().resource::<DockGround>().0, None, "there is no dock");
    for number in 0..90 {
        let home = ground(&mut app, teams[number * number % 3]).expect("a block");
        let cell = place(&app, entity(&app, Kind::Agent, &format!("a{number}")));
        let home = block(&app, home);
        assert!(home.body().inflate(0.01).contains(cell.at));
        assert!(cell.size.distance(home.place.cell) < 0.001);
    }
    let report = app.world().resource::<CityPlan>().report();
    assert!(report.blocks_share >= 0.85 && report.cells_share >= 0.6, "{report:?}");
    // One changes its team, and the last of a team goes.
    feed(&mut app, [member("a0", "support")]);
    let support = ground(&mut app, "support").expect("a block");
    let home = block(&app, support).body();
    let joined = place(&app, entity(&app, Kind::Agent, "a0")).at;
    assert!(home.contains(joined), "{joined} in {home:?}");
    feed(&mut app, [gone(Kind::Agent, "a0")]);
    (0..60).for_each(|_| app.update());
    assert_eq!(grounds(&mut app), ["billing", "growth"]);
    check(&mut app);
}

#[test]
fn the_first_task_turns_a_wall_of_agents_into_one_of_work() {
    let mut app = app();
    feed(&mut app, (0..20).map(|number| member(&format!("a{number}"), "billing")));
    settle(&mut app);
    assert_eq!(grounds(&mut app), ["billing"]);
    feed(&mut app, [task("t", "running", None), agent("a3", "busy", Some("t"))]);
    check(&mut app);
    assert_eq!(grounds(&mut app), ["Tasks"]);
    let dock = app.world().resource::<DockGround>().0.expect("a dock");
    let mut agents = app.world_mut().query_filtered::<&Place, With<AgentRow>>();
    assert_eq!(
        agents.iter(app.world()).filter(|place| dock.contains(place.at)).count(),
        19
    );
    feed(&mut app, [workflow("w", "running"), task("t", "running", Some("w"))]);
    check(&mut app);
    assert_eq!(grounds(&mut app), [""; 0], "with workflows there are no groups");
    let home = block(&app, entity(&app, Kind::Workflow, "w"));
    assert!(home.body().contains(place(&app, entity(&app, Kind::Task, "t")).at));
}

#[test]
fn runs_are_grouped_by_names_that_repeat_and_else_by_their_day() {
    let mut app = with_runs();
    let names = ["nightly", "import", "report"];
    feed(
        &mut app,
        (0..60).map(|number| run(&format!("r{number}"), names[number as usize % 3], number)),
    );
    settle(&mut app);
    check(&mut app);
    assert_eq!(grounds(&mut app), ["import", "nightly", "report"]);
    for number in 0..60 {
        let home = ground(&mut app, names[number % 3]).expect("a block");
        assert!(
            block(&app, home)
                .body()
                .contains(place(&app, entity(&app, Kind::Run, &format!("r{number}"))).at)
        );
    }

    let mut app = with_runs();
    let day = |number: u32| number * 3_600 * 12 % 86_400;
    let on = |number: u32| {
        let mut change = run(&format!("r{number}"), &format!("run {number}"), day(number));
        if number.is_multiple_of(3) {
            let row = json!({"id": format!("r{number}"), "name": format!("run {number}"), "status": "running",
                "created_at": "2026-11-25T23:59:59+00:00"});
            change = self::change(Kind::Run, Op::Insert, &row);
        }
        change
    };
    feed(&mut app, (0..30).map(on));
    settle(&mut app);
    check(&mut app);
    assert_eq!(grounds(&mut app), ["2026-11-25", "2026-11-27"]);
    let early = ground(&mut app, "2026-11-25").expect("a block");
    let tally = app.world().resource::<Tallies>().of(early);
    assert_eq!(tally.total(), 10);
}

#[test]
fn workflows_without_tasks_and_a_wall_without_rows() {
    let mut app = app();
    assert!(!app.world().resource::<CityPlan>().has_rows());
    feed(&mut app, ["a", "b", "c"].map(|flow| workflow(flow, "running")));
    settle(&mut app);
    check(&mut app);
    assert!(app.world().resource::<CityPlan>().has_rows());
    for flow in ["a", "b", "c"] {
        let block = block(&app, entity(&app, Kind::Workflow, flow));
        assert!(block.header().height() > 0.0, "its name has room");
    }
    feed(&mut app, ["a", "b", "c"].map(|flow| gone(Kind::Workflow, flow)));
    (0..60).for_each(|_| app.update());
    let mut blocks = app.world_mut().query::<&Block>();
    assert_eq!(blocks.iter(app.world()).count(), 0);
    assert!(!app.world().resource::<CityPlan>().has_rows());
}

/// Three workflows that run, and one whose row and tasks have these states since this moment.
fn with_one_over(states: &[&str], since: &str) -> App {
    let mut app = app();
    let mut rows: Vec<Change> = ["one", "two", "three"].map(|flow| workflow(flow, "running")).into();
    for number in 0..90 {
        rows.push(task(
            &format!("t{number}"),
            "running",
            Some(["one", "two", "three"][number % 3]),
        ));
    }
    let row = json!({"id": "over", "name": "over", "status": "completed", "updated_at": since});
    rows.push(change(Kind::Workflow, Op::Insert, &row));
    for (number, state) in states.iter().enumerate() {
        rows.push(task(&format!("over-{number}"), state, Some("over")));
    }
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    app
}

/// A moment so many seconds ago.
fn ago(secs: i64) -> String {
    let now = jiff::Timestamp::now();
    (now - jiff::SignedDuration::from_secs(secs)).to_string()
}

#[test]
fn a_workflow_that_finished_long_ago_is_only_a_header_and_later_part_of_the_finished() {
    let states = ["completed"; 30];
    let has_place = |app: &App, number: usize| {
        let row = entity(app, Kind::Task, &format!("over-{number}"));
        app.world().get::<Place>(row).is_some()
    };
    // It finished just now: it is as it was.
    let app = with_one_over(&states, &ago(60));
    assert!((0..30).all(|number| has_place(&app, number)));

    let mut app = with_one_over(&states, &ago(1_200));
    let over = block(&app, entity(&app, Kind::Workflow, "over"));
    assert!(over.body().is_empty() && over.header().height() > 0.0, "{over:?}");
    assert!(
        (0..30).all(|number| !has_place(&app, number)),
        "its tasks are not drawn"
    );
    let tallies = app.world().resource::<Tallies>();
    assert_eq!(
        tallies.of(entity(&app, Kind::Workflow, "over")).total(),
        30,
        "but they are counted"
    );
    assert_eq!(ground(&mut app, "Finished"), None);
    // A task of it begins again: it is a block with cells.
    feed(&mut app, [task("over-3", "running", Some("over"))]);
    check(&mut app);
    assert!((0..30).all(|number| has_place(&app, number)));

    let mut app = with_one_over(&states, &ago(86_400));
    let over = entity(&app, Kind::Workflow, "over");
    assert!(app.world().get::<Block>(over).is_none(), "it has no block of its own");
    let finished = ground(&mut app, "Finished").expect("a block");
    assert_eq!(block(&app, finished).place.workflows, 1);
    assert!((0..30).all(|number| !has_place(&app, number)));
    assert_eq!(app.world().resource::<Tallies>().of(over).total(), 30);
    // It begins again.
    feed(
        &mut app,
        [workflow("over", "running"), task("over-3", "running", Some("over"))],
    );
    check(&mut app);
    assert_eq!(ground(&mut app, "Finished"), None);
    assert!((0..30).all(|number| has_place(&app, number)));
}

#[test]
fn nothing_in_trouble_is_folded() {
    for trouble in ["failed", "blocked", "waiting"] {
        let mut states = ["completed"; 30];
        states[17] = trouble;
        let app = with_one_over(&states, &ago(86_400));
        let over = block(&app, entity(&app, Kind::Workflow, "over"));
        assert!(!over.body().is_empty(), "{trouble}");
        for number in 0..30 {
            let row = entity(&app, Kind::Task, &format!("over-{number}"));
            assert!(app.world().get::<Place>(row).is_some(), "{trouble}: {number}");
        }
    }
    // A failed workflow whose tasks are all done.
    let mut app = with_one_over(&["completed"; 30], &ago(86_400));
    let row = json!({"id": "over", "name": "over", "status": "failed", "updated_at": ago(86_000)});
    feed(&mut app, [change(Kind::Workflow, Op::Update, &row)]);
    replan(&mut app, SMALLER);
    check(&mut app);
    let over = app.world().get::<Block>(entity(&app, Kind::Workflow, "over"));
    assert!(over.is_some_and(|block| !block.body().is_empty()));
}

#[test]
fn a_workflow_that_finishes_while_the_wall_runs_shrinks_with_a_later_plan() {
    let mut app = with_one_over(&["running"; 30], &ago(10));
    let over = entity(&app, Kind::Workflow, "over");
    feed(
        &mut app,
        (0..30).map(|number| task(&format!("over-{number}"), "completed", Some("over"))),
    );
    let before = plan_of(&mut app);
    advance(&mut app, 700.0);
    assert_eq!(plan_of(&mut app), before, "nothing moves for it alone");
    // It is due with the next whole plan, here for another screen.
    let row = json!({"id": "over", "name": "over", "status": "completed", "updated_at": ago(700)});
    feed(&mut app, [change(Kind::Workflow, Op::Update, &row)]);
    replan(&mut app, SMALLER);
    check(&mut app);
    assert!(block(&app, over).body().is_empty());
    // Without another reason, it waits for half an hour at most.
    let mut app = with_one_over(&["running"; 30], &ago(10));
    let over = entity(&app, Kind::Workflow, "over");
    feed(
        &mut app,
        (0..30).map(|number| task(&format!("over-{number}"), "completed", Some("over"))),
    );
    feed(&mut app, [change(Kind::Workflow, Op::Update, &row)]);
    advance(&mut app, 1_900.0);
    assert!(block(&app, over).body().is_empty());
    assert_eq!(app.world().resource::<PlanScene>().size, PlanScene::default().size);
}
