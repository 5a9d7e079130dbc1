//! Places of rows that arrive as changes, in an app without a renderer: cells in blocks, agents in streets and in the dock.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use bevy::{prelude::*, time::TimeUpdateStrategy};
use model::{Change, Kind, Op, RowKey, Status};
use opswall::{
    fleet::{self, AgentRow, FleetMapping, Incoming, Key, Moment, RowState, TaskRow},
    frame,
    layout::{self, Block, CityPlan, DockGround, Extent, Ground, MOVE_SECS, Place, PlanScene, Spot},
    messages::{self, RowChanged, Synced},
};
use realtime::SyncReport;
use serde_json::{Value, json};

pub(crate) use crate::fleet::{change, entity};

/// The time from frame to frame.
const FRAME: Duration = Duration::from_millis(16);

/// The fleet and the layout. Time advances by frames.
pub(crate) fn app() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(FleetMapping::default())
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
        .add_plugins((frame::plugin, messages::plugin, fleet::plugin, layout::plugin));
    app.update();
    app
}

/// Sends changes, and runs until all rows have their places.
pub(crate) fn feed(app: &mut App, changes: impl IntoIterator<Item = Change>) {
    for change in changes {
        app.world_mut().write_message(RowChanged(change));
    }
    app.update();
    while !app.world().resource::<Incoming>().is_empty() {
        app.update();
    }
    app.update();
}

/// Ends the first snapshot: all rows are placed anew.
pub(crate) fn settle(app: &mut App) {
    app.world_mut().write_message(Synced(SyncReport::default()));
    app.update();
    app.update();
}

/// One long frame.
pub(crate) fn advance(app: &mut App, secs: f64) {
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_secs_f64(secs)));
    app.update();
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    app.update();
}

/// A whole plan for a screen of this size.
pub(crate) fn replan(app: &mut App, size: Vec2) {
    app.insert_resource(PlanScene {
        size,
        ..PlanScene::default()
    });
    app.update();
    advance(app, 0.3);
    assert_eq!(app.world().resource::<Extent>().0.size(), size);
}

pub(crate) fn workflow(id: &str, status: &str) -> Change {
    change(
        Kind::Workflow,
        Op::Insert,
        &json!({"id": id, "name": id, "status": status}),
    )
}

pub(crate) fn task(id: &str, status: &str, workflow: Option<&str>) -> Change {
    let row = json!({"id": id, "title": id, "status": status, "workflow_id": workflow});
    change(Kind::Task, Op::Insert, &row)
}

pub(crate) fn agent(id: &str, status: &str, task: Option<&str>) -> Change {
    let row = json!({"id": id, "name": id, "status": status, "current_task_id": task});
    change(Kind::Agent, Op::Insert, &row)
}

/// A row created in this second.
pub(crate) fn created(kind: Kind, second: u32, row: Value) -> Change {
    let mut row = row;
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    row["created_at"] = format!("2026-11-27T{hour:02}:{minute:02}:{:02}+00:00", second % 60).into();
    change(kind, Op::Insert, &row)
}

pub(crate) fn gone(kind: Kind, id: &str) -> Change {
    change(kind, Op::Delete, &json!({"id": id}))
}

pub(crate) fn place(app: &App, row: Entity) -> Place {
    *app.world().get::<Place>(row).expect("it has a place")
}

pub(crate) fn block(app: &App, row: Entity) -> Block {
    *app.world().get::<Block>(row).expect("it has a block")
}

/// The block of a workflow by its id.
pub(crate) fn block_of(app: &App, id: &str) -> Block {
    block(app, entity(app, Kind::Workflow, id))
}

/// The block that is called so and is no row.
pub(crate) fn ground(app: &mut App, name: &str) -> Option<Entity> {
    let mut grounds = app.world_mut().query::<(Entity, &Ground, Has<Block>)>();
    let found = grounds
        .iter(app.world())
        .find(|(_, ground, has_block)| *ground.name == *name && *has_block);
    found.map(|(row, ..)| row)
}

