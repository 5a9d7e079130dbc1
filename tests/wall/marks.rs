//! The marks without a renderer: the mark of each entity, and which marks count as changed.

use bevy::prelude::*;
use model::{Status, StatusReading};
use opswall::{
    fleet::*,
    frame,
    layout::{Block, Place},
    scene::{
        self,
        links::Links,
        marks::{Flags, Layer, MarkKind, Marks},
    },
};

fn wall() -> App {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .add_plugins((frame::plugin, opswall::messages::plugin, scene::plugin))
        .add_plugins(crate::by_hand::plugin);
    app
}

/// The size of every cell.
const CELL: Vec2 = Vec2::new(2.5, 1.25);

fn place(x: f32) -> Place {
    Place {
        at: Vec2::new(x, 0.0),
        size: CELL,
        from: Vec2::new(x, 0.0),
        moved: 0.0,
    }
}

fn state(status: Status) -> RowState {
    RowState(StatusReading::of(status))
}

const MOMENT: Moment = Moment {
    appeared: 0.0,
    changed: 0.0,
    gone: None,
};

fn tasks(app: &mut App, count: usize) -> Vec<Entity> {
    let rows: Vec<_> = (0..count)
        .map(|index| (TaskRow::default(), state(Status::Running), MOMENT, place(index as f32)))
        .collect();
    app.world_mut().spawn_batch(rows).collect()
}

/// The number of slots of a layer that will be copied, in whole chunks.
fn changed(app: &mut App, layer: Layer) -> usize {
    app.world_mut()
        .resource_mut::<Marks>()
        .table_mut(layer)
        .drain_changed()
        .into_iter()
        .map(|run| run.len())
        .sum()
}

#[test]
fn ten_thousand_tasks_appear_change_and_go() {
    let mut app = wall();
    let rows = tasks(&mut app, 10_000);
    app.update();
    assert_eq!(app.world().resource::<Marks>().table(Layer::Tasks).live(), 10_000);
    assert!(changed(&mut app, Layer::Tasks) >= 10_000);

    app.update();
    assert_eq!(changed(&mut app, Layer::Tasks), 0, "nothing changed, nothing is copied");

    app.world_mut().entity_mut(rows[5_000]).insert(place(-1.0));
    app.update();
    let copied = changed(&mut app, Layer::Tasks);
    assert!((1..=64).contains(&copied), "one change copies one chunk, not {copied}");

    for row in &rows[..1_000] {
        app.world_mut().entity_mut(*row).insert(state(Status::Failed));
    }
    for row in &rows[9_000..] {
        app.world_mut().despawn(*row);
    }
    app.update();
    let marks = app.world().resource::<Marks>();
    assert_eq!(marks.table(Layer::Alarms).live(), 1_000);
    assert_eq!(marks.table(Layer::Tasks).live(), 8_000);
    assert_eq!(marks.len(), 9_000);
    for (index, row) in rows.iter().enumerate().take(9_000) {
        let mark = marks.mark(*row).expect("it is drawn");
        assert_eq!(mark.to.x, if index == 5_000 { -1.0 } else { index as f32 });
        assert_eq!(mark.size, CELL);
        assert_eq!(
            mark.status,
            if index < 1_000 { Status::Failed } else { Status::Running }
        );
        assert_eq!(mark.status_before, Status::Running);
    }

    for row in &rows[..9_000] {
        app.world_mut().despawn(*row);
    }
    app.update();
    let marks = app.world().resource::<Marks>();
    assert!(marks.is_empty());
    assert!(
        marks.table(Layer::Tasks).items().len() < 5_000,
        "memory of gone rows is freed"
    );
}

#[test]
fn a_task_without_a_place_is_not_drawn_until_it_has_one() {
    let mut app = wall();
    let task = app
        .world_mut()
        .spawn((TaskRow::default(), state(Status::Queued), MOMENT))
        .id();
    app.update();
    assert!(app.world().resource::<Marks>().slot(task).is_none());
    app.world_mut().entity_mut(task).insert(place(1.0));
    app.update();
    assert!(app.world().resource::<Marks>().slot(task).is_some());
    app.world_mut().entity_mut(task).remove::<Place>();
    app.update();
    assert!(app.world().resource::<Marks>().slot(task).is_none());
}

