//! The layout in the picture: blocks and the dock fill the screen, names are legible and never overlap.

use crate::{by_hand, offscreen::Studio};
use bevy::{
    input::{
        ButtonState,
        keyboard::{Key, KeyboardInput, NativeKey},
    },
    prelude::*,
    text::TextLayoutInfo,
};
use model::{Kind, Status, StatusReading};
use opswall::{
    fleet::{self, AgentRow, Moment, PartOf, RowLabel, RowState, TaskRow, WorkflowRow, WorksOn},
    layout::Place,
    messages::SceneInsets,
    scene::{
        camera::View,
        labels::{MOST_LABELS, ShownLabels},
        selection::Selection,
    },
};

const FLOWS: [&str; 16] = [
    "Customer onboarding",
    "Invoice reconciliation",
    "Nightly data refresh",
    "Release 4.2",
    "Incident 2291: checkout latency",
    "Contract review",
    "Search index rebuild",
    "Fraud triage",
    "Catalogue translation",
    "Support inbox",
    "Warehouse forecast",
    "Security patching",
    "Quarterly report",
    "Partner API migration",
    "Price update",
    "Content moderation",
];
const TASKS: [&str; 10] = [
    "Collect documents",
    "Verify the address",
    "Draft a reply",
    "Compare ledgers",
    "Run the regression suite",
    "Translate 40 pages",
    "Ask legal for approval",
    "Rebuild shard 7",
    "Summarise the call",
    "Reproduce the failure",
];
const AGENTS: [&str; 12] = [
    "Ada", "Boole", "Curie", "Dijkstra", "Erdős", "Faraday", "Gauss", "Hopper", "Inge", "Jansky", "Kepler", "Lovelace",
];

fn row(kind: Kind, id: u32, label: &str, status: Status) -> (fleet::Key, RowLabel, RowState, Moment) {
    (
        fleet::Key(by_hand::key(kind, id)),
        RowLabel(label.into()),
        RowState(StatusReading::of(status)),
        Moment {
            appeared: 0.0,
            changed: 0.0,
            gone: None,
        },
    )
}

/// A realistic fleet: workflows of uneven size, most rows calm, some agents at work.
pub(crate) fn fleet(studio: &mut Studio, flows: u32, tasks: u32, agents: u32) -> Vec<Entity> {
    let world = studio.app.world_mut();
    let flow_rows: Vec<Entity> = (0..flows)
        .map(|id| {
            let status = [
                Status::Running,
                Status::Running,
                Status::Queued,
                Status::Running,
                Status::Blocked,
            ][id as usize % 5];
            world
                .spawn((
                    row(Kind::Workflow, id, FLOWS[id as usize % FLOWS.len()], status),
                    WorkflowRow::default(),
                ))
                .id()
        })
        .collect();
    let mut busy = Vec::new();
    let task_rows: Vec<Entity> = (0..tasks)
        .map(|id| {
            let mixed = id.wrapping_mul(2_654_435_761) >> 16;
            let status = match mixed % 40 {
                0..16 => Status::Done,
                16..26 => Status::Queued,
                26..34 => Status::Running,
                34 | 35 => Status::Waiting,
                36 => Status::Blocked,
                37 => Status::Failed,
                _ => Status::Cancelled,
            };
            // Squares make some workflows several times larger than others.
            let flow = ((mixed % 1_000) as f32 / 1_000.0).powi(2) * (flows as f32 + 0.2);
            let task = world
                .spawn((
                    row(Kind::Task, id, TASKS[id as usize % TASKS.len()], status),
                    TaskRow {
                        progress: (status == Status::Running).then_some(0.4),
                        ..default()
                    },
                ))
                .id();
            if let Some(flow) = flow_rows.get(flow as usize) {
                world.entity_mut(task).insert(PartOf(*flow));
            }
            if status == Status::Running {
                busy.push(task);
            }
            task
        })
        .collect();
    for id in 0..agents {
        let name = format!(
            "{} {}",
            AGENTS[id as usize % AGENTS.len()],
            1 + id / AGENTS.len() as u32
        );
        let task = busy.get(id as usize * 2).filter(|_| id % 5 < 3);
        let status = match (task, id % 11) {
            (Some(_), _) => Status::Running,
            (None, 0) => Status::Offline,
            (None, _) => Status::Idle,
        };
        let agent = world
            .spawn((row(Kind::Agent, id, &name, status), AgentRow::default()))
            .id();
        if let Some(task) = task {
            world.entity_mut(agent).insert(WorksOn(*task));
        }
    }
    task_rows
}

/// Presses and releases a key.
pub(crate) fn press(studio: &mut Studio, key_code: KeyCode) {
    for state in [ButtonState::Pressed, ButtonState::Released] {
        studio.app.world_mut().write_message(KeyboardInput {
            key_code,
            logical_key: Key::Unidentified(NativeKey::Unidentified),
            state,
            text: None,
            repeat: false,
            window: Entity::PLACEHOLDER,
        });
        studio.app.update();
    }
}

