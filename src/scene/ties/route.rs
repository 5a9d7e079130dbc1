//! The routes of ties: those between the same two districts form one strand. Pure.

use bevy::math::Vec2;

/// The circle of a district, in world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Circle {
    /// Centre, in world units.
    pub(crate) center: Vec2,
    /// Radius, in world units.
    pub(crate) radius: f32,
}

/// The distance of a strand's control points from the districts' rims, as a share of the gap between them.
const BEYOND: f32 = 0.25;
/// The sideways reach of a strand to its left, as a share of the gap: long strands pass beside what is between the
/// districts, and the strands of the two directions are apart.
const BOW: f32 = 0.3;
/// Up to this many ties are drawn at full strength.
const FULL_STRENGTH: f32 = 24.0;
/// The strength of a tie among very many.
const LEAST_STRENGTH: f32 = 0.2;
/// Steps of strength: one tie more or less seldom changes the others.
const STEPS: f32 = 16.0;

/// The control points of every tie from one district to another; `None` within one district and where the districts
/// overlap.
pub(super) fn via(from: Circle, to: Circle) -> Option<[Vec2; 2]> {
    let path = to.center - from.center;
    let gap = path.length() - from.radius - to.radius;
    let along = path.try_normalize().filter(|_| gap.is_finite() && gap > 0.0)?;
    let bow = along.perp() * (gap * BOW);
    Some([
        from.center + along * (from.radius + gap * BEYOND) + bow,
        to.center - along * (to.radius + gap * BEYOND) + bow,
    ])
}

/// The strength of each of `ties` ties, of 255: what all of them cover together grows with the root of their number.
pub(super) fn strength(ties: usize) -> u8 {
    let share = (FULL_STRENGTH / ties.max(1) as f32).sqrt().clamp(LEAST_STRENGTH, 1.0);
    ((share * STEPS).round() / STEPS * 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_between_two_districts_form_a_strand_between_their_rims() {
        let circle = |x: f32, radius| Circle {
            center: Vec2::new(x, 0.0),
            radius,
        };
        let [a, b] = via(circle(0.0, 3.0), circle(10.0, 2.0)).expect("they do not overlap");
        assert!(a.x > 3.0 && a.x < b.x && b.x < 8.0 && a.y > 0.0);
        let [back, _] = via(circle(10.0, 2.0), circle(0.0, 3.0)).expect("they do not overlap");
        assert!(back.y < 0.0, "the two directions are apart");
        assert_eq!(via(circle(0.0, 3.0), circle(0.0, 3.0)), None);
        assert_eq!(via(circle(0.0, 3.0), circle(f32::NAN, 3.0)), None);
        assert_eq!(via(circle(0.0, 6.0), circle(10.0, 6.0)), None);
    }

    #[test]
    fn few_ties_have_full_strength_and_many_are_fainter() {
        assert_eq!((strength(0), strength(1), strength(20)), (255, 255, 255));
        let all: Vec<u8> = (1..5_000).map(strength).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(strength(4_096) < 64 && strength(4_096) > 32, "faint but visible");
    }
}
