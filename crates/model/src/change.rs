//! A change of one row.

use serde::Serialize;

use super::{Record, RowId, RowKey, SourceId};

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

/// A change of a row of any followed table, also of one whose rows only complete those of others; for a delete, the row
/// as it was before.
#[derive(Debug, Clone, PartialEq)]
pub struct TableChange {
    /// The table whose row changed.
    pub source: SourceId,
    /// The row's key.
    pub id: RowId,
    /// What happened to the row.
    pub op: Op,
    /// The whole row, columns merged; of a deleted row the last known columns.
    pub record: Record,
    /// Commit time, milliseconds since the Unix epoch; absent for rows read from a snapshot.
    pub committed_ms: Option<i64>,
}

/// A change of a row that is shown; for a delete, the row as it was before.
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
