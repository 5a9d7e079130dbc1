//! The camera: one 2D view that fits the fleet by itself until an operator takes it over.
//!
//! `rig` decides how it moves, by `flight`'s paths where it was sent somewhere, `steer` carries input and intents to it, `drive` writes what comes of it,
//! `memory` shows what somebody left.

mod drive;
mod flight;
mod memory;
mod rig;
mod steer;
mod view;

use bevy::prelude::*;

pub use memory::{HeldView, ViewMemory, likeness};
pub use view::View;

use super::{labels::TextScale, palette::Palette};
use crate::{frame::FrameSystems, messages::ScreenTheme};

/// Marks the one camera of the scene. The canvas gives it its render target when there is no window.
#[derive(Component, Debug, Default, Clone, Copy)]
pub struct SceneCamera;

/// How the camera behaves; the wall sets it.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct CameraHabits {
    /// Seconds without a touch after which the whole fleet is shown again; `None` never.
    pub fit_after_secs: Option<f32>,
}

/// The moving camera and what it last knew of the screen.
#[derive(Resource, Debug, Default)]
struct Helm {
    rig: rig::Rig,
    size_px: Vec2,
    has_seen_rows: bool,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<View>()
        .init_resource::<CameraHabits>()
        .init_resource::<ViewMemory>()
        .init_resource::<Helm>()
        .init_resource::<ScreenTheme>()
        .init_resource::<TextScale>()
        .insert_resource(ClearColor(Palette::DARK.ground))
        .add_systems(Startup, drive::spawn)
        .add_systems(Update, drive::lay_ground.in_set(FrameSystems::Animate))
        .add_systems(
            Update,
            (
                steer::set_stage,
                memory::recall,
                steer::point,
                steer::press_keys,
                steer::obey,
                drive::drive,
                memory::tell,
            )
                .chain()
                .in_set(FrameSystems::Animate),
        );
}
