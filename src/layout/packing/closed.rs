//! Which circles have no room beside them: what a newcomer need not ask again. Only spares looking; where it is placed is
//! the same without.
//!
//! A circle is closed to a radius when everywhere on its rim a circle of that radius would overlap another one. Then it is
//! closed to larger ones, too: within a larger one that touches it there would be room for the smaller. It stays so until a
//! circle near by goes or moves.

use super::{Circle, GAP, Packing};

/// Per circle the least radius that it is known to be closed to; infinite where nothing is known.
#[derive(Debug, Default)]
pub(super) struct Closed {
    radii: Vec<f32>,
    /// The largest of them that was ever noted since all were forgotten.
    largest: f32,
}

impl Closed {
    pub(super) fn is_closed(&self, number: u32, radius: f32) -> bool {
        self.radii
            .get(number as usize)
            .is_some_and(|closed_to| *closed_to <= radius)
    }

    pub(super) fn note(&mut self, number: u32, radius: f32) {
        let index = number as usize;
        if self.radii.len() <= index {
            self.radii.resize(index + 1, f32::INFINITY);
        }
        if let Some(closed_to) = self.radii.get_mut(index) {
            *closed_to = closed_to.min(radius);
            self.largest = self.largest.max(radius);
        }
    }

    pub(super) fn forget(&mut self) {
        self.radii.clear();
        self.largest = 0.0;
    }

    fn reopen(&mut self, number: u32) {
        if let Some(closed_to) = self.radii.get_mut(number as usize) {
            *closed_to = f32::INFINITY;
        }
    }
}

impl Packing {
    /// A circle goes from where it stands: those near enough for it to have been in the way beside them may have room now.
    pub(super) fn open_around(&mut self, number: u32, circle: Circle) {
        if self.closed.radii.is_empty() {
            return;
        }
        let within = 2.0 * (self.closed.largest + GAP);
        let near = self.near(circle.center, circle.radius, within);
        let reopened: Vec<u32> = near.map(|(other, _)| other).chain([number]).collect();
        for number in reopened {
            self.closed.reopen(number);
        }
    }
}
