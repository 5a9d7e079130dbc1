//! Very many rows at once: a workflow with thousands of tasks goes, ten thousand rows arrive in one frame. Nothing hangs and
//! no row is lost.

use std::time::Duration;

use crate::wall::{Wall, feed, id_of};
use bevy::prelude::*;
use demo::TableId;
use model::Kind;
use opswall::{
    fleet::{FleetClock, Moment, PartOf, TaskRow, WorksOn},
    layout::{Block, DockGround, Place},
    messages::Backlog,
};
use realtime::LinkStatus;
use serde_json::{Map, Value};
use uuid::Uuid;

const SIZE: UVec2 = UVec2::new(1280, 720);
const MANY: usize = 5_000;
const INSERTS: usize = 10_000;

fn task(workflow: Option<Uuid>, index: usize) -> Map<String, Value> {
    let words = ["queued", "done", "done", "running", "queued", "done", "failed"];
    let mut row = Map::new();
    row.insert("title".into(), format!("Task {index}").into());
    row.insert("status".into(), words[index % words.len()].into());
    if let Some(workflow) = workflow {
        row.insert("workflow_id".into(), workflow.to_string().into());
    }
    row
}

/// Asserts that every task has its own cell within its block.
fn assert_cells_are_distinct(wall: &mut Wall, tasks: usize) {
    let unassigned = wall.ground("Unassigned");
    let world = wall.app.world_mut();
    let mut rows = world.query_filtered::<(&Place, Option<&PartOf>, &Moment), With<TaskRow>>();
    let mut blocks = world.query::<&Block>();
    let mut taken = std::collections::HashSet::new();
    for (place, part_of, moment) in rows.iter(world).filter(|(.., moment)| moment.gone.is_none()) {
        let block = match part_of {
            Some(PartOf(workflow)) => blocks.get(world, *workflow).copied().expect("a block"),
            None => unassigned.expect("a block"),
        };
        let body = block.body().inflate(0.01);
        assert!(
            body.contains(place.rect().min) && body.contains(place.rect().max),
            "{moment:?}"
        );
        assert!(place.size.distance(block.place.cell) < 0.001);
        // The column and the row of the cell.
        let cell = ((place.at - block.place.first_cell) / block.place.pitch * Vec2::new(1.0, -1.0)).round();
        let [columns, in_column] = block.place.grid;
        assert!(cell.cmpge(Vec2::ZERO).all() && cell.cmplt(Vec2::new(columns as f32, in_column as f32)).all());
        assert!(
            taken.insert((part_of.copied().map(|part_of| part_of.0), cell.as_ivec2())),
            "two tasks at {cell}"
        );
    }
    assert_eq!(taken.len(), tasks);
}

/// Asserts that no two blocks are in one place at the end of all moves.
fn assert_apart(wall: &mut Wall) {
    let world = wall.app.world_mut();
    let mut blocks = world.query::<&Block>();
    let grounds: Vec<Rect> = blocks.iter(world).map(Block::rect).collect();
    for (index, one) in grounds.iter().enumerate() {
        for other in grounds.iter().take(index) {
            let over = one.intersect(*other).size().min_element();
            assert!(over < 0.01, "{over} of {one:?} and {other:?}");
        }
    }
}

