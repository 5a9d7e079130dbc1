//! What agents do: plan, claim a task, work, get blocked, fail, finish, go offline, return.

use super::{
    Simulation,
    model::{AgentStatus, TaskStatus, WorkflowStatus},
    pool::{Pool, any},
};
use crate::names;

impl Simulation {
    /// Lets a random agent do something.
    pub(super) fn agent_turn(&mut self) {
        if self.agents.is_empty() {
            return;
        }
        let at = self.rng.usize(0..self.agents.len());
        let Some((status, task)) = self.agents.get(at).map(|agent| (agent.status, agent.task)) else {
            return;
        };
        match (status, task) {
            (AgentStatus::Offline, _) if self.chance(12) => self.set_agent(at, AgentStatus::Idle, None, None),
            (AgentStatus::Offline, _) => {}
            (AgentStatus::Error, _) if self.chance(35) => self.set_agent(at, AgentStatus::Idle, None, None),
            (AgentStatus::Error, _) => {}
            (AgentStatus::Blocked, Some(task)) => self.blocked_turn(at, task),
            (_, Some(task)) => self.work_turn(at, task),
            (_, None) => self.free_turn(at),
        }
    }

    /// An agent without a task goes offline or claims one.
    fn free_turn(&mut self, at: usize) {
        if self.rng.u16(0..1000) < 12 {
            return self.set_agent(at, AgentStatus::Offline, None, None);
        }
        match self.find_work(at) {
            Some(task) => {
                self.set_task(task, TaskStatus::Assigned, |task| task.agent = Some(at as u32));
                self.set_agent(at, AgentStatus::Planning, Some(task), None);
            }
            None if self
                .agents
                .get(at)
                .is_some_and(|agent| agent.status != AgentStatus::Idle) =>
            {
                self.set_agent(at, AgentStatus::Idle, None, None);
            }
            None => {}
        }
    }

    /// A ready task of a running workflow, preferably of the agent's own.
    fn find_work(&mut self, at: usize) -> Option<u32> {
        if self.chance(4) && !self.workflows.is_empty() {
            let home = self.rng.usize(0..self.workflows.len()) as u32;
            self.agents.get_mut(at)?.home = home;
        }
        let home = self.agents.get(at)?.home;
        for attempt in 0..24 {
            let candidate = if attempt < 12 {
                any(&self.workflows.get(home as usize)?.tasks, &mut self.rng)
            } else {
                self.pools.any(Pool::Ready, &mut self.rng)
            };
            let Some(task) = candidate else { continue };
            let ready = self
                .task(task)
                .filter(|task| task.status.pool() == Some(Pool::Ready) && self.is_ready(task));
            let workflow = ready.and_then(|task| self.workflows.get(task.workflow as usize));
            if workflow.is_some_and(|workflow| workflow.status == WorkflowStatus::Running) {
                return Some(task);
            }
        }
        None
    }

    /// An agent with a task makes progress or meets an obstacle.
    fn work_turn(&mut self, at: usize, task: u32) {
        let Some((status, progress)) = self.task(task).map(|task| (task.status, task.progress)) else {
            return self.set_agent(at, AgentStatus::Idle, None, None);
        };
        if status == TaskStatus::Assigned {
            self.set_task(task, TaskStatus::InProgress, |_| {});
            return self.set_agent(at, AgentStatus::Working, Some(task), None);
        }
        match self.rng.u16(0..1000) {
            0..880 => {
                let gain = self.rng.u8(4..=19);
                if progress.saturating_add(gain) < 100 {
                    self.edit_task(task, |task| task.progress = progress.saturating_add(gain));
                } else {
                    self.finish(at, task);
                }
            }
            880..920 => {
                let thinking = self
                    .agents
                    .get(at)
                    .is_some_and(|agent| agent.status == AgentStatus::Thinking);
                let status = if thinking {
                    AgentStatus::Working
                } else {
                    AgentStatus::Thinking
                };
                self.set_agent(at, status, Some(task), None);
            }
            920..940 => {
                self.set_task(task, TaskStatus::WaitingApproval, |_| {});
                self.set_agent(at, AgentStatus::Idle, None, None);
            }
            940..968 => {
                let reason = names::blocker(&mut self.rng);
                self.set_task(task, TaskStatus::Blocked, |task| task.error = Some(reason));
                self.set_agent(at, AgentStatus::Blocked, Some(task), Some(reason));
            }
            968..990 => {
                let reason = names::failure(&mut self.rng);
                self.set_task(task, TaskStatus::Failed, |task| task.error = Some(reason));
                if self.chance(35) {
                    self.set_agent(at, AgentStatus::Error, None, Some(reason));
                } else {
                    self.set_agent(at, AgentStatus::Idle, None, None);
                }
            }
            _ => {
                self.set_task(task, TaskStatus::Queued, |task| task.agent = None);
                self.set_agent(at, AgentStatus::Offline, None, None);
            }
        }
    }

    /// The work on a task is done; it is completed or waits for a person.
    fn finish(&mut self, at: usize, task: u32) {
        let status = match self.rng.u8(0..100) {
            0..36 => TaskStatus::Review,
            36..42 => TaskStatus::WaitingApproval,
            _ => TaskStatus::Completed,
        };
        self.set_task(task, status, |task| task.progress = 100);
        if let Some(agent) = self.agents.get_mut(at) {
            agent.completed += 1;
        }
        self.set_agent(at, AgentStatus::Idle, None, None);
        if status == TaskStatus::Completed {
            self.count_step(task);
        }
    }

    /// A blocked agent continues its task or leaves it.
    fn blocked_turn(&mut self, at: usize, task: u32) {
        match self.rng.u8(0..100) {
            0..30 => {
                self.set_task(task, TaskStatus::InProgress, |_| {});
                self.set_agent(at, AgentStatus::Working, Some(task), None);
            }
            30..45 => self.set_agent(at, AgentStatus::Idle, None, None),
            _ => {}
        }
    }

    /// An agent's heartbeat, which is most of the traffic of a real project.
    pub(super) fn heartbeat(&mut self) {
        if self.agents.is_empty() {
            return;
        }
        let at = self.rng.usize(0..self.agents.len());
        let now = self.now;
        if let Some(agent) = self
            .agents
            .get_mut(at)
            .filter(|agent| agent.status != AgentStatus::Offline)
        {
            (agent.heartbeat, agent.updated) = (now, now);
            self.report_agent(at);
        }
    }

    /// The agent that has this task at hand.
    pub(super) fn holder(&self, task: u32) -> Option<usize> {
        let at = self.task(task)?.agent? as usize;
        (self.agents.get(at)?.task == Some(task)).then_some(at)
    }
}
