//! Feeds with hardly any rows and with unusual ones. The whole wall over a real socket, drawn without a window.

use crate::wall::{Wall, difference, feed, pixels_of};
use bevy::prelude::*;
use demo::{Control, TableId};
use model::{Kind, Status};
use opswall::{
    fleet::{PartOf, WorksOn},
    layout::{Block, DockGround, Place},
    scene::palette::palette,
};
use realtime::LinkStatus;
use serde_json::{Map, Value, json};
use uuid::Uuid;

const SIZE: UVec2 = UVec2::new(1280, 720);

fn columns(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(columns) => columns,
        other => panic!("{other} is no row"),
    }
}

/// Whether an agent stands in the street of a block, and not on it.
fn is_beside(block: &Block, agent: &Place) -> bool {
    let street = block.rect().inflate(agent.size.x * 3.0);
    street.contains(agent.at) && !block.rect().contains(agent.at)
}

/// Ids in the order of insertion, so that rows have the same places in each run.
fn insert(control: &Control, table: TableId, row: Value) -> Uuid {
    let mut row = columns(row);
    let mut rows: u128 = TableId::ALL
        .iter()
        .map(|table| control.rows(*table).len() as u128)
        .sum();
    rows = (rows + 1) << 96;
    row.entry("id")
        .or_insert_with(|| Uuid::from_u128(rows).to_string().into());
    control.insert(table, row).expect("a row")
}

fn update(control: &Control, table: TableId, id: Uuid, row: Value) {
    control.update(table, id, &columns(row)).expect("an update");
}

/// Names in scripts that the embedded fonts lack, longer than their room. With system fonts they are written, without them
/// they are boxes; either way they are shortened and placed.
#[test]
fn names_in_other_scripts_are_placed_and_shortened_alike() {
    let (server, mut wall) = empty();
    let control = server.control();
    let names = [
        "請求書の照合を行う十月分の長い名前です",
        "客户入职流程与合同审查",
        "고객 온보딩 자동화 작업 흐름",
        "مراجعة العقود السنوية للموردين",
        "בדיקת חוזים שנתית של הספקים",
        "ตรวจสอบใบแจ้งหนี้ประจำเดือน",
        "ग्राहक पंजीकरण प्रक्रिया",
        "🚀 Release 🔥 train 👩‍💻 ✅",
        "Ελληνικά και Кириллица",
    ];
    let mut flows = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let flow = insert(&control, TableId::Workflows, json!({"name": name, "status": "running"}));
        flows.push(flow);
        let agent = insert(
            &control,
            TableId::Agents,
            json!({"name": name.split(' ').next(), "status": if index % 3 == 0 { "idle" } else { "busy" }}),
        );
        for status in ["failed", "running", "waiting_for_input", "queued"] {
            let worker = if status == "running" {
                agent.to_string().into()
            } else {
                Value::Null
            };
            insert(
                &control,
                TableId::Tasks,
                json!({"title": name, "status": status, "error_message": name,
                    "workflow_id": flow.to_string(), "agent_id": worker}),
            );
        }
    }
    wall.until_rows(names.len() * 6);
    wall.settle();
    wall.settle();
    wall.picture("edge_scripts");
    let labels = wall.legible();
    assert!(labels.iter().any(|label| label.starts_with("請求書")), "{labels:?}");
    assert!(labels.iter().any(|label| label.starts_with("مراجعة")), "{labels:?}");

    // In the near view, with the panels.
    for (index, name) in [
        (3, "edge_scripts_arabic"),
        (0, "edge_scripts_japanese"),
        (7, "edge_scripts_emoji"),
    ] {
        wall.visit(Kind::Workflow, flows[index]);
        wall.picture(name);
        assert!(!wall.legible().is_empty());
    }
}

/// A live wall without rows.
fn empty() -> (demo::Server, Wall) {
    let server = feed(0, 0, 0);
    let mut wall = Wall::on(&server, SIZE);
    wall.until_status(LinkStatus::Connected);
    wall.settle();
    (server, wall)
}

