//! Between two arrangements labels move with their marks: a label that comes to lie over a more important one is hidden at
//! once, and appears again when there is room. Pure.

use bevy::math::Rect;

use super::board::Board;

/// Overlaps smaller than this are ignored: they come from rounding and from estimated widths.
const TOUCHING_PX: f32 = 1.0;

/// A label as it would be drawn now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    /// What it covers, in logical pixels.
    pub(super) rect: Rect,
    /// Labels that fade out yield to all others.
    pub(super) is_wanted: bool,
    /// Its position in the order of importance; 0 is the most important.
    pub(super) turn: usize,
}

/// Whether each of these labels lies over a more important one.
pub(super) fn yielding(labels: &[Drawn]) -> Vec<bool> {
    let all = labels.iter().fold(Rect::EMPTY, |all, label| all.union(label.rect));
    let mut board = Board::new(all);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|&index| labels.get(index).map(|label| (!label.is_wanted, label.turn)));
    let mut yields = vec![false; labels.len()];
    for index in order {
        let (Some(label), Some(yields)) = (labels.get(index), yields.get_mut(index)) else {
            continue;
        };
        let rect = label.rect.inflate(-TOUCHING_PX);
        if rect.is_empty() {
            continue;
        }
        *yields = board.touches(rect);
        if !*yields {
            board.block(rect);
        }
    }
    yields
}

#[cfg(test)]
mod tests {
    use bevy::math::Vec2;
    use proptest::prelude::*;

    use super::*;

    fn label(x: f32, is_wanted: bool, turn: usize) -> Drawn {
        Drawn {
            rect: Rect::from_corners(Vec2::new(x, 10.0), Vec2::new(x + 100.0, 26.0)),
            is_wanted,
            turn,
        }
    }

    #[test]
    fn less_important_labels_yield_and_fading_ones_first() {
        let labels = [label(50.0, true, 3), label(0.0, true, 1), label(120.0, false, 0)];
        assert_eq!(yielding(&labels), [true, false, false]);
        let labels = [label(0.0, false, 0), label(50.0, true, 9)];
        assert_eq!(yielding(&labels), [true, false]);
        assert_eq!(yielding(&[label(0.0, true, 0), label(99.5, true, 1)]), [false, false]);
    }

    proptest! {
        #[test]
        fn remaining_labels_never_overlap_and_the_first_remains(wanted in prop::collection::vec((0.0..900.0_f32, 0.0..500.0_f32, 5.0..200.0_f32, 8.0..40.0_f32, any::<bool>()), 1..120)) {
            let labels: Vec<Drawn> = wanted
                .iter()
                .enumerate()
                .map(|(turn, &(x, y, width, height, is_wanted))| Drawn {
                    rect: Rect::new(x, y, x + width, y + height),
                    is_wanted,
                    turn,
                })
                .collect();
            let yields = yielding(&labels);
            let left: Vec<&Drawn> = labels.iter().zip(&yields).filter(|(_, yields)| !**yields).map(|(label, _)| label).collect();
            for (index, one) in left.iter().enumerate() {
                for other in &left[..index] {
                    let both = one.rect.intersect(other.rect).size();
                    prop_assert!(both.min_element() <= 2.0 * TOUCHING_PX + 1e-3, "{one:?} {other:?}");
                }
            }
            if let Some(first) = labels.iter().position(|label| label.is_wanted) {
                prop_assert!(!yields[first]);
            }
        }
    }
}
