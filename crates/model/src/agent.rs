//! An agent: something that works on tasks.

use std::sync::Arc;

use super::{RowId, StatusReading};

/// An agent as its row tells it. What the row lacks is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Agent {
    pub label: Arc<str>,
    pub status: StatusReading,
    /// Role or model, the second line of its label.
    pub subtitle: Option<Arc<str>>,
    /// The task in hand, where agents say it themselves.
    pub current_task: Option<RowId>,
    /// The workflow or team it belongs to.
    pub workflow: Option<RowId>,
    /// Last sign of life, milliseconds since the Unix epoch.
    pub heartbeat_ms: Option<i64>,
}
