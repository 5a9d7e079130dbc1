//! The dock: rows of places for idle agents along the bottom, below all districts. Each agent keeps its place there.

use bevy::math::{Rect, Vec2};

/// The least distance between places in a row; an agent's hexagon is 1.5 wide.
const HOME: f32 = 2.2;
/// The greatest distance: a few agents have room for their names and still form one row.
const WIDEST: f32 = 4.2;
/// The share of places kept in reserve in each row: a few more agents move no others.
const RESERVE: f32 = 0.15;
/// The distance from row to row, with room for a name under each agent; odd rows are shifted by half a place.
const ROW: f32 = 2.9;
/// The room for names under the last row.
const NAMES: f32 = 0.8;
/// The distance from the lowest district's edge to the first row.
const BELOW: f32 = 4.0;
/// The least number of places in a row.
const LEAST_PER_ROW: usize = 8;
/// A dock without districts above it is about this many times wider than high.
const ASPECT: f32 = 6.0;
/// A dock that overlaps growing districts moves this share of their height further than necessary.
const SLACK: f32 = 0.03;
/// The dock stays in place until it is off by this share of the districts' size, or overlaps them.
const DRIFT: f32 = 0.2;

/// The rows of the dock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dock {
    /// The middle of the first row.
    pub(super) top: Vec2,
    /// Places in a row.
    pub(super) per_row: usize,
    /// The distance between places in a row.
    pub(super) pitch: f32,
}

impl Dock {
    /// The dock with `homes` places below these districts.
    pub(super) fn under(districts: Option<Rect>, homes: usize) -> Self {
        let alone = ((homes as f32 * ASPECT * ROW / HOME).sqrt().ceil() as usize).min(homes);
        let (top, width) = match districts {
            Some(rect) => (Vec2::new(rect.center().x, rect.min.y - BELOW), rect.width()),
            None => (Vec2::ZERO, 0.0),
        };
        let most = ((width * 0.96 / HOME).floor() as usize).max(alone).max(LEAST_PER_ROW);
        // As few rows as possible, of equal length.
        let rows = homes.div_ceil(most).max(1);
        let per_row = (homes as f32 * (1.0 + RESERVE) / rows as f32).ceil() as usize;
        let per_row = per_row.clamp(LEAST_PER_ROW, most);
        let pitch = (width * 0.96 / per_row as f32).clamp(HOME, WIDEST);
        Self { top, per_row, pitch }
    }

    /// The dock from now on: this one as long as it fits.
    pub(super) fn adapted(self, districts: Option<Rect>, homes: usize) -> Self {
        let ideal = Self::under(districts, homes);
        let Some(rect) = districts else {
            return if ideal.per_row > self.per_row { ideal } else { self };
        };
        let in_the_way = self.top.y > rect.min.y - BELOW * 0.75;
        let too_low = ideal.top.y - self.top.y > rect.height() * DRIFT;
        let aside = (ideal.top.x - self.top.x).abs() > rect.width() * DRIFT / 2.0;
        let (width, ideal_width) = (self.per_row as f32 * self.pitch, ideal.per_row as f32 * ideal.pitch);
        let misfit = ideal_width > width * (1.0 + DRIFT) || ideal_width < width * (1.0 - DRIFT);
        if in_the_way || too_low || aside || misfit {
            // With some slack, so that districts that continue to grow do not move the dock each time.
            let slack = if in_the_way { rect.height() * SLACK } else { 0.0 };
            Self {
                top: ideal.top - Vec2::new(0.0, slack),
                ..ideal
            }
        } else {
            self
        }
    }

    /// The position of a place: rows fill from the middle to both sides, from the top down.
    pub(super) fn place(self, home: usize) -> Vec2 {
        let (row, column) = (home / self.per_row, home % self.per_row);
        let steps = column.div_ceil(2) as f32;
        let side = if column % 2 == 1 { -steps } else { steps };
        let stagger = if row % 2 == 1 { 0.5 } else { 0.0 };
        self.top + Vec2::new((side + stagger) * self.pitch, -(row as f32) * ROW)
    }

    /// The place whose middle is nearest to a point, within half a place's width.
    pub(super) fn home_at(self, point: Vec2) -> Option<usize> {
        let row = ((self.top.y - point.y) / ROW).round();
        if !(0.0..1e6).contains(&row) {
            return None;
        }
        let stagger = if row as usize % 2 == 1 { 0.5 } else { 0.0 };
        let side = ((point.x - self.top.x) / self.pitch - stagger).round();
        let column = if side < 0.0 { -2.0 * side - 1.0 } else { 2.0 * side } as usize;
        let home = (row as usize).checked_mul(self.per_row)?.checked_add(column)?;
        (column < self.per_row && self.place(home).distance(point) < HOME / 2.0).then_some(home)
    }

    /// The rectangle of `homes` places.
    pub(super) fn bounds(self, homes: usize) -> Option<Rect> {
        let rows = homes.div_ceil(self.per_row);
        if rows == 0 {
            return None;
        }
        let half = (homes.min(self.per_row) as f32 / 2.0 + 0.5) * self.pitch;
        let low = Vec2::new(
            self.top.x - half,
            self.top.y - (rows - 1) as f32 * ROW - HOME / 2.0 - NAMES,
        );
        Some(Rect::from_corners(
            low,
            Vec2::new(self.top.x + half, self.top.y + HOME / 2.0),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_do_not_overlap_and_lie_within_the_bounds() {
        for homes in [1_usize, 9, 40, 333] {
            let dock = Dock::under(Some(Rect::new(-30.0, -10.0, 30.0, 10.0)), homes);
            let bounds = dock.bounds(homes).unwrap();
            let places: Vec<Vec2> = (0..homes).map(|home| dock.place(home)).collect();
            for (index, at) in places.iter().enumerate() {
                assert!(bounds.contains(*at) && at.y < -13.0);
                assert_eq!(dock.home_at(*at + Vec2::new(0.6, -0.6)), Some(index));
                assert!(places[..index].iter().all(|other| other.distance(*at) > 1.9));
            }
        }
        assert_eq!(Dock::under(None, 0).bounds(0), None);
    }

    #[test]
    fn the_dock_moves_only_when_it_must() {
        let rect = Rect::new(-30.0, -10.0, 30.0, 10.0);
        let dock = Dock::under(Some(rect), 20);
        assert_eq!(dock.adapted(Some(Rect::new(-32.0, -10.5, 30.0, 10.0)), 21), dock);
        let lower = dock.adapted(Some(Rect::new(-30.0, -16.0, 30.0, 10.0)), 20);
        assert!(lower.top.y < -16.0);
    }
}
