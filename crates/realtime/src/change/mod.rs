//! A `postgres_changes` payload, typed. Columns go straight into a [`Record`].
//!
//! Harmless deviations are accepted (ids in strings, an unreadable timestamp, missing `columns`). What could yield a
//! wrong row is refused, with its table where that can still be read: a refused change is a lost one, and its table has
//! to be read again.
//!
//! Frames as the server writes them are read in one pass (`fast`); all others by `careful`, which gives the same result
//! where both can read.

mod careful;
mod fast;
mod ids;

use std::borrow::Cow;

pub(super) use careful::decode;
pub(super) use fast::{Lists, read};
pub use ids::Ids;
use model::{Object, Record};

/// What happened in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeType {
    Insert,
    Update,
    Delete,
    /// Another word: something happened, but not to one row.
    Unknown,
}

/// Why a change carries no usable row (`errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 400: the table has no primary key.
    NoPrimaryKey,
    /// 401: the role may not select from the table.
    Unauthorized,
    /// 413: the change was too large; values above 64 bytes and nulls are missing.
    TooLarge,
    Other,
}

/// One change as the server sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct RowEvent<'a> {
    /// The entries of the join that it belongs to.
    pub ids: Ids,
    /// The schema of the table.
    pub schema: Cow<'a, str>,
    /// The table, or its partition.
    pub table: Cow<'a, str>,
    /// What happened.
    pub change: ChangeType,
    /// Milliseconds since the Unix epoch; `None` when absent or unreadable.
    pub committed_ms: Option<i64>,
    /// The list of the table's columns, as written.
    pub columns: Option<&'a str>,
    /// Lists with the same number are equal; `None` = unknown.
    pub list: Option<u64>,
    /// Absent on a delete.
    pub record: Option<Record>,
    /// Absent on an insert; usually the primary key alone.
    pub old_record: Option<Object<'a>>,
    /// Why it carries no usable row; `None`: it does.
    pub trouble: Option<Trouble>,
}

/// A payload that cannot be used, so a change is lost; with its table (schema and name) where that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Schema and name.
    pub table: Option<(String, String)>,
}
