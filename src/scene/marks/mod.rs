//! The marks: tasks, agents, blocks and the rings around the hovered and the selected row, one instanced draw a layer.
//!
//! `rows` and `grounds` read the rows that changed and keep one packed `mark` each in a `table`, by layer in `store`; an
//! unchanged mark is not written again. All motion is computed in the shaders from start times, so that enter, exit and
//! flight animations need no budget: a thousand marks that appear in one frame cost as much as a thousand that rest.
//! `scene::render` copies what changed to the GPU and draws it.

mod ground;
mod grounds;
mod mark;
mod rings;
mod rows;
mod stamp;
mod store;
mod table;

use bevy::prelude::*;

use crate::frame::DrawSystems;

pub(crate) use ground::NO_GROUND_PROGRESS;
pub(crate) use mark::{FIELD_MASK, FLAGS_SHIFT, NO_PROGRESS, SIZE_STEPS, STATUS_BEFORE_SHIFT, STATUS_SHIFT, WORDS};
pub use mark::{Flags, Mark, MarkKind};
pub(crate) use stamp::stamp;
pub use store::{Layer, MarkSlot, Marks};
pub use table::{Runs, Table};

/// The marks' systems.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Marks>().add_plugins(grounds::plugin).add_systems(
        Update,
        (
            stamp::renew.in_set(DrawSystems::Clock),
            (rows::remove, grounds::remove).in_set(DrawSystems::Remove),
            rows::draw_tasks.in_set(DrawSystems::Tasks),
            rows::draw_agents.in_set(DrawSystems::Agents),
            grounds::draw.in_set(DrawSystems::Grounds),
            rings::draw.in_set(DrawSystems::Rings),
        ),
    );
}
