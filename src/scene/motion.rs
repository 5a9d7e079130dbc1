//! How much may move, and the curve of an agent's flight, which the shaders share (`render::constants`).

use bevy::{
    math::curve::{Curve, SmoothStepCurve},
    prelude::*,
};

/// How much may move.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub struct MotionSettings {
    /// Flights become fades; animations without an end (breathing, flowing, blinking) stop.
    pub reduced: bool,
}

/// Sideways reach of an agent's flight at half way, to its left, as a share of its length.
pub(crate) const FLIGHT_ARC: f32 = 0.1;

/// The position of an agent after `share` (0 to 1, before easing) of the time of its flight.
pub fn flight_position(from: Vec2, to: Vec2, share: f32) -> Vec2 {
    let eased = SmoothStepCurve.sample_clamped(share);
    from.lerp(to, eased) + (to - from).perp() * (FLIGHT_ARC * 4.0 * eased * (1.0 - eased))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{MOVE_SECS, Place};

    #[test]
    fn a_flight_takes_the_time_of_the_layout_and_deviates_only_sideways() {
        let place = Place {
            at: Vec2::new(40.0, -7.0),
            size: Vec2::ONE,
            from: Vec2::new(-3.0, 2.0),
            moved: 10.0,
        };
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let straight = place.drawn_at(10.0 + MOVE_SECS * share);
            let off = flight_position(place.from, place.at, share as f32) - straight;
            let along = off.dot((place.at - place.from).normalize());
            assert!(along.abs() < 1e-3, "the arc is to the side, not ahead: {along}");
            assert_eq!(off.length() > 1.0, share > 0.0 && share < 1.0);
        }
    }
}
