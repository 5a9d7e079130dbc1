//! What the camera shows, as plain numbers.

use bevy::prelude::*;

/// What the camera shows. Written once a frame in `Animate`; screen positions are logical pixels from the top left.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct View {
    /// World position in the middle of the whole viewport, panels included.
    pub center: Vec2,
    /// World units that one logical pixel covers: the zoom, and the measure for the level of detail.
    pub world_per_px: f32,
    /// Size of the viewport in logical pixels.
    pub size_px: Vec2,
}

impl Default for View {
    fn default() -> Self {
        Self {
            center: Vec2::ZERO,
            world_per_px: 0.05,
            size_px: Vec2::new(1920.0, 1080.0),
        }
    }
}

impl View {
    /// World position under a screen position.
    pub fn world_from_screen(&self, screen: Vec2) -> Vec2 {
        let from_middle = screen - self.size_px / 2.0;
        self.center + Vec2::new(from_middle.x, -from_middle.y) * self.world_per_px
    }

    /// Screen position of a world position.
    pub fn screen_from_world(&self, world: Vec2) -> Vec2 {
        let from_middle = (world - self.center) / self.world_per_px;
        self.size_px / 2.0 + Vec2::new(from_middle.x, -from_middle.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_and_world_are_inverse_and_screen_y_points_down() {
        let view = View {
            center: Vec2::new(3.0, -2.0),
            world_per_px: 0.1,
            size_px: Vec2::new(800.0, 600.0),
        };
        assert_eq!(view.world_from_screen(Vec2::new(400.0, 300.0)), view.center);
        assert!(view.world_from_screen(Vec2::ZERO).y > view.center.y);
        let point = Vec2::new(-7.0, 11.0);
        assert!(view.world_from_screen(view.screen_from_world(point)).distance(point) < 1e-4);
    }
}
