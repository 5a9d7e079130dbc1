//! Where districts stand: circles on a wide plane, the largest in the middle, never overlapping, each staying where it
//! is while others come, go and grow.

mod closed;
mod growth;
mod search;

use std::{cmp::Reverse, collections::BinaryHeap};

use bevy::{math::Vec2, platform::collections::HashMap};

/// Free ground between two districts: room for a name.
pub(super) const GAP: f32 = 2.6;
/// Free ground that stays between two districts when one of them grows. What is between it and `GAP` takes up the push, so
/// that a district that grows by a step moves some around it and not everybody out to the rim.
const KEPT_GAP: f32 = 1.3;
/// How much wider than high the whole becomes: a 16:9 screen less its header, the dock, the legend and room for names.
const ASPECT: f32 = 1.9;
/// Edge of a cell of the look-up grid: about as wide as a district of a hundred tasks with room around it, so that one
/// lies in a cell or a few, and a look around it is one into a dozen.
const CELL: f32 = 24.0;
/// Nearer than this is touching, not overlapping: rounding.
const SLACK: f32 = 1e-3;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    pub(super) center: Vec2,
    pub(super) radius: f32,
}

/// The circles, by number.
#[derive(Debug, Default)]
pub(super) struct Packing {
    circles: Vec<Option<Circle>>,
    cells: HashMap<(i32, i32), Vec<u32>>,
    closed: closed::Closed,
}

/// A place that may be taken, the best first.
type Candidate = Reverse<(i64, i64, i64, Spot)>;

/// A position that sorts by its bits; only to travel in a heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spot(u32, u32);

