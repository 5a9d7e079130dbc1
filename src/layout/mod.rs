//! Where everything is: `crates/plan` computes the city plan, and one plugin carries rows to it and places back.
//!
//! `place` is the system: `dirty` collects the rows to place, `homes` decides in which block each is and counts it there
//! (`tally`), `rows` turns rows into a batch with their `rank`, and `write` writes the places.

mod components;
mod dirty;
mod homes;
mod place;
mod rank;
mod rows;
mod tally;
pub mod text_width;
mod write;

use bevy::prelude::*;

pub use components::*;
pub use place::{CityPlan, Spot, resources};
pub use tally::{Tallies, Tally};

/// Maintains `Place`, `Block`, `Ground`, `DockGround` and `Extent`.
pub fn plugin(app: &mut App) {
    resources(app);
    app.add_plugins((dirty::plugin, place::plugin));
}
