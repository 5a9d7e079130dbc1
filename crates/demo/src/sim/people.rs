//! What people do: answer reviews and approvals, remove obstacles, retry failed tasks.

use super::{
    Simulation,
    model::{AgentStatus, TaskStatus},
    pool::Pool,
};

impl Simulation {
    /// A person handles a task that waits for one. The more tasks wait, the likelier this is.
    pub(super) fn person_turn(&mut self) {
        if !self.is_due(Pool::Waiting) {
            return;
        }
        let Some(at) = self.pools.any(Pool::Waiting, &mut self.rng) else {
            return;
        };
        let Some((status, progress)) = self.task(at).map(|task| (task.status, task.progress)) else {
            return;
        };
        match self.rng.u8(0..100) {
            // An unfinished task waits for the approval to continue.
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

    /// An obstacle is removed, or a failed task is retried.
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
        if !self.is_due(Pool::Stuck) {
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

    /// True with a probability that grows with the pool, which keeps the pool at a few per cent of all tasks.
    fn is_due(&mut self, pool: Pool) -> bool {
        let most = (self.target * 30 / 100).max(4);
        self.rng.usize(0..most) < self.pools.len(pool)
    }
}
