//! The floor plan of the fleet, and the layout's only system, which turns rows into places.

use bevy::prelude::*;

use super::{
    DockGround, Extent, Unassigned,
    dirty::Dirty,
    floor::{Floor, Spot},
    rows::RowReader,
    write::PlaceWriter,
};
use crate::{
    fleet::FleetClock,
    frame::FrameSystems,
    messages::{StatusChanged, Synced},
};
use realtime::LinkStatus;

/// A fleet with fewer rows is laid out immediately.
const SMALL_FLEET: usize = 10_000;
/// A larger one is laid out when one row in this many of those laid out is waiting (12.5 % growth),
const BATCH_SHARE: usize = 8;
/// or after this time, if rows arrive slowly.
const LONGEST_BATCH_SECS: f64 = 1.0;
/// Interval between compaction checks.
const COMPACT_EVERY_SECS: f64 = 300.0;

/// The floor plan of the fleet: which row has which slot, and what is at a point.
#[derive(Resource, Debug, Default)]
pub struct FloorPlan {
    floor: Floor<Entity>,
    /// Whether the first snapshot has been laid out: from then on rows keep their places.
    is_settled: bool,
    /// When rows were last laid out, seconds of `FleetClock`.
    laid_out: f64,
    /// When compaction was last checked, seconds of `FleetClock`.
    compacted: f64,
}

impl FloorPlan {
    /// What is at a point of the world at the end of all moves.
    pub fn at(&self, world: Vec2) -> Option<Spot<Entity>> {
        self.floor.at(world)
    }

    /// The tasks in a rectangle of the world at the end of all moves, and their places, in no order.
    pub(crate) fn tasks_in(&self, world: Rect) -> Vec<(Entity, Vec2)> {
        self.floor.tasks_in(world)
    }

    /// The workflow whose district contains a point.
    pub(crate) fn district_at(&self, world: Vec2) -> Option<Entity> {
        self.floor.district_at(world)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, place.in_set(FrameSystems::Place));
}

/// What other features read of the layout: for tests that set places by hand, without the systems.
pub fn resources(app: &mut App) {
    app.init_resource::<FloorPlan>()
        .init_resource::<Unassigned>()
        .init_resource::<Extent>()
        .init_resource::<DockGround>();
}

/// Whether `waiting` rows should be laid out while the first snapshot arrives and `placed` rows are laid out. Each layout
/// grows districts and moves all rows in them, so that one in every frame would cost time quadratic in the size of a large
/// fleet; in batches the cost is linear, and the fleet still fills visibly.
fn should_layout_batch(placed: usize, waiting: usize, waiting_secs: f64) -> bool {
    placed < SMALL_FLEET || waiting > placed / BATCH_SHARE || waiting_secs >= LONGEST_BATCH_SECS
}

fn place(
    mut plan: ResMut<FloorPlan>,
    mut dirty: ResMut<Dirty>,
    mut synced: MessageReader<Synced>,
    mut statuses: MessageReader<StatusChanged>,
    clock: Res<FleetClock>,
    rows: RowReader,
    mut writer: PlaceWriter,
) {
    // A feed without snapshots (the stream alone) begins when it is live.
    let is_live = statuses.read().any(|status| status.0.status == LinkStatus::Connected);
    if (synced.read().count() > 0 || is_live) && !plan.is_settled {
        // Until the first snapshot is complete, rows are laid out in the order in which they arrive. Now all are laid out
        // once more in the order of their creation.
        *plan = FloorPlan {
            is_settled: true,
            compacted: clock.0,
            ..FloorPlan::default()
        };
        rows.note_all(&mut dirty);
    }
    let is_due = plan.is_settled || should_layout_batch(plan.floor.len(), dirty.len(), clock.0 - plan.laid_out);
    if !dirty.is_empty() && is_due {
        let batch = rows.batch(&dirty);
        *dirty = Dirty::default();
        plan.laid_out = clock.0;
        writer.write(&plan.floor.apply(&batch), clock.0);
    }
    if plan.is_settled && clock.0 - plan.compacted >= COMPACT_EVERY_SECS {
        plan.compacted = clock.0;
        if let Some(outcome) = plan.floor.tidy() {
            writer.write(&outcome, clock.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_layouts_grows_slowly_with_an_arriving_fleet() {
        let (mut placed, mut waiting, mut times) = (SMALL_FLEET, 0, 0);
        for _ in 0..500 {
            waiting += 2_000;
            if should_layout_batch(placed, waiting, 0.1) {
                (placed, waiting, times) = (placed + waiting, 0, times + 1);
            }
        }
        assert!(placed > 850_000 && times < 60, "{placed} rows in {times} layouts");
        assert!(should_layout_batch(10, 1, 0.0), "a small fleet does not wait");
        assert!(
            should_layout_batch(1_000_000, 1, LONGEST_BATCH_SECS),
            "no row waits longer"
        );
    }
}
