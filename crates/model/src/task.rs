//! A task: a piece of work, usually part of a workflow, usually in the hands of an agent. A run of a workflow is one, too.

use std::sync::Arc;

use super::{RowId, StatusReading};

/// A task or a run as its row tells it. What the row lacks is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Task {
    pub label: Arc<str>,
    pub status: StatusReading,
    /// The agents it is assigned to; assignment is m:n in practice. Bounded (`mapping::MAX_AGENTS_PER_TASK`).
    pub agents: Vec<RowId>,
    pub workflow: Option<RowId>,
    /// The run that it is a part of: where no workflow is told, or none that is there, it stands in the run's.
    pub run: Option<RowId>,
    /// The tasks that it waits for. Bounded (`mapping::MAX_DEPENDENCIES_PER_TASK`).
    pub depends_on: Vec<RowId>,
    /// The task that it is a part of.
    pub parent: Option<RowId>,
    /// Share done, 0 to 1.
    pub progress: Option<f32>,
    /// 0 (lowest) to 3 (urgent).
    pub priority: Option<u8>,
    /// Somebody is asked to decide something.
    pub needs_human: bool,
    /// What went wrong, in the row's words.
    pub error: Option<Arc<str>>,
}
