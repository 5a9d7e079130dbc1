//! The numbered slots of a block: a slot belongs to one row for as long as the row is in the block.

use std::{cmp::Reverse, collections::BinaryHeap};

/// A row in its slot, with what it sorts by.
#[derive(Debug, Clone)]
pub(crate) struct Occupant<K, O> {
    pub(crate) row: K,
    pub(crate) order: O,
}

/// Which row has which slot. A freed slot goes to a later row, the lowest first.
#[derive(Debug)]
pub(crate) struct Slots<K, O> {
    taken: Vec<Option<Occupant<K, O>>>,
    free: BinaryHeap<Reverse<u32>>,
    used: u32,
}

impl<K, O> Default for Slots<K, O> {
    fn default() -> Self {
        Self {
            taken: Vec::new(),
            free: BinaryHeap::new(),
            used: 0,
        }
    }
}

impl<K: Copy + Eq, O: Ord> Slots<K, O> {
    /// Gives a row the lowest free slot.
    pub(crate) fn take(&mut self, row: K, order: O) -> u32 {
        self.used += 1;
        let occupant = Some(Occupant { row, order });
        while let Some(Reverse(slot)) = self.free.pop() {
            // A slot beyond the end has been given up together with the end.
            if let Some(place @ None) = self.taken.get_mut(slot as usize) {
                *place = occupant;
                return slot;
            }
        }
        self.taken.push(occupant);
        (self.taken.len() - 1) as u32
    }

    /// Frees a slot.
    pub(crate) fn release(&mut self, slot: u32) -> Option<Occupant<K, O>> {
        let occupant = self.taken.get_mut(slot as usize)?.take()?;
        self.used -= 1;
        self.free.push(Reverse(slot));
        // The end is the highest slot in use.
        while self.taken.last().is_some_and(Option::is_none) {
            self.taken.pop();
        }
        if self.taken.is_empty() {
            self.free.clear();
        }
        Some(occupant)
    }

    /// Rows that have a slot.
    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    /// The number of slots up to the highest one in use.
    pub(crate) fn end(&self) -> u32 {
        self.taken.len() as u32
    }

    /// The row of a slot.
    pub(crate) fn row(&self, slot: u32) -> Option<K> {
        self.taken.get(slot as usize)?.as_ref().map(|occupant| occupant.row)
    }

    /// Slots and their rows, in the order of the slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, K)> + '_ {
        let numbered = self.taken.iter().enumerate();
        numbered.filter_map(|(slot, occupant)| occupant.as_ref().map(|occupant| (slot as u32, occupant.row)))
    }

    /// Gives all rows new slots, without a free one between them, in their order. Returns whether a row got another slot.
    pub(crate) fn sort(&mut self) -> bool {
        let in_order = self.used == self.end()
            && self.taken.windows(2).all(|pair| match pair {
                [Some(one), Some(next)] => one.order <= next.order,
                _ => false,
            });
        if in_order {
            return false;
        }
        self.free.clear();
        self.taken.retain(Option::is_some);
        self.taken
            .sort_by(|one, next| one.as_ref().map(|o| &o.order).cmp(&next.as_ref().map(|o| &o.order)));
        true
    }

    /// Takes all rows out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Occupant<K, O>> {
        self.used = 0;
        self.free.clear();
        std::mem::take(&mut self.taken).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_slots_go_to_later_rows_lowest_first_and_the_others_stay() {
        let mut slots = Slots::default();
        let taken: Vec<u32> = (0..5).map(|row| slots.take(row, row)).collect();
        assert_eq!(taken, [0, 1, 2, 3, 4]);
        for slot in [4, 1] {
            assert_eq!(slots.release(slot).map(|occupant| occupant.row), Some(slot));
        }
        assert!(slots.release(1).is_none());
        assert_eq!((slots.end(), slots.used()), (4, 3));
        assert_eq!([slots.take(10, 10), slots.take(11, 11), slots.take(12, 12)], [1, 4, 5]);
        assert_eq!(slots.row(3), Some(3));
        assert!(slots.sort());
        let rows: Vec<(u32, u32)> = slots.iter().collect();
        assert_eq!(rows, [(0, 0), (1, 2), (2, 3), (3, 10), (4, 11), (5, 12)]);
        assert!(!slots.sort());
    }
}
