//! How much may move, and the way of an agent's flight, which the shaders share (`render::constants`, `position_of` in
//! common.wgsl).

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

/// The most turns of a flight that are kept, without the last two, which follow from its destination. A way with more turns,
/// through more than three rows of blocks, would be a nervous movement in the time of a flight: it is flown straight.
pub(crate) const TURNS: usize = 8;
/// Steps of a world unit in which turns are kept.
pub(crate) const TURN_STEPS: f32 = 2.0;

/// The way of a flight along streets. Streets are horizontal and vertical, so that its legs take turns and each has one
/// coordinate: that of the street in which the next leg begins, as an offset from the destination in `TURN_STEPS`. The legs
/// after the last kept turn have the coordinates of the destination, whose offset is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Whether the first leg is vertical.
    pub(crate) begins_upright: bool,
    pub(crate) turns: [i16; TURNS],
}

impl Route {
    /// The way through these points, with both ends; `None` where it is to be flown straight.
    pub(crate) fn through(points: &[Vec2]) -> Option<Self> {
        let [first, second, .., to] = *points else { return None };
        let begins_upright = first.x == second.x;
        let mut turns = [0; TURNS];
        let mut is_upright = begins_upright;
        // The last of the points between the ends shares a coordinate with the destination.
        let mut kept = turns.iter_mut();
        for (number, leg) in points.windows(2).enumerate() {
            let &[from, next] = leg else { return None };
            let is_level_or_upright = if is_upright { from.x == next.x } else { from.y == next.y };
            if !is_level_or_upright {
                return None;
            }
            if number + 3 < points.len() {
                let offset = if is_upright { next.y - to.y } else { next.x - to.x } * TURN_STEPS;
                let fits = offset.is_finite() && offset.abs() < f32::from(i16::MAX);
                *kept.next().filter(|_| fits)? = offset.round() as i16;
            }
            is_upright = !is_upright;
        }
        Some(Self { begins_upright, turns })
    }

    /// Its corners, with both ends. The last ones coincide where it has fewer than the most turns.
    fn corners(&self, from: Vec2, to: Vec2) -> [Vec2; TURNS + 3] {
        let mut corners = [from; TURNS + 3];
        let (mut at, mut is_upright) = (from, self.begins_upright);
        let turns = self.turns.iter().copied().chain([0, 0]);
        for (corner, turn) in corners.iter_mut().skip(1).zip(turns) {
            let offset = f32::from(turn) / TURN_STEPS;
            if is_upright {
                at.y = to.y + offset;
            } else {
                at.x = to.x + offset;
            }
            *corner = at;
            is_upright = !is_upright;
        }
        corners
    }

    /// The position after a share of the length. Corners are cut by up to `round`, world units.
    fn at(&self, from: Vec2, to: Vec2, share: f32, round: f32) -> Vec2 {
        let corners = self.corners(from, to);
        let length: f32 = corners.windows(2).map(|leg| leg[0].distance(leg[1])).sum();
        let gone = length * share;
        let round = round.min(gone).min(length - gone);
        // The middle between a point ahead and one behind: the same point on a straight leg, a cut corner between two.
        (along(&corners, gone - round) + along(&corners, gone + round)) / 2.0
    }
}

/// The point of a way at a distance from its beginning.
fn along(corners: &[Vec2], distance: f32) -> Vec2 {
    let mut left = distance;
    for leg in corners.windows(2) {
        let &[from, to] = leg else { continue };
        let length = from.distance(to);
        if left < length {
            return from + (to - from) * (left / length);
        }
        left -= length;
    }
    corners.last().copied().unwrap_or_default()
}

