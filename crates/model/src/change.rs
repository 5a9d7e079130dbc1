//! A change of one row.

use std::sync::Arc;

use serde::Serialize;

use super::{Record, RowKey};

/// What happened to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Insert,
    Update,
    Delete,
}

/// One row as it stands after a change; for a delete, as it stood before.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub key: RowKey,
    pub op: Op,
    /// The whole row, columns merged; of a deleted row the last known columns.
    pub record: Arc<Record>,
    /// Commit time, milliseconds since the Unix epoch; absent for rows read from a snapshot.
    pub committed_ms: Option<i64>,
}
