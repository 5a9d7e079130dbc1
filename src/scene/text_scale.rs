//! How large text and marks are on this screen.

use bevy::prelude::*;

/// The size of text relative to a screen on a desk, where it is 1. The wall sets it once from the screen's size and the
/// viewing distance: every value creates new font atlases.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct TextScale(pub f32);

impl Default for TextScale {
    fn default() -> Self {
        Self(1.0)
    }
}

impl TextScale {
    /// Logical pixels of one desk pixel. On a wall that is read from a distance, marks and lines grow with the text;
    /// smaller text does not shrink them. All sizes of the level of detail are in desk pixels.
    pub(crate) fn unit(self) -> f32 {
        self.0.max(1.0)
    }
}
