//! Work-arounds for dependencies, each with the issue it answers and the version that makes it obsolete.

mod bevy_monitor;

use bevy::prelude::*;

pub fn plugin(app: &mut App) {
    app.add_plugins(bevy_monitor::plugin);
}
