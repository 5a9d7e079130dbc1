//! From changes to marks, tallies and links: after every frame the incremental result equals one computed from all rows.

use std::collections::HashMap;

use bevy::prelude::*;
use model::{Change, Kind, Op, Record, RowKey, SourceId, Status};
use opswall::{
    fleet::*,
    frame,
    layout::{self, District, Place},
    messages::{self, RowChanged, Synced},
    scene::{
        self,
        links::Links,
        marks::{Flags, Layer, Marks, Tallies},
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
    let mut rows = world.query::<(
        Entity,
        &RowState,
        &Moment,
        Option<&Place>,
        Option<&District>,
        Option<&TaskRow>,
        Option<&PartOf>,
        Option<&WorksOn>,
    )>();
    let (mut drawn, mut beams) = (0, 0);
    let mut counted: HashMap<Option<Entity>, [u32; Status::ALL.len()]> = HashMap::new();
    let marks = world.resource::<Marks>();
    for (row, state, moment, place, district, task, part_of, works_on) in rows.iter(world) {
        let at = place.map(|place| place.at).or(district.map(|district| district.center));
        let mark = marks.mark(row);
        assert_eq!(mark.map(|mark| mark.to), at, "frame {frame}: {row} is elsewhere");
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
    assert_eq!(marks.len(), drawn, "frame {frame}: a mark exists without a row");
    assert_eq!(world.resource::<Links>().table().live(), beams, "frame {frame}: beams");
    let tallies = world.resource::<Tallies>();
    for (workflow, by_status) in counted {
        for status in Status::ALL {
            assert_eq!(
                tallies.of(workflow).of(status),
                by_status[status.index()],
                "frame {frame}: {status:?} of {workflow:?}"
            );
        }
    }
}

#[test]
fn marks_tallies_and_beams_follow_any_order_of_changes() {
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
