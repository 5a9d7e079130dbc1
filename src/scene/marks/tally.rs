//! How many tasks of each status a workflow has, kept as they change: a district's arcs are
//! read from here, and a workflow of a hundred thousand tasks costs no more than one of ten.

use bevy::{
    ecs::entity::{EntityHashMap, EntityHashSet},
    prelude::*,
};

use crate::{
    domain::Status,
    fleet::{Moment, PartOf, RowState, TaskRow, Touched},
};

/// Counts by `Status::index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([u32; Status::ALL.len()]);

impl Tally {
    pub fn of(&self, status: Status) -> u32 {
        self.0.get(status.index()).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Share of the tasks that are done, of those that are not called off.
    pub fn done(&self) -> Option<f32> {
        let counted = self.total() - self.of(Status::Cancelled);
        (counted > 0).then(|| self.of(Status::Done) as f32 / counted as f32)
    }

    /// Share of the tasks in a status, of 255; rounded up, so that a single one among a thousand shows.
    pub fn share(&self, status: Status) -> u8 {
        let total = self.total().max(1);
        u8::try_from((u64::from(self.of(status)) * 255).div_ceil(u64::from(total))).unwrap_or(u8::MAX)
    }

    fn add(&mut self, status: Status) {
        if let Some(count) = self.0.get_mut(status.index()) {
            *count += 1;
        }
    }

    fn take(&mut self, status: Status) {
        if let Some(count) = self.0.get_mut(status.index()) {
            *count = count.saturating_sub(1);
        }
    }
}

/// The tally of every workflow that has tasks; those without a workflow are counted under `None`.
#[derive(Resource, Debug, Default)]
pub struct Tallies {
    by_workflow: EntityHashMap<Tally>,
    unassigned: Tally,
    /// What each task was counted as.
    counted: EntityHashMap<(Option<Entity>, Status)>,
    /// Workflows whose tally changed and whose ground has not been redrawn yet.
    stale: EntityHashSet,
    unassigned_stale: bool,
}

impl Tallies {
    pub fn of(&self, workflow: Option<Entity>) -> Tally {
        match workflow {
            Some(workflow) => self.by_workflow.get(&workflow).copied().unwrap_or_default(),
            None => self.unassigned,
        }
    }

    /// Workflows whose tally changed since the last call, and whether that of the unassigned did.
    pub(super) fn drain_stale(&mut self) -> (EntityHashSet, bool) {
        (
            std::mem::take(&mut self.stale),
            std::mem::take(&mut self.unassigned_stale),
        )
    }

    /// Counts a task as what it is now; `None` when it is gone.
    fn count(&mut self, task: Entity, now: Option<(Option<Entity>, Status)>) {
        let before = match now {
            Some(now) => self.counted.insert(task, now),
            None => self.counted.remove(&task),
        };
        if before == now {
            return;
        }
        if let Some((workflow, status)) = before {
            self.tally(workflow).take(status);
            if let Some(workflow) = workflow
                && self.by_workflow.get(&workflow).is_some_and(|tally| tally.total() == 0)
            {
                self.by_workflow.remove(&workflow);
            }
        }
        if let Some((workflow, status)) = now {
            self.tally(workflow).add(status);
        }
    }

    fn tally(&mut self, workflow: Option<Entity>) -> &mut Tally {
        match workflow {
            Some(workflow) => {
                self.stale.insert(workflow);
                self.by_workflow.entry(workflow).or_default()
            }
            None => {
                self.unassigned_stale = true;
                &mut self.unassigned
            }
        }
    }
}

pub(super) fn count(
    mut tallies: ResMut<Tallies>,
    mut despawned: RemovedComponents<TaskRow>,
    mut unlinked: RemovedComponents<PartOf>,
    touched: Res<Touched>,
    tasks: Query<(&RowState, &Moment, Option<&PartOf>), With<TaskRow>>,
) {
    for task in touched.iter().chain(unlinked.read()).chain(despawned.read()) {
        let now = tasks
            .get(task)
            .ok()
            .filter(|(_, moment, _)| moment.gone.is_none())
            .map(|(state, _, part_of)| (part_of.map(|part_of| part_of.0), state.0.status));
        tallies.count(task, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_follows_its_tasks() {
        let entity = |index| Entity::from_raw_u32(index).expect("not the placeholder");
        let (one, other) = (Some(entity(1)), Some(entity(2)));
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
        assert_eq!((tally.done(), tally.share(Status::Failed)), (Some(1.0 / 7.0), 32));
        assert_eq!(tally.share(Status::Blocked), 0);
        for index in 10..20 {
            tallies.count(entity(index), None);
        }
        assert!(
            tallies.by_workflow.is_empty() && tallies.counted.is_empty(),
            "nothing is kept of what is gone"
        );
    }
}
