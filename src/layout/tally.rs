//! The number of rows by status of each block, updated as rows change: a header is read from here, and a workflow with a
//! hundred thousand tasks costs no more than one with ten.

use bevy::{
    ecs::entity::{EntityHashMap, EntityHashSet},
    prelude::*,
};

use model::{Phase, Status};

/// Counts by `Status::index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([u32; Status::ALL.len()]);

impl Tally {
    /// Rows in a status.
    pub fn of(&self, status: Status) -> u32 {
        self.0.get(status.index()).copied().unwrap_or(0)
    }

    /// All rows.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Rows that count for progress: what was called off is neither done nor to do.
    pub fn counted(&self) -> u32 {
        self.total() - self.of(Status::Cancelled)
    }

    /// The share of the rows that are done, of those that count.
    pub(crate) fn done(&self) -> Option<f32> {
        let counted = self.counted();
        (counted > 0).then(|| self.of(Status::Done) as f32 / counted as f32)
    }

    /// Rows in trouble.
    pub fn alarms(&self) -> u32 {
        Status::troubles().map(|status| self.of(status)).sum()
    }

    /// The most severe status in trouble that occurs, and its number of rows.
    pub fn most_severe(&self) -> Option<(Status, u32)> {
        Status::troubles()
            .map(|status| (status, self.of(status)))
            .find(|(_, count)| *count > 0)
    }

    /// Whether no row is under way or still to come.
    fn is_over(&self) -> bool {
        Status::ALL
            .into_iter()
            .all(|status| self.of(status) == 0 || status.phase() == Phase::Over)
    }

    /// Whether everything is over and nothing is in trouble.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_over() && self.alarms() == 0
    }

    fn add(&mut self, status: Status) {
        if let Some(count) = self.0.get_mut(status.index()) {
            *count += 1;
        }
    }

    fn remove(&mut self, status: Status) {
        if let Some(count) = self.0.get_mut(status.index()) {
            *count = count.saturating_sub(1);
        }
    }
}

/// The tally of every block that has rows, by the block's entity.
#[derive(Resource, Debug, Default)]
pub struct Tallies {
    by_block: EntityHashMap<Tally>,
    /// The block and the status under which each row is counted.
    counted: EntityHashMap<(Entity, Status)>,
    /// Blocks whose tally changed in this frame.
    changed: EntityHashSet,
}

impl Tallies {
    /// The tally of a block.
    pub fn of(&self, block: Entity) -> Tally {
        self.by_block.get(&block).copied().unwrap_or_default()
    }

    /// The rows of all blocks.
    pub fn total(&self) -> u32 {
        self.by_block.values().map(Tally::total).sum()
    }

    /// Blocks whose tally changed in this frame.
    pub(crate) fn changed(&self) -> impl Iterator<Item = Entity> {
        self.changed.iter().copied()
    }

    /// The block that a row is counted in.
    pub(crate) fn block_of(&self, row: Entity) -> Option<Entity> {
        self.counted.get(&row).map(|(block, _)| *block)
    }

    /// Begins a frame.
    pub(super) fn begin(&mut self) {
        self.changed.clear();
    }

    /// Counts a row under its block and status; `None` when it is gone.
    pub(super) fn count(&mut self, row: Entity, now: Option<(Entity, Status)>) {
        let before = match now {
            Some(now) => self.counted.insert(row, now),
            None => self.counted.remove(&row),
        };
        if before == now {
            return;
        }
        if let Some((block, status)) = before {
            let tally = self.tally(block);
            tally.remove(status);
            if tally.total() == 0 {
                self.by_block.remove(&block);
            }
        }
        if let Some((block, status)) = now {
            self.tally(block).add(status);
        }
    }

    fn tally(&mut self, block: Entity) -> &mut Tally {
        self.changed.insert(block);
        self.by_block.entry(block).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_follows_its_rows() {
        let entity = |index| Entity::from_raw_u32(index).expect("not the placeholder");
        let (one, other) = (entity(1), entity(2));
        let mut tallies = Tallies::default();
        for index in 10..20 {
            tallies.count(entity(index), Some((one, Status::Running)));
        }
        tallies.count(entity(10), Some((one, Status::Done)));
        tallies.count(entity(11), Some((one, Status::Failed)));
        tallies.count(entity(12), Some((one, Status::Cancelled)));
        tallies.count(entity(13), Some((other, Status::Running)));
        tallies.count(entity(14), None);
        tallies.count(entity(14), None);
        let tally = tallies.of(one);
        assert_eq!((tally.total(), tally.of(Status::Running)), (8, 5));
        assert_eq!((tally.done(), tally.alarms()), (Some(1.0 / 7.0), 1));
        assert_eq!(tally.most_severe(), Some((Status::Failed, 1)));
        assert_eq!(tallies.block_of(entity(13)), Some(other));
        for index in 10..20 {
            tallies.count(entity(index), None);
        }
        assert!(
            tallies.by_block.is_empty() && tallies.counted.is_empty(),
            "nothing remains of what is gone"
        );
        assert_eq!(tallies.changed().count(), 2);
        tallies.begin();
        assert_eq!(tallies.changed().count(), 0);
    }

    #[test]
    fn only_what_is_over_without_trouble_is_quiet() {
        let tally = |statuses: &[Status]| {
            let mut tally = Tally::default();
            statuses.iter().for_each(|status| tally.add(*status));
            tally
        };
        assert!(tally(&[Status::Done, Status::Cancelled]).is_quiet());
        assert!(!tally(&[Status::Done, Status::Failed]).is_quiet());
        assert!(!tally(&[Status::Done, Status::Queued]).is_quiet());
    }
}
