//! A workflow: what tasks are part of.

use std::sync::Arc;

use super::StatusReading;

/// A workflow as its row tells it. What the row lacks is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workflow {
    pub label: Arc<str>,
    pub status: StatusReading,
    /// Share done, 0 to 1, where the row says it; else the wall counts its tasks.
    pub progress: Option<f32>,
}
