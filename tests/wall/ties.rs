//! Ties of the hovered and the selected row: to what it waits for, what waits for it, what it is a part of and its parts.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use model::{Change, Kind, Op};
use opswall::{
    fleet::{self, FleetMapping, Incoming},
    frame,
    layout::{self, Block},
    messages::{self, RowChanged},
    scene::{
        self,
        marks::Layer,
        pointer::Pointer,
        selection::Selection,
        ties::{MOST_TIES, Piece, ShownTies, Tie, TieKind},
    },
};
use serde_json::json;

pub(crate) use crate::fleet::{change, entity};

/// Ties follow changed rows within a fraction of a second; a test waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn app() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(FleetMapping::default())
        .add_plugins((
            frame::plugin,
            messages::plugin,
            fleet::plugin,
            layout::plugin,
            scene::plugin,
        ));
    app.update();
    app
}

pub(crate) fn feed(app: &mut App, changes: impl IntoIterator<Item = Change>) {
    for change in changes {
        app.world_mut().write_message(RowChanged(change));
    }
    app.update();
    while !app.world().resource::<Incoming>().is_empty() {
        app.update();
    }
    // Places are inserted with the next frame's commands.
    app.update();
}

pub(crate) fn task(id: &str, status: &str, workflow: &str, depends_on: &[&str], parent: Option<&str>) -> Change {
    let row = json!({
        "id": id, "title": id, "status": status, "workflow_id": workflow, "depends_on": depends_on,
        "parent_task_id": parent,
    });
    change(Kind::Task, Op::Insert, &row)
}

pub(crate) fn workflow(id: &str) -> Change {
    change(
        Kind::Workflow,
        Op::Insert,
        &json!({"id": id, "name": id, "status": "running"}),
    )
}

fn select(app: &mut App, kind: Kind, id: &str) {
    let selected = Some(entity(app, kind, id));
    app.world_mut().resource_mut::<Selection>().selected = selected;
    app.update();
}

/// The lines that are drawn.
fn lines(app: &App) -> Vec<Tie> {
    let items = app.world().resource::<ShownTies>().table().items();
    items.iter().filter_map(Tie::unpack).collect()
}

/// The ties that are drawn, by kind: each has one head.
fn drawn(app: &App) -> Vec<TieKind> {
    let heads = lines(app).into_iter().filter(Tie::has_head);
    let mut kinds: Vec<TieKind> = heads.map(|tie| tie.kind).collect();
    kinds.sort();
    kinds
}

fn wait_for(app: &mut App, what: &str, is_so: impl Fn(&App) -> bool) {
    let begun = Instant::now();
    while !is_so(app) {
        assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", drawn(app));
        std::thread::sleep(Duration::from_millis(20));
        app.update();
    }
}

use TieKind::{Assignment, Dependency, Part};

#[test]
fn a_task_is_tied_both_ways_while_it_is_selected() {
    let mut app = app();
    let rows = [
        workflow("w"),
        task("before", "completed", "w", &[], None),
        task("it", "queued", "w", &["before"], Some("whole")),
        task("whole", "running", "w", &[], None),
        task("after", "queued", "w", &["it", "before"], None),
        task("part", "queued", "w", &[], Some("it")),
        task("apart", "queued", "w", &[], None),
    ];
    feed(&mut app, rows);
    assert!(drawn(&app).is_empty(), "no ties without a selection");
    select(&mut app, Kind::Task, "it");
    assert_eq!(drawn(&app), [Dependency, Dependency, Part, Part]);
    select(&mut app, Kind::Task, "apart");
    assert!(drawn(&app).is_empty());
    assert!(
        app.world().resource::<ShownTies>().table().items().is_empty(),
        "no empty slots are drawn"
    );
}

