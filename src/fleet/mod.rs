//! The rows as ECS entities: index, apply, retire, relations, counts. Builds and runs without a renderer.

mod apply;
mod assigned;
mod components;
mod full;
mod glow;
mod incoming;
mod pointers;
mod relations;
mod retire;
mod row;
mod ties;
mod touched;
mod working;

pub use assigned::{Assigned, Assignments};
pub use components::*;
pub use incoming::{ApplyBudget, Incoming};
pub use ties::{TieIndex, Ties};
pub use touched::Touched;

use bevy::prelude::*;

/// The fleet's systems and resources. `FleetMapping` says what the columns mean; the default fits most projects.
pub fn plugin(app: &mut App) {
    app.init_resource::<FleetIndex>()
        .init_resource::<FleetClock>()
        .init_resource::<Counts>()
        .init_resource::<FleetMapping>()
        .add_plugins((
            touched::plugin,
            incoming::plugin,
            apply::plugin,
            relations::plugin,
            assigned::plugin,
            ties::plugin,
            working::plugin,
            retire::plugin,
            glow::plugin,
        ));
}
