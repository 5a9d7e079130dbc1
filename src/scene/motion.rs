//! How much may move, and the one curve that the CPU and the shaders share beyond `layout`'s: an agent's flight arcs.

use bevy::prelude::*;

/// How much may move.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct MotionSettings {
    /// Flights become fades; breathing, flowing and blinking stop.
    pub reduced: bool,
}

/// How far an agent's flight swings out to its left at half way, as a share of its length.
pub const FLIGHT_ARC: f32 = 0.1;

/// Where an agent on its way is drawn, the way being done by `share` (0 to 1, not yet eased).
pub fn flown(from: Vec2, to: Vec2, share: f32) -> Vec2 {
    let share = share.clamp(0.0, 1.0);
    let eased = share * share * (3.0 - 2.0 * share);
    from.lerp(to, eased) + (to - from).perp() * (FLIGHT_ARC * 4.0 * eased * (1.0 - eased))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{MOVE_SECS, Place};

    #[test]
    fn a_flight_keeps_the_time_of_the_layout_and_arcs() {
        let place = Place {
            at: Vec2::new(40.0, -7.0),
            from: Vec2::new(-3.0, 2.0),
            moved: 10.0,
        };
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let straight = place.drawn_at(10.0 + MOVE_SECS * share);
            let off = flown(place.from, place.at, share as f32) - straight;
            let along = off.dot((place.at - place.from).normalize());
            assert!(along.abs() < 1e-3, "the arc is to the side, not ahead: {along}");
            assert_eq!(off.length() > 1.0, share > 0.0 && share < 1.0);
        }
    }

    #[test]
    fn the_shader_has_the_same_numbers() {
        let shader = include_str!("../../assets/shaders/common.wgsl");
        for (name, value) in [("MOVE_SECS", MOVE_SECS as f32), ("FLIGHT_ARC", FLIGHT_ARC)] {
            let line = format!("const {name}: f32 = {value:?};");
            assert!(shader.contains(&line), "common.wgsl lacks `{line}`");
        }
    }
}
