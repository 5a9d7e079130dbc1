//! Follows the worker's events: the rows as they were reported, and when each status was.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::staleness::Staleness;
use crate::commands::Failure;
use client::Worker;
use demo::Control;
use lab::server_rows;
use model::{Kind, Level, Op, PerKind, Record, RowKey};
use realtime::{FeedEvent, LinkReport, LinkStatus, StatusReport};
use settings::SourceKinds;

/// Interval at which events are taken while waiting.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Interval at which the rows are compared with the server's while waiting.
const COMPARE_EVERY: Duration = Duration::from_millis(250);
/// Most complaints that are kept.
const MAX_COMPLAINTS: usize = 20;
/// Most rows whose last change is remembered.
const MAX_LAST: usize = 100_000;

/// Rows by the text of their row keys.
pub(super) type Rows = BTreeMap<String, Value>;

/// What the events have reported so far.
pub(super) struct Observer {
    kinds: SourceKinds,
    rows: BTreeMap<RowKey, Record>,
    /// The connection's status.
    pub(super) status: StatusReport,
    /// The last report about the connection.
    pub(super) link: LinkReport,
    /// Changes received.
    pub(super) changes: u64,
    /// Snapshots merged.
    pub(super) syncs: u64,
    /// The first sign of trouble since the last [`Observer::reset`].
    pub(super) noticed: Option<Instant>,
    /// The first status other than Live since the last [`Observer::reset`].
    pub(super) not_live: Option<Instant>,
    /// When Live was last reported.
    pub(super) live: Option<Instant>,
    /// Changes that contradict the rows reported before.
    pub(super) complaints: Vec<String>,
    /// The last change of each row, whether it came from the stream, and when. They explain a difference.
    last: HashMap<RowKey, (Op, bool, Instant)>,
    control: Control,
    compared: Instant,
    /// How long Live was reported while it was too old to be true.
    pub(super) staleness: Staleness,
}

impl Observer {
    /// `kinds`: what the sources of the feed stand for. `max_age`: the age of a proof from which on Live must not be reported.
    pub(super) fn new(kinds: SourceKinds, control: Control, max_age: Duration) -> Self {
        Self {
            kinds,
            rows: BTreeMap::new(),
            status: StatusReport::default(),
            link: LinkReport::default(),
            changes: 0,
            syncs: 0,
            noticed: None,
            not_live: None,
            live: None,
            complaints: Vec::new(),
            last: HashMap::new(),
            control,
            compared: Instant::now(),
            staleness: Staleness::new(max_age),
        }
    }

    /// Forgets when trouble was noticed, before the next fault.
    pub(super) fn reset(&mut self) {
        (self.noticed, self.not_live) = (None, None);
        if self.last.len() > MAX_LAST {
            self.last.clear();
        }
    }

    /// Whether Live is the status reported last.
    pub(super) fn is_live(&self) -> bool {
        self.status.status == LinkStatus::Connected
    }

