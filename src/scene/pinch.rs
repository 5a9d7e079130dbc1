//! Two fingers on a touch screen: how they move together and spread. Pure.

use bevy::math::Vec2;

/// The motion of two fingers in a frame, in logical pixels from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pinch {
    /// The motion of the middle between them.
    pub(crate) moved: Vec2,
    /// The growth of the distance between them: above 1 zooms in.
    pub(crate) factor: f32,
    /// The middle between them.
    pub(crate) about: Vec2,
}

/// Fingers nearer to each other than this many logical pixels do not zoom.
const LEAST_APART_PX: f32 = 24.0;

/// The fingers in the last frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fingers {
    last: Option<[(u64, Vec2); 2]>,
    /// Whether there have been two since there was none.
    two: bool,
}

impl Fingers {
    /// Reads the fingers that are down. Those beyond the first two are ignored.
    pub(super) fn follow(&mut self, fingers: &[(u64, Vec2)]) -> Option<Pinch> {
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

    /// Whether there have been two: the one that is left neither drags nor clicks.
    pub(super) fn were_two(&self) -> bool {
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
        assert_eq!(spread, Some(expected), "in any order");
        assert_eq!(fingers.follow(&[(2, at(260.0))]), None);
        assert!(fingers.were_two(), "the remaining finger still belongs to the pinch");
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
