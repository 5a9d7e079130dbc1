//! The simulation's agents, tasks, workflows and runs as rows, in the order of the tables' columns.

use std::sync::Arc;

use super::{
    Simulation,
    model::{SimAgent, SimTask, SimWorkflow, WorkflowStatus},
};
use crate::{
    names,
    store::{Row, StoredCell},
};

fn text(text: &'static str) -> StoredCell {
    thread_local! {
        // Every row has some of the same few dozen words. They are shared rather than copied.
        static WORDS: std::cell::RefCell<std::collections::HashMap<&'static str, Arc<str>>> =
            std::cell::RefCell::default();
    }
    WORDS.with_borrow_mut(|words| StoredCell::Text(words.entry(text).or_insert_with(|| text.into()).clone()))
}

fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> StoredCell) -> StoredCell {
    value.map_or(StoredCell::Null, cell)
}

impl Simulation {
    /// The row of an agent.
    pub(super) fn agent_row(&self, agent: &SimAgent) -> Row {
        let task = agent
            .task
            .and_then(|task| self.tasks.get(task as usize))
            .and_then(Option::as_ref);
        Row::new([
            StoredCell::Uuid(agent.id),
            StoredCell::Text(agent.name.clone()),
            text(agent.role),
            text(agent.model),
            text(agent.status.word()),
            maybe(task, |task| StoredCell::Uuid(task.id)),
            StoredCell::Int(agent.completed as i32),
            maybe(agent.error, text),
            StoredCell::Json(agent.metadata.clone()),
            StoredCell::Time(agent.heartbeat),
            StoredCell::Time(agent.created),
            StoredCell::Time(agent.updated),
        ])
    }

    /// The row of a task.
    pub(super) fn task_row(&self, task: &SimTask) -> Row {
        let agent = task.agent.and_then(|agent| self.agents.get(agent as usize));
        let workflow = self.workflows.get(task.workflow as usize);
        Row::new([
            StoredCell::Uuid(task.id),
            StoredCell::Text(task.title.clone()),
            text(task.status.word()),
            text(task.priority),
            StoredCell::Int(task.progress.into()),
            StoredCell::Int(task.attempt.into()),
            maybe(agent, |agent| StoredCell::Uuid(agent.id)),
            maybe(workflow, |workflow| StoredCell::Uuid(workflow.id)),
            maybe(task.parent, StoredCell::Uuid),
            StoredCell::Uuids(task.depends_on.clone()),
            maybe(task.error, text),
            StoredCell::Json(task.metadata.clone()),
            StoredCell::Time(task.created),
            StoredCell::Time(task.updated),
            maybe(task.started, StoredCell::Time),
            maybe(task.completed, StoredCell::Time),
        ])
    }

    /// The row of a workflow.
    pub(super) fn workflow_row(&self, workflow: &SimWorkflow) -> Row {
        let step = workflow
            .started
            .map(|_| names::step(workflow.steps_completed, workflow.steps_total));
        Row::new([
            StoredCell::Uuid(workflow.id),
            StoredCell::Text(workflow.name.clone()),
            text(workflow.status.word()),
            maybe(step, text),
            StoredCell::Int(workflow.steps_completed as i32),
            StoredCell::Int(workflow.steps_total as i32),
            text(workflow.owner),
            maybe(workflow.error, text),
            StoredCell::Json(self.workflow_metadata.clone()),
            StoredCell::Time(workflow.created),
            StoredCell::Time(workflow.updated),
            maybe(workflow.started, StoredCell::Time),
            maybe(workflow.completed, StoredCell::Time),
        ])
    }

    /// The present run of a workflow; `None` before its start, and if the feed has no runs.
    pub(super) fn run_row(&self, workflow: &SimWorkflow) -> Option<Row> {
        let started = workflow.started.filter(|_| self.runs)?;
        let step = names::step(workflow.steps_completed, workflow.steps_total);
        // Archiving a workflow does not change how its run ended.
        let status = match (workflow.status, workflow.error) {
            (WorkflowStatus::Archived, Some(_)) => WorkflowStatus::Failed,
            (WorkflowStatus::Archived, None) => WorkflowStatus::Completed,
            (other, _) => other,
        };
        Some(Row::new([
            StoredCell::Uuid(workflow.run()),
            StoredCell::Uuid(workflow.id),
            text(status.word()),
            text(step),
            StoredCell::Int(workflow.steps_completed as i32),
            StoredCell::Int(workflow.steps_total as i32),
            maybe(workflow.error, text),
            StoredCell::Time(started),
            StoredCell::Time(workflow.updated),
            StoredCell::Time(started),
            maybe(workflow.completed, StoredCell::Time),
        ]))
    }

    /// Every row of every table.
    pub fn rows(&self) -> Vec<(super::TableId, Row)> {
        use super::TableId::{Agents, Runs, Tasks, Workflows};
        let mut rows = Vec::with_capacity(self.agents.len() + self.tasks.len() + self.workflows.len());
        rows.extend(self.agents.iter().map(|agent| (Agents, self.agent_row(agent))));
        rows.extend(
            self.workflows
                .iter()
                .map(|workflow| (Workflows, self.workflow_row(workflow))),
        );
        let runs = self.workflows.iter().filter_map(|workflow| self.run_row(workflow));
        rows.extend(runs.map(|run| (Runs, run)));
        rows.extend(self.tasks.iter().flatten().map(|task| (Tasks, self.task_row(task))));
        rows
    }
}