/// The names of all blocks that are no rows, sorted.
pub(crate) fn grounds(app: &mut App) -> Vec<String> {
    let mut grounds = app.world_mut().query_filtered::<&Ground, With<Block>>();
    let mut names: Vec<String> = grounds
        .iter(app.world())
        .map(|ground| ground.name.to_string())
        .collect();
    names.sort();
    names
}

fn at(app: &App, world: Vec2) -> Option<Spot> {
    app.world().resource::<CityPlan>().at(world)
}

fn is_in(inner: Rect, outer: Rect) -> bool {
    let outer = outer.inflate(0.01);
    outer.contains(inner.min) && outer.contains(inner.max)
}

fn overlap(one: Rect, other: Rect) -> bool {
    one.intersect(other).size().min_element() > 0.01
}

/// Asserts what holds for every plan: no two blocks, no two cells and no two agents are in one place, everything is in the
/// plan's rectangle, what is looked up is what is there, and agents are on no block.
pub(crate) fn check(app: &mut App) {
    let extent = app.world().resource::<Extent>().0;
    let world = app.world_mut();
    let mut blocks = world.query::<(Entity, &Block)>();
    let blocks: Vec<(Entity, Block)> = blocks.iter(world).map(|(row, block)| (row, *block)).collect();
    let mut rows = world.query::<(Entity, &Place, Has<AgentRow>)>();
    let rows: Vec<(Entity, Place, bool)> = rows
        .iter(world)
        .map(|(row, place, agent)| (row, *place, agent))
        .collect();
    for (index, (row, one)) in blocks.iter().enumerate() {
        assert!(is_in(one.rect(), extent), "{row} leaves the plan");
        for (_, other) in blocks.iter().take(index) {
            assert!(
                !overlap(one.rect(), other.rect()),
                "{:?} is over {:?}",
                one.rect(),
                other.rect()
            );
        }
    }
    // A grid finds neighbours without comparing all pairs.
    let tile = rows
        .iter()
        .map(|(_, place, _)| place.size.max_element())
        .fold(1.0, f32::max);
    let mut by_tile: HashMap<IVec2, Vec<Rect>> = HashMap::new();
    let plan = app.world().resource::<CityPlan>();
    for (row, place, is_agent) in &rows {
        assert!(is_in(place.rect(), extent), "{row} leaves the plan");
        let middle = (place.at / tile).floor().as_ivec2();
        for x in -1..=1 {
            for y in -1..=1 {
                for other in by_tile.get(&(middle + IVec2::new(x, y))).into_iter().flatten() {
                    assert!(
                        !overlap(place.rect().inflate(-0.01), *other),
                        "{row} is over another row"
                    );
                }
            }
        }
        by_tile.entry(middle).or_default().push(place.rect());
        let found = plan.at(place.at);
        match found {
            Some(Spot::Cell(found)) => assert_eq!(found, *row),
            Some(Spot::Agent(found)) => assert!(found == *row && *is_agent),
            found => panic!("{found:?} is where {row} is"),
        }
        if matches!(found, Some(Spot::Agent(_))) {
            let on = blocks
                .iter()
                .find(|(_, block)| overlap(block.rect(), place.rect().inflate(-0.6)));
            assert_eq!(on.map(|(block, _)| *block), None, "agent {row} is on a block");
        }
    }
}

