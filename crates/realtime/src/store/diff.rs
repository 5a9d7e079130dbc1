//! The differences between two states of a source, so that a resync is reported as those and not as everything deleted
//! and inserted.

use super::{Rows, TableColumns};
use model::{Op, Record, RowId};

/// One row that differs. Of a deleted row the record is the last one known.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The key of the row.
    pub(crate) id: RowId,
    /// What happened to it.
    pub(crate) op: Op,
    /// The row after the change, or as it was before a delete.
    pub(crate) record: Record,
    /// It differs only in how values are written (see [`TableColumns`]): reported, but not counted as a difference.
    pub(crate) writing_only: bool,
}

/// The differences from `old` to `new`, in the order of their keys. Of equal rows `new` then shares the record of `old`.
pub(crate) fn difference(old: &Rows, new: &mut Rows, columns: &TableColumns) -> Vec<Difference> {
    let mut found = Vec::new();
    for (id, record) in old.iter() {
        if new.get(id).is_none() {
            found.push(Difference {
                id: id.clone(),
                op: Op::Delete,
                record: record.clone(),
                writing_only: false,
            });
        }
    }
    let mut equal = Vec::new();
    for (id, record) in new.iter() {
        match old.get(id) {
            None => found.push(Difference {
                id: id.clone(),
                op: Op::Insert,
                record: record.clone(),
                writing_only: false,
            }),
            Some(before) if before.is_same(record) => {}
            Some(before) if before == record => equal.push((id.clone(), before.clone())),
            Some(before) => found.push(Difference {
                id: id.clone(),
                op: Op::Update,
                record: record.clone(),
                writing_only: columns.is_same(before, record),
            }),
        }
    }
    for (id, record) in equal {
        new.set(id, record);
    }
    found.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    found
}