#[test]
fn a_workflow_with_five_thousand_tasks_goes() {
    let server = feed(12, 8, 120);
    let control = server.control();
    let before = control.rows(TableId::Tasks).len();
    let others = control.rows(TableId::Agents).len() + control.rows(TableId::Workflows).len();
    let mut wall = Wall::on(&server, SIZE);
    wall.until_status(LinkStatus::Connected);
    let mut row = Map::new();
    row.insert("name".into(), "The great migration".into());
    row.insert("status".into(), "running".into());
    let flow = control.insert(TableId::Workflows, row).expect("a row");
    let tasks: Vec<Uuid> = (0..MANY)
        .map(|index| control.insert(TableId::Tasks, task(Some(flow), index)).expect("a row"))
        .collect();
    wall.until_rows(before + others + 1 + MANY);
    wall.settle();
    wall.picture("edge_great");
    assert_cells_are_distinct(&mut wall, before + MANY);
    let was = wall.get::<Block>(wall.row(Kind::Workflow, flow)).expect("a block");
    let room = |block: &Block| block.place.grid[0] * block.place.grid[1];
    assert!(room(&was) >= MANY as u32);

    // The row goes; its tasks remain without a workflow.
    control.delete(TableId::Workflows, flow).expect("it was there");
    wall.until_rows(before + others + MANY);
    wall.run_for(Duration::from_millis(250));
    wall.picture("edge_great_going");
    wall.settle();
    wall.picture("edge_great_gone");
    assert_cells_are_distinct(&mut wall, before + MANY);
    let unassigned = wall.ground("Unassigned").expect("a block");
    assert!(room(&unassigned) >= MANY as u32, "all are there");
    assert!(wall.legible().iter().any(|label| label.contains("Unassigned")));

    // Then all tasks go at once.
    for task in tasks {
        control.delete(TableId::Tasks, task).expect("it was there");
    }
    wall.until_rows(before + others);
    wall.run_for(Duration::from_millis(250));
    wall.picture("edge_tasks_going");
    wall.settle();
    wall.settle();
    wall.picture("edge_tasks_gone");
    assert_cells_are_distinct(&mut wall, before);
    wall.legible();
    let world = wall.app.world_mut();
    let mut rows = world.query::<&Moment>();
    assert_eq!(rows.iter(world).count(), before + others, "no entity remains");
}

#[test]
fn a_workflow_and_its_tasks_go_together() {
    let server = feed(12, 8, 120);
    let control = server.control();
    let mut wall = Wall::on(&server, SIZE);
    wall.until_status(LinkStatus::Connected);
    wall.settle();
    let all = wall.counted();
    let flow = id_of(&control.rows(TableId::Workflows)[0]);
    let inside: Vec<Uuid> = control
        .rows(TableId::Tasks)
        .iter()
        .filter(|task| task["workflow_id"] == flow.to_string())
        .map(id_of)
        .collect();
    assert!(!inside.is_empty());
    // As with a foreign key that has "on delete cascade".
    for task in &inside {
        control.delete(TableId::Tasks, *task).expect("it was there");
    }
    control.delete(TableId::Workflows, flow).expect("it was there");
    wall.until_rows(all - inside.len() - 1);
    wall.settle();
    wall.picture("edge_cascade");
    wall.legible();
    assert!(wall.ground("Unassigned").is_none(), "no row remains");
    // The agents that worked there rest or have another task.
    let dock = wall.app.world().resource::<DockGround>().0.expect("a dock");
    let world = wall.app.world_mut();
    let mut agents = world.query_filtered::<&Place, (With<opswall::fleet::AgentRow>, Without<WorksOn>)>();
    assert!(agents.iter(world).all(|place| dock.contains(place.at)));
}

#[test]
fn ten_thousand_rows_in_one_frame_are_all_drawn() {
    let server = feed(6, 4, 40);
    let control = server.control();
    let mut wall = Wall::on(&server, SIZE);
    wall.until_status(LinkStatus::Connected);
    wall.settle();
    let before = wall.counted();
    let tasks_before = control.rows(TableId::Tasks).len();
    let flows: Vec<Uuid> = control.rows(TableId::Workflows).iter().map(id_of).collect();
    for index in 0..INSERTS {
        let flow = flows.get(index % (flows.len() + 1)).copied();
        control.insert(TableId::Tasks, task(flow, index)).expect("a row");
    }
    // No frame has run meanwhile: all changes wait for one frame.
    std::thread::sleep(Duration::from_secs(2));
    wall.app.update();
    let waiting = wall.app.world().resource::<Backlog>().waiting;
    let clock = wall.app.world().resource::<FleetClock>().0;
    wall.picture("edge_inserts_first");
    assert_apart(&mut wall);
    wall.until_rows(before + INSERTS);
    wall.run_for(Duration::from_millis(300));
    assert_apart(&mut wall);
    wall.picture("edge_inserts_coming");
    wall.settle();
    wall.picture("edge_inserts");
    assert_cells_are_distinct(&mut wall, tasks_before + INSERTS);
    wall.legible();
    println!("{waiting} changes waited after the frame at {clock:.1} s");
}