#[test]
fn cells_are_in_the_block_of_their_workflow_in_the_order_of_creation() {
    let mut app = app();
    let sizes = [("c", 40), ("a", 7), ("b", 23)];
    let mut second = 0;
    let mut rows = Vec::new();
    for (flow, _) in sizes {
        second += 1;
        rows.push(created(
            Kind::Workflow,
            second,
            json!({"id": flow, "name": flow, "status": "running"}),
        ));
    }
    for (flow, count) in sizes {
        for number in 0..count {
            second += 1;
            // Ids are in another order.
            let id = format!("{flow}-{:03}", number * 37 % 101);
            let row = json!({"id": id, "title": id, "status": "queued", "workflow_id": flow});
            rows.push(created(Kind::Task, second, row));
        }
    }
    rows.reverse();
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    for (flow, count) in sizes {
        let block = block_of(&app, flow);
        let [columns, in_column] = block.place.grid;
        assert!(
            columns * in_column >= count,
            "{flow} has {columns} × {in_column} cells for {count}"
        );
        for number in 0..count {
            let cell = place(
                &app,
                entity(&app, Kind::Task, &format!("{flow}-{:03}", number * 37 % 101)),
            );
            assert!(is_in(cell.rect(), block.body()), "{number} of {flow}");
            let step = Vec2::new((number / in_column) as f32, -((number % in_column) as f32));
            let wanted = block.place.first_cell + step * block.place.pitch;
            assert!(
                cell.at.distance(wanted) < 0.01,
                "{number} of {flow}: {} for {wanted}",
                cell.at
            );
            assert!(cell.size.distance(block.place.cell) < 0.001);
        }
        let header = block.header();
        assert!(header.height() > 0.0 && is_in(header, block.rect()) && !overlap(header, block.body()));
        assert_eq!(
            at(&app, header.center()),
            Some(Spot::Block(entity(&app, Kind::Workflow, flow)))
        );
    }
    // Blocks are in the order of their creation too, line by line.
    let mut order: Vec<(i32, i32, &str)> = sizes
        .iter()
        .map(|(flow, _)| {
            let rect = block_of(&app, flow).rect();
            (-rect.max.y.round() as i32, rect.min.x.round() as i32, *flow)
        })
        .collect();
    order.sort_unstable();
    assert_eq!(order.iter().map(|(.., flow)| *flow).collect::<String>(), "cab");
}

#[test]
fn a_plan_fills_the_scene_and_every_name_has_room() {
    let mut app = app();
    let mut rows: Vec<Change> = (0..12)
        .map(|flow| workflow(&format!("Workflow number {flow}"), "running"))
        .collect();
    rows.extend((0..400).map(|number| {
        let flow = format!("Workflow number {}", number * number % 12);
        task(&format!("t{number}"), "running", Some(&flow))
    }));
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    assert_eq!(app.world().resource::<Extent>().0.size(), PlanScene::default().size);
    let report = app.world().resource::<CityPlan>().report();
    assert!(report.blocks_share >= 0.85 && report.cells_share >= 0.6, "{report:?}");
    assert_eq!(report.names_whole, 1.0, "{report:?}");
}

#[test]
fn a_task_without_its_workflow_is_unassigned_and_moves_once_it_is_linked() {
    let mut app = app();
    feed(
        &mut app,
        [
            workflow("other", "running"),
            task("early", "queued", Some("late")),
            task("more", "queued", None),
        ],
    );
    settle(&mut app);
    let early = entity(&app, Kind::Task, "early");
    let before = place(&app, early).at;
    let unassigned = ground(&mut app, "Unassigned").expect("a block");
    assert!(is_in(place(&app, early).rect(), block(&app, unassigned).body()));
    advance(&mut app, 10.0);
    feed(&mut app, [workflow("late", "running")]);
    check(&mut app);
    let moved = place(&app, early);
    let late = entity(&app, Kind::Workflow, "late");
    assert!(is_in(moved.rect(), block(&app, late).body()));
    assert!(moved.from == before && moved.at != before && moved.moved >= 10.0);
    assert_eq!(moved.drawn_at(moved.moved), before);
    assert_eq!(moved.drawn_at(moved.moved + MOVE_SECS), moved.at);
    let half = moved.drawn_at(moved.moved + MOVE_SECS / 2.0);
    assert!(half.distance(before.midpoint(moved.at)) < 0.01);
    feed(&mut app, [task("more", "queued", Some("late"))]);
    assert_eq!(ground(&mut app, "Unassigned"), None, "nothing is unassigned");
    check(&mut app);
}

