//! Slots inside a district: where the n-th one lies, and who has which.
//!
//! Slots are the points of a hexagonal lattice, one unit apart, in order of their distance from the middle and
//! clockwise from the top within one distance: a district fills like a disc, evenly, and the n-th place never depends
//! on how many there are.

use std::{cmp::Reverse, collections::BinaryHeap};

use bevy::math::{Rect, Vec2};

/// Rows of the lattice lie this far apart: the height of a triangle of side 1.
const ROW: f64 = 0.866_025_403_784_438_6;
/// A hexagonal lattice has this many points per unit of area; its inverse is the area of one slot.
const AREA_PER_SLOT: f64 = ROW;

/// Where the n-th slot lies, for as many slots as were ever asked for.
#[derive(Debug, Default)]
pub(super) struct SlotTable {
    places: Vec<Vec2>,
    /// Squared distance from the middle, an integer on this lattice.
    norms: Vec<u32>,
}

impl SlotTable {
    /// Makes places for at least `count` slots. Amortised: the table doubles.
    pub(super) fn ensure(&mut self, count: usize) {
        if count <= self.places.len() {
            return;
        }
        let wanted = count.max(self.places.len() * 2).max(64);
        // A disc of this radius holds `wanted` points; the margin covers the rim's unevenness.
        let radius = (wanted as f64 * AREA_PER_SLOT / std::f64::consts::PI).sqrt() + 2.0;
        let limit = (radius * radius) as i64;
        let reach = (radius / ROW).ceil() as i64;
        let mut points: Vec<(u32, f64, Vec2)> = Vec::with_capacity(wanted + wanted / 4);
        for row in -reach..=reach {
            for column in -2 * reach..=2 * reach {
                let norm = column * column + column * row + row * row;
                if norm <= limit {
                    let (x, y) = (column as f64 + row as f64 / 2.0, row as f64 * ROW);
                    // Clockwise from the top, 0 to 2π.
                    let angle = x.atan2(y).rem_euclid(std::f64::consts::TAU);
                    points.push((norm as u32, angle, Vec2::new(x as f32, y as f32)));
                }
            }
        }
        points.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        self.places = points.iter().map(|point| point.2).collect();
        self.norms = points.iter().map(|point| point.0).collect();
    }

    /// Where a slot lies, from the middle of its district. Slots beyond what was ensured lie in the middle.
    pub(super) fn place(&self, slot: usize) -> Vec2 {
        self.places.get(slot).copied().unwrap_or(Vec2::ZERO)
    }

    /// The slot nearest to a point, from the middle of its district; `None` beyond the slots that were ensured.
    pub(super) fn nearest(&self, point: Vec2) -> Option<usize> {
        if !point.is_finite() || point.abs().max_element() > 1e6 {
            return None;
        }
        let (x, y) = (f64::from(point.x), f64::from(point.y));
        // The nearest point lies in the row above or below.
        let below = (y / ROW).floor();
        let (_, column, row) = [below, below + 1.0]
            .map(|row| {
                let column = (x - row / 2.0).round();
                let (dx, dy) = (column + row / 2.0 - x, row * ROW - y);
                (dx * dx + dy * dy, column as i64, row as i64)
            })
            .into_iter()
            .min_by(|a, b| a.0.total_cmp(&b.0))?;
        self.slot(column, row)
    }

    /// The slot at a point of the lattice.
    fn slot(&self, column: i64, row: i64) -> Option<usize> {
        let norm = u32::try_from(column * column + column * row + row * row).ok()?;
        let place = Vec2::new((column as f64 + row as f64 / 2.0) as f32, (row as f64 * ROW) as f32);
        let first = self.norms.partition_point(|&other| other < norm);
        let shell = self
            .norms
            .get(first..)?
            .iter()
            .take_while(|&&other| other == norm)
            .count();
        let within = self
            .places
            .get(first..first + shell)?
            .iter()
            .position(|other| *other == place)?;
        Some(first + within)
    }

