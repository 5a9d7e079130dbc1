//! The simulation's agents, tasks, workflows and runs as rows, in the order of the tables' columns.

use std::sync::Arc;

use super::{
    Simulation,
    model::{Agent, Task, Workflow, WorkflowStatus},
};
use crate::{
    names,
    store::{Cell, Row},
};

fn text(text: &'static str) -> Cell {
    thread_local! {
        // Every row has some of the same few dozen words. They are shared rather than copied.
        static WORDS: std::cell::RefCell<std::collections::HashMap<&'static str, Arc<str>>> =
            std::cell::RefCell::default();
    }
    WORDS.with_borrow_mut(|words| Cell::Text(words.entry(text).or_insert_with(|| text.into()).clone()))
}

fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or(Cell::Null, cell)
}

impl Simulation {
    /// The row of an agent.
    pub(super) fn agent_row(&self, agent: &Agent) -> Row {
        let task = agent
            .task
            .and_then(|task| self.tasks.get(task as usize))
            .and_then(Option::as_ref);
        Row::new([
            Cell::Uuid(agent.id),
            Cell::Text(agent.name.clone()),
            text(agent.role),
            text(agent.model),
            text(agent.status.word()),
            maybe(task, |task| Cell::Uuid(task.id)),
            Cell::Int(agent.completed as i32),
            maybe(agent.error, text),
            Cell::Json(agent.metadata.clone()),
            Cell::Time(agent.heartbeat),
            Cell::Time(agent.created),
            Cell::Time(agent.updated),
        ])
    }

    /// The row of a task.
    pub(super) fn task_row(&self, task: &Task) -> Row {
        let agent = task.agent.and_then(|agent| self.agents.get(agent as usize));
        let workflow = self.workflows.get(task.workflow as usize);
        Row::new([
            Cell::Uuid(task.id),
            Cell::Text(task.title.clone()),
            text(task.status.word()),
            text(task.priority),
            Cell::Int(task.progress.into()),
            Cell::Int(task.attempt.into()),
            maybe(agent, |agent| Cell::Uuid(agent.id)),
            maybe(workflow, |workflow| Cell::Uuid(workflow.id)),
            maybe(task.parent, Cell::Uuid),
            Cell::Uuids(task.depends_on.clone()),
            maybe(task.error, text),
            Cell::Json(task.metadata.clone()),
            Cell::Time(task.created),
            Cell::Time(task.updated),
            maybe(task.started, Cell::Time),
            maybe(task.completed, Cell::Time),
        ])
    }

    /// The row of a workflow.
    pub(super) fn workflow_row(&self, workflow: &Workflow) -> Row {
        let step = workflow
            .started
            .map(|_| names::step(workflow.steps_completed, workflow.steps_total));
        Row::new([
            Cell::Uuid(workflow.id),
            Cell::Text(workflow.name.clone()),
            text(workflow.status.word()),
            maybe(step, text),
            Cell::Int(workflow.steps_completed as i32),
            Cell::Int(workflow.steps_total as i32),
            text(workflow.owner),
            maybe(workflow.error, text),
            Cell::Json(self.workflow_metadata.clone()),
            Cell::Time(workflow.created),
            Cell::Time(workflow.updated),
            maybe(workflow.started, Cell::Time),
            maybe(workflow.completed, Cell::Time),
        ])
    }

    /// The present run of a workflow; `None` before its start, and if the feed has no runs.
    pub(super) fn run_row(&self, workflow: &Workflow) -> Option<Row> {
        let started = workflow.started.filter(|_| self.runs)?;
        let step = names::step(workflow.steps_completed, workflow.steps_total);
        // Archiving a workflow does not change how its run ended.
        let status = match (workflow.status, workflow.error) {
            (WorkflowStatus::Archived, Some(_)) => WorkflowStatus::Failed,
            (WorkflowStatus::Archived, None) => WorkflowStatus::Completed,
            (other, _) => other,
        };
        Some(Row::new([
            Cell::Uuid(workflow.run()),
            Cell::Uuid(workflow.id),
            text(status.word()),
            text(step),
            Cell::Int(workflow.steps_completed as i32),
            Cell::Int(workflow.steps_total as i32),
            maybe(workflow.error, text),
            Cell::Time(started),
            Cell::Time(workflow.updated),
            Cell::Time(started),
            maybe(workflow.completed, Cell::Time),
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
