//! Which columns mean what, and which words mean which state: the mapping from a table row to a row of the wall.
//!
//! A row never fails to map: what is missing is absent, what is unknown is shown as unmapped.

use std::collections::HashMap;

use super::{Kind, PerKind, Record, Row, RowId, Status};

/// Most agents taken from one task's assignment columns.
pub const MAX_AGENTS_PER_TASK: usize = 16;

/// Where one kind lives and which of its columns mean what. Each list is tried in order; the first column that the row
/// has, with a usable value, counts. Dotted names look into JSON columns (`record.status`).
#[derive(Debug, Clone, PartialEq)]
pub struct KindMapping {
    pub schema: String,
    pub table: String,
    /// The primary key. One column; its value is the row's id.
    pub id: String,
    pub label: Vec<String>,
    pub status: Vec<String>,
    pub progress: Vec<String>,
    /// task → agents; columns may hold one id or an array of ids.
    pub agent: Vec<String>,
    /// task → workflow, agent → workflow.
    pub workflow: Vec<String>,
    /// agent → task in hand.
    pub current_task: Vec<String>,
    pub subtitle: Vec<String>,
    pub heartbeat: Vec<String>,
    pub updated_at: Vec<String>,
    pub priority: Vec<String>,
    pub error: Vec<String>,
}

/// The whole mapping: three kinds, and the user's own status words, which win over the built-in ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    pub kinds: PerKind<KindMapping>,
    /// Normalised word (lower case, `_`) → state.
    pub words: HashMap<String, Status>,
}

impl Mapping {
    /// Reads a row of `kind`.
    pub fn read(&self, kind: Kind, id: &RowId, record: &Record) -> Row {
        let _ = (kind, id, record);
        Row::Task(super::Task::default())
    }

    /// The row's id, if its key column holds one.
    pub fn id_of(&self, kind: Kind, record: &Record) -> Option<RowId> {
        record.get(&self.kinds[kind].id).and_then(RowId::from_value)
    }
}
