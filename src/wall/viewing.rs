//! Text size by viewing distance: the screen's diagonal, the distance and a factor are settings, its pixels are measured.

use bevy::prelude::*;

use crate::{
    scene::{camera::SceneCamera, text_scale::TextScale},
    ui::TypeScale,
};
use settings::{TextSize, WallSettings};

/// The screen's size and the distance from which it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Distance {
    diagonal_inches: f32,
    metres: f32,
}

/// What the size of text depends on beside the pixels of the screen.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Viewing {
    /// `None`: a screen on a desk.
    from: Option<Distance>,
    size: TextSize,
}

impl Viewing {
    /// The distance counts only where the diagonal is set, too.
    pub(super) fn of(settings: &WallSettings) -> Self {
        let from = settings.screen_diagonal.zip(settings.viewing_distance);
        Self {
            from: from.map(|(diagonal_inches, metres)| Distance {
                diagonal_inches,
                metres,
            }),
            size: settings.scale,
        }
    }

    /// The sizes on a screen with these physical pixels.
    fn scale(self, screen_px: [f32; 2], pixels_per_point: f32) -> TypeScale {
        let usual = self.from.map_or_else(TypeScale::default, |from| {
            TypeScale::for_wall(from.diagonal_inches, from.metres, screen_px, pixels_per_point)
        });
        let [_, height] = screen_px;
        usual.times(self.size.factor(), height / pixels_per_point.max(0.1))
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Viewing>().add_systems(PreUpdate, size_text);
}

fn size_text(
    viewing: Res<Viewing>,
    cameras: Query<&Camera, With<SceneCamera>>,
    mut scale: ResMut<TypeScale>,
    mut labels: ResMut<TextScale>,
    mut seen: Local<Option<(Viewing, UVec2)>>,
) {
    let Ok(camera) = cameras.single() else { return };
    let (Some(size), Some(per_point)) = (camera.physical_target_size(), camera.target_scaling_factor()) else {
        return;
    };
    let now = (*viewing, size);
    if seen.replace(now) != Some(now) {
        let wanted = viewing.scale(size.as_vec2().to_array(), per_point);
        scale.set_if_neq(wanted);
        labels.set_if_neq(TextScale(wanted.name / TypeScale::default().name));
    }
}

#[cfg(test)]
mod tests {
    use bevy::camera::RenderTargetInfo;

    use super::*;

    fn settings(screen_diagonal: Option<f32>, viewing_distance: Option<f32>) -> WallSettings {
        WallSettings {
            screen_diagonal,
            viewing_distance,
            ..WallSettings::default()
        }
    }

    #[test]
    fn the_size_follows_the_settings_while_the_screen_stays() {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, plugin))
            .init_resource::<TypeScale>()
            .init_resource::<TextScale>();
        let mut camera = Camera::default();
        camera.computed.target_info = Some(RenderTargetInfo {
            physical_size: UVec2::new(3840, 2160),
            scale_factor: 1.0,
        });
        app.world_mut().spawn((camera, SceneCamera));
        let mut with = |settings: WallSettings| {
            app.insert_resource(Viewing::of(&settings));
            app.update();
            let world = app.world();
            (*world.resource::<TypeScale>(), world.resource::<TextScale>().0)
        };
        let desk = (TypeScale::default(), 1.0);
        assert_eq!(with(settings(None, None)), desk);
        let far = with(settings(Some(55.0), Some(4.0)));
        assert!(far.1 > 1.5, "{far:?}");
        assert!(with(settings(Some(55.0), Some(8.0))).1 > far.1);
        assert_eq!(with(settings(Some(55.0), None)), desk, "one of the two is not enough");
    }
}
