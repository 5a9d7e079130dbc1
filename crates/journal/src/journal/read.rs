//! The log, the histories of rows, and questions.

use model::{Kind, RowKey};

use super::{Counts, FOLD_MS, Journal};
use crate::{
    entry::{Entry, EntryId, Severity},
    head::{Head, NO_ROW, follow},
    states::{Since, Stretch},
};

/// Entries in the history of a row.
const MOST_OF_ROW: usize = 64;
/// The newest of them are of any sort; those behind them changed its state.
const MOST_OF_ANY_SORT: usize = 32;

impl Journal {
    fn entry_of<'j>(&'j self, id: u64, head: &'j Head) -> Entry<'j> {
        let slot = if head.row == NO_ROW {
            None
        } else {
            self.rows.get(head.row)
        };
        Entry {
            id,
            head,
            key: slot.map(|slot| &slot.key),
        }
    }

    /// An entry by its number; `None` when it is forgotten, or a repeat took its place.
    pub fn entry(&self, id: EntryId) -> Option<Entry<'_>> {
        let head = self.ring.get(id.0).filter(|head| !head.is_replaced)?;
        Some(self.entry_of(id.0, head))
    }

    /// The log, newest first.
    pub fn log(&self) -> impl Iterator<Item = Entry<'_>> {
        self.log_from(Some(self.newest))
    }

    /// The log behind an entry, newest first: what is older than it. Where the entry is forgotten, nothing is.
    pub fn older_than(&self, id: EntryId) -> impl Iterator<Item = Entry<'_>> {
        let older = self.ring.get(id.0).and_then(|head| follow(id.0, head.older_in_log));
        self.log_from(older)
    }

    /// The log before an entry, newest first: what is newer than it.
    pub fn newer_than(&self, id: EntryId) -> impl Iterator<Item = Entry<'_>> {
        self.log().take_while(move |entry| entry.id > id.0)
    }

    /// The newest entries of the log that the filter accepts, at most `limit`, newest first. What the iterator is not asked
    /// for is not looked at.
    pub fn newest<'j>(
        &'j self,
        filter: impl FnMut(&Entry<'j>) -> bool + 'j,
        limit: usize,
    ) -> impl Iterator<Item = Entry<'j>> {
        self.log().filter(filter).take(limit)
    }

    fn log_from(&self, first: Option<u64>) -> impl Iterator<Item = Entry<'_>> {
        let mut next = first;
        std::iter::from_fn(move || {
            loop {
                let id = next?;
                let head = self.ring.get(id)?;
                next = follow(id, head.older_in_log);
                if !head.is_hidden && !head.is_replaced {
                    return Some(self.entry_of(id, head));
                }
            }
        })
    }

    /// What happened at or after a time, milliseconds since the Unix epoch, newest first; without changes of columns that
    /// change all the time.
    pub fn happened_since(&self, from_ms: i64) -> impl Iterator<Item = Entry<'_>> {
        // Repeats are folded into an entry for at most this long, so that what is further down has not happened since.
        let least_ms = from_ms.saturating_sub(FOLD_MS);
        self.log()
            .filter(|entry| entry.severity() > Severity::Routine)
            .take_while(move |entry| entry.last_ms() >= least_ms)
            .filter(move |entry| entry.last_ms() >= from_ms)
    }

    /// The entry of the row of a kind that got into the state `failed` last, whatever became of it since; `None`: none did,
    /// or it is forgotten.
    pub fn failed_last(&self, kind: Kind) -> Option<Entry<'_>> {
        let (id, row) = *self.failed.get(kind as usize)?;
        if let Some(head) = self.ring.get(id) {
            return Some(self.entry_of(id, head));
        }
        self.kept(row).filter(|entry| entry.id == id)
    }

    /// The entry that led to the present state of a row, where it has left the log.
    fn kept(&self, row: u32) -> Option<Entry<'_>> {
        let (id, head) = &**self.rows.get(row)?.kept.as_ref()?;
        Some(self.entry_of(*id, head))
    }

    /// The last changes of a row, newest first, at most 64: the newest 32 of any sort, those behind them only where the state
    /// changed. The one that led to the present state is kept longest.
    pub fn changes<'j>(&'j self, key: &RowKey) -> impl Iterator<Item = Entry<'j>> + use<'j> {
        let row = self.rows.find(key);
        let slot = row.and_then(|row| self.rows.get(row));
        let mut next = slot.map(|slot| slot.newest);
        let mut kept = row.and_then(|row| self.kept(row));
        let mut count = 0;
        let in_ring = std::iter::from_fn(move || {
            let id = next?;
            let head = self.ring.get(id)?;
            count += 1;
            let is_any = count < MOST_OF_ANY_SORT;
            next = follow(id, if is_any { head.older_of_row } else { head.older_state });
            Some(self.entry_of(id, head))
        });
        in_ring.chain(std::iter::from_fn(move || kept.take())).take(MOST_OF_ROW)
    }

    /// The states of a row over time, oldest first, without gaps; empty where it has not changed its state as far as is
    /// kept.
    pub fn states<'j>(&'j self, key: &RowKey) -> impl DoubleEndedIterator<Item = Stretch> + use<'j> {
        let slot = self.rows.find(key).and_then(|row| self.rows.get(row));
        slot.into_iter().flat_map(|slot| slot.states.stretches())
    }

    /// Since when a row is in its present state, if it is there; `None`: it is gone. Of a row that nothing is kept of, it
    /// is certain only that it is in its state since its source was first read, or since the journal forgot rows.
    pub fn since(&self, key: &RowKey) -> Option<Since> {
        match self.rows.find(key).and_then(|row| self.rows.get(row)) {
            Some(slot) if !slot.states.is_empty() => slot.states.since(),
            _ => Some(Since::AtLeast(self.horizon_ms(key.source))),
        }
    }

    /// Notes that a person looks at the log now: what is there counts as seen.
    pub fn look(&mut self) {
        self.mark.next = self.ring.next();
        self.mark.at_ms = self.now_ms;
        self.mark.counts = self.counts;
    }

    /// How many times something happened since a person last looked, repeats and rows that one entry stands for included.
    pub fn unseen(&self) -> Counts {
        self.counts.since(self.mark.counts)
    }

    /// Whether an entry came, or was repeated, after a person last looked.
    pub fn is_unseen(&self, entry: &Entry<'_>) -> bool {
        entry.id >= self.mark.next || entry.last_ms() > self.mark.at_ms
    }
}