#[test]
fn ties_appear_and_disappear_with_their_rows() {
    let mut app = app();
    feed(
        &mut app,
        [
            workflow("w"),
            task("it", "queued", "w", &["later", "never"], Some("no-one")),
        ],
    );
    select(&mut app, Kind::Task, "it");
    assert!(drawn(&app).is_empty());
    feed(
        &mut app,
        [
            task("later", "running", "w", &[], None),
            task("after", "queued", "w", &["it"], None),
        ],
    );
    wait_for(&mut app, "both have come", |app| drawn(app) == [Dependency, Dependency]);
    feed(&mut app, [change(Kind::Task, Op::Delete, &json!({"id": "later"}))]);
    wait_for(&mut app, "one has gone", |app| drawn(app) == [Dependency]);
    // It no longer waits for anything.
    let row = json!({"id": "after", "title": "after", "status": "queued", "workflow_id": "w", "depends_on": []});
    feed(&mut app, [change(Kind::Task, Op::Update, &row)]);
    wait_for(&mut app, "nobody waits", |app| drawn(app).is_empty());
    feed(&mut app, [change(Kind::Task, Op::Delete, &json!({"id": "it"}))]);
    for _ in 0..3 {
        app.update();
    }
    assert!(drawn(&app).is_empty());
}

#[test]
fn circular_and_duplicate_ties_are_drawn_at_most_once() {
    let mut app = app();
    let rows = [
        task("it", "queued", "", &["it", "other", "other"], Some("it")),
        // A circle, and a task that is a part of what it waits for.
        task("other", "queued", "", &["it"], Some("it")),
        task("prose", "queued", "", &["the design review"], Some("see above")),
    ];
    feed(&mut app, rows);
    select(&mut app, Kind::Task, "it");
    assert_eq!(drawn(&app), [Dependency, Dependency], "once in each direction");
    select(&mut app, Kind::Task, "prose");
    assert!(drawn(&app).is_empty());
}

#[test]
fn an_agent_is_tied_to_its_assigned_tasks_that_are_not_over() {
    let mut app = app();
    let assigned = |id: &str, status: &str| {
        let row = json!({"id": id, "title": id, "status": status, "agent_id": "a"});
        change(Kind::Task, Op::Insert, &row)
    };
    let agent = json!({"id": "a", "name": "Ada", "status": "working", "current_task_id": "in hand"});
    let rows = [
        change(Kind::Agent, Op::Insert, &agent),
        assigned("1", "running"),
        assigned("2", "queued"),
        assigned("3", "blocked"),
        assigned("4", "completed"),
    ];
    feed(&mut app, rows);
    select(&mut app, Kind::Agent, "a");
    // The task in hand has a beam, the one that is over has no tie.
    assert_eq!(drawn(&app), [Assignment, Assignment]);
}

#[test]
fn an_agent_is_tied_to_a_task_that_lists_it_second() {
    let mut app = app();
    let agents = ["a", "b"].map(|id| {
        let row = json!({"id": id, "name": id, "status": "working"});
        change(Kind::Agent, Op::Insert, &row)
    });
    let row = json!({"id": "t", "title": "t", "status": "queued", "assignee_ids": ["a", "b"]});
    feed(
        &mut app,
        agents.into_iter().chain([change(Kind::Task, Op::Insert, &row)]),
    );
    for agent in ["a", "b"] {
        select(&mut app, Kind::Agent, agent);
        assert_eq!(drawn(&app), [Assignment], "{agent}");
    }
    let row = json!({"id": "t", "title": "t", "status": "queued", "assignee_ids": ["a"]});
    feed(&mut app, [change(Kind::Task, Op::Update, &row)]);
    wait_for(&mut app, "it is the other's alone", |app| drawn(app).is_empty());
}

