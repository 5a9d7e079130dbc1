//! Row ids: opaque strings, whatever their type in the database.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Cell, Kind};

/// The primary key of a row as text. A `uuid`, a `text` and an integer key all become the text that PostgREST shows,
/// so that `1` from one place and `"1"` from another are the same row. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowId(Arc<str>);

/// Keys longer than this many bytes are cut from view as hostile: PostgreSQL's own index limit is 2,704 bytes.
const MAX_ID_BYTES: usize = 2_704;

impl RowId {
    /// Reads an id out of a cell: a non-empty text, a number or a boolean. Anything else names no row.
    pub fn from_value(value: Cell<'_>) -> Option<Self> {
        Self::text_of(&value).map(Self::from)
    }

    /// The text that such a cell's id is.
    pub fn text_of<'c>(value: &'c Cell<'_>) -> Option<&'c str> {
        match value {
            Cell::Text(text) if !text.is_empty() && text.len() <= MAX_ID_BYTES => Some(text),
            Cell::Number(digits) if digits.len() <= MAX_ID_BYTES => Some(digits),
            Cell::Bool(true) => Some("true"),
            Cell::Bool(false) => Some("false"),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RowId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for RowId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// A row's name across the whole program: its kind and its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    pub kind: Kind,
    pub id: RowId,
}

impl RowKey {
    pub fn new(kind: Kind, id: RowId) -> Self {
        Self { kind, id }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.singular(), self.id)
    }
}
