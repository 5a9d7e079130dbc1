//! What people do: answer reviews and approvals, clear what is stuck, have failures tried again.

use super::{
    Simulation,
    model::{AgentStatus, TaskStatus},
    pool::Pool,
};

impl Simulation {
    /// Somebody looks through what waits for a person; the more there is, the sooner.
    pub(super) fn person_turn(&mut self) {
        if !self.is_pressing(Pool::Waiting) {
            return;
        }
        let Some(at) = self.pools.any(Pool::Waiting, &mut self.rng) else {
            return;
        };
        let Some((status, progress)) = self.task(at).map(|task| (task.status, task.progress)) else {
            return;
        };
        match self.rng.u8(0..100) {
            // Approval for going on, not for the result.
            0..78 if status == TaskStatus::WaitingApproval && progress < 100 => {
                self.set_task(at, TaskStatus::Queued, |task| task.agent = None);
            }
            0..78 => {
                self.set_task(at, TaskStatus::Completed, |_| {});
                self.count_step(at);
            }
            78..92 => self.set_task(at, TaskStatus::Queued, |task| {
                task.progress = task.progress.min(60);
                task.attempt = task.attempt.saturating_add(1);
                task.agent = None;
            }),
            92..94 => self.set_task(at, TaskStatus::Parked, |_| {}),
            94..97 => self.set_task(at, TaskStatus::Review, |task| task.progress = 100),
            _ => self.set_task(at, TaskStatus::Cancelled, |_| {}),
        }
    }

    /// Something that was stuck clears up, or a failure gets another try.
    pub(super) fn unstick(&mut self) {
        if self.chance(40) {
            if let Some(at) = self.pools.any(Pool::Failed, &mut self.rng)
                && self.task(at).is_some_and(|task| task.attempt < 5)
            {
                self.set_task(at, TaskStatus::Retrying, |task| {
                    task.attempt = task.attempt.saturating_add(1);
                    task.progress = 0;
                    task.agent = None;
                });
            }
            return;
        }
        if !self.is_pressing(Pool::Stuck) {
            return;
        }
        let Some(at) = self.pools.any(Pool::Stuck, &mut self.rng) else {
            return;
        };
        match self.holder(at) {
            Some(agent) => {
                self.set_task(at, TaskStatus::InProgress, |_| {});
                self.set_agent(agent, AgentStatus::Working, Some(at), None);
            }
            None => self.set_task(at, TaskStatus::Queued, |task| {
                task.error = None;
                task.agent = None;
            }),
        }
    }

    /// True more often the fuller the pool is: its level settles at a few in a hundred of all tasks.
    fn is_pressing(&mut self, pool: Pool) -> bool {
        let most = (self.target * 30 / 100).max(4);
        self.rng.usize(0..most) < self.pools.len(pool)
    }
}
