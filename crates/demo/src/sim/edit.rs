//! The only ways in which the simulation changes its state. Each keeps the indices consistent and adds to the transaction.

use super::{
    Simulation,
    model::{AgentStatus, SimTask, TaskStatus, WorkflowStatus},
    pool::swap_remove,
};
use crate::{
    names,
    store::{Mutation, TableId},
};

/// The priorities by their frequency.
const PRIORITIES: [&str; 8] = ["low", "low", "medium", "medium", "medium", "high", "high", "critical"];

impl Simulation {
    /// The task with this number, if it exists.
    pub(super) fn task(&self, task: u32) -> Option<&SimTask> {
        self.tasks.get(task as usize).and_then(Option::as_ref)
    }

    /// Changes a task and reports its row. Only `set_task` changes the status.
    pub(super) fn edit_task(&mut self, at: u32, edit: impl FnOnce(&mut SimTask)) {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(at as usize).and_then(Option::as_mut) else {
            return;
        };
        edit(task);
        task.updated = now;
        if let Some(task) = self.task(at) {
            let row = self.task_row(task);
            self.out.push(Mutation::Update(TableId::Tasks, row));
        }
    }

    /// Sets the status of a task, together with other columns.
    pub(super) fn set_task(&mut self, at: u32, status: TaskStatus, edit: impl FnOnce(&mut SimTask)) {
        let Some((old, workflow)) = self.task(at).map(|task| (task.status, task.workflow)) else {
            return;
        };
        self.leave_pool(at);
        let now = self.now;
        self.edit_task(at, |task| {
            task.status = status;
            task.stamp = task.stamp.wrapping_add(1);
            match status {
                TaskStatus::Completed => (task.progress, task.completed, task.error) = (100, Some(now), None),
                TaskStatus::Failed | TaskStatus::Cancelled => task.completed = Some(now),
                TaskStatus::InProgress => {
                    task.started.get_or_insert(now);
                    (task.completed, task.error) = (None, None);
                }
                _ => task.completed = None,
            }
            edit(task);
        });
        self.enter_pool(at);
        let Some(workflow) = self.workflows.get_mut(workflow as usize) else {
            return;
        };
        match (old.is_finished(), status.is_finished()) {
            (false, true) => workflow.open = workflow.open.saturating_sub(1),
            (true, false) => workflow.open += 1,
            _ => {}
        }
    }

    /// Adds a task to the pool of its status, or to the finished ones.
    pub(super) fn enter_pool(&mut self, at: u32) {
        let Some((status, stamp)) = self.task(at).map(|task| (task.status, task.stamp)) else {
            return;
        };
        if status.is_finished() {
            self.finished.push_back((at, stamp));
        }
        if let Some(pool) = status.pool() {
            let slot = self.pools.push(pool, at);
            if let Some(task) = self.tasks.get_mut(at as usize).and_then(Option::as_mut) {
                task.pool_slot = slot;
            }
        }
    }

    fn leave_pool(&mut self, at: u32) {
        let Some((pool, slot)) = self
            .task(at)
            .and_then(|task| Some((task.status.pool()?, task.pool_slot)))
        else {
            return;
        };
        let moved = self.pools.remove(pool, slot);
        if let Some(task) = moved
            .and_then(|moved| self.tasks.get_mut(moved as usize))
            .and_then(Option::as_mut)
        {
            task.pool_slot = slot;
        }
    }

    /// Creates a task of a workflow and returns its index.
    pub(super) fn insert_task(&mut self, workflow: u32, status: TaskStatus) -> u32 {
        let task = SimTask {
            id: self.uuid(),
            title: names::task(&mut self.rng),
            status,
            priority: self.rng.choice(PRIORITIES).unwrap_or("medium"),
            progress: 0,
            attempt: 1,
            agent: None,
            workflow,
            depends_on: [].into(),
            depends_at: [].into(),
            parent: None,
            error: None,
            metadata: names::task_metadata(&mut self.rng),
            created: self.now,
            updated: self.now,
            started: None,
            completed: None,
            stamp: 0,
            pool_slot: 0,
            workflow_slot: 0,
        };
        let at = self.free.pop().unwrap_or(self.tasks.len() as u32);
        let mut task = task;
        self.choose_ties(&mut task);
        if let Some(workflow) = self.workflows.get_mut(workflow as usize) {
            task.workflow_slot = workflow.tasks.len() as u32;
            workflow.tasks.push(at);
            workflow.planned += 1;
            workflow.open += u32::from(!status.is_finished());
        }
        self.out.push(Mutation::Insert(TableId::Tasks, self.task_row(&task)));
        match self.tasks.get_mut(at as usize) {
            Some(slot) => *slot = Some(task),
            None => self.tasks.push(Some(task)),
        }
        self.alive += 1;
        self.enter_pool(at);
        at
    }

