//! Text size by viewing distance: the screen's diagonal and the distance are settings, its pixels are measured.

use bevy::prelude::*;

use crate::{
    scene::{camera::SceneCamera, text_scale::TextScale},
    ui::TypeScale,
};
use settings::WallSettings;

/// The screen's size and the distance from which it is read.
#[derive(Resource, Debug, Clone, Copy)]
pub(super) struct Viewing {
    diagonal_inches: f32,
    distance_metres: f32,
}

impl Viewing {
    /// `None` unless both are set.
    pub(super) fn of(settings: &WallSettings) -> Option<Self> {
        Some(Self {
            diagonal_inches: settings.screen_diagonal?,
            distance_metres: settings.viewing_distance?,
        })
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, size_text.run_if(resource_exists::<Viewing>));
}

fn size_text(
    viewing: Res<Viewing>,
    cameras: Query<&Camera, With<SceneCamera>>,
    mut scale: ResMut<TypeScale>,
    mut labels: ResMut<TextScale>,
    mut seen: Local<Option<UVec2>>,
) {
    let Ok(camera) = cameras.single() else { return };
    let (Some(size), Some(per_point)) = (camera.physical_target_size(), camera.target_scaling_factor()) else {
        return;
    };
    if seen.replace(size) != Some(size) {
        let Viewing {
            diagonal_inches,
            distance_metres,
        } = *viewing;
        *scale = TypeScale::for_wall(diagonal_inches, distance_metres, size.as_vec2().to_array(), per_point);
        *labels = TextScale(scale.name / TypeScale::default().name);
    }
}
