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

/// A workflow's district: a circle that its tasks are packed in.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct District {
    pub center: Vec2,
    pub radius: f32,
    /// Where it came from and when, as in `Place`.
    pub from: Vec2,
    pub moved: f64,
}

/// The district of rows that point nowhere. `None` while there are none.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct Unassigned(pub Option<District>);

/// The rectangle that holds everything, dock included: what "show all" shows.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct Extent(pub Rect);

impl Default for Extent {
    fn default() -> Self {
        Self(Rect::from_center_size(Vec2::ZERO, Vec2::splat(40.0)))
    }
}