/// The position of an agent of a diameter after `share` (0 to 1, before easing) of the time of its flight. Without a route it
/// flies straight.
pub(crate) fn flight_position(from: Vec2, to: Vec2, route: Option<Route>, diameter: f32, share: f32) -> Vec2 {
    let eased = SmoothStepCurve.sample_clamped(share);
    match route {
        Some(route) if share < 1.0 => route.at(from, to, eased, diameter),
        _ => from.lerp(to, eased),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FROM: Vec2 = Vec2::new(10.0, 20.0);
    const TO: Vec2 = Vec2::new(110.0, -80.0);

    fn way() -> Vec<Vec2> {
        let turns = [(10.0, 0.0), (60.0, 0.0), (60.0, -60.0), (110.0, -60.0)];
        let turns = turns.map(|(x, y)| Vec2::new(x, y));
        [FROM].into_iter().chain(turns).chain([TO]).collect()
    }

    #[test]
    fn a_flight_passes_the_corners_of_its_way_and_ends_at_its_destination() {
        let way = way();
        let route = Route::through(&way);
        assert!(route.is_some());
        let length: f32 = way.windows(2).map(|leg| leg[0].distance(leg[1])).sum();
        let mut before = FROM;
        for step in 0..=200 {
            let share = step as f32 / 200.0;
            let at = flight_position(FROM, TO, route, 0.0, share);
            let is_on = |leg: &[Vec2]| {
                let around = leg[0].distance(at) + at.distance(leg[1]);
                around - leg[0].distance(leg[1]) < 0.01
            };
            assert!(way.windows(2).any(is_on), "{at} is on the way");
            assert!(at.distance(before) < length * 0.02, "it does not jump");
            before = at;
        }
        assert_eq!(flight_position(FROM, TO, route, 0.0, 0.0), FROM);
        assert_eq!(flight_position(FROM, TO, route, 0.0, 1.0), TO);
        // Half of the length, which is 20 + 50 + 60 + 50 + 20.
        let middle = flight_position(FROM, TO, route, 0.0, 0.5);
        assert!(middle.distance(Vec2::new(60.0, -30.0)) < 0.01, "{middle}");
    }

    #[test]
    fn corners_are_cut_and_legs_are_not() {
        let route = Route::through(&way());
        let mut most = 0.0_f32;
        for step in 0..=400 {
            let share = step as f32 / 400.0;
            let round = flight_position(FROM, TO, route, 8.0, share);
            most = most.max(round.distance(flight_position(FROM, TO, route, 0.0, share)));
        }
        assert!(most > 4.0 && most < 8.0, "{most}");
        assert_eq!(flight_position(FROM, TO, route, 8.0, 0.0), FROM);
        let middle = flight_position(FROM, TO, route, 8.0, 0.5);
        assert!(middle.distance(Vec2::new(60.0, -30.0)) < 0.01, "{middle}");
    }

    #[test]
    fn a_way_that_is_none_of_streets_is_flown_straight() {
        assert_eq!(Route::through(&[]), None);
        assert_eq!(Route::through(&[FROM, TO]), None);
        assert_eq!(Route::through(&[FROM, Vec2::new(50.0, 50.0), TO]), None, "oblique");
        let far = Vec2::new(FROM.x, 1e6);
        assert_eq!(
            Route::through(&[FROM, far, Vec2::new(0.0, 1e6), Vec2::ZERO]),
            None,
            "too far"
        );
        let steps = |legs: i16| -> Vec<Vec2> {
            let point = |leg: i16| Vec2::new(f32::from(leg.midpoint(1)), f32::from(leg / 2));
            (0..=legs).map(point).collect()
        };
        let most = TURNS as i16 + 2;
        assert!(Route::through(&steps(most)).is_some());
        assert_eq!(Route::through(&steps(most + 1)), None, "too many turns");
        assert_eq!(flight_position(FROM, TO, None, 8.0, 0.5), FROM.midpoint(TO));
    }

    proptest! {
        #[test]
        fn every_way_of_streets_keeps_its_corners(
            upright in any::<bool>(),
            places in proptest::collection::vec(-400_i16..400, 2..TURNS + 4),
        ) {
            let mut at = Vec2::ZERO;
            let mut way = vec![at];
            for (leg, place) in places.iter().enumerate() {
                // Whole numbers, and never one without a length.
                let place = f32::from(*place) + 1_000.0 * (leg + 1) as f32;
                if (leg % 2 == 0) == upright { at.y = place } else { at.x = place }
                way.push(at);
            }
            let route = Route::through(&way);
            prop_assert_eq!(route.is_some(), way.len() > 2 && way.len() <= TURNS + 3);
            if let Some(route) = route {
                let corners = route.corners(way[0], at);
                prop_assert_eq!(&corners[..way.len()], &way[..]);
                prop_assert!(corners[way.len()..].iter().all(|corner| *corner == at));
            }
        }
    }
}