#[test]
fn a_run_is_not_tied_to_what_waits_for_a_task_with_the_same_id() {
    let mut app = app();
    let run = json!({"id": "5", "name": "run", "status": "running", "workflow_id": "w"});
    feed(
        &mut app,
        [
            workflow("w"),
            workflow("v"),
            change(Kind::Run, Op::Insert, &run),
            task("5", "running", "v", &[], None),
            task("6", "queued", "v", &["5"], None),
            task("7", "queued", "v", &[], Some("5")),
        ],
    );
    select(&mut app, Kind::Run, "5");
    assert!(drawn(&app).is_empty());
    select(&mut app, Kind::Workflow, "w");
    assert!(drawn(&app).is_empty(), "nor has its block");
    select(&mut app, Kind::Task, "5");
    assert_eq!(drawn(&app), [Dependency, Part]);
}

#[test]
fn a_hovered_block_shows_ties_that_leave_it_and_a_selected_one_all() {
    let mut app = app();
    let rows = [
        workflow("w"),
        workflow("v"),
        task("a", "completed", "w", &[], None),
        task("b", "queued", "w", &["a"], None),
        task("c", "queued", "v", &["b"], None),
    ];
    feed(&mut app, rows);
    let row = entity(&app, Kind::Workflow, "w");
    let block = app.world().get::<Block>(row).expect("it has a block");
    let at = block.header().center();
    let view = *app.world().resource::<scene::camera::View>();
    app.world_mut().resource_mut::<Pointer>().over = Some(view.screen_from_world(at));
    app.update();
    assert_eq!(
        app.world().resource::<Selection>().hovered,
        Some(row),
        "the pointer is over the block"
    );
    assert_eq!(drawn(&app), [Dependency]);
    app.world_mut().resource_mut::<Pointer>().over = None;
    app.update();
    assert!(drawn(&app).is_empty());
    select(&mut app, Kind::Workflow, "w");
    assert_eq!(drawn(&app), [Dependency, Dependency]);
    let arcs = lines(&app).into_iter().filter(|line| line.piece == Piece::Arc);
    assert_eq!(arcs.count(), 1, "within the block");
}

fn block(app: &App, workflow: &str) -> Block {
    let row = entity(app, Kind::Workflow, workflow);
    *app.world().get::<Block>(row).expect("it has a block")
}

/// Twelve workflows with five tasks each. Three tasks of each but the first wait for tasks of the first, one of them for one
/// that failed.
fn related() -> Vec<Change> {
    let flows: Vec<String> = (0..12).map(|number| format!("w{number}")).collect();
    let mut rows: Vec<Change> = flows.iter().map(|id| workflow(id)).collect();
    for (number, flow) in flows.iter().enumerate() {
        for place in 0..5 {
            let before = format!("w0.{place}");
            let depends_on: &[&str] = if number > 0 && place < 3 { &[&before] } else { &[] };
            let status = if number == 0 && place == 2 { "failed" } else { "queued" };
            rows.push(task(&format!("{flow}.{place}"), status, flow, depends_on, None));
        }
    }
    rows
}

#[test]
fn the_ties_between_two_blocks_are_one_strand_in_the_streets() {
    let mut app = app();
    feed(&mut app, related());
    select(&mut app, Kind::Workflow, "w0");
    assert_eq!(drawn(&app), [Dependency; 33]);
    let all = lines(&app);
    let legs = all.iter().filter(|line| matches!(line.piece, Piece::Leave { .. }));
    assert_eq!(legs.count(), 33, "each tie has a leg to its strand");
    let rects: Vec<Rect> = (0..12)
        .map(|number| block(&app, &format!("w{number}")).rect())
        .collect();
    let (mut begins, mut bent) = (0, 0);
    for line in &all {
        let Piece::Strand {
            from,
            to,
            bend,
            begin,
            width,
        } = line.piece
        else {
            continue;
        };
        // Three ties: wider than one, by less than a line for each.
        assert!(width > 1.0 && width < 3.0, "{width}");
        assert_eq!(
            line.from.layer,
            Layer::Alarms,
            "the failed task gives the strand its colour"
        );
        begins += usize::from(begin == 0.0);
        bent += usize::from(bend.is_some());
        let points = [from.lerp(to, 0.1), from.midpoint(to), from.lerp(to, 0.9)];
        for point in points.into_iter().chain(bend) {
            let within = rects.iter().find(|rect| rect.inflate(-0.1).contains(point));
            assert_eq!(within, None, "{point} is in no block");
        }
    }
    assert_eq!(begins, 11, "one strand for each of the other blocks");
    assert!(bent >= 11, "with corners");
}

