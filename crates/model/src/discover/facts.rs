//! What is known of the tables of a project before it is decided which of them are sources.

use crate::{Kind, Record, SourceMapping};

/// A table or view, as far as it is known: by REST from its rows alone, or from the database's catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableFacts {
    /// Its schema.
    pub schema: String,
    /// Its name, without the schema.
    pub table: String,
    /// What it is; `None`: unknown.
    pub form: Option<TableForm>,
    /// Its columns, in the order of the table. Without the catalogue those of the rows, and none of an empty table.
    pub columns: Vec<ColumnFacts>,
    /// The columns of its primary key, none if it has none; `None`: unknown.
    pub key: Option<Vec<String>>,
    /// Columns that are unique by themselves, other than the key.
    pub unique: Vec<String>,
    /// Rows, those that were changed last first where that is known; at most [`MAX_SAMPLE`].
    pub rows: Vec<Record>,
    /// How many rows it has, as far as that was counted or estimated.
    pub count: Option<u64>,
    /// Whether the publication of Realtime has it; `None`: unknown.
    pub is_published: Option<bool>,
    /// Why it cannot be read, with what to do about it; `None`: it can.
    pub refusal: Option<String>,
    /// It cannot be read because the role that reads may not select from it.
    pub is_denied: bool,
}

impl TableFacts {
    /// They are about the table of this source.
    pub fn is_of(&self, source: &SourceMapping) -> bool {
        self.table == source.table && self.schema == source.schema
    }
}

/// What a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableForm {
    /// An ordinary table.
    Table,
    /// The parent of partitions.
    Partitioned {
        /// Its publication reports changes under its own name (`publish_via_partition_root`).
        via_root: bool,
    },
    /// A view, materialised or not, or a foreign table: it has no changes of its own.
    View,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// PostgreSQL's name of its type (`uuid`, `timestamp with time zone`); `None`: unknown.
    pub type_name: Option<String>,
    /// The words that it may hold: labels of its enum type, or the list of a check constraint.
    pub words: Vec<String>,
    /// The column of another table that it refers to by a foreign key.
    pub refers_to: Option<ForeignColumn>,
}

/// The column that a foreign key refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignColumn {
    /// The schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column there.
    pub column: String,
}

/// Most rows of a table that are looked at.
pub const MAX_SAMPLE: usize = 200;

/// A table name to ask for, and the kind that its rows most likely are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The name of the table in the schema `public`.
    pub table: &'static str,
    /// What its rows most likely are; `None`: it completes the rows of another table.
    pub kind: Option<Kind>,
}

/// An engine whose tables are known: how they are recognised, and how their rows are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name, as in the setting `preset`.
    pub name: String,
    /// Columns that it has, each with the table that it is in. The schema may be another one.
    pub recognised_by: Vec<PresetColumn>,
    /// Every other table in its schema is its own as well, and none of them is a source.
    pub owns_schema: bool,
    /// Its tables.
    pub sources: Vec<SourceMapping>,
}

/// A column by which an engine is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetColumn {
    /// The schema that the engine uses by default.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}
