//! The rows of one source, by key. Each row is stored once in memory and shared with the reader.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use model::{Op, Record, RowId};

/// What an insert or update did.
#[derive(Debug, PartialEq)]
pub(crate) struct WrittenRow {
    /// Insert or update.
    pub(crate) op: Op,
    /// The whole row after it.
    pub(crate) record: Record,
}

/// The rows of one table. Ids come from outside: the hasher has a random seed.
#[derive(Debug, Default, Clone)]
pub(crate) struct Rows {
    rows: HashMap<RowId, Record, RandomState>,
}

impl Rows {
    /// The row with this id.
    pub(crate) fn get(&self, id: &RowId) -> Option<&Record> {
        self.rows.get(id)
    }

    /// The id of a row that is held, by its text.
    pub(crate) fn id(&self, text: &str) -> Option<RowId> {
        self.rows.get_key_value(text).map(|(id, _)| id.clone())
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// There is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows with their ids, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RowId, &Record)> {
        self.rows.iter()
    }

    /// Lays `newer` over the row: columns that it lacks stay, unless it is the `whole` row. `None` when
    /// nothing changed.
    pub(crate) fn upsert(&mut self, id: &RowId, newer: Record, whole: bool) -> Option<WrittenRow> {
        let Some(row) = self.rows.get_mut(id) else {
            self.rows.insert(id.clone(), newer.clone());
            return Some(WrittenRow {
                op: Op::Insert,
                record: newer,
            });
        };
        let record = if whole { newer } else { lay_over(row, newer) };
        if record == *row {
            return None;
        }
        *row = record.clone();
        Some(WrittenRow { op: Op::Update, record })
    }

    /// Sets a row, whatever was held before.
    pub(crate) fn set(&mut self, id: RowId, record: Record) {
        self.rows.insert(id, record);
    }

    /// Removes a row and returns it.
    pub(crate) fn remove(&mut self, id: &RowId) -> Option<Record> {
        self.rows.remove(id)
    }
}

/// `newer` over `base`: an unchanged large column is absent from an update and stays. Copies only when something is
/// absent.
pub(crate) fn lay_over(base: &Record, newer: Record) -> Record {
    if newer.covers(base) {
        return newer;
    }
    let mut merged = base.clone();
    merged.merge(&newer);
    merged
}