#[test]
fn strands_in_opposite_directions_share_their_ends() {
    let mut app = app();
    let rows = [
        workflow("w"),
        workflow("v"),
        task("a", "queued", "w", &["c"], None),
        task("b", "queued", "w", &[], None),
        task("c", "queued", "v", &[], None),
        task("d", "queued", "v", &["b"], None),
    ];
    feed(&mut app, rows);
    select(&mut app, Kind::Workflow, "w");
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    for line in lines(&app) {
        match line.piece {
            Piece::Leave { to, heading, .. } => begins.push((to, heading)),
            Piece::Arrive { from, heading, .. } => ends.push((from, heading)),
            _ => {}
        }
    }
    assert_eq!((begins.len(), ends.len()), (2, 2));
    for (at, heading) in begins {
        // The shader draws each to the right of its direction, so that opposite ones are apart.
        let opposite = ends
            .iter()
            .find(|(end, _)| *end == at)
            .expect("the other one ends there");
        assert_eq!(opposite.1, -heading);
    }
}

#[test]
fn an_agent_in_the_dock_is_tied_to_its_tasks_by_a_strand_for_each_block() {
    let mut app = app();
    let assigned = |id: &str, flow: &str| {
        let row = json!({"id": id, "title": id, "status": "queued", "workflow_id": flow, "agent_id": "a"});
        change(Kind::Task, Op::Insert, &row)
    };
    let agent = json!({"id": "a", "name": "Ada", "status": "idle"});
    let rows = [
        workflow("w"),
        workflow("v"),
        change(Kind::Agent, Op::Insert, &agent),
        assigned("1", "w"),
        assigned("2", "w"),
        assigned("3", "v"),
    ];
    feed(&mut app, rows);
    select(&mut app, Kind::Agent, "a");
    assert_eq!(drawn(&app), [Assignment; 3]);
    let place = *app
        .world()
        .get::<layout::Place>(entity(&app, Kind::Agent, "a"))
        .expect("it has a place");
    let begins = |line: &Tie| match line.piece {
        Piece::Strand { from, begin: 0.0, .. } => Some(from),
        _ => None,
    };
    let begins: Vec<Vec2> = lines(&app).iter().filter_map(begins).collect();
    assert_eq!(begins.len(), 2);
    for from in begins {
        let away = from.distance(place.at);
        assert!(
            away > 0.5 * place.size.x && away < place.size.x,
            "at the agent's rim: {away}"
        );
    }
}

#[test]
fn thousands_of_ties_are_bounded_and_faint_and_those_from_faults_remain() {
    let mut app = app();
    let mut rows = vec![
        workflow("w"),
        task("hub", "queued", "w", &[], None),
        task("bad", "failed", "w", &[], None),
    ];
    for n in 0..MOST_TIES + 500 {
        rows.push(task(&format!("t{n}"), "queued", "w", &["hub"], None));
    }
    rows.push(task("zzz", "queued", "w", &["bad"], None));
    feed(&mut app, rows);
    select(&mut app, Kind::Workflow, "w");
    let ties = lines(&app);
    assert_eq!(ties.len(), MOST_TIES);
    assert!(ties.iter().all(|tie| tie.strength < 64));
    let alarms = ties.iter().filter(|tie| tie.from.layer == Layer::Alarms);
    assert_eq!(alarms.count(), 1, "the ties from the failed task are always shown");
    select(&mut app, Kind::Task, "zzz");
    assert_eq!(drawn(&app), [Dependency]);
}