/// The part of a picture without header, toasts and legend.
fn scene(picture: &image::RgbImage) -> image::RgbImage {
    image::imageops::crop_imm(picture, 250, 116, 1_020, 590).to_image()
}

#[test]
fn an_empty_feed_is_reported_and_one_row_is_drawn() {
    let (server, mut wall) = empty();
    let control = server.control();
    let nothing = wall.picture("edge_empty");
    let text = pixels_of(&scene(&nothing), palette(default()).text);
    assert!(text > 300, "a card reports that there are no rows: {text}");
    assert!(wall.legible().is_empty());

    // Each kind alone, and then no rows again.
    for (table, row, name, status) in [
        (
            TableId::Tasks,
            json!({"title": "Only task", "status": "failed"}),
            "edge_one_task",
            Status::Failed,
        ),
        (
            TableId::Agents,
            json!({"name": "Only agent", "status": "busy"}),
            "edge_one_agent",
            Status::Running,
        ),
        (
            TableId::Workflows,
            json!({"name": "Only workflow", "status": "running", "steps_completed": 1, "steps_total": 3}),
            "edge_one_workflow",
            Status::Running,
        ),
    ] {
        let id = insert(&control, table, row);
        wall.until_rows(1);
        wall.settle();
        let picture = wall.picture(name);
        // A single cell is as large as the scene, and has its mark in the corner.
        let corner = image::imageops::crop_imm(&picture, 0, 60, 900, 640).to_image();
        let drawn = pixels_of(&corner, palette(default()).status(status));
        // A workflow alone is a header, which has a colour only where it is in trouble.
        let is_cell = table != TableId::Workflows;
        assert!(!is_cell || drawn > 60, "{name}: {drawn} pixels in its colour");
        let labels = wall.legible();
        // Tasks and agents without workflows are in a group.
        let said = match table {
            TableId::Tasks => "Tasks",
            TableId::Agents => "Agents",
            _ => "Only",
        };
        assert!(labels.iter().any(|label| label.contains(said)), "{name}: {labels:?}");
        control.delete(table, id).expect("it was there");
        wall.until_rows(0);
        wall.settle();
        let after = wall.picture(&format!("{name}_gone"));
        // The totals in the header change.
        let left = difference(&scene(&after), &scene(&nothing));
        assert!(left < 200, "after {name} only the card remains: {left} pixels");
        assert!(wall.legible().is_empty(), "no name of a gone row");
    }
}

