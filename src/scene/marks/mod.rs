//! The marks: tasks, agents, districts and the rings of what is pointed at, each kind one instanced draw.
//!
//! `gather` and `grounds` look at the rows that were touched and keep one packed instance a mark in a `Table`; an unchanged mark is not
//! touched again. All motion is computed in the shader from start times, so enter, exit and flights need no budget: a
//! thousand marks that appear in one frame cost what a thousand resting ones do. `scene::render` copies what changed to
//! the GPU and draws it.

mod clock;
mod frame;
mod gather;
mod grounds;
mod instance;
mod overlay;
mod table;
mod tables;
mod tally;

use bevy::prelude::*;

use crate::frame::FrameSystems;

pub use clock::{AmbientClock, stamp};
pub use frame::{FRAME_WORDS, Frame};
pub use gather::{AGENT_RADIUS, LARGEST_TASK_RADIUS};
pub use instance::{Flags, Mark, MarkKind, WORDS};
pub use table::{Runs, Table};
pub use tables::{Layer, Marks, Seat};
pub use tally::{Tallies, Tally};

/// Everything that changes marks has run.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarksDrawn;

/// The marks' systems.
pub(super) fn plugin(app: &mut App) {
    app.add_plugins((clock::plugin, frame::plugin, grounds::plugin, overlay::plugin))
        .init_resource::<Tallies>();
    app.add_systems(
        Update,
        (
            clock::settle,
            gather::forget,
            tally::count,
            gather::draw_tasks,
            gather::draw_agents,
            tally::tell_crowds,
            grounds::forget,
            grounds::draw,
            overlay::draw,
        )
            .chain()
            .in_set(MarksDrawn)
            .in_set(FrameSystems::Draw),
    );
}
