//! How wide a name above its district may be before it crosses a neighbour's ring. Pure.

use std::ops::Range;

use bevy::prelude::*;

use super::label::Owner;

/// A name that would keep less than this share of its width crosses the ring instead, on a plate.
pub(super) const LEAST_SHARE: f32 = 0.62;
/// Free pixels between a name and a neighbour's ring.
const GAP_PX: f32 = 4.0;

/// The widest that a name centred at `middle_x` may be, which stands between two heights; all in screen pixels, the
/// districts as owner, middle and radius.
pub(super) fn free_px(middle_x: f32, rows: Range<f32>, discs: &[(Owner, Vec2, f32)], own: Owner) -> f32 {
    let halves = discs
        .iter()
        .filter(|(owner, ..)| *owner != own)
        .filter_map(|(_, middle, radius)| {
            let away = middle.y - middle.y.clamp(rows.start, rows.end);
            let half_chord = (radius * radius - away * away).max(0.0).sqrt();
            (half_chord > 0.0).then(|| ((middle.x - middle_x).abs() - half_chord - GAP_PX).max(0.0))
        });
    2.0 * halves.fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(number: u32) -> Owner {
        Owner::Row(Entity::from_raw_u32(number).unwrap())
    }

    #[test]
    fn neighbours_beside_a_name_bound_it_and_those_above_and_below_do_not() {
        let own = (owner(1), Vec2::new(100.0, 200.0), 80.0);
        let right = (owner(2), Vec2::new(240.0, 100.0), 60.0);
        let above = (owner(3), Vec2::new(100.0, 20.0), 60.0);
        let rows = || 100.0..118.0;
        assert_eq!(free_px(100.0, rows(), &[own], own.0), f32::INFINITY);
        assert_eq!(free_px(100.0, rows(), &[own, above], own.0), f32::INFINITY);
        // Its middle is as high as the name: the ring begins at 180.
        assert_eq!(
            free_px(100.0, rows(), &[own, right, above], own.0),
            2.0 * (80.0 - GAP_PX)
        );
        let over = (owner(4), Vec2::new(110.0, 110.0), 40.0);
        assert_eq!(free_px(100.0, rows(), &[own, over], own.0), 0.0);
    }
}
