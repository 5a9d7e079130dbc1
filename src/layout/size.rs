//! How large a district is: in steps, so that one more task or agent seldom changes it.

use super::{belt, slots::SlotTable};

/// Slots of the smallest district: the middle and one circle around it.
const LEAST_SLOTS: usize = 7;
/// From one step to the next a district holds at least this many times the tasks.
const STEP: f32 = 1.5;
/// A district shrinks only when a third of its slots would do: it does not swing.
const SHRINK_BELOW: usize = 3;

/// The size of one district.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    /// Slots for tasks.
    pub(super) slots: usize,
    /// Distance of the outermost slot from the middle.
    pub(super) reach: f32,
    /// Rings of places for agents between the slots and the district's edge.
    pub(super) belts: usize,
}

impl Size {
    /// The smallest step that holds `slots` tasks and `agents` agents.
    pub(super) fn fitting(table: &mut SlotTable, slots: usize, agents: usize) -> Self {
        let mut step = LEAST_SLOTS;
        while step < slots {
            let next = (step as f32 * STEP).ceil() as usize;
            step = table.full_circle(next);
        }
        let reach = table.reach(step);
        Self {
            slots: step,
            reach,
            belts: belt::needed(reach, agents),
        }
    }

    /// The size to have from now on: this one, unless it is too small or far too large.
    pub(super) fn adapted(self, table: &mut SlotTable, slots: usize, agents: usize) -> Self {
        let roomy = slots * SHRINK_BELOW > self.slots || self.slots == LEAST_SLOTS;
        if slots <= self.slots && roomy {
            let belts = belt::needed(self.reach, agents);
            // One belt more than needed stays: an agent that comes and goes does not make the district breathe.
            let belts = if self.belts == belts + 1 { self.belts } else { belts };
            return Self { belts, ..self };
        }
        Self::fitting(table, slots, agents)
    }

    /// Radius of the district's ring.
    pub(super) fn radius(self) -> f32 {
        belt::edge(self.reach, self.belts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_in_steps_of_half_as_much_again() {
        let mut table = SlotTable::default();
        let mut steps: Vec<usize> = (1..2_000).map(|n| Size::fitting(&mut table, n, 0).slots).collect();
        steps.dedup();
        assert_eq!(&steps[..5], [7, 13, 31, 55, 85]);
        assert!(steps.windows(2).all(|pair| pair[1] as f32 >= 1.5 * pair[0] as f32));
        assert!((1..2_000).all(|n| Size::fitting(&mut table, n, 0).slots >= n));
    }

    #[test]
    fn a_district_keeps_its_size_until_a_third_would_do() {
        let mut table = SlotTable::default();
        let size = Size::fitting(&mut table, 50, 0);
        assert_eq!(size.adapted(&mut table, 20, 0), size);
        assert_eq!(size.adapted(&mut table, 55, 0), size);
        assert!(size.adapted(&mut table, 56, 0).slots > size.slots);
        assert!(size.adapted(&mut table, 10, 0).slots < size.slots);
    }
}
