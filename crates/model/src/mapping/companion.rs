//! Companions: tables whose rows are not shown by themselves, but complete the rows of a source.

use crate::Status;

/// A table that completes the rows of a source: the live state of an agent, its assignments, a table of status names. Its
/// columns are read as if they were columns of the source's row named `TABLE.COLUMN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// The schema that the table is in.
    pub schema: String,
    table: String,
    /// The columns of its primary key.
    pub id: Vec<String>,
    theirs: String,
    /// The column of the source; empty: its key.
    pub ours: String,
    /// What is taken when several of its rows belong to one row.
    pub take: Take,
    /// The state of a row to which a row of the companion belongs (`failed_executions`).
    pub state: Option<Status>,
    /// The name of its column [`Companion::theirs`] as it is read.
    marker: String,
}

/// What is taken when several rows of a companion belong to one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Take {
    /// The latest row by this column, or the last one that changed.
    Latest(Option<String>),
    /// This column of all of them, as a list.
    All(String),
}

impl Companion {
    /// A companion in the schema `public` whose column `theirs` holds the key of the source's row; its latest row counts.
    pub fn new(table: &str, theirs: &str) -> Self {
        Self {
            schema: "public".to_owned(),
            table: table.to_owned(),
            id: vec!["id".to_owned()],
            theirs: theirs.to_owned(),
            ours: String::new(),
            take: Take::Latest(None),
            state: None,
            marker: format!("{table}.{theirs}"),
        }
    }

    /// The column by which a row of the source shows that a row of the companion belongs to it.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Whether this is the companion's table.
    pub(crate) fn is_of(&self, schema: &str, table: &str) -> bool {
        self.table == table && self.schema == schema
    }

    /// The name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The column of the companion that holds the same text as [`Companion::ours`].
    pub fn theirs(&self) -> &str {
        &self.theirs
    }

    /// The name under which one of its columns is read.
    pub fn column(&self, column: &str) -> String {
        format!("{}.{column}", self.table)
    }
}
