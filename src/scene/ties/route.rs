//! The routes of ties: those between the same two blocks form one strand. Pure.

use bevy::math::{Rect, Vec2};

/// The sideways reach of a strand to its left, as a share of its length: the strands of the two directions are apart.
const BOW: f32 = 0.08;
/// Up to this many ties are drawn at full strength.
const FULL_STRENGTH: f32 = 24.0;
/// The strength of a tie among very many.
const LEAST_STRENGTH: f32 = 0.2;
/// Steps of strength: one tie more or less seldom changes the others.
const STEPS: f32 = 16.0;

/// The control points of every tie from one block to another; `None` within one block.
pub(super) fn via(from: Rect, to: Rect) -> Option<[Vec2; 2]> {
    let path = to.center() - from.center();
    if from == to || !path.is_finite() || path == Vec2::ZERO {
        return None;
    }
    let bow = path.perp() * BOW;
    Some([from.center() + path * 0.3 + bow, to.center() - path * 0.3 + bow])
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
    fn few_ties_have_full_strength_and_many_are_fainter() {
        assert_eq!((strength(0), strength(1), strength(20)), (255, 255, 255));
        let all: Vec<u8> = (1..5_000).map(strength).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(strength(4_096) < 64 && strength(4_096) > 32, "faint but visible");
    }
}