#[test]
fn rows_without_a_workflow_are_unassigned_until_it_arrives() {
    let (server, mut wall) = empty();
    let control = server.control();
    let words = ["queued", "running", "blocked", "done", "failed", "waiting_for_input"];
    for index in 0..24 {
        let status = words[index % words.len()];
        insert(
            &control,
            TableId::Tasks,
            json!({"title": format!("Loose task {index}"), "status": status}),
        );
    }
    for index in 0..3 {
        insert(
            &control,
            TableId::Agents,
            json!({"name": format!("Free agent {index}"), "status": "idle"}),
        );
    }
    wall.until_rows(27);
    wall.settle();
    wall.picture("edge_no_links");
    // Without workflows they are a group.
    let loose = wall.ground("Tasks").expect("a block");
    assert_eq!(loose.place.grid.map(|count| count > 0), [true; 2]);
    assert!(wall.legible().iter().any(|label| label.starts_with("Tasks")));

    // References to rows that do not exist.
    let (workflow, agent) = (Uuid::from_u128(0x77), Uuid::from_u128(0xaa));
    let task = insert(
        &control,
        TableId::Tasks,
        json!({"title": "Waits for both", "status": "running",
            "workflow_id": workflow.to_string(), "agent_id": agent.to_string()}),
    );
    let lost = insert(
        &control,
        TableId::Agents,
        json!({"name": "Works on nothing known", "status": "busy", "current_task_id": Uuid::from_u128(0xdead).to_string()}),
    );
    wall.until_rows(29);
    wall.settle();
    wall.picture("edge_links_to_nobody");
    wall.legible();
    let (task, lost) = (wall.row(Kind::Task, task), wall.row(Kind::Agent, lost));
    assert_eq!(wall.get::<PartOf>(task), None);
    let dock = wall.app.world().resource::<DockGround>().0.expect("a dock");
    let home = wall.get::<Place>(lost).expect("a place").at;
    assert!(dock.contains(home), "an agent without a known task rests");

    // The targets arrive: the task moves to its block, the agent takes it in hand.
    insert(
        &control,
        TableId::Workflows,
        json!({"id": workflow.to_string(), "name": "Came later", "status": "running"}),
    );
    insert(
        &control,
        TableId::Agents,
        json!({"id": agent.to_string(), "name": "Came later too", "status": "busy"}),
    );
    wall.until_rows(31);
    wall.settle();
    wall.picture("edge_links_found");
    let (workflow, agent) = (wall.row(Kind::Workflow, workflow), wall.row(Kind::Agent, agent));
    assert_eq!(wall.get::<PartOf>(task), Some(PartOf(workflow)));
    assert_eq!(wall.get::<WorksOn>(agent), Some(WorksOn(task)));
    let block = wall.get::<Block>(workflow).expect("a block");
    let (cell, beside) = (
        wall.get::<Place>(task).expect("a place"),
        wall.get::<Place>(agent).expect("a place"),
    );
    assert!(block.body().contains(cell.at), "the task is in it");
    assert!(is_beside(&block, &beside), "the agent stands in its street");
    let loose = wall.ground("Unassigned").expect("a block of those without a workflow");
    assert_eq!(loose.place.grid.map(|count| count > 0), [true; 2]);
    assert!(wall.ground("Tasks").is_none(), "the group is gone");
    assert!(wall.legible().iter().any(|label| label.starts_with("Came later")));
}

#[test]
fn a_task_moves_between_workflows_and_agents_with_its_beam() {
    let (server, mut wall) = empty();
    let control = server.control();
    let flows: Vec<Uuid> = ["Invoices", "Onboarding"]
        .into_iter()
        .map(|name| insert(&control, TableId::Workflows, json!({"name": name, "status": "running"})))
        .collect();
    let agents: Vec<Uuid> = ["Ada", "Boole"]
        .into_iter()
        .map(|name| insert(&control, TableId::Agents, json!({"name": name, "status": "busy"})))
        .collect();
    for flow in &flows {
        for index in 0..6 {
            insert(
                &control,
                TableId::Tasks,
                json!({"title": format!("Step {index}"), "status": "queued", "workflow_id": flow.to_string()}),
            );
        }
    }
    let task = insert(
        &control,
        TableId::Tasks,
        json!({"title": "The traveller", "status": "running",
            "workflow_id": flows[0].to_string(), "agent_id": agents[0].to_string()}),
    );
    wall.until_rows(17);
    wall.settle();
    wall.picture("edge_moves_1");
    let traveller = wall.row(Kind::Task, task);

    for (at, (flow, agent)) in [(1, 0), (1, 1), (0, 1), (0, 0)].into_iter().enumerate() {
        update(
            &control,
            TableId::Tasks,
            task,
            json!({"workflow_id": flows[flow].to_string(), "agent_id": agents[agent].to_string()}),
        );
        let (home, hand) = (
            wall.row(Kind::Workflow, flows[flow]),
            wall.row(Kind::Agent, agents[agent]),
        );
        let idle = wall.row(Kind::Agent, agents[1 - agent]);
        wall.until("the move", |world| {
            world.get::<PartOf>(traveller) == Some(&PartOf(home))
                && world.get::<WorksOn>(hand) == Some(&WorksOn(traveller))
        });
        wall.settle();
        wall.picture(&format!("edge_moves_{}", at + 2));
        assert_eq!(wall.row(Kind::Task, task), traveller, "it is the same mark");
        assert_eq!(wall.get::<WorksOn>(idle), None);
        let block = wall.get::<Block>(home).expect("a block");
        assert!(block.body().contains(wall.get::<Place>(traveller).expect("a place").at));
        assert!(is_beside(&block, &wall.get::<Place>(hand).expect("a place")));
        let dock = wall.app.world().resource::<DockGround>().0.expect("a dock");
        let rests = wall.get::<Place>(idle).expect("a place").at;
        assert!(dock.contains(rests), "an agent without work rests: {rests} in {dock:?}");
        wall.legible();
    }
    // Now without an agent and without a workflow.
    update(
        &control,
        TableId::Tasks,
        task,
        json!({"workflow_id": null, "agent_id": null}),
    );
    wall.until("loose", |world| world.get::<PartOf>(traveller).is_none());
    wall.settle();
    wall.picture("edge_moves_out");
    let block = wall.ground("Unassigned").expect("a block");
    let place = wall.get::<Place>(traveller).expect("a place");
    assert!(block.body().contains(place.at));
    let agent = wall.row(Kind::Agent, agents[0]);
    assert_eq!(wall.get::<WorksOn>(agent), None);
}

