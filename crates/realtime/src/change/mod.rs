//! A `postgres_changes` payload, typed. Columns go straight into a [`Record`].
//!
//! Harmless deviations are accepted (ids in strings, an unreadable timestamp, missing `columns`). What could yield a
//! wrong row is refused, with its table where that can still be read: a refused change is a lost one, and its table has
//! to be read again.
//!
//! Frames as the server writes them are read in one pass (`fast`); all others by `careful`, which gives the same result
//! where both can read.

mod broadcast;
mod careful;
mod fast;
mod ids;

use std::borrow::Cow;

pub(super) use broadcast::{NoChange, decode as decode_broadcast};
pub(super) use careful::decode;
pub(super) use fast::{Lists, read};
pub(crate) use ids::Ids;
use model::{Object, Record};

/// What happened in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeType {
    Insert,
    Update,
    Delete,
    /// Another word: something happened, but not to one row.
    Unknown,
}

/// Why a change carries no usable row (`errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeError {
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
pub(crate) struct RowEvent<'a> {
    /// The entries of the join that it belongs to.
    pub(crate) ids: Ids,
    /// The schema of the table.
    pub(crate) schema: Cow<'a, str>,
    /// The table, or its partition.
    pub(crate) table: Cow<'a, str>,
    /// What happened.
    pub(crate) change: ChangeType,
    /// Milliseconds since the Unix epoch; `None` when absent or unreadable.
    pub(crate) committed_ms: Option<i64>,
    /// The list of the table's columns, as written.
    pub(crate) columns: Option<&'a str>,
    /// Lists with the same number are equal; `None` = unknown.
    pub(crate) list: Option<u64>,
    /// Absent on a delete.
    pub(crate) record: Option<Record>,
    /// Absent on an insert; usually the primary key alone.
    pub(crate) old_record: Option<Object<'a>>,
    /// Why it carries no usable row; `None`: it does.
    pub(crate) error: Option<ChangeError>,
}

/// A payload that cannot be used, so a change is lost; with its table (schema and name) where that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// Schema and name.
    pub(crate) table: Option<(String, String)>,
}
