//! How much a cell shows, by its size on the screen, and the bands that stand for cells too small to be seen.

use glam::Vec2;

use crate::Rect;

/// How much a cell shows, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Calm cells of a block are merged into one band a state; those in trouble are single.
    Band,
    /// Filled in the colour of the state.
    Filled,
    /// The mark of the state.
    Mark,
    /// The mark, with a title where there is room for it.
    Titled,
    /// A tile with text.
    Tile,
}

/// The levels above the lowest and the cell size, pixels at a desk, from which on each is shown.
const FROM: [(Level, f32); 4] = [
    (Level::Tile, 110.0),
    (Level::Titled, 28.0),
    (Level::Mark, 10.0),
    (Level::Filled, 3.0),
];
/// A cell keeps its level until it is this much smaller than the size from which on it is shown.
const KEEP: f32 = 0.92;
/// Width per height of a tile: a wide cell must be this high for its width to count.
pub const TILE_ASPECT: f32 = 2.2;

impl Level {
    /// The level of a cell of this size, pixels on the screen. `factor` is how many times larger text is than at a desk.
    pub fn of(cell: Vec2, factor: f32) -> Self {
        Self::at_scale(cell, factor, |_| 1.0)
    }

    /// The size from which on this level is shown, pixels at a desk, while `shown` is: what is shown is kept a little longer.
    pub fn from_px(self, shown: Self) -> f32 {
        let from = FROM
            .iter()
            .find(|(level, _)| *level == self)
            .map_or(0.0, |(_, from)| *from);
        if self <= shown { from * KEEP } else { from }
    }

    /// The level of a cell that had this one when it was of another size: it does not change back and forth at a threshold.
    pub fn then(self, cell: Vec2, factor: f32) -> Self {
        Self::at_scale(cell, factor, |level| if level <= self { KEEP } else { 1.0 })
    }

    fn at_scale(cell: Vec2, factor: f32, scale: impl Fn(Self) -> f32) -> Self {
        let size = |level| match level {
            Self::Tile => cell.x.min(cell.y * TILE_ASPECT),
            _ => cell.min_element(),
        };
        let reached = FROM
            .into_iter()
            .find(|&(level, from)| size(level) >= from * factor * scale(level));
        reached.map_or(Self::Band, |(level, _)| level)
    }
}

/// Divides the body of a block into one band a state, side by side and in proportion to how many cells have the state. States
/// without cells have no band.
pub fn bands<S: Copy>(body: Rect, counts: &[(S, u32)]) -> Vec<(S, Rect)> {
    let total: u64 = counts.iter().map(|&(_, count)| u64::from(count)).sum();
    let at = |sum: u64| body.min.x + body.size().x * (sum as f64 / total as f64) as f32;
    let mut sum = 0;
    let mut bands = Vec::with_capacity(counts.len());
    for &(state, count) in counts.iter().filter(|(_, count)| *count > 0) {
        let left = at(sum);
        sum += u64::from(count);
        let rect = Rect::new(Vec2::new(left, body.min.y), Vec2::new(at(sum), body.max.y));
        bands.push((state, rect));
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_has_the_level_of_the_table() {
        let levels = [
            (2.9, Level::Band),
            (3.0, Level::Filled),
            (10.0, Level::Mark),
            (28.0, Level::Titled),
        ];
        for (size, level) in levels {
            assert_eq!(Level::of(Vec2::splat(size), 1.0), level);
            assert_eq!(Level::of(Vec2::splat(size * 2.5), 2.5), level, "on a wall");
        }
        assert_eq!(Level::of(Vec2::new(110.0, 50.0), 1.0), Level::Tile);
        assert_eq!(Level::of(Vec2::new(109.0, 50.0), 1.0), Level::Titled);
        assert_eq!(Level::of(Vec2::new(400.0, 20.0), 1.0), Level::Mark, "too low for text");
        assert_eq!(Level::of(Vec2::NAN, 1.0), Level::Band);
    }

    #[test]
    fn a_cell_at_a_threshold_keeps_its_level() {
        for (level, from) in FROM {
            let at = |share: f32| Vec2::splat(from * share);
            let lower = Level::of(at(0.99), 1.0);
            assert!(lower < level);
            assert_eq!(lower.then(at(0.99), 1.0), lower);
            assert_eq!(lower.then(at(1.0), 1.0), level);
            assert_eq!(level.then(at(0.93), 1.0), level);
            assert_eq!(level.then(at(0.91), 1.0), lower);
            assert_eq!((level.from_px(lower), level.from_px(level)), (from, from * KEEP));
        }
    }

    #[test]
    fn bands_divide_the_body_in_proportion() {
        let body = Rect::new(Vec2::new(-10.0, 0.0), Vec2::new(30.0, 8.0));
        let found = bands(body, &[('a', 3), ('b', 0), ('c', 1)]);
        let middle = Vec2::new(20.0, 0.0);
        let first = Rect::new(body.min, Vec2::new(20.0, 8.0));
        assert_eq!(found, [('a', first), ('c', Rect::new(middle, body.max))]);
        assert!(bands(body, &[('a', 0)]).is_empty());
    }
}