#[test]
fn very_long_and_empty_names_are_shown_short() {
    let (server, mut wall) = empty();
    let control = server.control();
    let long = |head: &str| format!("{head} {}", "reconciliation of everything ".repeat(400));
    let odd = [
        long("Endless"),
        "W".repeat(10_000),
        String::new(),
        "   \n\t ".into(),
        "\u{200b}\u{202e}\u{feff}".into(),
        "Two\nlines".into(),
    ];
    let mut flows = Vec::new();
    for name in &odd {
        flows.push(insert(
            &control,
            TableId::Workflows,
            json!({"name": name, "status": "running"}),
        ));
    }
    flows.push(insert(
        &control,
        TableId::Workflows,
        json!({"name": null, "status": "failed"}),
    ));
    for (index, flow) in flows.iter().enumerate() {
        for name in odd.iter().take(3) {
            let agent = insert(
                &control,
                TableId::Agents,
                json!({"name": name, "status": if index % 2 == 0 { "busy" } else { "idle" }}),
            );
            insert(
                &control,
                TableId::Tasks,
                json!({"title": name, "status": if index % 3 == 0 { "failed" } else { "running" },
                    "error_message": long("It failed because"),
                    "workflow_id": flow.to_string(), "agent_id": agent.to_string()}),
            );
        }
    }
    wall.until_rows(7 + 7 * 6);
    wall.settle();
    wall.picture("edge_names");
    let labels = wall.legible();
    assert!(
        labels
            .iter()
            // A name, and in a header the counts beside it; an error in a tile has several lines.
            .all(|label| !label.is_empty() && label.lines().all(|line| line.chars().count() <= 120)),
        "{labels:?}"
    );
    assert!(
        labels
            .iter()
            .any(|label| label.starts_with("Endless") && label.contains('…')),
        "{labels:?}"
    );
    assert!(
        labels
            .iter()
            .any(|label| label.starts_with("WWW") && label.contains('…')),
        "{labels:?}"
    );
    // Without a name, the beginning of the id is shown.
    for nameless in flows.iter().skip(2).take(3).chain(flows.last()) {
        let short = &nameless.to_string()[..8];
        assert!(
            labels.iter().any(|label| label.starts_with(short)),
            "{short} in {labels:?}"
        );
    }
    assert!(
        labels
            .iter()
            .any(|label| label.starts_with("Two") && !label.contains('\n')),
        "{labels:?}"
    );

    // In the near view every task and agent is named.
    let middle = wall.row(Kind::Workflow, flows[0]);
    wall.visit(Kind::Workflow, flows[0]);
    wall.picture("edge_names_near");
    let near = wall.legible();
    assert!(near.iter().any(|label| label.contains('…')), "{near:?}");
    assert!(wall.get::<Block>(middle).is_some());
}
