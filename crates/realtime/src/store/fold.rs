//! Changes that wait for a snapshot, combined per row.
//!
//! Folding instead of queueing bounds the memory by the rows touched rather than by the time a snapshot takes, and
//! gives the same result as replaying them in arrival order.

use std::collections::{HashMap, hash_map::Entry};

use super::{Rows, lay_over};
use model::{Record, RowId};

/// Most rows that may wait. If there are more, the snapshot is abandoned, because it could not be completed correctly.
const MAX_ROWS: usize = 250_000;
/// Most text that may wait, in bytes of frames.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Too much waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

/// The changes of one row, combined.
#[derive(Debug)]
struct Folded {
    /// `None`: it is deleted (a tombstone).
    row: Option<Record>,
    /// The row is complete in itself: no column is taken from the snapshot's row.
    whole: bool,
    /// Columns are missing that the snapshot cannot give.
    incomplete: bool,
    /// A change came without a usable row: only the table shows what the row holds now.
    unknown: bool,
    /// It was looked up after the snapshot: the result is used even if the snapshot has no such row.
    settled: bool,
    bytes: usize,
}

impl Folded {
    fn is_unverified(&self, in_snapshot: bool) -> bool {
        self.unknown || (!self.settled && self.row.is_some() && (!in_snapshot || (self.whole && self.incomplete)))
    }
}

/// The waiting changes of one table.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    rows: HashMap<RowId, Folded>,
    bytes: usize,
}

impl Fold {
    /// Takes an insert or update. `whole`: an insert, which takes no column of an earlier row; `incomplete`: it lacks
    /// columns that its table has; `bytes`: its size on the wire.
    ///
    /// # Errors
    /// When too much waits already.
    pub(crate) fn upsert(
        &mut self,
        id: &RowId,
        record: Record,
        whole: bool,
        incomplete: bool,
        bytes: usize,
    ) -> Result<(), Overflow> {
        match self.rows.entry(id.clone()) {
            Entry::Occupied(mut entry) => {
                let folded = entry.get_mut();
                let gone = folded.row.is_none() && !folded.unknown;
                let earlier_incomplete = folded.incomplete;
                folded.row = Some(match folded.row.take() {
                    Some(earlier) if !whole => {
                        let merged = lay_over(&earlier, record);
                        folded.incomplete = incomplete && earlier_incomplete;
                        merged
                    }
                    _ => {
                        folded.incomplete = incomplete;
                        record
                    }
                });
                folded.unknown &= incomplete;
                // After a delete no column of the snapshot's row is left.
                folded.whole |= whole || gone;
                self.bytes = self.bytes - folded.bytes + bytes.max(folded.bytes);
                folded.bytes = bytes.max(folded.bytes);
            }
            Entry::Vacant(entry) => {
                entry.insert(Folded {
                    row: Some(record),
                    whole,
                    incomplete,
                    unknown: false,
                    settled: false,
                    bytes,
                });
                self.bytes += bytes;
            }
        }
        self.check()
    }

    /// Takes a delete.
    ///
    /// # Errors
    /// When too much waits already.
    pub(crate) fn delete(&mut self, id: &RowId) -> Result<(), Overflow> {
        let before = self.rows.insert(
            id.clone(),
            Folded {
                row: None,
                whole: true,
                incomplete: false,
                unknown: false,
                settled: false,
                bytes: 0,
            },
        );
        self.bytes -= before.map_or(0, |folded| folded.bytes);
        self.check()
    }

    /// Takes a change that carries no usable row.
    ///
    /// # Errors
    /// When too much waits already.
    pub(crate) fn unknown(&mut self, id: &RowId) -> Result<(), Overflow> {
        self.rows
            .entry(id.clone())
            .or_insert(Folded {
                row: None,
                whole: false,
                incomplete: false,
                unknown: true,
                settled: false,
                bytes: 0,
            })
            .unknown = true;
        self.check()
    }

    fn check(&self) -> Result<(), Overflow> {
        if self.rows.len() > MAX_ROWS || self.bytes > MAX_BYTES {
            Err(Overflow)
        } else {
            Ok(())
        }
    }

    /// The row that waits under this key, as far as the changes show it, and whether columns are missing from it.
    pub(crate) fn waiting(&self, id: &RowId) -> Option<(&Record, bool)> {
        let folded = self.rows.get(id)?;
        Some((folded.row.as_ref()?, folded.incomplete))
    }

