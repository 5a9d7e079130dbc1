//! Where everything stands: pure functions, and one plugin that writes places.
//!
//! `floor` ties the pure parts together: `packing` stands districts, `size` and `slots` fill them with tasks, `belt`
//! stands agents at their work and `dock` where they rest. `dirty` and `write` carry rows in and places out.

mod belt;
mod components;
mod dirty;
mod dock;
pub mod floor;
mod order;
mod packing;
mod size;
mod slots;
mod write;

use bevy::prelude::*;

pub use components::*;
pub use floor::Spot;
pub use write::Plan;

/// Keeps `Place`, `District`, `Unassigned` and `Extent` true to the fleet.
pub fn plugin(app: &mut App) {
    app.add_plugins((dirty::plugin, write::plugin));
}
