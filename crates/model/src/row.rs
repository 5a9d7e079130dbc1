//! A row as the wall understands it: the reading of its columns.

use std::sync::Arc;

use super::{RowKey, StatusReading};

/// A row read through the mapping, by its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A row of the agents' table.
    Agent(Agent),
    /// A row of the tasks' or the runs' table.
    Task(Task),
    /// A row of the workflows' table.
    Workflow(Workflow),
}

/// An agent: it works on tasks. Columns that the row lacks are absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Agent {
    /// The name on the screen.
    pub label: Arc<str>,
    /// What it is doing, with the word that it was read from.
    pub status: StatusReading,
    /// Role or model, the second line of its label.
    pub subtitle: Option<Arc<str>>,
    /// The task it is working on, where the agent's row names it.
    pub current_task: Option<RowKey>,
    /// The workflow or team it belongs to.
    pub workflow: Option<RowKey>,
    /// Last sign of life, milliseconds since the Unix epoch.
    pub heartbeat_ms: Option<i64>,
}

/// A task: a piece of work, usually part of a workflow and assigned to an agent. A run of a workflow is read as one too.
/// Columns that the row lacks are absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Task {
    /// The title on the screen.
    pub label: Arc<str>,
    /// How far it has come.
    pub status: StatusReading,
    /// The agents it is assigned to; assignment is m:n in practice. Bounded by `mapping::MAX_AGENTS_PER_TASK`.
    pub agents: Vec<RowKey>,
    /// The workflow it belongs to.
    pub workflow: Option<RowKey>,
    /// The run it is a part of. It decides the block when `workflow` is absent or names no known row.
    pub run: Option<RowKey>,
    /// The tasks it waits for. Bounded by `mapping::MAX_DEPENDENCIES_PER_TASK`.
    pub depends_on: Vec<RowKey>,
    /// The task it is a part of.
    pub parent: Option<RowKey>,
    /// Share done, 0 to 1.
    pub progress: Option<f32>,
    /// 0 (lowest) to 3 (urgent).
    pub priority: Option<u8>,
    /// It waits for a person's decision.
    pub needs_human: bool,
    /// The error message of the row.
    pub error: Option<Arc<str>>,
}

/// A workflow: a group of tasks. Columns that the row lacks are absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workflow {
    /// The name on the screen.
    pub label: Arc<str>,
    /// The state of the workflow itself.
    pub status: StatusReading,
    /// Share done, 0 to 1, where the row has it; otherwise the wall counts the workflow's tasks.
    pub progress: Option<f32>,
}