    /// Deletes a task and reports the change.
    pub(super) fn delete_task(&mut self, at: u32) {
        self.leave_pool(at);
        let Some(task) = self.tasks.get_mut(at as usize).and_then(Option::take) else {
            return;
        };
        self.free.push(at);
        self.alive -= 1;
        if let Some(workflow) = self.workflows.get_mut(task.workflow as usize) {
            workflow.open = workflow.open.saturating_sub(u32::from(!task.status.is_finished()));
            let moved = swap_remove(&mut workflow.tasks, task.workflow_slot);
            if let Some(moved) = moved
                .and_then(|moved| self.tasks.get_mut(moved as usize))
                .and_then(Option::as_mut)
            {
                moved.workflow_slot = task.workflow_slot;
            }
        }
        self.out.push(Mutation::Delete(TableId::Tasks, task.id));
    }

    /// Sets an agent's status and the task at hand.
    pub(super) fn set_agent(&mut self, at: usize, status: AgentStatus, task: Option<u32>, error: Option<&'static str>) {
        let now = self.now;
        let Some(agent) = self.agents.get_mut(at) else { return };
        (agent.status, agent.task, agent.error) = (status, task, error);
        agent.updated = now;
        if status != AgentStatus::Offline {
            agent.heartbeat = now;
        }
        self.report_agent(at);
    }

    /// Reports an agent as it is now.
    pub(super) fn report_agent(&mut self, at: usize) {
        if let Some(agent) = self.agents.get(at) {
            let row = self.agent_row(agent);
            self.out.push(Mutation::Update(TableId::Agents, row));
        }
    }

    /// Sets the status and error of a workflow and reports the change.
    pub(super) fn set_workflow(&mut self, at: usize, status: WorkflowStatus, error: Option<&'static str>) {
        let now = self.now;
        let Some(workflow) = self.workflows.get_mut(at) else {
            return;
        };
        (workflow.status, workflow.error) = (status, error);
        match status {
            WorkflowStatus::Running => {
                workflow.started.get_or_insert(now);
            }
            WorkflowStatus::Completed | WorkflowStatus::Failed | WorkflowStatus::Cancelled => {
                workflow.completed = Some(now);
            }
            _ => {}
        }
        self.report_workflow(at);
    }

    /// Reports a workflow as it is now.
    pub(super) fn report_workflow(&mut self, at: usize) {
        let now = self.now;
        let Some(workflow) = self.workflows.get_mut(at) else {
            return;
        };
        workflow.updated = now;
        if let Some(workflow) = self.workflows.get(at) {
            let row = self.workflow_row(workflow);
            let run = self.run_row(workflow);
            self.out.push(Mutation::Update(TableId::Workflows, row));
            // For a row that exists already, the store makes an update of it.
            self.out.extend(run.map(|run| Mutation::Insert(TableId::Runs, run)));
        }
    }

    /// Deletes the oldest of the finished tasks.
    pub(super) fn sweep(&mut self) {
        let mut left = self.rng.u8(1..=3);
        while left > 0 {
            let Some((at, stamp)) = self.finished.pop_front() else {
                return;
            };
            if self
                .task(at)
                .is_some_and(|task| task.stamp == stamp && task.status.is_finished())
            {
                self.delete_task(at);
                left -= 1;
            }
        }
    }

    /// Adds some tasks to a running workflow. Returns whether there was one that needed them.
    pub(super) fn plan(&mut self) -> bool {
        let count = self.workflows.len();
        if count == 0 {
            return false;
        }
        let first = self.rng.usize(0..count);
        let Some(at) = (0..count.min(16))
            .map(|n| (first + n) % count)
            .find(|&at| self.wants_tasks(at))
        else {
            return false;
        };
        let most = (self.target - self.alive)
            .min(if self.chance(10) { 12 } else { 3 })
            .max(1);
        let wave = self.rng.usize(1..=most);
        for _ in 0..wave {
            if !self.wants_tasks(at) {
                break;
            }
            let status = if self.chance(55) {
                TaskStatus::Queued
            } else {
                TaskStatus::Backlog
            };
            self.insert_task(at as u32, status);
        }
        true
    }

    fn wants_tasks(&self, at: usize) -> bool {
        // While there are too few tasks, running workflows take more of them.
        let stretch = if self.alive * 5 < self.target * 4 { 4 } else { 3 };
        self.workflows.get(at).is_some_and(|workflow| {
            workflow.status == WorkflowStatus::Running
                && workflow.planned < workflow.steps_total
                && workflow.tasks.len() < workflow.size as usize * stretch / 2 + 2
        })
    }
}
