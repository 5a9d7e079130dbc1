//! Where everything stands: pure functions, and one plugin that writes places.
//!
//! `floor` ties the pure parts together: `packing` stands districts, `size` and `slots` fill them with tasks, `belt`
//! stands agents at their work and `dock` where they rest. `plan` carries rows in and
//! places out: `dirty` says which rows, `gather` what of them, `write` what comes of it.

mod belt;
mod components;
mod dirty;
mod dock;
pub mod floor;
mod gather;
mod order;
mod packing;
mod plan;
mod size;
mod slots;
mod write;

use bevy::prelude::*;

pub use components::*;
pub use floor::Spot;
pub use plan::Plan;

/// Keeps `Place`, `District`, `Unassigned` and `Extent` true to the fleet.
pub fn plugin(app: &mut App) {
    app.add_plugins((dirty::plugin, plan::plugin));
}