    /// Takes events until `done`, for at most this long. Returns whether it was done.
    pub(super) fn until(
        &mut self,
        worker: &Worker,
        most: Duration,
        mut done: impl FnMut(&Self) -> bool,
    ) -> Result<bool, Failure> {
        let end = Instant::now() + most;
        let mut batch = Vec::new();
        loop {
            if worker.events().take(usize::MAX, &mut batch).is_err() {
                return Err(Failure::Running(
                    "the network thread ended in the middle of the run; please report this with its seed".into(),
                ));
            }
            for event in batch.drain(..) {
                self.take(event);
            }
            let now = Instant::now();
            if now >= self.compared + COMPARE_EVERY {
                self.compared = now;
                let (shown, server) = (self.rows(), server_rows(&self.control));
                let lost = self.lost_kinds();
                // A row key begins with the word of its kind.
                let is_lost = |key: &str| lost.iter().any(|kind| key.starts_with(kind.singular()));
                self.staleness.look(
                    now,
                    self.status.status == LinkStatus::Connected,
                    is_lost,
                    &shown,
                    &server,
                );
            }
            if done(self) {
                return Ok(true);
            }
            if now >= end {
                return Ok(false);
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn take(&mut self, event: FeedEvent) {
        let now = Instant::now();
        match event {
            FeedEvent::Status(status) => {
                if status.status == LinkStatus::Connected {
                    self.live = Some(now);
                } else {
                    self.not_live.get_or_insert(now);
                    self.noticed.get_or_insert(now);
                }
                self.status = status;
            }
            FeedEvent::Notice(notice) if notice.level() != Level::Info => {
                self.noticed.get_or_insert(now);
            }
            FeedEvent::Notice(_) => {}
            FeedEvent::Synced(_) => self.syncs += 1,
            FeedEvent::Link(link) => self.link = *link,
            FeedEvent::Change(change) => {
                let Some(change) = self.kinds.read(change) else { return };
                self.changes += 1;
                let is_streamed = change.committed_ms.is_some();
                self.last.insert(change.key.clone(), (change.op, is_streamed, now));
                let was_there = match change.op {
                    Op::Delete => self.rows.remove(&change.key).is_some(),
                    Op::Insert | Op::Update => self.rows.insert(change.key.clone(), change.record).is_some(),
                };
                if was_there == (change.op == Op::Insert) && self.complaints.len() < MAX_COMPLAINTS {
                    self.complaints.push(format!("{:?} of {}", change.op, change.key));
                }
            }
        }
    }

    /// A sentence about every row that differs from the server's.
    pub(super) fn differences(&self, theirs: &Rows) -> Vec<String> {
        let last = |differing: &str| {
            let mut all = self.last.iter();
            let (_, (op, is_streamed, at)) = all.find(|(key, _)| key.to_string() == differing)?;
            let by = if *is_streamed { "the stream" } else { "a reading" };
            Some(format!(
                " (last reported by {by}, {op:?}, {} ms ago)",
                at.elapsed().as_millis()
            ))
        };
        let differing = differences(&self.rows(), theirs).into_iter();
        differing
            .map(|(key, how)| format!("{key} {how}{}", last(&key).unwrap_or_default()))
            .collect()
    }

    /// Rows of each kind, as the connection counts them.
    pub(super) fn counts(&self) -> PerKind<usize> {
        let reports = self.kinds.reports(&self.link.sources);
        PerKind::from_fn(|kind| reports[kind].rows)
    }

    /// The kinds whose source is reported as lost.
    fn lost_kinds(&self) -> Vec<Kind> {
        let reports = self.kinds.reports(&self.link.sources);
        let kinds = Kind::ALL.into_iter();
        kinds.filter(|kind| reports[*kind].lost_ms.is_some()).collect()
    }

    /// The rows as reported, as JSON.
    pub(super) fn rows(&self) -> Rows {
        let row = |(key, record): (&RowKey, &Record)| {
            let record = serde_json::to_value(record).unwrap_or_default();
            (key.to_string(), record)
        };
        self.rows.iter().map(row).collect()
    }
}

/// The rows that differ, and how.
fn differences(ours: &Rows, theirs: &Rows) -> Vec<(String, &'static str)> {
    let missing = theirs.keys().filter(|key| !ours.contains_key(*key));
    let ours_only = ours.keys().filter(|key| !theirs.contains_key(*key));
    let other = ours
        .iter()
        .filter(|(key, row)| theirs.get(*key).is_some_and(|theirs| theirs != *row));
    let all = missing.map(|key| (key.clone(), "is missing"));
    let all = all.chain(ours_only.map(|key| (key.clone(), "should be gone")));
    all.chain(other.map(|(key, _)| (key.clone(), "is not as it is")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_difference_is_found() {
        let state = |rows: &[(&str, u64)]| -> Rows {
            let row = |(id, n): &(&str, u64)| ((*id).to_owned(), json!({"n": n}));
            rows.iter().map(row).collect()
        };
        let (ours, theirs) = (
            state(&[("a", 1), ("b", 1), ("c", 1)]),
            state(&[("a", 1), ("b", 2), ("d", 1)]),
        );
        let found = differences(&ours, &theirs);
        let found: Vec<_> = found.iter().map(|(key, how)| (key.as_str(), *how)).collect();
        assert_eq!(
            found,
            [("d", "is missing"), ("c", "should be gone"), ("b", "is not as it is")]
        );
        assert!(differences(&ours, &ours).is_empty());
    }
}
