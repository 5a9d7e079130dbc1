//! The rectangles of the screen that labels occupy, so that no label is written over another. Pure.

use bevy::{
    math::{IVec2, Rect},
    platform::collections::HashMap,
};

/// The size of a cell of the look-up grid in logical pixels; labels are 14 to 30 high and up to a few hundred wide.
const CELL_PX: f32 = 64.0;
/// Free pixels kept between two labels.
const GAP_PX: f32 = 3.0;

/// The screen with the rectangles that are occupied so far.
#[derive(Debug)]
pub(super) struct Board {
    free: Rect,
    taken: Vec<Rect>,
    cells: HashMap<IVec2, Vec<u32>>,
}

impl Board {
    /// An empty board; labels must lie wholly within `free`.
    pub(super) fn new(free: Rect) -> Self {
        Self {
            free,
            taken: Vec::new(),
            cells: HashMap::default(),
        }
    }

    /// Occupies a rectangle if it is within the board and free. Returns whether it was.
    pub(super) fn take(&mut self, rect: Rect) -> bool {
        let inside = rect.min.x >= self.free.min.x
            && rect.min.y >= self.free.min.y
            && rect.max.x <= self.free.max.x
            && rect.max.y <= self.free.max.y;
        // Written so that a NaN is never inside.
        if !inside || self.is_taken(rect) {
            return false;
        }
        self.block(rect);
        true
    }

    /// Occupies a rectangle, whether it is free or not.
    pub(super) fn block(&mut self, rect: Rect) {
        let number = self.taken.len() as u32;
        self.taken.push(rect);
        for cell in cells(rect.intersect(self.free)) {
            self.cells.entry(cell).or_default().push(number);
        }
    }

    fn is_taken(&self, rect: Rect) -> bool {
        self.touches(rect.inflate(GAP_PX))
    }

    /// Whether a part of a rectangle is occupied.
    pub(super) fn touches(&self, wanted: Rect) -> bool {
        cells(wanted).any(|cell| {
            self.cells.get(&cell).into_iter().flatten().any(|&number| {
                self.taken.get(number as usize).is_some_and(|other| {
                    other.min.x < wanted.max.x
                        && wanted.min.x < other.max.x
                        && other.min.y < wanted.max.y
                        && wanted.min.y < other.max.y
                })
            })
        })
    }
}

fn cells(rect: Rect) -> impl Iterator<Item = IVec2> {
    let low = (rect.min / CELL_PX).floor().as_ivec2();
    let high = (rect.max / CELL_PX).floor().as_ivec2();
    (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| IVec2::new(x, y)))
}

#[cfg(test)]
mod tests {
    use bevy::math::Vec2;
    use proptest::prelude::*;

    use super::*;

    fn screen() -> Rect {
        Rect::new(0.0, 60.0, 1920.0, 1080.0)
    }

    #[test]
    fn an_occupied_rectangle_is_refused_and_its_neighbour_is_not() {
        let mut board = Board::new(screen());
        let rect = Rect::from_center_size(Vec2::new(400.0, 300.0), Vec2::new(120.0, 16.0));
        assert!(board.take(rect) && !board.take(rect));
        let below = Rect::from_center_size(Vec2::new(400.0, 320.0), Vec2::new(120.0, 16.0));
        assert!(board.take(below));
    }

    #[test]
    fn labels_lie_wholly_within_the_board() {
        let mut board = Board::new(screen());
        assert!(!board.take(Rect::from_center_size(Vec2::new(10.0, 300.0), Vec2::new(120.0, 16.0))));
        assert!(!board.take(Rect::from_center_size(Vec2::new(300.0, 62.0), Vec2::new(120.0, 16.0))));
        assert!(!board.take(Rect {
            min: Vec2::NAN,
            max: Vec2::NAN
        }));
    }

    proptest! {
        #[test]
        fn labels_never_overlap(wanted in prop::collection::vec((0.0..1900.0_f32, 60.0..1060.0_f32, 5.0..400.0_f32, 8.0..40.0_f32), 1..200)) {
            let mut board = Board::new(screen());
            let mut shown: Vec<Rect> = Vec::new();
            for (x, y, width, height) in wanted {
                let rect = Rect::new(x, y, x + width, y + height);
                if board.take(rect) {
                    prop_assert!(shown.iter().all(|other| other.intersect(rect).is_empty()));
                    shown.push(rect);
                }
            }
        }
    }
}