#[test]
fn what_needs_a_person_has_a_bubble_in_any_status() {
    let mut app = wall();
    let asking = TaskRow {
        needs_human: true,
        ..default()
    };
    let task = app
        .world_mut()
        .spawn((asking, state(Status::Running), MOMENT, place(0.0)))
        .id();
    app.update();
    let marks = app.world().resource::<Marks>();
    assert!(marks.mark(task).is_some_and(|mark| mark.flags.contains(Flags::HUMAN)));
    assert_eq!(marks.slot(task).map(|slot| slot.layer), Some(Layer::Alarms));
}

#[test]
fn a_beam_exists_as_long_as_both_its_marks() {
    let mut app = wall();
    let rows = tasks(&mut app, 3);
    let agent = app
        .world_mut()
        .spawn((AgentRow::default(), state(Status::Running), MOMENT, place(9.0)))
        .id();
    let live = |app: &mut App| {
        app.update();
        app.world().resource::<Links>().table().live()
    };
    assert_eq!(live(&mut app), 0);
    app.world_mut().entity_mut(agent).insert(WorksOn(rows[0]));
    assert_eq!(live(&mut app), 1);
    app.world_mut().entity_mut(agent).insert(WorksOn(rows[1]));
    app.world_mut().despawn(rows[0]);
    assert_eq!(live(&mut app), 1);
    app.world_mut().entity_mut(rows[1]).insert(state(Status::Blocked));
    assert_eq!(live(&mut app), 1, "the task moved to the alarms with its beam");
    app.world_mut().despawn(rows[1]);
    assert_eq!(live(&mut app), 0);
    app.world_mut().entity_mut(agent).insert(WorksOn(rows[2]));
    assert_eq!(live(&mut app), 1);
    app.world_mut().despawn(agent);
    assert_eq!(live(&mut app), 0);
}

#[test]
fn a_mark_moves_from_where_it_was_drawn_and_takes_the_size_of_its_new_cell() {
    let mut app = wall();
    let row = tasks(&mut app, 1)[0];
    app.update();
    let moved = Place {
        at: Vec2::new(40.0, -8.0),
        size: CELL * 2.0,
        from: Vec2::new(3.0, 1.0),
        moved: 0.0,
    };
    app.world_mut().entity_mut(row).insert(moved);
    app.update();
    let mark = app.world().resource::<Marks>().mark(row).expect("it is drawn");
    assert_eq!(
        (mark.kind, mark.from, mark.to, mark.size),
        (MarkKind::Task, moved.from, moved.at, moved.size)
    );
}

/// A block of this width, as the layout writes it.
fn block(row: Entity, width: f32) -> Block {
    let rect = |low: f32, high: f32| plan::Rect::new(Vec2::new(0.0, low), Vec2::new(width, high));
    Block {
        place: plan::BlockPlace {
            key: plan::BlockKey::Workflow(row),
            rect: rect(0.0, 100.0),
            header: rect(80.0, 100.0),
            body: rect(0.0, 80.0),
            first_cell: Vec2::new(5.0, 75.0),
            pitch: Vec2::splat(10.0),
            cell: Vec2::splat(9.0),
            grid: [(width / 10.0) as u32, 8],
            counted_agents: 0,
            count_at: Vec2::ZERO,
            workflows: 1,
        },
        from: Rect::new(0.0, 0.0, width, 100.0),
        moved: 0.0,
    }
}

#[test]
fn a_block_is_drawn_where_it_is_grows_and_goes() {
    let mut app = wall();
    let flow = app
        .world_mut()
        .spawn((WorkflowRow::default(), state(Status::Running), MOMENT))
        .id();
    app.update();
    assert!(
        app.world().resource::<Marks>().slot(flow).is_none(),
        "it has no ground yet"
    );
    let rect = |app: &App| {
        let marks = app.world().resource::<Marks>();
        let slot = marks.slot(flow).filter(|slot| slot.layer == Layer::Grounds)?;
        let words = marks.table(Layer::Grounds).items()[slot.slot as usize];
        Some([0, 1, 2, 3].map(|word| f32::from_bits(words[word])))
    };
    for width in [50.0, 120.0] {
        app.world_mut().entity_mut(flow).insert(block(flow, width));
        app.update();
        assert_eq!(rect(&app), Some([0.0, 0.0, width, 100.0]));
    }
    assert_eq!(app.world().resource::<Marks>().table(Layer::Grounds).live(), 1);
    app.world_mut().entity_mut(flow).remove::<Block>();
    app.update();
    assert_eq!(rect(&app), None);
    assert_eq!(app.world().resource::<Marks>().table(Layer::Grounds).live(), 0);
}
