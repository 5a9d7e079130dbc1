//! How the fleet is drawn: marks (one instanced draw), links, labels, camera, picking, motion.

pub mod camera;
pub mod palette;
mod picking;
pub mod pointer;
pub mod selection;

use bevy::prelude::*;

/// The scene's systems, aggregated.
pub fn plugin(app: &mut App) {
    app.init_resource::<selection::Selection>()
        .add_plugins((pointer::plugin, picking::plugin, camera::plugin));
}