    /// The slots below `count` whose middle lies in a rectangle, from the middle of their district, in no order. Looks
    /// at the lattice under the rectangle, or at the slots where those are fewer.
    pub(super) fn within(&self, rect: Rect, count: usize) -> Vec<usize> {
        let reach = count.checked_sub(1).and_then(|last| self.norms.get(last));
        let Some(&norm) = reach else { return Vec::new() };
        if !rect.min.cmple(rect.max).all() {
            // A NaN is nowhere.
            return Vec::new();
        }
        // Beyond the outermost slot there is nothing to look at.
        let bound = (norm as f32).sqrt() + 1.0;
        let rect = rect.intersect(Rect::from_center_half_size(Vec2::ZERO, Vec2::splat(bound)));
        if rect.is_empty() {
            return Vec::new();
        }
        if rect.width() * rect.height() >= count as f32 * AREA_PER_SLOT as f32 {
            let is_in = |slot: &usize| rect.contains(self.place(*slot));
            return (0..count).filter(is_in).collect();
        }
        let rows = (f64::from(rect.min.y) / ROW).ceil() as i64..=(f64::from(rect.max.y) / ROW).floor() as i64;
        let mut found = Vec::new();
        for row in rows {
            let aside = row as f64 / 2.0;
            let first = (f64::from(rect.min.x) - aside).ceil() as i64;
            let last = (f64::from(rect.max.x) - aside).floor() as i64;
            let slots = (first..=last).filter_map(|column| self.slot(column, row));
            found.extend(slots.filter(|slot| *slot < count));
        }
        found
    }

    /// How far the middle of the outermost of `count` slots is from the district's.
    pub(super) fn reach(&mut self, count: usize) -> f32 {
        self.ensure(count);
        let outermost = count.saturating_sub(1);
        self.norms.get(outermost).map_or(0.0, |&norm| (norm as f32).sqrt())
    }

    /// `count` rounded up to a full circle of slots: all that are as far out as the outermost.
    pub(super) fn full_circle(&mut self, count: usize) -> usize {
        let mut end = count;
        loop {
            self.ensure(end + 1);
            let (inner, outer) = (self.norms.get(end.saturating_sub(1)), self.norms.get(end));
            if end > 0 && inner != outer {
                return end;
            }
            end += 1;
        }
    }
}

/// Who has which slot. A slot is its holder's for life; a freed one goes to a later arrival, the innermost first.
#[derive(Debug)]
pub(super) struct Slots<K> {
    taken: Vec<Option<K>>,
    free: BinaryHeap<Reverse<u32>>,
    used: usize,
}

impl<K> Default for Slots<K> {
    fn default() -> Self {
        Self {
            taken: Vec::new(),
            free: BinaryHeap::new(),
            used: 0,
        }
    }
}

impl<K: Copy + PartialEq> Slots<K> {
    /// Gives `holder` the innermost free slot.
    pub(super) fn take(&mut self, holder: K) -> u32 {
        self.used += 1;
        while let Some(Reverse(slot)) = self.free.pop() {
            if let Some(place @ None) = self.taken.get_mut(slot as usize) {
                *place = Some(holder);
                return slot;
            }
        }
        self.taken.push(Some(holder));
        (self.taken.len() - 1) as u32
    }