#[test]
fn tasks_of_a_workflow_that_goes_become_unassigned_with_their_agents() {
    let mut app = app();
    let mut rows = vec![workflow("one", "running"), workflow("two", "running")];
    for number in 0..30 {
        let flow = if number % 2 == 0 { "one" } else { "two" };
        rows.push(task(&format!("t{number}"), "running", Some(flow)));
    }
    rows.push(agent("a", "busy", Some("t4")));
    feed(&mut app, rows);
    settle(&mut app);
    feed(&mut app, [gone(Kind::Workflow, "one")]);
    // The exit of its row ends.
    (0..60).for_each(|_| app.update());
    check(&mut app);
    let unassigned = ground(&mut app, "Unassigned").expect("a block");
    let (there, two) = (block(&app, unassigned), block_of(&app, "two"));
    for number in 0..30 {
        let cell = place(&app, entity(&app, Kind::Task, &format!("t{number}"))).rect();
        let home = if number % 2 == 0 { there } else { two };
        assert!(is_in(cell, home.body()), "t{number}");
    }
    let beside = place(&app, entity(&app, Kind::Agent, "a"));
    let near = there.rect().inflate(beside.size.x * 2.0);
    assert!(near.contains(beside.at) && !there.rect().contains(beside.at));
}

#[test]
fn an_agent_stands_in_the_street_beside_its_task_and_returns_to_its_place_in_the_dock() {
    let mut app = app();
    let mut rows: Vec<Change> = ["one", "two", "three"].map(|flow| workflow(flow, "running")).into();
    for number in 0..60 {
        let flow = ["one", "two", "three"][number % 3];
        rows.push(task(&format!("t{number}"), "running", Some(flow)));
    }
    rows.extend((0..9).map(|number| agent(&format!("a{number}"), "idle", None)));
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    let dock = app.world().resource::<DockGround>().0.expect("a dock");
    let homes: Vec<Vec2> = (0..9)
        .map(|number| place(&app, entity(&app, Kind::Agent, &format!("a{number}"))).at)
        .collect();
    assert!(homes.iter().all(|home| dock.contains(*home)));
    let mut blocks = app.world_mut().query::<&Block>();
    assert!(
        blocks.iter(app.world()).all(|block| block.rect().min.y >= dock.max.y),
        "the dock is below all blocks"
    );
    for number in 0..60 {
        let id = format!("t{number}");
        feed(&mut app, [agent("a4", "busy", Some(&id))]);
        let (cell, own) = (
            place(&app, entity(&app, Kind::Task, &id)),
            place(&app, entity(&app, Kind::Agent, "a4")),
        );
        let home = block_of(&app, ["one", "two", "three"][number % 3]).rect();
        assert!(!home.contains(own.at), "{id}: it is in the street");
        let reach = home.inflate(own.size.x * 3.0);
        assert!(reach.contains(own.at), "{id}: beside its block");
        // No other block is nearer than its own.
        let along = (own.at.x - cell.at.x).abs().min((own.at.y - cell.at.y).abs());
        assert!(
            along <= own.size.x * 1.1 + cell.size.max_element(),
            "{id}: at the height or in the column of its task: {along}"
        );
    }
    check(&mut app);
    feed(&mut app, [agent("a4", "idle", None)]);
    for (number, home) in homes.iter().enumerate() {
        let back = place(&app, entity(&app, Kind::Agent, &format!("a{number}"))).at;
        assert_eq!(back, *home, "a{number} has the place that it had");
    }
}

