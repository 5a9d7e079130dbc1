//! What the layout writes. World units; one task slot is one unit wide.

use bevy::prelude::*;

/// Where a task or an agent stands, or flies to. Written only when it moves.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub at: Vec2,
    /// Where it came from: a flight or a drift starts there. Equal to `at` for rows that just appeared.
    pub from: Vec2,
    /// When the move began, seconds of `FleetClock`.
    pub moved: f64,
}

/// How long a flight or a drift takes, in seconds.
pub const MOVE_SECS: f64 = 0.6;

/// The share of its way that something which left at `moved` has made at `now`: ease in and out by `3t² - 2t³`, the same
/// curve that the shader flies.
fn share(moved: f64, now: f64) -> f32 {
    let t = ((now - moved) / MOVE_SECS).clamp(0.0, 1.0) as f32;
    t * t * (3.0 - 2.0 * t)
}

impl Place {
    /// Where it is drawn at `now`, seconds of `FleetClock`.
    pub fn drawn_at(&self, now: f64) -> Vec2 {
        self.from.lerp(self.at, share(self.moved, now))
    }
}

impl District {
    /// Where its centre is drawn at `now`, seconds of `FleetClock`.
    pub fn drawn_at(&self, now: f64) -> Vec2 {
        self.from.lerp(self.center, share(self.moved, now))
    }

    /// How large it is drawn at `now`: it grows while its neighbours make room.
    pub fn radius_at(&self, now: f64) -> f32 {
        let share = share(self.moved, now);
        self.from_radius * (1.0 - share) + self.radius * share
    }

    /// Whether it is still growing or shrinking at `now`.
    pub fn is_resizing(&self, now: f64) -> bool {
        self.from_radius != self.radius && now - self.moved < MOVE_SECS
    }
}

/// A workflow's district: a circle that its tasks are packed in.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct District {
    pub center: Vec2,
    pub radius: f32,
    /// Where it came from and when, as in `Place`, and how large it was.
    pub from: Vec2,
    pub from_radius: f32,
    pub moved: f64,
}

/// The district of rows that point nowhere. `None` while there are none.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct Unassigned(pub Option<District>);

/// The ground that idle agents rest on. `None` while nobody rests there.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct DockGround(pub Option<Rect>);

/// The rectangle that holds everything, dock included: what "show all" shows.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct Extent(pub Rect);

impl Default for Extent {
    fn default() -> Self {
        Self(Rect::from_center_size(Vec2::ZERO, Vec2::splat(40.0)))
    }
}