    /// Frees a slot, if it is `holder`'s.
    pub(super) fn release(&mut self, slot: u32, holder: K) {
        let Some(place) = self.taken.get_mut(slot as usize) else {
            return;
        };
        if *place != Some(holder) {
            return;
        }
        *place = None;
        self.used -= 1;
        self.free.push(Reverse(slot));
        // The tail is cut, so that `end` is the outermost slot in use; what `free` still names of it, `take` skips.
        while self.taken.last().is_some_and(Option::is_none) {
            self.taken.pop();
        }
        if self.taken.is_empty() {
            self.free.clear();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Slots up to the outermost one in use.
    pub(super) fn end(&self) -> usize {
        self.taken.len()
    }

    pub(super) fn holds(&self, slot: u32, holder: K) -> bool {
        self.taken
            .get(slot as usize)
            .is_some_and(|place| *place == Some(holder))
    }

    /// Whose a slot is.
    pub(super) fn holder(&self, slot: usize) -> Option<K> {
        self.taken.get(slot).copied().flatten()
    }

    /// Slots and their holders, from the middle out.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, K)> + '_ {
        self.taken
            .iter()
            .enumerate()
            .filter_map(|(slot, holder)| holder.map(|holder| (slot as u32, holder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_lie_one_apart_and_from_the_middle_out() {
        let mut table = SlotTable::default();
        table.ensure(500);
        let places: Vec<Vec2> = (0..500).map(|slot| table.place(slot)).collect();
        assert_eq!(places[0], Vec2::ZERO);
        for (index, place) in places.iter().enumerate() {
            assert!(index == 0 || place.length() >= places[index - 1].length() - 1e-4);
            assert!(
                places[..index].iter().all(|other| other.distance(*place) > 0.999),
                "slot {index}"
            );
        }
    }

    #[test]
    fn a_slot_lies_where_it_lay_before_the_table_grew() {
        let (mut small, mut large) = (SlotTable::default(), SlotTable::default());
        small.ensure(10);
        large.ensure(20_000);
        assert!((0..10).all(|slot| small.place(slot) == large.place(slot)));
        small.ensure(5_000);
        assert!((0..5_000).all(|slot| small.place(slot) == large.place(slot)));
    }

    #[test]
    fn the_nearest_slot_is_found_by_arithmetic() {
        let mut table = SlotTable::default();
        table.ensure(300);
        for slot in 0..300 {
            let off = Vec2::from_angle(slot as f32) * 0.45;
            assert_eq!(table.nearest(table.place(slot) + off), Some(slot));
        }
        assert_eq!(table.nearest(Vec2::new(1e5, 0.0)), None);
        assert_eq!(table.nearest(Vec2::NAN), None);
    }

    #[test]
    fn the_slots_in_a_rectangle_are_those_that_a_search_finds() {
        let mut table = SlotTable::default();
        table.ensure(2_000);
        for number in 0..400_u32 {
            let spread = |salt: u32, scale: f32| {
                let hash = (number * 4 + salt).wrapping_mul(2_654_435_761) >> 8;
                (hash as f32 / 0x00ff_ffff as f32 - 0.5) * scale
            };
            let rect = Rect::new(spread(0, 60.0), spread(1, 60.0), spread(2, 60.0), spread(3, 60.0));
            let count = (number as usize * 5) % 2_000;
            let mut found = table.within(rect, count);
            found.sort_unstable();
            let searched: Vec<usize> = (0..count).filter(|slot| rect.contains(table.place(*slot))).collect();
            assert_eq!(found, searched, "{rect:?} of {count}");
        }
        let everything = Rect::new(f32::NEG_INFINITY, -1e30, f32::INFINITY, 1e30);
        assert_eq!(table.within(everything, 500).len(), 500);
        let nowhere = Rect {
            min: Vec2::NAN,
            max: Vec2::NAN,
        };
        assert!(table.within(nowhere, 500).is_empty() && table.within(everything, 0).is_empty());
    }

    #[test]
    fn full_circles_hold_1_7_13_19_31_37() {
        let mut table = SlotTable::default();
        let circles: Vec<usize> = [1, 2, 8, 14, 20, 32].map(|count| table.full_circle(count)).into();
        assert_eq!(circles, [1, 7, 13, 19, 31, 37]);
    }

    #[test]
    fn freed_slots_go_to_later_arrivals_innermost_first_and_nobody_moves() {
        let mut slots = Slots::default();
        let taken: Vec<u32> = (0..5).map(|who| slots.take(who)).collect();
        assert_eq!(taken, [0, 1, 2, 3, 4]);
        slots.release(4, 4);
        slots.release(1, 1);
        slots.release(3, 99); // not theirs
        assert_eq!(slots.end(), 4);
        assert_eq!((slots.take(10), slots.take(11), slots.take(12)), (1, 4, 5));
        assert!(slots.holds(3, 3));
    }
}
