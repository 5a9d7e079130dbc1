//! The number of tasks by status of each workflow, updated as tasks change: a district's arcs are read from here, and a
//! workflow with a hundred thousand tasks costs no more than one with ten.

use bevy::{
    ecs::entity::{EntityHashMap, EntityHashSet},
    prelude::*,
};

use crate::fleet::{Moment, PartOf, RowState, TaskRow, Touched};
use model::{Phase, Status};

use super::{mark::Mark, store::Marks};

/// This many tasks in trouble are not a crowd, however small their district.
const FEW: u32 = 3;

/// The status that a task is counted under: one that asks for a person waits, unless it is in worse trouble or over.
fn counted_as(status: Status, needs_human: bool) -> Status {
    match status.phase() {
        Phase::Open | Phase::Running if needs_human && !status.is_trouble() => Status::Waiting,
        _ => status,
    }
}

/// Counts by `Status::index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally([u32; Status::ALL.len()]);

impl Tally {
    /// Tasks in a status.
    pub fn of(&self, status: Status) -> u32 {
        self.0.get(status.index()).copied().unwrap_or(0)
    }

    /// All tasks.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// The share of the tasks that are done, of those that are not cancelled.
    pub(crate) fn done(&self) -> Option<f32> {
        let counted = self.total() - self.of(Status::Cancelled);
        (counted > 0).then(|| self.of(Status::Done) as f32 / counted as f32)
    }

    /// The share of the tasks in a status, of 255, rounded up: a single one among a thousand is visible.
    pub(crate) fn share(&self, status: Status) -> u8 {
        let total = self.total().max(1);
        u8::try_from((u64::from(self.of(status)) * 255).div_ceil(u64::from(total))).unwrap_or(u8::MAX)
    }

    /// Tasks in trouble.
    pub(crate) fn alarms(&self) -> u32 {
        Status::troubles().map(|status| self.of(status)).sum()
    }

    /// What the district's badge shows: the most severe status in trouble that occurs, and its number of tasks.
    pub(crate) fn most_severe(&self) -> Option<(Status, u32)> {
        Status::troubles()
            .map(|status| (status, self.of(status)))
            .find(|(_, count)| *count > 0)
    }

