//! The tasks that a task waits for or is a part of. They belong to the same workflow and are older.

use uuid::Uuid;

use super::{
    Simulation,
    model::{SimTask, TaskStatus},
};

/// A new task waits for some of this many most recent tasks.
const NEAR: usize = 12;
/// Most tasks that a task waits for.
const MAX_DEPENDENCIES: usize = 3;

impl Simulation {
    /// Chooses the dependencies and the parent of a new task. A task that has begun waits only for completed ones.
    pub(super) fn choose_ties(&mut self, task: &mut SimTask) {
        let Some(workflow) = self.workflows.get(task.workflow as usize) else {
            return;
        };
        let has_begun = !matches!(
            task.status,
            TaskStatus::Backlog | TaskStatus::Queued | TaskStatus::Blocked
        );
        let near: Vec<(u32, Uuid, Option<Uuid>)> = workflow
            .tasks
            .iter()
            .rev()
            .take(NEAR)
            .filter_map(|&at| Some((at, self.task(at)?)))
            .filter(|(_, other)| !has_begun || other.status == TaskStatus::Completed)
            .map(|(at, other)| (at, other.id, other.parent))
            .collect();
        let count = match self.tie_rng.u8(0..100) {
            0..40 => 0,
            40..75 => 1,
            75..93 => 2,
            _ => MAX_DEPENDENCIES,
        };
        let chosen = self.tie_rng.choose_multiple(&near, count);
        task.depends_on = chosen.iter().map(|(_, id, _)| *id).collect();
        task.depends_at = chosen.iter().map(|(at, ..)| *at).collect();
        // A part has no parts of its own.
        let parents: Vec<Uuid> = near
            .iter()
            .filter(|(_, id, parent)| parent.is_none() && !task.depends_on.contains(id))
            .map(|(_, id, _)| *id)
            .collect();
        if self.tie_rng.u8(0..100) < 16 {
            task.parent = self.tie_rng.choice(parents);
        }
    }

    /// Whether everything that a task waits for is completed or deleted.
    pub(super) fn is_ready(&self, task: &SimTask) -> bool {
        self.unmet(task).next().is_none()
    }

    /// The tasks that a task waits for and that are not completed.
    fn unmet(&self, task: &SimTask) -> impl Iterator<Item = Uuid> {
        let named = task.depends_at.iter().zip(task.depends_on.iter());
        named
            .filter(|(at, id)| {
                let other = self.task(**at).filter(|other| other.id == **id);
                other.is_some_and(|other| other.status != TaskStatus::Completed)
            })
            .map(|(_, id)| *id)
    }

    /// Removes the unmet dependencies of a task, so that it can have begun before the start.
    pub(super) fn drop_unmet(&mut self, at: u32) {
        let Some(task) = self.task(at) else { return };
        let unmet: Vec<Uuid> = self.unmet(task).collect();
        if let Some(task) = self.tasks.get_mut(at as usize).and_then(Option::as_mut) {
            let named = task.depends_at.iter().zip(task.depends_on.iter());
            let (places, ids) = named
                .filter(|(_, id)| !unmet.contains(id))
                .unzip::<_, _, Vec<u32>, Vec<Uuid>>();
            (task.depends_at, task.depends_on) = (places.into(), ids.into());
        }
    }
}
