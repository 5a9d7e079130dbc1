//! The camera: one 2D view that fits the whole fleet until an operator takes control.
//!
//! `controller` decides how it moves, along the paths of `flight` where it was sent somewhere; `input` passes input and
//! intents to it; `memory` restores the view of the last run.

mod controller;
mod flight;
mod input;
mod memory;
mod view;

use bevy::prelude::*;

pub(crate) use memory::{FlyToView, HomeView};
pub use memory::{HeldView, ViewMemory, likeness};
pub use view::View;

use super::{layers, palette::palette};
use crate::{
    frame::{CameraSystems, FrameSystems},
    messages::ScreenTheme,
};
use controller::Controller;

/// Marks the one camera of the scene. The canvas sets its render target when there is no window.
#[derive(Component, Debug, Default, Clone, Copy, Reflect)]
#[reflect(Component)]
pub struct SceneCamera;

/// How the camera behaves. Written by the wall.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub(crate) struct CameraHabits {
    /// Seconds without input after which the whole fleet is shown again; `None` for never.
    pub(crate) fit_after_secs: Option<f32>,
}

/// The camera's controller and the screen as it was last seen.
#[derive(Resource, Debug, Default)]
struct CameraControl {
    controller: Controller,
    /// Logical pixels; zero before the first frame.
    size_px: Vec2,
    has_seen_rows: bool,
}

/// The agent that the camera keeps in the middle.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Followed {
    /// Its row.
    pub(super) row: Option<Entity>,
    /// Where it is drawn; `None` once it is not drawn any more. Written by `follow`.
    pub(super) at: Option<Vec2>,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<View>()
        .init_resource::<CameraHabits>()
        .init_resource::<ViewMemory>()
        .init_resource::<HomeView>()
        .add_message::<FlyToView>()
        .init_resource::<CameraControl>()
        .init_resource::<Followed>()
        .insert_resource(ClearColor(palette(default()).ground))
        .add_systems(Startup, spawn)
        .add_systems(Update, paint_background.in_set(FrameSystems::Animate))
        .add_systems(
            Update,
            (
                input::read_screen.in_set(CameraSystems::Screen),
                memory::recall.in_set(CameraSystems::Recall),
                input::point.in_set(CameraSystems::Pointer),
                input::press_keys.in_set(CameraSystems::Keys),
                (input::follow_intents, memory::fly).in_set(CameraSystems::Intents),
                pose.in_set(CameraSystems::Pose),
                memory::remember.in_set(CameraSystems::Remember),
            ),
        );
}

/// Without multisampling: the marks anti-alias themselves.
fn spawn(mut commands: Commands) {
    commands.spawn((
        Name::new("scene camera"),
        SceneCamera,
        Camera2d,
        Msaa::Off,
        layers::marks_and_labels(),
    ));
}

fn paint_background(theme: Res<ScreenTheme>, mut clear: ResMut<ClearColor>) {
    if theme.is_changed() {
        *clear = ClearColor(palette(theme.0).ground);
    }
}

/// Advances the controller, and writes its pose where it changed.
fn pose(
    mut control: ResMut<CameraControl>,
    habits: Res<CameraHabits>,
    time: Res<Time<Real>>,
    mut view: ResMut<View>,
    mut cameras: Query<(&mut Transform, &mut Projection), With<SceneCamera>>,
) {
    if control.size_px == Vec2::ZERO {
        return;
    }
    control.controller.advance(time.delta_secs(), habits.fit_after_secs);
    let pose = control.controller.pose();
    view.set_if_neq(View {
        center: pose.center,
        world_per_px: pose.world_per_px,
        size_px: control.size_px,
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
