//! How the fleet is drawn.
//!
//! Modules may use those before them in this order, and none after them:
//!
//! 1. plain facts: `selection`, `motion`, `palette`, `text_scale`, `layers`
//! 2. input and view: `pinch`, `pointer`, `camera`, and `detail`, the level of detail
//! 3. what is drawn: `marks`, then `links` (beams), `trail` (why a row waits) and `ties`, which refer to marks
//! 4. `highlight` (what a selection dims), `picking` (the row at the pointer), `follow` (the agent that the camera follows), `concerns` (the rows in trouble, by key), `matches` (those of the finder) and
//!    `neighbours` (the row beside the selected one, by key), which read all of these
//! 5. `labels`, which are drawn over them
//! 6. `render`, which copies the result to the GPU

pub mod camera;
mod concerns;
pub mod detail;
mod follow;
mod highlight;
pub mod labels;
pub(crate) mod layers;
pub mod links;
pub mod marks;
mod matches;
pub mod motion;
mod neighbours;
pub mod palette;
mod picking;
mod pinch;
pub mod pointer;
mod render;
pub mod selection;
pub mod text_scale;
pub mod ties;
mod trail;

use bevy::prelude::*;

/// The scene's systems.
pub fn plugin(app: &mut App) {
    crate::actions::add(app);
    app.init_resource::<crate::search::Search>();
    app.init_resource::<motion::MotionSettings>()
        .init_resource::<text_scale::TextScale>()
        .add_plugins((pointer::plugin, camera::plugin, detail::plugin))
        .add_plugins((marks::plugin, links::plugin, trail::plugin, ties::plugin))
        .add_plugins((highlight::plugin, picking::plugin, concerns::plugin))
        .add_plugins((follow::plugin, neighbours::plugin, matches::plugin))
        .add_plugins((labels::plugin, render::plugin));
}
