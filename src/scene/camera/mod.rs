//! The camera: one 2D view that fits the fleet by itself until an operator takes it over.

mod view;

use bevy::prelude::*;

pub use view::View;

use super::palette;

/// Marks the one camera of the scene. The canvas gives it its render target when there is no window.
#[derive(Component, Debug, Default, Clone, Copy)]
pub struct SceneCamera;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<View>()
        .insert_resource(ClearColor(palette::GROUND))
        .add_systems(Startup, spawn);
}

/// The marks anti-alias themselves: multisampling would only cost.
fn spawn(mut commands: Commands) {
    commands.spawn((SceneCamera, Camera2d, Msaa::Off));
}