#[test]
fn the_dock_is_grouped_by_state_with_trouble_first() {
    let mut app = app();
    let states = ["idle", "offline", "failed", "idle", "blocked", "waiting", "idle"];
    let mut rows = vec![workflow("w", "running"), task("t", "running", Some("w"))];
    rows.extend((0..70).map(|number| agent(&format!("a{number:02}"), states[number % states.len()], None)));
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    let grouped = |app: &mut App| {
        let mut agents = app.world_mut().query_filtered::<(&Place, &RowState), With<AgentRow>>();
        let mut placed: Vec<(i32, i32, Status)> = agents
            .iter(app.world())
            .map(|(place, state)| {
                let at = (place.at * Vec2::new(1.0, -1.0)).round().as_ivec2();
                (at.y, at.x, state.0.status)
            })
            .collect();
        placed.sort_by_key(|(y, x, _)| (*y, *x));
        let mut groups: Vec<Status> = placed.into_iter().map(|(.., status)| status).collect();
        groups.dedup();
        groups
    };
    let before = grouped(&mut app);
    let mut states = app.world_mut().query_filtered::<&RowState, With<AgentRow>>();
    let states: HashSet<Status> = states.iter(app.world()).map(|state| state.0.status).collect();
    assert_eq!(
        before.len(),
        states.len(),
        "each state has one part of the dock: {before:?}"
    );
    assert!(states.len() >= 4);
    let troubles = before.iter().take_while(|status| status.is_trouble()).count();
    assert_eq!(
        troubles,
        before.iter().filter(|status| status.is_trouble()).count(),
        "{before:?}"
    );
    // An agent that changes its state goes to the others of that state.
    feed(&mut app, [agent("a00", "failed", None), agent("a02", "idle", None)]);
    check(&mut app);
    assert_eq!(grouped(&mut app), before);
}

#[test]
fn agents_that_the_street_does_not_hold_are_counted() {
    let mut app = app();
    let mut rows = vec![workflow("w", "running"), workflow("v", "running")];
    rows.extend((0..40).map(|number| task(&format!("v{number}"), "queued", Some("v"))));
    rows.push(task("t", "running", Some("w")));
    rows.extend((0..600).map(|number| agent(&format!("a{number}"), "busy", Some("t"))));
    feed(&mut app, rows);
    settle(&mut app);
    check(&mut app);
    let counted = |app: &mut App| {
        let mut agents = app
            .world_mut()
            .query_filtered::<Has<Place>, (With<AgentRow>, With<Moment>)>();
        let placed = agents.iter(app.world()).filter(|has_place| *has_place).count();
        (placed, block_of(app, "w").place.counted_agents as usize)
    };
    let (placed, beyond) = counted(&mut app);
    assert!(
        beyond > 100 && placed > 1,
        "{placed} have a place, {beyond} are counted"
    );
    assert_eq!(placed + beyond, 600);
    assert_eq!(block_of(&app, "v").place.counted_agents, 0);
    let rect = block_of(&app, "w").rect();
    let sign = block_of(&app, "w").place.count_at;
    assert!(!rect.contains(sign), "the number is in the street");
    // Those that have a place go; others take it.
    let gone_ids = (0..600).filter(|number| number % 2 == 0);
    feed(
        &mut app,
        gone_ids.map(|number| gone(Kind::Agent, &format!("a{number}"))),
    );
    (0..60).for_each(|_| app.update());
    check(&mut app);
    let (still, fewer) = counted(&mut app);
    assert_eq!(still + fewer, 300);
    assert_eq!(
        still, placed,
        "no place in the street stays free while agents are counted"
    );
}

#[test]
fn a_row_keeps_its_place_during_its_exit_and_frees_it_then() {
    let mut app = app();
    let mut rows = vec![workflow("w", "running")];
    rows.extend((0..12).map(|number| task(&format!("t{number:02}"), "queued", Some("w"))));
    feed(&mut app, rows);
    settle(&mut app);
    // Another place is free, so that nothing has to grow.
    feed(&mut app, [gone(Kind::Task, "t11")]);
    (0..60).for_each(|_| app.update());
    let leaving = entity(&app, Kind::Task, "t05");
    let spot = place(&app, leaving).at;
    feed(&mut app, [gone(Kind::Task, "t05"), task("t90", "queued", Some("w"))]);
    assert_eq!(place(&app, leaving).at, spot);
    assert_ne!(place(&app, entity(&app, Kind::Task, "t90")).at, spot);
    (0..60).for_each(|_| app.update());
    assert!(app.world().get_entity(leaving).is_err(), "its exit is over");
    feed(&mut app, [task("t91", "queued", Some("w"))]);
    assert_eq!(
        place(&app, entity(&app, Kind::Task, "t91")).at,
        spot,
        "the lowest free place is taken"
    );
}

