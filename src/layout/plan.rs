//! The floor plan of the fleet, and the layout's only system: rows go in, places come out.

use bevy::prelude::*;

use super::{
    DockGround, Extent, Unassigned,
    dirty::Dirty,
    floor::{Floor, Spot},
    gather::Rows,
    write::Written,
};
use crate::{
    fleet::{FleetClock, Touched},
    frame::FrameSystems,
    messages::{StatusChanged, Synced},
};
use realtime::LinkStatus;

/// A fleet of fewer rows is stood as it arrives.
const SMALL_FLEET: usize = 10_000;
/// A larger one when so large a share of what stands is waiting,
const GULP_SHARE: usize = 8;
/// or after this, if rows come slowly.
const LONGEST_GULP_SECS: f64 = 1.0;
/// How often it is looked whether most of the ground is empty.
const TIDY_EVERY_SECS: f64 = 300.0;

/// The floor plan of the fleet: who has which slot, and what stands at a point.
#[derive(Resource, Debug, Default)]
pub struct Plan {
    floor: Floor<Entity>,
    /// The first snapshot has been stood: from now on everybody keeps their place.
    is_settled: bool,
    /// When rows were last stood, and when it was last tidied; seconds of `FleetClock`.
    stood: f64,
    tidied: f64,
}

impl Plan {
    /// What stands at a point of the world, once all that is on its way has arrived.
    pub fn at(&self, world: Vec2) -> Option<Spot<Entity>> {
        self.floor.at(world)
    }

    /// The tasks that stand in a rectangle of the world once they have arrived, and where, in no order.
    pub fn tasks_in(&self, world: Rect) -> Vec<(Entity, Vec2)> {
        self.floor.tasks_in(world)
    }

    /// The workflow whose district a point lies in, whatever else stands there.
    pub fn district_at(&self, world: Vec2) -> Option<Entity> {
        self.floor.district_at(world)
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Plan>()
        .init_resource::<Unassigned>()
        .init_resource::<Extent>()
        .init_resource::<DockGround>()
        .init_resource::<FleetClock>()
        .init_resource::<Touched>()
        .add_systems(Update, place.in_set(FrameSystems::Place));
}

/// Whether `waiting` rows are worth standing while the first snapshot arrives and `standing` rows stand. Each time
/// districts grow and everybody in them is told anew, so that frame by frame the work would grow with the square of a
/// large fleet; in gulps it grows with the fleet, and somebody who looks on still sees it fill.
fn is_gulp(standing: usize, waiting: usize, waiting_secs: f64) -> bool {
    standing < SMALL_FLEET || waiting > standing / GULP_SHARE || waiting_secs >= LONGEST_GULP_SECS
}

fn place(
    mut plan: ResMut<Plan>,
    mut dirty: ResMut<Dirty>,
    mut synced: MessageReader<Synced>,
    mut statuses: MessageReader<StatusChanged>,
    clock: Res<FleetClock>,
    rows: Rows,
    mut written: Written,
) {
    // A feed that is the stream alone has no snapshot; what it shows once it is live is the beginning.
    let is_live = statuses.read().any(|status| status.0.status == LinkStatus::Connected);
    if (synced.read().count() > 0 || is_live) && !plan.is_settled {
        // What stood before the first snapshot was complete stood in the order of the network. Once, everybody is
        // stood anew in the order in which they were made.
        *plan = Plan {
            is_settled: true,
            tidied: clock.0,
            ..Plan::default()
        };
        rows.note_all(&mut dirty);
    }
    let is_due = plan.is_settled || is_gulp(plan.floor.len(), dirty.len(), clock.0 - plan.stood);
    if !dirty.is_empty() && is_due {
        let batch = rows.batch(&dirty);
        *dirty = Dirty::default();
        plan.stood = clock.0;
        written.write(&plan.floor.apply(&batch), clock.0);
    }
    if plan.is_settled && clock.0 - plan.tidied >= TIDY_EVERY_SECS {
        plan.tidied = clock.0;
        if let Some(outcome) = plan.floor.tidy() {
            written.write(&outcome, clock.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_that_arrives_is_stood_a_number_of_times_that_grows_slowly() {
        let (mut standing, mut waiting, mut times) = (SMALL_FLEET, 0, 0);
        for _ in 0..500 {
            waiting += 2_000;
            if is_gulp(standing, waiting, 0.1) {
                (standing, waiting, times) = (standing + waiting, 0, times + 1);
            }
        }
        assert!(standing > 850_000 && times < 60, "{standing} rows in {times} times");
        assert!(is_gulp(10, 1, 0.0), "a small fleet waits for nothing");
        assert!(is_gulp(1_000_000, 1, LONGEST_GULP_SECS), "nobody waits longer");
    }
}
