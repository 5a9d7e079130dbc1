//! Spawns the camera and writes its pose, each frame and only when it moved.

use bevy::prelude::*;

use super::{CameraHabits, Helm, SceneCamera, View};
use crate::{
    messages::ScreenTheme,
    scene::{labels, palette::Palette},
};

/// The marks anti-alias themselves: multisampling would only cost.
pub(super) fn spawn(mut commands: Commands) {
    commands.spawn((SceneCamera, Camera2d, Msaa::Off, labels::with_scene()));
}

/// The ground has the theme's colour.
pub(super) fn lay_ground(theme: Res<ScreenTheme>, mut clear: ResMut<ClearColor>) {
    if theme.is_changed() {
        *clear = ClearColor(Palette::of(theme.0).ground);
    }
}

pub(super) fn drive(
    mut helm: ResMut<Helm>,
    habits: Res<CameraHabits>,
    time: Res<Time<Real>>,
    mut view: ResMut<View>,
    mut cameras: Query<(&mut Transform, &mut Projection), With<SceneCamera>>,
) {
    if helm.size_px == Vec2::ZERO {
        return;
    }
    helm.rig.advance(time.delta_secs(), habits.fit_after_secs);
    let pose = helm.rig.pose();
    view.set_if_neq(View {
        center: pose.center,
        world_per_px: pose.world_per_px,
        size_px: helm.size_px,
    });
    for (mut transform, mut projection) in &mut cameras {
        if transform.translation.truncate() != pose.center {
            transform.translation = pose.center.extend(transform.translation.z);
        }
        if let Projection::Orthographic(shown) = projection.bypass_change_detection()
            && shown.scale != pose.world_per_px
        {
            shown.scale = pose.world_per_px;
            projection.set_changed();
        }
    }
}
