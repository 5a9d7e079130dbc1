//! What the layout writes. World units: a slot is one unit wide.

use bevy::{
    math::curve::{Curve, SmoothStepCurve},
    prelude::*,
};

/// The place of a task or an agent. Written only when it moves.
#[derive(Component, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Component)]
pub struct Place {
    /// Where it is, or will be at the end of its move.
    pub at: Vec2,
    /// Where its last move began. Equal to `at` for rows that have just appeared.
    pub from: Vec2,
    /// When the move began, seconds of `FleetClock`.
    pub moved: f64,
}

/// The duration of a move, seconds.
pub const MOVE_SECS: f64 = 0.6;

/// The eased share of a move that began at `moved`: the same curve as in the shaders.
fn share(moved: f64, now: f64) -> f32 {
    SmoothStepCurve.sample_clamped(((now - moved) / MOVE_SECS) as f32)
}

impl Place {
    /// Its position at `now`, seconds of `FleetClock`, without the arc of an agent's flight.
    pub fn drawn_at(&self, now: f64) -> Vec2 {
        self.from.lerp(self.at, share(self.moved, now))
    }
}

impl District {
    /// Its centre at `now`, seconds of `FleetClock`.
    pub fn drawn_at(&self, now: f64) -> Vec2 {
        self.from.lerp(self.center, share(self.moved, now))
    }

    /// Its radius at `now`: it grows while its neighbours make room.
    pub fn radius_at(&self, now: f64) -> f32 {
        let share = share(self.moved, now);
        self.from_radius * (1.0 - share) + self.radius * share
    }

    /// Whether it is still growing or shrinking at `now`.
    pub(crate) fn is_resizing(&self, now: f64) -> bool {
        self.from_radius != self.radius && now - self.moved < MOVE_SECS
    }
}

/// A workflow's district: a circle that contains its tasks.
#[derive(Component, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Component)]
pub struct District {
    /// Centre of the circle, in world units.
    pub center: Vec2,
    /// Radius of the circle, in world units.
    pub radius: f32,
    /// Where its last move began, in world units.
    pub from: Vec2,
    /// The radius with which that move began; it grows or shrinks during the move.
    pub from_radius: f32,
    /// When the move began, seconds of `FleetClock`.
    pub moved: f64,
}

/// The district of tasks without a workflow. `None` while there are none.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct Unassigned(pub Option<District>);

/// The dock: the area of idle agents. `None` while there are none.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct DockGround(pub Option<Rect>);

/// The rectangle that contains all districts and the dock.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub struct Extent(pub Rect);

impl Default for Extent {
    fn default() -> Self {
        Self(Rect::from_center_size(Vec2::ZERO, Vec2::splat(40.0)))
    }
}
