//! From changes to marks, grounds, tallies and links: after every frame the incremental result equals one computed from all rows.

use std::collections::HashMap;

use bevy::prelude::*;
use model::{Change, Kind, Op, Record, RowKey, SourceId, Status};
use opswall::{
    fleet::*,
    frame,
    layout::{self, Block, Ground, Place, Tallies},
    messages::{self, RowChanged, Synced},
    scene::{
        self,
        links::Links,
        marks::{Flags, Layer, MarkKind, Marks},
    },
};
use realtime::SyncReport;
use serde_json::{Value, json};

const IDS: usize = 40;

fn wall() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins).add_plugins((
        frame::plugin,
        messages::plugin,
        opswall::fleet::plugin,
        layout::plugin,
        scene::plugin,
    ));
    app.update();
    app
}

/// A random change: its row refers to rows that exist, that are gone, or that never arrive.
fn any_change(random: &mut fastrand::Rng) -> Change {
    let kind = *random
        .choice(&[Kind::Agent, Kind::Task, Kind::Task, Kind::Task, Kind::Workflow])
        .unwrap();
    let id = format!("{}{}", kind.plural(), random.usize(..IDS));
    let status = random
        .choice(&[
            "queued", "running", "running", "blocked", "failed", "done", "waiting", "offline", "odd",
        ])
        .unwrap();
    let link = |random: &mut fastrand::Rng, plural: &str| match random.u8(..4) {
        0 => Value::Null,
        _ => json!(format!("{plural}{}", random.usize(..IDS / 4))),
    };
    let row = json!({
        "id": id, "name": id, "title": id, "status": status,
        "progress": random.u8(..100),
        "agent_id": link(random, "agents"), "workflow_id": link(random, "workflows"),
        "current_task_id": link(random, "tasks"),
    });
    let record: Record = serde_json::from_value(row).expect("an object");
    Change {
        key: RowKey::new(kind, SourceId::usual(kind), id.as_str().into()),
        op: if random.u8(..5) == 0 { Op::Delete } else { Op::Update },
        record,
        committed_ms: None,
    }
}

/// Asserts that marks, tallies and links agree with the rows.
fn check(app: &mut App, frame: usize) {
    let world = app.world_mut();
    let mut grounds = world.query_filtered::<Entity, With<Ground>>();
    let grounds: Vec<Entity> = grounds.iter(world).collect();
    let mut rows = world.query::<(
        Entity,
        &RowState,
        &Moment,
        Option<&Place>,
        Option<&TaskRow>,
        Option<&PartOf>,
        Option<&WorksOn>,
        Has<WorkflowRow>,
    )>();
    let (mut drawn, mut beams) = (0, 0);
    let mut counted: HashMap<Option<Entity>, [u32; Status::ALL.len()]> = HashMap::new();
    let (mut work, mut agents) = (0, [0; Status::ALL.len()]);
    let marks = world.resource::<Marks>();
    for (row, state, moment, place, task, part_of, works_on, is_workflow) in rows.iter(world) {
        let mark = marks.mark(row);
        work += usize::from(task.is_some() || is_workflow);
        if task.is_none() && !is_workflow && moment.gone.is_none() {
            agents[state.0.status.index()] += 1;
        }
        let at = place.map(|place| place.at);
        assert_eq!(mark.map(|mark| mark.to), at, "frame {frame}: {row} is elsewhere");
        if let (Some(mark), Some(place)) = (mark, place) {
            let off = (mark.size - place.size).abs().max_element();
            assert!(
                off <= 1.0 / 16.0 || place.size.max_element() > 4_000.0,
                "frame {frame}: {row} has {:?} of {:?}",
                mark.size,
                place.size
            );
            assert!(
                mark.kind != MarkKind::Task || mark.from == place.from,
                "frame {frame}: {row}"
            );
        }
        if let Some(mark) = mark {
            drawn += 1;
            assert_eq!(mark.status, state.0.status, "frame {frame}: {row}");
            assert_eq!(
                mark.flags.contains(Flags::GONE),
                moment.gone.is_some(),
                "frame {frame}: {row}"
            );
        }
        if let Some(task) = task {
            if moment.gone.is_none() {
                counted.entry(part_of.map(|link| link.0)).or_default()[state.0.status.index()] += 1;
            }
            if let Some(mark) = mark {
                let (shown, told) = (mark.progress.unwrap_or(-1.0), task.progress.unwrap_or(-1.0));
                assert!(
                    (shown - told).abs() < 1e-3,
                    "frame {frame}: {row} shows {shown} of {told}"
                );
            }
        }
        beams += usize::from(works_on.is_some_and(|link| marks.slot(row).is_some() && marks.slot(link.0).is_some()));
    }
    let blocks = check_grounds(app, frame);
    let world = app.world_mut();
    let marks = world.resource::<Marks>();
    assert_eq!(
        marks.len(),
        drawn + blocks,
        "frame {frame}: a mark exists without a row"
    );
    assert_eq!(world.resource::<Links>().table().live(), beams, "frame {frame}: beams");
    let tallies = world.resource::<Tallies>();
    // What has no workflow is in the blocks that are no rows: on a wall of agents alone, the agents.
    let loose = counted.remove(&None).unwrap_or_default();
    let loose = if work == 0 { agents } else { loose };
    let of_grounds = |status: Status| grounds.iter().map(|ground| tallies.of(*ground).of(status)).sum::<u32>();
    for status in Status::ALL {
        assert_eq!(
            of_grounds(status),
            loose[status.index()],
            "frame {frame}: {status:?} of no workflow"
        );
        for (workflow, by_status) in &counted {
            let workflow = workflow.expect("the others are taken out");
            assert_eq!(
                tallies.of(workflow).of(status),
                by_status[status.index()],
                "frame {frame}: {status:?} of {workflow:?}"
            );
        }
    }
}

