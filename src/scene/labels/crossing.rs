//! Where names cross the rings of districts, and how wide one above its district may be before it does. Pure.

use std::ops::Range;

use bevy::prelude::*;

use super::label::Owner;

/// A name that would keep less than this share of its width crosses the ring instead, on a plate.
pub(super) const LEAST_SHARE: f32 = 0.62;
/// Free pixels between a name and a neighbour's ring.
pub(super) const GAP_PX: f32 = 4.0;

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

/// The widest that a name centred at `middle_x` may be, which stands between two heights, before it hides one of these
/// marks; the marks as squares of this half size.
pub(super) fn open_px(middle_x: f32, rows: Range<f32>, marks: impl Iterator<Item = Vec2>, half: f32) -> f32 {
    let beside = marks.filter(|mark| mark.y + half > rows.start && mark.y - half < rows.end);
    let halves = beside.map(|mark| ((mark.x - middle_x).abs() - half - GAP_PX).max(0.0));
    2.0 * halves.fold(f32::INFINITY, f32::min)
}

/// Whether a ring runs through a rectangle, or nearer to it than the gap. In screen pixels.
pub(super) fn crosses(rect: Rect, middle: Vec2, radius: f32) -> bool {
    let rect = rect.inflate(GAP_PX);
    let nearest = middle.clamp(rect.min, rect.max).distance(middle);
    let farthest = (rect.min - middle).abs().max((rect.max - middle).abs()).length();
    nearest < radius && radius < farthest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_crossed_where_it_runs_and_neither_within_nor_beyond() {
        let at = |x: f32, y: f32| Rect::from_center_half_size(Vec2::new(x, y), Vec2::new(20.0, 6.0));
        let crossed = |rect| crosses(rect, Vec2::ZERO, 100.0);
        assert!(crossed(at(0.0, 100.0)) && crossed(at(0.0, -98.0)) && crossed(at(95.0, 0.0)));
        assert!(!crossed(at(0.0, 0.0)) && !crossed(at(0.0, 80.0)), "within");
        assert!(!crossed(at(0.0, 115.0)) && !crossed(at(130.0, 0.0)), "beyond");
        // The ring lies in the gap, which is kept free as well.
        assert!(crossed(at(0.0, 108.0)));
    }

    #[test]
    fn marks_bound_a_name_that_would_hide_them() {
        let open = |marks: &[Vec2]| open_px(100.0, 50.0..70.0, marks.iter().copied(), 10.0);
        assert_eq!(open(&[]), f32::INFINITY);
        assert_eq!(
            open(&[Vec2::new(100.0, 39.0), Vec2::new(100.0, 81.0)]),
            f32::INFINITY,
            "above and below"
        );
        assert_eq!(
            open(&[Vec2::new(40.0, 60.0), Vec2::new(130.0, 79.0)]),
            2.0 * (20.0 - GAP_PX)
        );
        assert_eq!(open(&[Vec2::new(104.0, 60.0)]), 0.0);
    }

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