#[test]
fn nothing_is_written_while_nothing_changes_and_one_row_more_is_one_write() {
    let mut app = app();
    let mut rows = vec![workflow("w", "running"), workflow("v", "running")];
    rows.extend((0..30).map(|number| task(&format!("t{number}"), "queued", Some("w"))));
    rows.extend((0..4).map(|number| agent(&format!("a{number}"), "idle", None)));
    feed(&mut app, rows);
    settle(&mut app);
    #[derive(Resource, Default)]
    struct Written(usize);
    app.init_resource::<Written>().add_systems(
        Last,
        |mut written: ResMut<Written>, places: Query<(), Changed<Place>>, blocks: Query<(), Changed<Block>>| {
            written.0 += places.iter().count() + blocks.iter().count();
        },
    );
    app.update();
    let written = |app: &mut App| std::mem::take(&mut app.world_mut().resource_mut::<Written>().0);
    written(&mut app);
    (0..5).for_each(|_| app.update());
    assert_eq!(written(&mut app), 0);
    // A status is no place.
    feed(&mut app, [task("t3", "running", Some("w"))]);
    assert_eq!(written(&mut app), 0);
    // Nor does anything move when a row goes; the next one takes its place.
    feed(&mut app, [gone(Kind::Task, "t7")]);
    (0..60).for_each(|_| app.update());
    assert_eq!(written(&mut app), 0);
    feed(&mut app, [task("more", "queued", Some("w"))]);
    assert_eq!(written(&mut app), 1);
    assert!(app.world().get::<TaskRow>(entity(&app, Kind::Task, "more")).is_some());
}

#[test]
fn a_row_created_while_a_wall_runs_has_the_same_place_on_another_wall() {
    // The ids are not in the order of creation, as with UUIDs.
    let id = |n: u32| format!("{:08x}", n.wrapping_mul(2_654_435_761));
    let row = |n: u32| {
        let row = json!({"id": id(n), "title": "t", "status": "queued", "workflow_id": "w"});
        created(Kind::Task, n, row)
    };
    let places = |app: &App| {
        let place = |n: u32| place(app, entity(app, Kind::Task, &id(n))).at;
        (0..50).map(place).collect::<Vec<_>>()
    };
    let mut looks_on = app();
    feed(
        &mut looks_on,
        [workflow("w", "running")].into_iter().chain((0..40).map(row)),
    );
    settle(&mut looks_on);
    for n in 40..50 {
        feed(&mut looks_on, [row(n)]);
    }
    let mut later = app();
    feed(&mut later, (0..50).rev().map(row).chain([workflow("w", "running")]));
    settle(&mut later);
    replan(&mut looks_on, Vec2::new(1600.0, 900.0));
    replan(&mut later, Vec2::new(1600.0, 900.0));
    assert_eq!(places(&looks_on), places(&later));
}

/// The places of all rows and blocks by key or name.
pub(crate) fn plan_of(app: &mut App) -> HashMap<String, (Vec2, Vec2)> {
    let name = |key: &RowKey| format!("{:?} {}", key.kind, key.id);
    let world = app.world_mut();
    let mut rows = world.query::<(&Key, &Place)>();
    let mut flows = world.query::<(&Key, &Block)>();
    let mut grounds = world.query::<(&Ground, &Block)>();
    let of = |block: &Block| (block.rect().min, block.rect().max);
    rows.iter(world)
        .map(|(key, place)| (name(&key.0), (place.at, place.size)))
        .chain(flows.iter(world).map(|(key, block)| (name(&key.0), of(block))))
        .chain(
            grounds
                .iter(world)
                .map(|(ground, block)| (ground.name.to_string(), of(block))),
        )
        .collect()
}
