//! Where everything is: pure functions, and one plugin that writes places.
//!
//! `plan` is the system: `dirty` collects the rows to lay out, `rows` reads and `order` sorts them, `floor` computes the places
//! and `write` writes them. Within the pure `floor`, `packing` places districts, `size` and `slots` fill them with tasks,
//! `belt` places agents beside their work and `dock` idle ones.

mod belt;
mod components;
mod dirty;
mod dock;
pub mod floor;
mod order;
mod packing;
mod plan;
mod rows;
mod size;
mod slots;
mod write;

use bevy::prelude::*;

pub use components::*;
pub use floor::Spot;
pub use plan::{FloorPlan, resources};

/// Maintains `Place`, `District`, `Unassigned`, `DockGround` and `Extent`.
pub fn plugin(app: &mut App) {
    resources(app);
    app.add_plugins((dirty::plugin, plan::plugin));
}
