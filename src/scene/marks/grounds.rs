//! The districts of the workflows with their arc of progress, the district of tasks without a workflow, and the dock.

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{
    mark::{Mark, MarkKind, WORDS},
    rows::history,
    stamp::stamp,
    store::{Layer, Marks},
    table::Table,
    tally::{Tallies, Tally},
};
use crate::{
    fleet::{FleetClock, Moment, RowState, Touched, WorkflowRow},
    layout::{District, DockGround, Unassigned},
    scene::motion::MotionSettings,
};
use model::Status;

/// The slots of marks that belong to no entity.
#[derive(Resource, Debug, Default)]
pub(super) struct Fixed {
    unassigned: Option<u32>,
    dock: Option<u32>,
}

/// Districts that grow or shrink: they are written in every frame until they have their final size.
#[derive(Resource, Debug, Default)]
pub(super) struct Resizing {
    workflows: EntityHashSet,
    unassigned: bool,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Fixed>().init_resource::<Resizing>();
}

pub(super) fn remove(
    mut marks: ResMut<Marks>,
    mut removed: RemovedComponents<District>,
    districts: Query<(), With<District>>,
) {
    for entity in removed.read() {
        if !districts.contains(entity) {
            marks.remove(entity);
        }
    }
}

pub(super) fn draw(
    mut marks: ResMut<Marks>,
    mut tallies: ResMut<Tallies>,
    mut fixed: ResMut<Fixed>,
    mut resizing: ResMut<Resizing>,
    motion: Res<MotionSettings>,
    clock: Res<FleetClock>,
    unassigned: Res<Unassigned>,
    dock: Res<DockGround>,
    touched: Res<Touched>,
    workflows: Query<(&WorkflowRow, &RowState, &Moment, &District)>,
) {
    let (counted, unassigned_counted) = tallies.drain_stale();
    // With reduced motion it has its final size at once.
    let size_at = if motion.reduced { f64::INFINITY } else { clock.0 };
    let was_resizing = std::mem::take(&mut resizing.workflows);
    for entity in touched.iter().chain(counted).chain(was_resizing) {
        let Ok((row, state, moment, district)) = workflows.get(entity) else {
            continue;
        };
        if district.is_resizing(size_at) {
            resizing.workflows.insert(entity);
        }
        let tally = tallies.of(Some(entity));
        let mut mark = district_mark(MarkKind::District, district, state.0.status, tally, clock.0, size_at);
        mark.progress = row.progress.or(mark.progress);
        history(&mut mark, marks.mark(entity), moment, clock.0);
        marks.set(entity, Layer::Grounds, &mark);
    }
    let table = marks.table_mut(Layer::Grounds);
    if unassigned.is_changed() || unassigned_counted || resizing.unassigned {
        resizing.unassigned = unassigned.0.is_some_and(|district| district.is_resizing(size_at));
        let mark = unassigned.0.map(|district| {
            let tally = tallies.of(None);
            district_mark(MarkKind::Unassigned, &district, Status::Idle, tally, clock.0, size_at)
        });
        set_fixed(table, &mut fixed.unassigned, mark);
    }
    if dock.is_changed() {
        let mark = dock.0.map(|rect| Mark {
            from: rect.half_size(),
            ..Mark::new(MarkKind::Dock, rect.center(), 0.0, Status::Idle)
        });
        set_fixed(table, &mut fixed.dock, mark);
    }
}

/// Writes, moves or removes a mark that belongs to no entity.
fn set_fixed(table: &mut Table<WORDS>, slot: &mut Option<u32>, mark: Option<Mark>) {
    match (mark, *slot) {
        (Some(mark), Some(slot)) => table.write(slot, mark.pack()),
        (Some(mark), None) => *slot = Some(table.insert(mark.pack())),
        (None, Some(old)) => {
            table.remove(old);
            *slot = None;
        }
        (None, None) => {}
    }
}

fn district_mark(kind: MarkKind, district: &District, status: Status, tally: Tally, now: f64, size_at: f64) -> Mark {
    let mut mark = Mark::new(kind, district.center, district.radius_at(size_at), status);
    mark.from = district.from;
    mark.moved = stamp(district.moved.min(now));
    mark.progress = tally.done();
    mark.phase = tally.share(Status::Blocked);
    mark.failed = tally.share(Status::Failed);
    mark.shares = [Status::Running, Status::Waiting, Status::Done].map(|status| tally.share(status));
    mark.crowd = tally.crowd();
    mark
}
