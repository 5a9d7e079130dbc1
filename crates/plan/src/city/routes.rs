//! Ways along the streets: for agents that fly from one task to another, and for the strands between related blocks.

use std::hash::Hash;

use glam::Vec2;

use super::City;
use crate::{BlockKey, Rect};

/// A way along the streets is taken where it is at most this many times as long as the straight one.
const LONGEST: f32 = 1.5;

/// The middle of the upper or the lower side of a rectangle of the world. Strands join the sides that face each other; of
/// blocks side by side, the lower ones.
fn side(rect: Rect, faces_up: bool) -> Vec2 {
    let y = if faces_up { rect.max.y } else { rect.min.y };
    Vec2::new(rect.center().x, y)
}

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// The points of the way from one point of the world to another: along the streets, or straight where that would be more
    /// than half as long again. Both ends are among them.
    pub fn street_route(&self, from: Vec2, to: Vec2) -> Vec<Vec2> {
        let straight = from.distance(to);
        let (start, end) = (self.in_plan(from), self.in_plan(to));
        let route = self.along_streets(start, end);
        let length: f32 = route.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
        if length.is_nan() || length > straight * LONGEST {
            return vec![from, to];
        }
        route.into_iter().map(|point| self.to_world(point)).collect()
    }

    /// The points of the strand between two blocks, along the streets from the side of one to the side of the other. A strand
    /// is a picture, not a move: it takes the streets however long they are, and crosses no block. Empty where one of the two
    /// has no place.
    pub fn strand(&self, from: BlockKey<K>, to: BlockKey<K>) -> Vec<Vec2> {
        let (Some(one), Some(other)) = (self.place_of(from), self.place_of(to)) else {
            return Vec::new();
        };
        let (first, second) = (one.rect.center().y, other.rect.center().y);
        self.strand_between(side(one.rect, first < second), side(other.rect, second < first))
    }

    /// The points of the strand from a point of the world, such as the place of an agent, to the side of a block. Empty where
    /// the block has no place.
    pub fn strand_from(&self, from: Vec2, to: BlockKey<K>) -> Vec<Vec2> {
        let Some(other) = self.place_of(to) else {
            return Vec::new();
        };
        self.strand_between(from, side(other.rect, other.rect.center().y < from.y))
    }

    fn strand_between(&self, from: Vec2, to: Vec2) -> Vec<Vec2> {
        let route = self.along_streets(self.in_plan(from), self.in_plan(to));
        route.into_iter().map(|point| self.to_world(point)).collect()
    }

    /// The horizontal streets at a point, as numbers of the strips below them: that which it is in, or those above and below
    /// the strip which it is in. `None` above all strips.
    fn streets_at(&self, point: Vec2) -> Option<[usize; 2]> {
        let below = self.strips.partition_point(|strip| strip.top <= point.y);
        let strip = self.strips.get(below.checked_sub(1)?)?;
        let is_street = point.y >= strip.top + strip.height;
        Some(if is_street { [below, below] } else { [below - 1, below] })
    }

    /// The middle of the horizontal street above a strip; for the number of strips, of the one below all.
    fn street_above(&self, index: usize) -> f32 {
        let below = |index: usize| self.strips.get(index).map(|strip| strip.top + strip.height);
        match (index.checked_sub(1).and_then(below), self.strips.get(index)) {
            (Some(bottom), Some(next)) => f32::midpoint(bottom, next.top),
            (Some(bottom), None) => bottom + self.widths.street.y / 2.0,
            (None, Some(first)) => first.top / 2.0,
            (None, None) => 0.0,
        }
    }

    /// The vertical street of a strip that is nearest to a column of the plan.
    fn street_aside(&self, index: usize, x: f32) -> f32 {
        let Some(strip) = self.strips.get(index) else { return x };
        let block_at = |place: usize| strip.blocks.get(place).and_then(|&number| self.block(number));
        // Streets between many blocks are narrower than others.
        let right = |place: usize| {
            let end = block_at(place)?.rect.max.x;
            let street = self.widths.street.x / 2.0;
            Some(block_at(place + 1).map_or(end + street, |next| f32::midpoint(end, next.rect.min.x)))
        };
        let after = strip
            .blocks
            .partition_point(|&number| self.block(number).is_some_and(|block| block.rect.max.x < x));
        let left = after.checked_sub(1).and_then(right).unwrap_or(self.widths.edge / 2.0);
        match right(after) {
            Some(right) if right - x < x - left => right,
            _ => left,
        }
    }

    fn along_streets(&self, start: Vec2, end: Vec2) -> Vec<Vec2> {
        let (Some(first), Some(last)) = (self.streets_at(start), self.streets_at(end)) else {
            return vec![start, end];
        };
        // The streets at which it begins and ends: as few strips as possible are passed, then as little ground.
        let detour = |[leave, enter]: [usize; 2]| {
            let aside = (start.y - self.street_above(leave)).abs() + (end.y - self.street_above(enter)).abs();
            (leave.abs_diff(enter), aside)
        };
        let pairs = first.map(|leave| last.map(|enter| [leave, enter]));
        let nearer = |one: &[usize; 2], other: &[usize; 2]| {
            let (one, other) = (detour(*one), detour(*other));
            one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
        };
        let Some([leave, enter]) = pairs.into_iter().flatten().min_by(nearer) else {
            return vec![start, end];
        };
        let mut route = vec![start];
        let mut turn = |point: Vec2| {
            // Points on one line are one leg.
            if let [.., before, previous] = *route.as_slice()
                && ((before.x == previous.x && previous.x == point.x)
                    || (before.y == previous.y && previous.y == point.y))
            {
                route.pop();
            }
            if route.last() != Some(&point) {
                route.push(point);
            }
        };
        let mut at = Vec2::new(start.x, self.street_above(leave));
        turn(at);
        let mut street = leave;
        while street != enter {
            // Through the strip between this street and the next, where the straight way would pass it.
            let (strip, next) = if street < enter {
                (street, street + 1)
            } else {
                (street - 1, street - 1)
            };
            let next_y = self.street_above(next);
            let share = ((next_y - at.y) / (end.y - at.y)).clamp(0.0, 1.0);
            let x = self.street_aside(strip, at.x + (end.x - at.x) * share);
            turn(Vec2::new(x, at.y));
            at = Vec2::new(x, next_y);
            turn(at);
            street = next;
        }
        turn(Vec2::new(end.x, at.y));
        turn(end);
        route
    }
}
