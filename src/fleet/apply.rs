//! Applies waiting changes within the frame's budget.

use std::time::Instant;

use bevy::prelude::*;
use jiff::Timestamp;

use super::{
    ApplyBudget, Counts, FleetClock, FleetIndex, FleetMapping, Incoming, Vitals, full, heartbeat, incoming,
    resync_pulse, row, task_in_hand,
};
use crate::{
    frame::FleetSystems,
    messages::{Backlog, RowChanged, SourcesFound},
};

/// Changes between two readings of the clock, which costs about as much as applying a change.
const BUDGET_CHECK_EVERY: usize = 64;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        (
            (tick, adopt.run_if(on_message::<SourcesFound>)).in_set(FleetSystems::Clock),
            incoming::enqueue
                .run_if(on_message::<RowChanged>)
                .in_set(FleetSystems::Enqueue),
            apply.run_if(has_changes).in_set(FleetSystems::Apply),
            heartbeat::expire.run_if(heartbeat::is_due).in_set(FleetSystems::Expire),
            task_in_hand::assign.in_set(FleetSystems::Assign),
            resync_pulse::pulse.in_set(FleetSystems::Pulse),
            full::report.in_set(FleetSystems::Report),
        ),
    );
}

/// The fleet's clock follows real time: it goes on while virtual time is paused.
fn tick(time: Res<Time<Real>>, mut clock: ResMut<FleetClock>, mut vitals: ResMut<Vitals>) {
    clock.0 = time.elapsed_secs_f64();
    vitals.now_ms = Timestamp::now().as_millisecond();
}

/// Reads rows by the sources that were found; there are no rows before.
fn adopt(mut found: MessageReader<SourcesFound>, mut mapping: ResMut<FleetMapping>) {
    for SourcesFound(sources) in found.read() {
        mapping.0 = sources.clone();
    }
}

fn has_changes(incoming: Res<Incoming>) -> bool {
    !incoming.is_empty()
}

fn apply(world: &mut World) {
    let budget = world
        .resource::<ApplyBudget>()
        .after(world.resource::<Time<Real>>().delta());
    let now = world.resource::<FleetClock>().0;
    let started = Instant::now();
    world.resource_scope(|world, mut incoming: Mut<Incoming>| {
        world.resource_scope(|world, mut index: Mut<FleetIndex>| {
            world.resource_scope(|world, mut counts: Mut<Counts>| {
                let mapping = world.resource::<FleetMapping>().clone();
                let mut applied = 0;
                while let Some(change) = incoming.0.pop_front() {
                    row::apply(world, &mut index, &mut counts, &mapping.0, now, change);
                    applied += 1;
                    if applied % BUDGET_CHECK_EVERY == 0 && started.elapsed() >= budget {
                        break;
                    }
                }
            });
        });
        world.resource_mut::<Backlog>().waiting = incoming.len();
    });
}
