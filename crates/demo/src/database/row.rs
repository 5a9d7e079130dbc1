//! One committed change of a row, with everything that is needed to send it.

use std::sync::Arc;

use serde_json::Value;

use super::relation::Relation;
use crate::{
    socket::{Access, Change, ServerChannel, Subscription},
    store::{quote, write_commit_time},
};

/// Most bytes of a value that is kept in a change that is too large.
const MAX_KEPT: usize = 64;

/// A committed change.
#[derive(Debug)]
pub(crate) struct RowChange {
    pub(super) relation: Arc<Relation>,
    pub(super) operation: Operation,
    /// When it was committed, in microseconds since the Unix epoch.
    pub(super) committed: i64,
    /// The new row as JSON.
    pub(super) record: Option<String>,
    /// The old row as JSON, as much of it as the table's identity has.
    pub(super) old_record: Option<String>,
    /// Ids of the subscriptions whose conditions it meets, of those that have conditions.
    pub(super) met: Vec<i64>,
    /// What each caller sees of it, by the role and the token.
    pub(super) access: Vec<(Arc<str>, String, Access)>,
    /// Most bytes of a change.
    pub(super) max_bytes: usize,
}

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// It is new.
    Insert,
    /// It is changed.
    Update,
    /// It is gone.
    Delete,
}

impl Operation {
    /// Its name in frames.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl Change for RowChange {
    fn is_covered_by(&self, entry: &Subscription) -> bool {
        entry.covers_row(self.relation.table.oid, self.operation)
            && (!entry.has_conditions() || self.met.contains(&entry.id))
    }

    fn access(&self, channel: &ServerChannel, key: &str) -> Access {
        let token = channel.token.as_deref().unwrap_or(key);
        self.access
            .iter()
            .find(|(role, held, _)| *role == channel.role && held == token)
            .map_or(Access::Hidden, |(.., access)| *access)
    }

    fn word(&self) -> &'static str {
        self.operation.word()
    }

    fn write(&self, is_denied: bool, out: &mut String) {
        let error = match (is_denied, self.operation) {
            (true, _) => Some("Error 401: Unauthorized"),
            (false, Operation::Insert | Operation::Update) if self.relation.is_keyless() => {
                Some("Error 400: Bad Request, no primary key")
            }
            _ => None,
        };
        if let Some(error) = error {
            let empty = Some("{}");
            self.write_values(
                "[]",
                None,
                Some(error),
                self.old_record.as_ref().and(empty),
                self.record.as_ref().and(empty),
                out,
            );
            return;
        }
        let columns = self.relation.columns_json();
        let (old, new) = (self.old_record.as_deref(), self.record.as_deref());
        self.write_values(&columns, Some(self.committed), None, old, new, out);
        if out.len() > self.max_bytes {
            out.clear();
            let (old, new) = (old.map(without_large_values), new.map(without_large_values));
            let error = Some("Error 413: Payload Too Large");
            self.write_values(
                &columns,
                Some(self.committed),
                error,
                old.as_deref(),
                new.as_deref(),
                out,
            );
        }
    }
}

impl RowChange {
    /// Writes the `data` object, key for key as a real server does.
    fn write_values(
        &self,
        columns: &str,
        committed: Option<i64>,
        error: Option<&str>,
        old: Option<&str>,
        new: Option<&str>,
        out: &mut String,
    ) {
        out.push_str("{\"columns\":");
        out.push_str(columns);
        out.push_str(",\"commit_timestamp\":");
        match committed {
            Some(committed) => {
                out.push('"');
                write_commit_time(committed, out);
                out.push('"');
            }
            None => out.push_str("null"),
        }
        out.push_str(",\"errors\":");
        match error {
            Some(error) => {
                out.push('[');
                quote(error, out);
                out.push(']');
            }
            None => out.push_str("null"),
        }
        for (name, value) in [("old_record", old), ("record", new)] {
            if let Some(value) = value {
                out.push(',');
                quote(name, out);
                out.push(':');
                out.push_str(value);
            }
        }
        out.push_str(",\"schema\":");
        quote(&self.relation.table.schema, out);
        out.push_str(",\"table\":");
        quote(&self.relation.table.name, out);
        out.push_str(",\"type\":");
        quote(self.operation.word(), out);
        out.push('}');
    }
}

/// A row without its nulls and its long values.
fn without_large_values(row: &str) -> String {
    let row: Value = serde_json::from_str(row).unwrap_or_default();
    let kept = row.as_object().into_iter().flatten().filter(|(_, value)| match value {
        Value::Null => false,
        Value::String(text) => text.len() <= MAX_KEPT,
        other => other.to_string().len() <= MAX_KEPT,
    });
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()).to_string()
}