/// Asserts that every block is drawn where it is, with the shares of its tally. Returns the number of blocks.
fn check_grounds(app: &mut App, frame: usize) -> usize {
    let world = app.world_mut();
    let mut blocks = world.query::<(Entity, &Block, Option<&RowState>)>();
    let (marks, tallies) = (world.resource::<Marks>(), world.resource::<Tallies>());
    let mut count = 0;
    for (row, block, state) in blocks.iter(world) {
        count += 1;
        let slot = marks
            .slot(row)
            .unwrap_or_else(|| panic!("frame {frame}: block {row} is not drawn"));
        assert_eq!(slot.layer, Layer::Grounds, "frame {frame}: {row}");
        let words = marks.table(Layer::Grounds).items()[slot.slot as usize];
        let rect = [0, 1, 2, 3].map(|word| f32::from_bits(words[word]));
        let own = block.rect();
        assert_eq!(
            rect,
            [own.min.x, own.min.y, own.max.x, own.max.y],
            "frame {frame}: {row}"
        );
        let kind = if state.is_some() {
            MarkKind::Block
        } else {
            MarkKind::Ground
        };
        assert_eq!(words[9] & 0xf, kind as u32, "frame {frame}: {row}");
        if let Some(state) = state {
            assert_eq!(
                words[9] >> 4 & 0xf,
                state.0.status.index() as u32,
                "frame {frame}: {row}"
            );
        }
        let tally = tallies.of(row);
        let shares = [
            (words[6] & 0xff, Status::Running),
            (words[6] >> 8 & 0xff, Status::Done),
            (words[10] >> 16 & 0xff, Status::Blocked),
            (words[10] >> 24, Status::Failed),
        ];
        for (shown, status) in shares {
            let share = (f64::from(tally.of(status)) * 255.0 / f64::from(tally.total().max(1))).ceil();
            assert_eq!(f64::from(shown), share, "frame {frame}: {status:?} of {row}");
        }
    }
    count
}

#[test]
fn marks_grounds_tallies_and_beams_follow_any_order_of_changes() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut app = wall();
        for frame in 0..60 {
            for _ in 0..random.usize(..12) {
                app.world_mut().write_message(RowChanged(any_change(&mut random)));
            }
            if frame == 20 {
                app.world_mut().write_message(Synced(SyncReport::default()));
            }
            if random.u8(..8) == 0 {
                // Exit animations end meanwhile.
                std::thread::sleep(std::time::Duration::from_millis(80));
            }
            app.update();
            check(&mut app, frame);
        }
    }
}

#[test]
fn at_rest_no_row_is_touched_and_nothing_is_copied() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut app = wall();
    for _ in 0..500 {
        let mut change = any_change(&mut random);
        change.op = Op::Update;
        app.world_mut().write_message(RowChanged(change));
    }
    for _ in 0..3 {
        app.update();
    }
    assert!(app.world().resource::<FleetIndex>().len() > 50);
    for layer in Layer::ALL {
        app.world_mut().resource_mut::<Marks>().table_mut(layer).drain_changed();
    }
    app.update();
    assert!(app.world().resource::<Touched>().is_empty());
    for layer in Layer::ALL {
        assert!(!app.world().resource::<Marks>().table(layer).has_changed(), "{layer:?}");
    }
}