impl Packing {
    pub(super) fn get(&self, number: u32) -> Option<Circle> {
        self.circles.get(number as usize).copied().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Circle)> + '_ {
        self.circles
            .iter()
            .enumerate()
            .filter_map(|(number, circle)| circle.map(|circle| (number as u32, circle)))
    }

    /// Stands circles where there is room nearest to the middle, in the order given: the largest should come first.
    pub(super) fn place_all(&mut self, newcomers: &[(u32, f32)]) {
        let mut heap: BinaryHeap<Candidate> = BinaryHeap::new();
        let mut heap_radius = f32::NAN;
        for &(number, radius) in newcomers {
            if radius != heap_radius {
                heap_radius = radius;
                heap.clear();
                let open = self.iter().map(|(number, _)| number);
                let open: Vec<u32> = open.filter(|number| !self.closed.is_closed(*number, radius)).collect();
                for other in open {
                    let known = heap.len();
                    self.offer(other, radius, |at| !self.overlaps(at, radius), &mut heap);
                    if heap.len() == known {
                        self.closed.note(other, radius);
                    }
                }
            }
            let mut center = Vec2::ZERO;
            while let Some(Reverse((.., spot))) = heap.pop() {
                let at = Vec2::new(f32::from_bits(spot.0), f32::from_bits(spot.1));
                if !self.overlaps(at, radius) {
                    center = at;
                    break;
                }
            }
            self.set(number, Circle { center, radius });
            // Whether a place is free is asked when it is its turn.
            self.offer(number, radius, |_| true, &mut heap);
        }
    }

    /// Takes a circle away. Nobody moves.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(circle) = self.circles.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        self.open_around(number, circle);
        for cell in cells(circle.center, circle.radius) {
            if let Some(list) = self.cells.get_mut(&cell) {
                list.retain(|&other| other != number);
                if list.is_empty() {
                    self.cells.remove(&cell);
                }
            }
        }
    }

    /// How many times the circles' own area the ground is that holds them; 1.5 to 2.5 when packed well. 0 for so few
    /// circles that it says nothing.
    pub(super) fn sparsity(&self) -> f32 {
        let (mut low, mut high, mut area, mut count) = (Vec2::MAX, Vec2::MIN, 0.0, 0);
        for (_, Circle { center, radius }) in self.iter() {
            low = low.min(center - radius);
            high = high.max(center + radius);
            area += std::f32::consts::PI * (radius + GAP / 2.0).powi(2);
            count += 1;
        }
        let size = high - low;
        // The measure is the ground of the right shape that holds them: a long thin row is sparse as well.
        let width = size.x.max(size.y * ASPECT);
        if count > 4 { width * width / ASPECT / area } else { 0.0 }
    }

    /// Offers every place for a circle of `radius` that touches circle `number`, alone or with a neighbour, where it is
    /// `wanted`. There is room on the rim of the circle exactly where one of these is free: the ends of a free arc touch a
    /// neighbour.
    fn offer(&self, number: u32, radius: f32, wanted: impl Fn(Vec2) -> bool, heap: &mut BinaryHeap<Candidate>) {
        let Some(anchor) = self.get(number) else { return };
        let mut offer = |at: Vec2| {
            if wanted(at) {
                heap.push(candidate(at, radius));
            }
        };
        let reach = anchor.radius + radius + GAP;
        // Alone: to the right, to the left, and the four between.
        for (x, y) in [
            (1.0, 0.0),
            (-1.0, 0.0),
            (0.5, 1.0),
            (-0.5, 1.0),
            (0.5, -1.0),
            (-0.5, -1.0),
        ] {
            let direction = Vec2::new(x, y * 0.866_025_4);
            offer(anchor.center + direction * reach);
        }
        let mut seen: Vec<u32> = Vec::new();
        let around = anchor.radius + 2.0 * (radius + GAP);
        for (other_number, other) in self.near(anchor.center, around, GAP) {
            if other_number == number || seen.contains(&other_number) {
                continue;
            }
            seen.push(other_number);
            // Where the two circles that the newcomer's centre may lie on cross.
            let other_reach = other.radius + radius + GAP;
            let between = other.center - anchor.center;
            let distance_squared = between.length_squared();
            if distance_squared < SLACK {
                continue;
            }
            let along = (distance_squared + reach * reach - other_reach * other_reach) / (2.0 * distance_squared);
            let across = reach * reach / distance_squared - along * along;
            if across < 0.0 {
                continue;
            }
            let foot = anchor.center + between * along;
            let aside = between.perp() * across.sqrt();
            offer(foot + aside);
            offer(foot - aside);
        }
    }

    fn overlaps(&self, center: Vec2, radius: f32) -> bool {
        self.near(center, radius, GAP).next().is_some()
    }

    /// The circles that are nearer than `gap` to this one, possibly more than once each.
    fn near(&self, center: Vec2, radius: f32, gap: f32) -> impl Iterator<Item = (u32, Circle)> + '_ {
        let here = cells(center, radius + gap).filter_map(|cell| self.cells.get(&cell));
        here.flatten().filter_map(move |&number| {
            let circle = self.get(number)?;
            let clear = circle.radius + radius + gap - SLACK;
            (circle.center.distance_squared(center) < clear * clear).then_some((number, circle))
        })
    }

    fn set(&mut self, number: u32, circle: Circle) {
        self.remove(number);
        let index = number as usize;
        if self.circles.len() <= index {
            self.circles.resize(index + 1, None);
        }
        if let Some(place) = self.circles.get_mut(index) {
            *place = Some(circle);
        }
        for cell in cells(circle.center, circle.radius) {
            self.cells.entry(cell).or_default().push(number);
        }
    }
}

/// Ranks a place: first by how much of the wide plane is needed to hold a circle there, then, among mirror images, top
/// before bottom and left before right. Rounded, so that mirror images tie whatever the last bits say.
fn candidate(at: Vec2, radius: f32) -> Candidate {
    let (x, y) = (at.x.abs() / ASPECT + radius / ASPECT, at.y.abs() + radius);
    // The fourth powers make the plane's edge a rounded rectangle; their root keeps the scale.
    let needed = (x * x * x * x + y * y * y * y).sqrt().sqrt();
    let round = |value: f32| (value * 64.0).round() as i64;
    Reverse((
        round(needed),
        round(-at.y),
        round(at.x),
        Spot(at.x.to_bits(), at.y.to_bits()),
    ))
}

/// The grid's cells under a circle's bounding box.
fn cells(center: Vec2, radius: f32) -> impl Iterator<Item = (i32, i32)> {
    cells_within(center - radius, center + radius)
}

/// The grid's cells under a rectangle.
fn cells_within(low: Vec2, high: Vec2) -> impl Iterator<Item = (i32, i32)> {
    let low = (low / CELL).floor().as_ivec2();
    let high = (high / CELL).floor().as_ivec2();
    (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| (x, y)))
}

#[cfg(test)]
mod tests;