    /// A change of this row arrived without its columns, so the waiting row may be incomplete.
    pub(crate) fn is_unknown(&self, id: &RowId) -> bool {
        self.rows.get(id).is_some_and(|folded| folded.unknown)
    }

    /// Rows whose changes say that they exist but which the snapshot does not have (it may have read past them before
    /// they came, or they may be deleted unreported), and rows with columns missing that it cannot give.
    pub(crate) fn unverified(&self, snapshot: &Rows) -> Vec<RowId> {
        self.rows
            .iter()
            .filter(|(id, folded)| folded.is_unverified(snapshot.get(id).is_some()))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// An unverified row was looked up: this is the whole of it, or it does not exist.
    pub(crate) fn settle(&mut self, id: &RowId, found: Option<Record>) {
        if let Some(folded) = self.rows.get_mut(id) {
            folded.row = found;
            folded.whole = true;
            folded.incomplete = false;
            folded.unknown = false;
            folded.settled = true;
        }
    }

    /// Lays everything over the snapshot. Returns the keys that are still unverified.
    pub(crate) fn apply(self, snapshot: &mut Rows) -> Vec<RowId> {
        let mut unverified = Vec::new();
        for (id, folded) in self.rows {
            let below = snapshot.get(&id);
            if folded.is_unverified(below.is_some()) {
                unverified.push(id.clone());
            }
            let Some(row) = folded.row else {
                // Until an unknown row is looked up, the snapshot's reading of it is kept.
                if !folded.unknown {
                    snapshot.remove(&id);
                }
                continue;
            };
            let record = match below {
                Some(below) if !folded.whole => lay_over(below, row),
                _ => row,
            };
            snapshot.set(id, record);
        }
        unverified
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Record {
        serde_json::from_str(text).expect("a row")
    }

    fn id() -> RowId {
        "1".into()
    }

    #[test]
    fn updates_are_laid_over_each_other_and_over_the_snapshot() {
        let mut snapshot = Rows::default();
        snapshot.set(id(), row(r#"{"id":1,"a":0,"b":0,"big":"x"}"#));
        let mut fold = Fold::default();
        fold.upsert(&id(), row(r#"{"id":1,"a":1,"b":1}"#), false, true, 10)
            .expect("room");
        fold.upsert(&id(), row(r#"{"id":1,"a":2}"#), false, true, 10)
            .expect("room");
        assert!(fold.unverified(&snapshot).is_empty());
        assert!(fold.apply(&mut snapshot).is_empty());
        assert_eq!(snapshot.get(&id()), Some(&row(r#"{"id":1,"a":2,"b":1,"big":"x"}"#)));
    }

    #[test]
    fn a_row_inserted_after_a_delete_keeps_no_column_of_the_deleted_one() {
        let mut snapshot = Rows::default();
        snapshot.set(id(), row(r#"{"id":1,"old":true}"#));
        let mut fold = Fold::default();
        fold.upsert(&id(), row(r#"{"id":1,"old":true}"#), false, false, 9)
            .expect("room");
        fold.delete(&id()).expect("room");
        fold.upsert(&id(), row(r#"{"id":1,"new":true}"#), false, false, 9)
            .expect("room");
        fold.apply(&mut snapshot);
        assert_eq!(snapshot.get(&id()), Some(&row(r#"{"id":1,"new":true}"#)));
    }

    #[test]
    fn a_tombstone_removes_the_snapshots_row() {
        let mut snapshot = Rows::default();
        snapshot.set(id(), row(r#"{"id":1}"#));
        let mut fold = Fold::default();
        fold.delete(&id()).expect("room");
        fold.apply(&mut snapshot);
        assert!(snapshot.is_empty());
    }

    #[test]
    fn waiting_changes_are_bounded_in_rows_and_in_bytes() {
        let mut fold = Fold::default();
        let one = row("{}");
        for number in 0..MAX_ROWS {
            fold.upsert(&number.to_string().as_str().into(), one.clone(), true, false, 1)
                .expect("room");
        }
        assert_eq!(
            fold.upsert(&"one more".into(), one.clone(), true, false, 1),
            Err(Overflow)
        );
        let mut fold = Fold::default();
        assert_eq!(fold.upsert(&id(), one, true, false, MAX_BYTES + 1), Err(Overflow));
    }
}
