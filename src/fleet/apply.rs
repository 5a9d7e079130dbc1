//! Applies waiting changes within the frame's budget.

use std::time::Instant;

use bevy::prelude::*;

use super::{ApplyBudget, Counts, FleetClock, FleetIndex, FleetMapping, Incoming, full, glow, incoming, row, working};
use crate::{
    frame::FrameSystems,
    messages::{Backlog, RowChanged},
};

/// Looks at the clock once per so many changes: an `Instant` costs about as much as applying a row.
const BUDGET_CHECK_EVERY: usize = 64;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        (
            tick,
            incoming::enqueue.run_if(on_message::<RowChanged>),
            apply.run_if(anything_waits),
            working::assign,
            glow::glow,
            full::tell,
        )
            .chain()
            .in_set(FrameSystems::Apply),
    );
}

/// The fleet's clock is the real one: it goes on while the app's virtual time is held.
fn tick(time: Res<Time<Real>>, mut clock: ResMut<FleetClock>) {
    clock.0 = time.elapsed_secs_f64();
}

fn anything_waits(incoming: Res<Incoming>) -> bool {
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
