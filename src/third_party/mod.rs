//! Work-arounds for dependencies, each with the issue it answers and the version that makes it obsolete.

mod bevy_egui_modifiers;
pub mod bevy_gpu;
mod bevy_lost_gpu;
mod bevy_monitor;

use bevy::prelude::*;

/// All work-arounds that are plugins.
pub(crate) fn plugin(app: &mut App) {
    app.add_plugins((bevy_egui_modifiers::plugin, bevy_monitor::plugin, bevy_lost_gpu::plugin));
}