/// Runs until moves are over, the camera has arrived and labels have faded in.
fn settle(studio: &mut Studio) {
    for frame in 0..40 {
        std::thread::sleep(std::time::Duration::from_millis(25));
        studio.at(100.0 + f64::from(frame) * 0.1).app.update();
    }
}

/// The rectangles of all visible labels, in screen pixels.
fn label_rects(studio: &mut Studio) -> Vec<(String, Rect)> {
    let view = *studio.app.world().resource::<View>();
    let world = studio.app.world_mut();
    let mut texts = world.query::<(&Text2d, &TextLayoutInfo, &Transform, &Visibility, &TextColor)>();
    texts
        .iter(world)
        .filter(|(.., visibility, color)| **visibility == Visibility::Visible && color.0.alpha() > 0.9)
        .map(|(text, layout, transform, ..)| {
            let corner = view.screen_from_world(transform.translation.truncate());
            (text.0.clone(), Rect::from_corners(corner, corner + layout.size))
        })
        .collect()
}

fn assert_legible(labels: &[(String, Rect)], free: Rect) {
    assert!(labels.len() <= MOST_LABELS);
    for (index, (text, rect)) in labels.iter().enumerate() {
        // Estimated widths may be slightly wrong.
        let inner = rect.inflate(-3.0);
        assert!(
            free.contains(inner.min) && free.contains(inner.max),
            "{text} leaves the screen at {rect:?}"
        );
        for (other, there) in &labels[..index] {
            assert!(
                inner.intersect(there.inflate(-3.0)).is_empty(),
                "{text} is over {other}"
            );
        }
    }
}

#[test]
fn a_fleet_fills_the_screen_and_its_names_are_legible_at_every_zoom() {
    let size = UVec2::new(1920, 1080);
    let mut studio = Studio::staged(size);
    let insets = SceneInsets { top: 64.0, ..default() };
    studio.app.insert_resource(insets);
    let free = Rect::new(0.0, insets.top, 1920.0, 1080.0);
    let tasks = fleet(&mut studio, 14, 420, 40);
    settle(&mut studio);
    studio.picture().keep("stage_far");
    let far = label_rects(&mut studio);
    assert_legible(&far, free);
    assert!(
        FLOWS[..14]
            .iter()
            .filter(|name| far.iter().any(|(text, _)| text == *name))
            .count()
            >= 12
    );

    // Every mark is on the screen, and the screen is filled.
    let view = *studio.app.world().resource::<View>();
    let world = studio.app.world_mut();
    let mut places = world.query::<&Place>();
    let used = places.iter(world).map(|place| view.screen_from_world(place.at)).fold(
        Rect {
            min: Vec2::MAX,
            max: Vec2::MIN,
        },
        |used, at| {
            assert!(free.contains(at), "{at} is off the screen");
            used.union_point(at)
        },
    );
    assert!(used.width() > 1_780.0 && used.height() > 900.0, "{used:?}");
    assert!(
        (view.world_per_px - 1.0).abs() < 0.001,
        "the plan is as large as the free part of the screen"
    );

    let failed = tasks
        .iter()
        .copied()
        .find(|task| {
            studio
                .app
                .world()
                .get::<RowState>(*task)
                .is_some_and(|state| state.0.status == Status::Failed)
        })
        .unwrap();
    studio.app.world_mut().resource_mut::<Selection>().selected = Some(failed);
    settle(&mut studio);
    studio.picture().keep("stage_selected");
    let shown = studio.app.world().resource::<ShownLabels>();
    assert!(
        shown.labels.iter().any(|label| label.about == failed),
        "the selected row is named"
    );

    for (keys, name) in [
        (&[KeyCode::KeyF][..], "stage_near"),
        (&[KeyCode::Equal, KeyCode::Equal], "stage_nearest"),
        (&[KeyCode::KeyF], "stage_near_again"),
        (&[KeyCode::Minus, KeyCode::Minus], "stage_middle"),
    ] {
        keys.iter().for_each(|key| press(&mut studio, *key));
        settle(&mut studio);
        studio.picture().keep(name);
        let labels = label_rects(&mut studio);
        assert_legible(&labels, free);
        assert!(!labels.is_empty());
    }
    press(&mut studio, KeyCode::Home);
    settle(&mut studio);
    settle(&mut studio);
    let again = *studio.app.world().resource::<View>();
    let off = (again.world_per_px / view.world_per_px - 1.0).abs();
    assert!(
        off < 0.01 && again.center.distance(view.center) < 0.5,
        "everything is shown again"
    );
}

#[test]
fn many_blocks_fill_the_screen_evenly() {
    let mut studio = Studio::staged(UVec2::new(1920, 1080));
    studio.app.insert_resource(SceneInsets { top: 64.0, ..default() });
    fleet(&mut studio, 150, 6_000, 300);
    settle(&mut studio);
    studio.picture().keep("stage_many");
    let labels = label_rects(&mut studio);
    assert_legible(&labels, Rect::new(0.0, 64.0, 1920.0, 1080.0));
}
