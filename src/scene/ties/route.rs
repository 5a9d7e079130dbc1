//! The routes of ties: those between the same two blocks form one strand along the streets. Pure.

use bevy::math::Vec2;

/// Up to this many ties are drawn at full strength.
const FULL_STRENGTH: f32 = 24.0;
/// The strength of a tie among very many.
const LEAST_STRENGTH: f32 = 0.2;
/// Steps of strength: one tie more or less seldom changes the others.
const STEPS: f32 = 16.0;
/// The width of the strand of very many ties, as a multiple of a single line's.
const MOST_WIDTH: f32 = 3.5;
/// How much wider a strand becomes when its ties double.
const A_DOUBLING: f32 = 0.5;
/// The radius of a strand's corners, world units.
const CORNER: f32 = 12.0;
/// The length of a corner, a curve with one control point, as a multiple of its radius.
const CORNER_LENGTH: f32 = 1.623;

/// A part of a strand: a straight line, or a corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) from: Vec2,
    pub(super) to: Vec2,
    /// The control point of a corner.
    pub(super) bend: Option<Vec2>,
    /// The length of the strand before it, world units.
    pub(super) begin: f32,
}

/// The parts of a strand through these points, with round corners. Each begins where the one before it ends.
pub(super) fn parts(points: &[Vec2]) -> Vec<Part> {
    let lengths: Vec<f32> = points.windows(2).map(|leg| leg[0].distance(leg[1])).collect();
    // A leg between two corners has room for half of each.
    let room = |leg: usize| {
        let is_end = leg == 0 || leg + 1 == lengths.len();
        lengths
            .get(leg)
            .map_or(0.0, |length| if is_end { *length } else { *length / 2.0 })
    };
    let (mut parts, mut begin) = (Vec::new(), 0.0);
    let mut at = points.first().copied().unwrap_or_default();
    for (leg, pair) in points.windows(2).enumerate() {
        let &[from, to] = pair else { continue };
        let heading = (to - from).normalize_or_zero();
        let next = points.get(leg + 2);
        let radius = if next.is_some() {
            CORNER.min(room(leg)).min(room(leg + 1))
        } else {
            0.0
        };
        let end = to - heading * radius;
        if at.distance(end) > 0.01 {
            parts.push(Part {
                from: at,
                to: end,
                bend: None,
                begin,
            });
            begin += at.distance(end);
        }
        at = end;
        if let Some(next) = next.filter(|_| radius > 0.01) {
            let leaves = to + (*next - to).normalize_or_zero() * radius;
            parts.push(Part {
                from: at,
                to: leaves,
                bend: Some(to),
                begin,
            });
            begin += CORNER_LENGTH * radius;
            at = leaves;
        }
    }
    parts
}

/// Where a strand begins and ends, each with its direction there; `None` for one without a length.
pub(super) fn joints(points: &[Vec2]) -> Option<[(Vec2, Vec2); 2]> {
    let &[first, second, ..] = points else { return None };
    let &[.., before, last] = points else { return None };
    let (leaves, arrives) = ((second - first).try_normalize()?, (last - before).try_normalize()?);
    Some([(first, leaves), (last, arrives)])
}

/// A strand without so much of its first leg, of which at least a tenth remains.
pub(super) fn trimmed(mut points: Vec<Vec2>, by: f32) -> Vec<Vec2> {
    if let [first, second, ..] = &mut *points {
        let path = *second - *first;
        *first += path.clamp_length_max(by.min(path.length() * 0.9));
    }
    points
}

/// The width of a strand of so many ties, as a multiple of a single line's.
pub(super) fn width(ties: usize) -> f32 {
    (1.0 + A_DOUBLING * (ties.max(1) as f32).log2()).min(MOST_WIDTH)
}

/// The strength of each of `ties` ties, of 255: what all of them cover together grows with the root of their number.
pub(super) fn strength(ties: usize) -> u8 {
    let share = (FULL_STRENGTH / ties.max(1) as f32).sqrt().clamp(LEAST_STRENGTH, 1.0);
    ((share * STEPS).round() / STEPS * 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(at: &[(f32, f32)]) -> Vec<Vec2> {
        at.iter().map(|(x, y)| Vec2::new(*x, *y)).collect()
    }

    #[test]
    fn few_ties_have_full_strength_and_many_are_fainter() {
        assert_eq!((strength(0), strength(1), strength(20)), (255, 255, 255));
        let all: Vec<u8> = (1..5_000).map(strength).collect();
        assert!(all.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(strength(4_096) < 64 && strength(4_096) > 32, "faint but visible");
    }

    #[test]
    fn a_strand_of_more_ties_is_wider_up_to_a_bound() {
        assert_eq!((width(0), width(1), width(2), width(4)), (1.0, 1.0, 1.5, 2.0));
        let all: Vec<f32> = (1..5_000).map(width).collect();
        assert!(all.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(width(4_096), MOST_WIDTH);
    }

    #[test]
    fn the_parts_of_a_strand_are_one_line_near_its_points() {
        let way = points(&[
            (0.0, 0.0),
            (0.0, 9.0),
            (70.0, 9.0),
            (70.0, 15.0),
            (120.0, 15.0),
            (120.0, 60.0),
        ]);
        let parts = parts(&way);
        assert_eq!(parts.first().map(|part| part.from), way.first().copied());
        assert_eq!(parts.last().map(|part| part.to), way.last().copied());
        assert!(parts.windows(2).all(|pair| pair[0].to.distance(pair[1].from) < 0.001));
        assert!(parts.windows(2).all(|pair| pair[0].begin < pair[1].begin));
        assert_eq!(
            parts.iter().filter(|part| part.bend.is_some()).count(),
            4,
            "all corners are round"
        );
        // The leg between two corners is only 6 long, and the first one 9.
        let radius = |part: &Part| part.bend.map(|bend| bend.distance(part.from));
        let radii: Vec<f32> = parts.iter().filter_map(radius).collect();
        assert_eq!(radii, [9.0, 3.0, 3.0, CORNER]);
        for part in &parts {
            let heading = (part.to - part.from).normalize();
            let is_level = heading.x.abs() < 0.001 || heading.y.abs() < 0.001;
            assert_eq!(is_level, part.bend.is_none(), "{part:?}");
        }
    }

    #[test]
    fn a_strand_has_a_direction_at_both_ends() {
        let way = points(&[(0.0, 0.0), (0.0, -9.0), (70.0, -9.0), (70.0, -30.0)]);
        assert_eq!(joints(&way), Some([(way[0], Vec2::NEG_Y), (way[3], Vec2::NEG_Y)]));
        let back: Vec<Vec2> = way.iter().rev().copied().collect();
        assert_eq!(joints(&back), Some([(way[3], Vec2::Y), (way[0], Vec2::Y)]), "opposite");
        assert_eq!(joints(&way[..1]), None);
        assert_eq!(joints(&[way[0], way[0]]), None);
        assert!(parts(&[]).is_empty() && parts(&way[..1]).is_empty());
        let short = trimmed(way.clone(), 4.0);
        assert_eq!((short[0], &short[1..]), (Vec2::new(0.0, -4.0), &way[1..]));
        assert!(trimmed(way.clone(), 99.0)[0].distance(Vec2::new(0.0, -8.1)) < 0.001);
        assert!(trimmed(Vec::new(), 1.0).is_empty());
    }
}
