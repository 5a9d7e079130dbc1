//! A change of one row.

use serde::Serialize;

use super::{Record, RowKey};

/// What happened to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The row is new.
    Insert,
    /// Columns of the row changed.
    Update,
    /// The row is gone.
    Delete,
}

/// One row after a change; for a delete, before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which row.
    pub key: RowKey,
    /// What happened to it.
    pub op: Op,
    /// The whole row with merged columns; of a deleted row the last known columns.
    pub record: Record,
    /// Commit time, milliseconds since the Unix epoch; absent for rows read from a snapshot.
    pub committed_ms: Option<i64>,
}
