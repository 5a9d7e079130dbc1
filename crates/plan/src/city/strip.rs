//! One strip: blocks side by side from the left, all as high as the strip.

use glam::Vec2;

use crate::{Level, fit::gap};

/// Measures that all strips of a plan share, pixels.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Widths {
    /// Ground left free at the left and at the top.
    pub(super) edge: f32,
    /// Width of vertical and height of horizontal streets.
    pub(super) street: Vec2,
    /// Room around the cells of a block.
    pub(super) pad: f32,
    /// Height of headers above cells.
    pub(super) header: f32,
    /// Height of a cell with its gap.
    pub(super) row: f32,
    /// Its width, where the strip is full.
    pub(super) column: f32,
    /// Diameter of an agent in a street; 0 while there are none.
    pub(super) agent: f32,
}

#[derive(Debug)]
pub(super) struct Strip {
    /// Upper edge of its blocks.
    pub(super) top: f32,
    /// Height of its blocks.
    pub(super) height: f32,
    /// Rows of cells; 0 in a strip of headers.
    pub(super) rows: u32,
    pub(super) pitch: Vec2,
    /// Its blocks, from the left.
    pub(super) blocks: Vec<u32>,
}

/// Cells of a strip are at most this much wider than those of the plan, so that its blocks use its length: marks, and tiles,
/// whose text gains by it.
const STRETCH: f32 = 1.15;
const STRETCH_OF_TILES: f32 = 1.4;
/// The part of a strip's length that streets and the room around cells take at most.
const MOST_LOTS: f32 = 0.5;

impl Widths {
    /// The widest that cells of a strip may be with their gap. `factor` is `Scene::factor`.
    pub(super) fn widest(&self, factor: f32) -> f32 {
        let planned = Vec2::new(self.column, self.row);
        let is_tile = Level::of(planned - gap(planned), factor) == Level::Tile;
        self.column * if is_tile { STRETCH_OF_TILES } else { STRETCH }
    }

    /// The width of streets and of the room around cells in a strip of this length with so many blocks.
    pub(super) fn in_strip(&self, room: f32, blocks: usize) -> (f32, f32) {
        let lot = self.street.x + 2.0 * self.pad;
        let scale = (MOST_LOTS * room / (blocks.max(1) as f32 * lot).max(1e-6)).min(1.0);
        (self.street.x * scale, self.pad * scale)
    }
}

/// Shares out `extra` in proportion to weights, whole numbers only: the largest remainders are rounded up.
pub(super) fn share_out(extra: u32, weights: &[u32]) -> Vec<u32> {
    let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u32| u64::from(extra) * u64::from(weight);
    let mut shares: Vec<u32> = weights.iter().map(|&weight| (exact(weight) / total) as u32).collect();
    let mut left = extra - shares.iter().sum::<u32>();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&index| std::cmp::Reverse(weights.get(index).map_or(0, |&weight| exact(weight) % total)));
    for index in by_remainder {
        if let (1.., Some(share)) = (left, shares.get_mut(index)) {
            *share += 1;
            left -= 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_shared_out_in_proportion_and_completely() {
        assert_eq!(share_out(10, &[1, 1, 2]), [3, 2, 5]);
        assert_eq!(share_out(1, &[1, 5, 1]), [0, 1, 0]);
        assert_eq!(share_out(7, &[0, 0]), [0, 0]);
        assert_eq!(share_out(7, &[3, 0]), [7, 0]);
    }
}
