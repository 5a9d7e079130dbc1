//! How ties run: those between the same two districts are drawn together into one strand. Pure.

use bevy::math::Vec2;

/// A district as ties and the light see it, in world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    pub center: Vec2,
    pub radius: f32,
}

/// How far beyond the districts' rims the points of a strand lie, as a share of the gap between them.
const BEYOND: f32 = 0.25;
/// How far a strand swings out to its left, as a share of the gap: long ones pass beside what stands between, and what
/// runs there and back runs apart.
const BOW: f32 = 0.3;
/// So many ties are drawn at full strength; from there on they fade.
const FULL_STRENGTH: f32 = 24.0;
/// The least that a tie is drawn at, however many there are.
const LEAST_STRENGTH: f32 = 0.2;
/// Steps of strength, so that one tie more or less seldom changes the others.
const STEPS: f32 = 16.0;

/// The two points that every tie from one district to another is drawn towards; `None` within one district, or where
/// they stand in one another.
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

/// How strong each of so many ties is drawn, of 255: what all of them cover together grows with the root of their
/// number.
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
        let [a, b] = via(circle(0.0, 3.0), circle(10.0, 2.0)).expect("they stand apart");
        assert!(a.x > 3.0 && a.x < b.x && b.x < 8.0 && a.y > 0.0);
        let [back, _] = via(circle(10.0, 2.0), circle(0.0, 3.0)).expect("they stand apart");
        assert!(back.y < 0.0, "there and back run apart");
        assert_eq!(via(circle(0.0, 3.0), circle(0.0, 3.0)), None);
        assert_eq!(via(circle(0.0, 3.0), circle(f32::NAN, 3.0)), None);
        assert_eq!(via(circle(0.0, 6.0), circle(10.0, 6.0)), None);
    }

    #[test]
    fn few_ties_are_plain_and_many_fade() {
        assert_eq!((strength(0), strength(1), strength(20)), (255, 255, 255));
        let all: Vec<u8> = (1..5_000).map(strength).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(strength(4_096) < 64 && strength(4_096) > 32, "faint, and still there");
    }
}
