//! Two fingers on a touch screen: how they moved together, and how much further apart they are. Pure.

use bevy::math::Vec2;

/// What two fingers did in a frame, in logical pixels from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pinch {
    /// How far the middle between them moved.
    pub moved: Vec2,
    /// How much further apart they are: above 1 is closer to what is seen.
    pub factor: f32,
    /// The middle between them.
    pub about: Vec2,
}

/// Fingers nearer to each other than this many logical pixels tell no zoom.
const LEAST_APART_PX: f32 = 24.0;

/// The two fingers as they were in the last frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fingers {
    last: Option<[(u64, Vec2); 2]>,
    /// There were two since the last time that there was none.
    two: bool,
}

impl Fingers {
    /// Takes in the fingers that are down. Those beyond the first two are no matter.
    pub fn follow(&mut self, fingers: &[(u64, Vec2)]) -> Option<Pinch> {
        let pair = match fingers {
            [one, other, ..] => Some(if one.0 <= other.0 {
                [*one, *other]
            } else {
                [*other, *one]
            }),
            _ => None,
        };
        self.two = !fingers.is_empty() && (self.two || pair.is_some());
        let before = std::mem::replace(&mut self.last, pair);
        let ([(one, a), (other, b)], [(same_one, c), (same_other, d)]) = (before?, pair?);
        let (apart, now_apart) = (a.distance(b), c.distance(d));
        (one == same_one && other == same_other).then(|| Pinch {
            moved: (c + d) / 2.0 - (a + b) / 2.0,
            factor: if apart.min(now_apart) < LEAST_APART_PX {
                1.0
            } else {
                now_apart / apart
            },
            about: (c + d) / 2.0,
        })
    }

    /// One finger that is left of two neither drags nor clicks.
    pub fn were_two(&self) -> bool {
        self.two
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32) -> Vec2 {
        Vec2::new(x, 100.0)
    }

    #[test]
    fn two_fingers_move_and_spread() {
        let mut fingers = Fingers::default();
        assert_eq!(fingers.follow(&[(1, at(100.0))]), None);
        assert!(!fingers.were_two());
        assert_eq!(
            fingers.follow(&[(1, at(100.0)), (2, at(200.0))]),
            None,
            "nothing moved yet"
        );
        let spread = fingers.follow(&[(2, at(260.0)), (1, at(60.0))]);
        let expected = Pinch {
            moved: Vec2::new(10.0, 0.0),
            factor: 2.0,
            about: at(160.0),
        };
        assert_eq!(spread, Some(expected), "in whatever order they are told");
        assert_eq!(fingers.follow(&[(2, at(260.0))]), None);
        assert!(fingers.were_two(), "the one that is left is still of the pinch");
        assert_eq!(
            fingers.follow(&[(2, at(260.0)), (3, at(400.0))]),
            None,
            "another finger"
        );
        assert_eq!(fingers.follow(&[]), None);
        assert!(!fingers.were_two());
    }

    #[test]
    fn fingers_on_one_spot_do_not_zoom() {
        let mut fingers = Fingers::default();
        fingers.follow(&[(1, at(100.0)), (2, at(100.0))]);
        let pinch = fingers.follow(&[(1, at(100.0)), (2, at(160.0))]).expect("two fingers");
        assert_eq!(pinch.factor, 1.0);
    }
}