    /// The share of the tasks in trouble, of 255, in steps of an eighth; 0 for few tasks, which each have room.
    pub(crate) fn crowd(&self) -> u8 {
        let alarms = self.alarms();
        if alarms <= FEW {
            return 0;
        }
        let share = (u64::from(alarms) * 255).div_ceil(u64::from(self.total().max(1)));
        let share = u8::try_from(share).unwrap_or(u8::MAX);
        let coarse = 5_u32.saturating_sub(share.leading_zeros());
        share >> coarse << coarse
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

/// The tally of every workflow that has tasks; those without a workflow are counted under `None`.
#[derive(Resource, Debug, Default)]
pub struct Tallies {
    by_workflow: EntityHashMap<Tally>,
    unassigned: Tally,
    /// The workflow and the status under which each task is counted.
    counted: EntityHashMap<(Option<Entity>, Status)>,
    /// The tasks in trouble, by their workflow.
    alarms: EntityHashMap<EntityHashSet>,
    unassigned_alarms: EntityHashSet,
    /// The crowd that is written into the marks of each workflow's tasks in trouble, except 0.
    written: EntityHashMap<u8>,
    written_unassigned: u8,
    /// Workflows whose tally has changed since their district was last drawn.
    stale: EntityHashSet,
    unassigned_stale: bool,
}

impl Tallies {
    /// The tally of a workflow, or of the tasks without one.
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

    /// Counts a task under its workflow and status; `None` when it is gone.
    fn count(&mut self, task: Entity, now: Option<(Option<Entity>, Status)>) {
        let before = match now {
            Some(now) => self.counted.insert(task, now),
            None => self.counted.remove(&task),
        };
        if before == now {
            return;
        }
        if let Some((workflow, status)) = before {
            if status.is_trouble() {
                self.alarms_of(workflow).remove(&task);
            }
            self.tally(workflow).remove(status);
            if let Some(workflow) = workflow
                && self.by_workflow.get(&workflow).is_some_and(|tally| tally.total() == 0)
            {
                self.by_workflow.remove(&workflow);
                self.alarms.remove(&workflow);
            }
        }
        if let Some((workflow, status)) = now {
            if status.is_trouble() {
                self.alarms_of(workflow).insert(task);
            }
            self.tally(workflow).add(status);
        }
    }

    fn alarms_of(&mut self, workflow: Option<Entity>) -> &mut EntityHashSet {
        match workflow {
            Some(workflow) => self.alarms.entry(workflow).or_default(),
            None => &mut self.unassigned_alarms,
        }
    }

    /// Writes into the mark of every task in trouble how crowded its district is, where that has changed. `crowd` changes
    /// in steps, so a mark is written about twenty times while its district fills, however large it is.
    fn write_crowds(&mut self, marks: &mut Marks) {
        let workflows = self.stale.iter().copied().map(Some);
        let unassigned = self.unassigned_stale.then_some(None);
        for workflow in workflows.chain(unassigned) {
            let crowd = self.of(workflow).crowd();
            let written = match workflow {
                Some(workflow) if crowd == 0 => self.written.remove(&workflow).unwrap_or(0),
                Some(workflow) => self.written.insert(workflow, crowd).unwrap_or(0),
                None => std::mem::replace(&mut self.written_unassigned, crowd),
            };
            if written == crowd {
                continue;
            }
            let alarms = match workflow {
                Some(workflow) => self.alarms.get(&workflow),
                None => Some(&self.unassigned_alarms),
            };
            for &task in alarms.into_iter().flatten() {
                if let (Some(slot), Some(mark)) = (marks.slot(task), marks.mark(task)) {
                    marks.set(task, slot.layer, &Mark { crowd, ..mark });
                }
            }
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
    tasks: Query<(&TaskRow, &RowState, &Moment, Option<&PartOf>)>,
) {
    for task in touched.iter().chain(unlinked.read()).chain(despawned.read()) {
        let now = tasks
            .get(task)
            .ok()
            .filter(|(_, _, moment, _)| moment.gone.is_none())
            .map(|(row, state, _, part_of)| {
                let status = counted_as(state.0.status, row.needs_human);
                (part_of.map(|part_of| part_of.0), status)
            });
        tallies.count(task, now);
    }
}

/// Writes crowds into the marks of tasks in trouble.
pub(super) fn write_crowds(mut tallies: ResMut<Tallies>, mut marks: ResMut<Marks>) {
    if !tallies.stale.is_empty() || tallies.unassigned_stale {
        tallies.write_crowds(&mut marks);
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
            tallies.by_workflow.is_empty() && tallies.counted.is_empty() && tallies.alarms.is_empty(),
            "nothing remains of what is gone"
        );
    }

    #[test]
    fn a_badge_shows_the_most_severe_trouble_and_crowds_change_in_steps() {
        let tally = |failed: u32, blocked: u32, waiting: u32, queued: u32| {
            let mut tally = Tally::default();
            for (status, count) in [
                (Status::Failed, failed),
                (Status::Blocked, blocked),
                (Status::Waiting, waiting),
                (Status::Queued, queued),
            ] {
                (0..count).for_each(|_| tally.add(status));
            }
            tally
        };
        assert_eq!(tally(0, 0, 0, 9).most_severe(), None);
        assert_eq!(tally(0, 4, 9, 9).most_severe(), Some((Status::Blocked, 4)));
        assert_eq!(tally(1, 4, 9, 9).most_severe(), Some((Status::Failed, 1)));
        assert_eq!(tally(1, 1, 1, 0).crowd(), 0, "three are not a crowd");
        assert_eq!(tally(4, 0, 0, 0).crowd(), 0xe0);
        assert!(tally(4, 0, 0, 100_000).crowd() > 0, "a few among many are visible");
        let steps: std::collections::BTreeSet<u8> = (4..1_000)
            .map(|failed| tally(failed, 0, 0, 1_000 - failed).crowd())
            .collect();
        assert!(steps.len() < 48, "{} steps", steps.len());
    }

    #[test]
    fn a_task_that_asks_for_a_person_counts_as_waiting() {
        assert_eq!(counted_as(Status::Running, true), Status::Waiting);
        assert_eq!(counted_as(Status::Failed, true), Status::Failed);
        assert_eq!(counted_as(Status::Done, true), Status::Done);
        assert_eq!(counted_as(Status::Running, false), Status::Running);
    }

    #[test]
    fn crowds_are_written_into_the_marks_of_tasks_in_trouble() {
        use super::super::{mark::MarkKind, store::Layer};
        let entity = |index| Entity::from_raw_u32(index).expect("not the placeholder");
        let flow = Some(entity(1));
        let (mut tallies, mut marks) = (Tallies::default(), Marks::default());
        for index in 10..20 {
            tallies.count(entity(index), Some((flow, Status::Failed)));
            let mark = Mark::new(MarkKind::Task, Vec2::ZERO, 0.4, Status::Failed);
            marks.set(entity(index), Layer::Alarms, &mark);
        }
        tallies.write_crowds(&mut marks);
        let crowd = |marks: &Marks| marks.mark(entity(15)).map(|mark| mark.crowd);
        assert_eq!(crowd(&marks), Some(0xe0));
        for index in 10..19 {
            tallies.count(entity(index), Some((flow, Status::Done)));
        }
        tallies.write_crowds(&mut marks);
        assert_eq!(crowd(&marks), Some(0xe0), "a task that is done is not written");
        assert_eq!(marks.mark(entity(19)).map(|mark| mark.crowd), Some(0));
    }
}
