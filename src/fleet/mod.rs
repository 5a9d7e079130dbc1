//! The rows as entities: index, changes, relations, counts. Builds and runs without a renderer.

mod apply;
mod assignments;
mod components;
mod full;
mod heartbeat;
mod history;
mod incoming;
mod references;
mod relations;
mod reread;
mod resync_pulse;
mod retire;
mod row;
mod seen;
mod switch;
mod task_in_hand;
mod ties;
mod touched;
mod trail;

pub use assignments::Assigned;
pub(crate) use assignments::Assignments;
pub use components::*;
pub(crate) use heartbeat::{Silenced, Vitals};
pub use history::History;
pub(crate) use incoming::ApplyBudget;
pub use incoming::Incoming;
pub(crate) use reread::Hidden;
pub use reread::Rereading;
pub(crate) use seen::{SeenRow, SeenRows};
pub(crate) use ties::{TieIndex, Ties};
pub use touched::Touched;
pub(crate) use trail::{Trails, Wait};

use bevy::prelude::*;

/// The fleet's systems and resources. `FleetMapping` defines what the columns mean; the default fits most projects.
pub fn plugin(app: &mut App) {
    resources(app);
    app.add_plugins((
        touched::plugin,
        incoming::plugin,
        apply::plugin,
        relations::plugin,
        task_in_hand::plugin,
        reread::plugin,
        retire::plugin,
        resync_pulse::plugin,
        switch::plugin,
        history::plugin,
    ));
}

/// What other features read of the fleet: for tests that set rows by hand, without the systems.
pub fn resources(app: &mut App) {
    app.init_resource::<FleetIndex>()
        .init_resource::<FleetClock>()
        .init_resource::<Counts>()
        .init_resource::<FleetMapping>()
        .init_resource::<Touched>()
        .init_resource::<History>()
        .init_resource::<Assignments>()
        .init_resource::<TieIndex>()
        .init_resource::<Hidden>()
        .init_resource::<Rereading>()
        .init_resource::<Vitals>()
        .init_resource::<Silenced>();
}
