//! What workflows do: start, pause, wait for approval, end, be archived and replaced.

use super::{
    Simulation,
    model::{AgentStatus, SimWorkflow, TaskStatus, WorkflowStatus},
};
use crate::{
    names,
    store::{Mutation, TableId},
};

impl Simulation {
    /// Lets a random workflow do something.
    pub(super) fn workflow_turn(&mut self) {
        if self.workflows.is_empty() {
            return;
        }
        let at = self.rng.usize(0..self.workflows.len());
        let Some(workflow) = self.workflows.get(at) else { return };
        let is_done = workflow.planned >= workflow.steps_total && workflow.open == 0;
        let status = workflow.status;
        match status {
            WorkflowStatus::Draft if self.chance(30) => self.launch(at),
            WorkflowStatus::Running if is_done => match self.rng.u8(0..10) {
                0 => {
                    let reason = names::failure(&mut self.rng);
                    self.set_workflow(at, WorkflowStatus::Failed, Some(reason));
                }
                1 | 2 => self.set_workflow(at, WorkflowStatus::WaitingApproval, None),
                _ => self.set_workflow(at, WorkflowStatus::Completed, None),
            },
            WorkflowStatus::Running => match self.rng.u8(0..100) {
                0..4 => self.set_workflow(at, WorkflowStatus::Paused, None),
                4..7 => self.set_workflow(at, WorkflowStatus::WaitingApproval, None),
                7 => self.cancel(at),
                _ => {}
            },
            WorkflowStatus::WaitingApproval if is_done && self.chance(40) => {
                self.set_workflow(at, WorkflowStatus::Completed, None);
            }
            WorkflowStatus::Paused | WorkflowStatus::WaitingApproval if self.chance(40) => {
                self.set_workflow(at, WorkflowStatus::Running, None);
            }
            WorkflowStatus::Completed | WorkflowStatus::Failed | WorkflowStatus::Cancelled if self.chance(20) => {
                let error = workflow_error(self.workflows.get(at));
                self.set_workflow(at, WorkflowStatus::Archived, error);
            }
            WorkflowStatus::Archived if self.chance(50) => self.replace(at),
            _ => {}
        }
    }

    /// Starts a workflow with many tasks in one transaction.
    fn launch(&mut self, at: usize) {
        self.set_workflow(at, WorkflowStatus::Running, None);
        let Some((size, total)) = self
            .workflows
            .get(at)
            .map(|workflow| (workflow.size, workflow.steps_total))
        else {
            return;
        };
        let room = (self.target + 12).saturating_sub(self.alive) as u32;
        for n in 0..(size * 3 / 4).max(1).min(room).min(total).min(60) {
            let status = if n < 4 { TaskStatus::Queued } else { TaskStatus::Backlog };
            self.insert_task(at as u32, status);
        }
    }

    /// Cancels a workflow and all its unfinished tasks in one transaction.
    fn cancel(&mut self, at: usize) {
        let Some(workflow) = self.workflows.get(at) else { return };
        if workflow.open > 400 || workflow.open as usize > self.target / 4 + 8 {
            return;
        }
        for task in workflow.tasks.clone() {
            if self.task(task).is_none_or(|task| task.status.is_finished()) {
                continue;
            }
            let holder = self.holder(task);
            self.set_task(task, TaskStatus::Cancelled, |_| {});
            if let Some(agent) = holder {
                self.set_agent(agent, AgentStatus::Idle, None, None);
            }
        }
        self.set_workflow(at, WorkflowStatus::Cancelled, None);
    }

    /// Deletes a workflow with its remaining tasks and creates another one.
    fn replace(&mut self, at: usize) {
        let Some(workflow) = self.workflows.get(at) else { return };
        for task in workflow.tasks.clone() {
            if let Some(agent) = self.holder(task) {
                self.set_agent(agent, AgentStatus::Idle, None, None);
            }
            self.delete_task(task);
        }
        let Some(workflow) = self.workflows.get(at) else { return };
        let (id, size) = (workflow.id, workflow.size);
        let run = workflow.started.filter(|_| self.runs).map(|_| workflow.run());
        self.out.extend(run.map(|run| Mutation::Delete(TableId::Runs, run)));
        self.out.push(Mutation::Delete(TableId::Workflows, id));
        let workflow = self.new_workflow(size);
        self.out
            .push(Mutation::Insert(TableId::Workflows, self.workflow_row(&workflow)));
        if let Some(slot) = self.workflows.get_mut(at) {
            *slot = workflow;
        }
    }

    /// A workflow that has not started.
    pub(super) fn new_workflow(&mut self, size: u32) -> SimWorkflow {
        let total = size * self.rng.u32(16..=40) / 10;
        SimWorkflow {
            id: self.uuid(),
            name: names::workflow(&mut self.rng),
            status: WorkflowStatus::Draft,
            size,
            steps_total: total.max(2),
            planned: 0,
            steps_completed: 0,
            owner: names::owner(&mut self.rng),
            error: None,
            created: self.now,
            updated: self.now,
            started: None,
            completed: None,
            tasks: Vec::new(),
            open: 0,
        }
    }

    /// Counts a completed task of a workflow.
    pub(super) fn count_step(&mut self, task: u32) {
        let Some(at) = self.task(task).map(|task| task.workflow as usize) else {
            return;
        };
        if let Some(workflow) = self.workflows.get_mut(at) {
            workflow.steps_completed = (workflow.steps_completed + 1).min(workflow.steps_total);
            self.report_workflow(at);
        }
    }
}

fn workflow_error(workflow: Option<&SimWorkflow>) -> Option<&'static str> {
    workflow.and_then(|workflow| workflow.error)
}
