//! The marks: tasks, agents, districts and the rings around the hovered and the selected row, one instanced draw a layer.
//!
//! `rows` and `grounds` read the rows that changed and keep one packed `mark` each in a `table`, by layer in `store`; an
//! unchanged mark is not written again. All motion is computed in the shaders from start times, so that enter, exit and
//! flight animations need no budget: a thousand marks that appear in one frame cost as much as a thousand that rest.
//! `scene::render` copies what changed to the GPU and draws it.

mod grounds;
mod mark;
mod rings;
mod rows;
mod stamp;
mod store;
mod table;
mod tally;

use bevy::prelude::*;

use crate::frame::DrawSystems;

pub(crate) use mark::{FIELD_MASK, FLAGS_SHIFT, NO_PROGRESS, STATUS_BEFORE_SHIFT, STATUS_SHIFT, WORDS};
pub use mark::{Flags, Mark, MarkKind};
pub(crate) use rows::{AGENT_RADIUS, LARGEST_TASK_RADIUS};
pub(crate) use stamp::stamp;
pub use store::{Layer, MarkSlot, Marks};
pub use table::{Runs, Table};
pub use tally::{Tallies, Tally};

/// The marks' systems.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Marks>()
        .init_resource::<Tallies>()
        .add_plugins(grounds::plugin)
        .add_systems(
            Update,
            (
                stamp::renew.in_set(DrawSystems::Clock),
                (rows::remove, grounds::remove).in_set(DrawSystems::Remove),
                tally::count.in_set(DrawSystems::Tally),
                rows::draw_tasks.in_set(DrawSystems::Tasks),
                rows::draw_agents.in_set(DrawSystems::Agents),
                tally::write_crowds.in_set(DrawSystems::Crowds),
                grounds::draw.in_set(DrawSystems::Districts),
                rings::draw.in_set(DrawSystems::Rings),
            ),
        );
}
