//! What the plan is fitted to: the scene's rectangle and the size of its text, and the times after which rows step back.

use glam::Vec2;

/// The rectangle of the screen that the plan fills, without what panels cover. One world unit is one pixel of it at the fitted
/// zoom; its middle is the world's origin, and y points up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scene {
    /// Width and height, pixels.
    pub size: Vec2,
    /// Height of the smallest readable text, pixels: 13 at a desk, more on a wall.
    pub text: f32,
}

impl Scene {
    /// A scene of at least one pixel, also from sizes that are no numbers.
    pub(crate) fn bounded(self) -> Self {
        let bound = |value: f32, least: f32, most: f32| {
            if value.is_finite() {
                value.clamp(least, most)
            } else {
                least
            }
        };
        Self {
            size: Vec2::new(bound(self.size.x, 1.0, 65_536.0), bound(self.size.y, 1.0, 65_536.0)),
            text: bound(self.text, 1.0, 1_000.0),
        }
    }

    /// How many times larger its text is than at a desk.
    pub(crate) fn factor(&self) -> f32 {
        self.text / DESK_TEXT
    }
}

/// The smallest readable text at a desk, pixels.
pub(crate) const DESK_TEXT: f32 = 13.0;

/// After which times the plan steps in. All are seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// A workflow that finished this long ago is only a header.
    pub shrink_after: f64,
    /// A workflow that finished this long ago is part of the block of finished workflows.
    pub fold_after: f64,
    /// The least time between two whole plans.
    pub replan_every: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            shrink_after: 600.0,
            fold_after: 3_600.0,
            replan_every: 300.0,
        }
    }
}
