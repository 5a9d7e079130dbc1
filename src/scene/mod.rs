//! How the fleet is drawn: marks (one instanced draw a layer), links, labels, camera, picking, motion.

pub mod camera;
pub mod detail;
mod fingers;
pub mod labels;
pub mod links;
pub mod marks;
pub mod motion;
pub mod palette;
mod picking;
pub mod pointer;
mod render;
pub mod selection;
mod sight;
mod spotlight;
pub mod ties;

use bevy::prelude::*;

/// The scene's systems, aggregated.
pub fn plugin(app: &mut App) {
    app.init_resource::<selection::Selection>()
        .add_plugins((pointer::plugin, sight::plugin, picking::plugin, camera::plugin))
        .add_plugins((
            marks::plugin,
            links::plugin,
            spotlight::plugin,
            ties::plugin,
            labels::plugin,
            render::plugin,
        ));
}
