//! Rows for the tests and the example.

#![allow(
    dead_code,
    clippy::expect_used,
    reason = "each user takes a part; the texts are written here"
)]

use journal::{Bounds, Journal, Origin, Rules, Seen, is_routine};
use model::{Kind, Record, RowId, RowKey, SourceId, Status};

/// When the journals of the tests begin: a day in 2026, milliseconds since the Unix epoch.
pub(crate) const START: i64 = 1_772_000_000_000;

/// Masked are columns with `key` or `secret` in their names.
pub(crate) fn rules() -> Rules {
    Rules::new(|name| name.contains("key") || name.contains("secret"), is_routine)
}

pub(crate) fn journal() -> Journal {
    Journal::new(Bounds::default(), rules(), START)
}

/// A journal whose sources of the usual kinds have had their first snapshot, of one row each.
pub(crate) fn live() -> Journal {
    let mut journal = journal();
    for kind in Kind::ALL {
        let key = RowKey::new(kind, SourceId::usual(kind), RowId::from("first"));
        let record = record("{}");
        journal.row(START, Origin::Snapshot, &key, None, Some(seen(&record, Status::Idle)));
    }
    journal.synced(START);
    journal
}

pub(crate) fn task(id: &str) -> RowKey {
    RowKey::new(Kind::Task, SourceId::usual(Kind::Task), RowId::from(id))
}

pub(crate) fn record(json: &str) -> Record {
    Record::from_json(json).expect("a row")
}

pub(crate) fn seen(record: &Record, status: Status) -> Seen<'_> {
    Seen {
        record,
        label: "Invoice",
        status,
    }
}

/// A row that changes.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: RowKey,
    pub(crate) record: Record,
    pub(crate) status: Status,
}

impl Row {
    pub(crate) fn new(id: &str, json: &str, status: Status) -> Self {
        Self {
            key: task(id),
            record: record(json),
            status,
        }
    }

    pub(crate) fn appear(&self, journal: &mut Journal, at_ms: i64, origin: Origin) {
        journal.row(at_ms, origin, &self.key, None, Some(seen(&self.record, self.status)));
    }

    pub(crate) fn become_of(&mut self, journal: &mut Journal, at_ms: i64, origin: Origin, json: &str, status: Status) {
        let mut after = self.record.clone();
        after.merge(&record(json));
        let (before, now) = (seen(&self.record, self.status), seen(&after, status));
        journal.row(at_ms, origin, &self.key, Some(before), Some(now));
        (self.record, self.status) = (after, status);
    }

    /// A live change of columns.
    pub(crate) fn set(&mut self, journal: &mut Journal, at_ms: i64, json: &str) {
        self.become_of(journal, at_ms, Origin::Live, json, self.status);
    }

    /// A live change of the state alone.
    pub(crate) fn turn(&mut self, journal: &mut Journal, at_ms: i64, status: Status) {
        let json = format!(r#"{{"status":"{}"}}"#, status.word());
        self.become_of(journal, at_ms, Origin::Live, &json, status);
    }

    pub(crate) fn go(&self, journal: &mut Journal, at_ms: i64, origin: Origin) {
        journal.row(at_ms, origin, &self.key, Some(seen(&self.record, self.status)), None);
    }
}

/// The log as lines, newest first.
pub(crate) fn lines(journal: &Journal) -> Vec<String> {
    journal.log().map(|entry| entry.to_string()).collect()
}

/// The history of a row as lines, newest first.
pub(crate) fn changes(journal: &Journal, key: &RowKey) -> Vec<String> {
    journal.changes(key).map(|entry| entry.to_string()).collect()
}
