//! What `tail` keeps: counts for the summary and, for a dump, the rows.

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{Failure, output_file, usage},
    filter::Filter,
    line::{Lines, json_line},
    summary::Summary,
};
use model::{
    Change, Heartbeats, Joiner, Notice, Op, Record, RowCounts, RowKey, Silence, TableChange, mapping::Reading,
};
use query::Query;
use realtime::FeedEvent;
use settings::files::{Purpose, write_whole};

/// Most rows that are updated before the next events because a row that completes very many has changed.
const JOINED_AT_ONCE: usize = 10_000;

/// A change of a row that is shown, and its row as it is in its table, where the change has a joined one.
pub(super) type Joined = (Change, Option<Record>);

/// Counts, what completes and judges the rows, and the rows themselves if a dump was requested.
pub(super) struct State {
    lines: Lines,
    joiner: Joiner,
    beats: Heartbeats,
    /// The rows as they are in their tables.
    rows: Option<BTreeMap<RowKey, Record>>,
    /// Which rows are looked at, if not all are.
    filter: Option<Filter>,
    /// Changes before the filter.
    unsifted: Vec<Joined>,
    changes: u64,
    bytes: u64,
    connects: u64,
    syncs: u64,
}

impl State {
    pub(super) fn new(lines: Lines, keep_rows: bool, query: Option<&Query>) -> Self {
        Self {
            joiner: Joiner::new(lines.mapping()),
            beats: Heartbeats::default(),
            lines,
            rows: keep_rows.then(BTreeMap::new),
            filter: query.map(|query| Filter::new(query.clone())),
            unsifted: Vec::new(),
            changes: 0,
            bytes: 0,
            connects: 0,
            syncs: 0,
        }
    }

    pub(super) fn record(&mut self, event: &FeedEvent) {
        match event {
            // With a filter, those that it lets through are counted.
            FeedEvent::Change(_) => self.changes += u64::from(self.filter.is_none()),
            FeedEvent::Synced(_) => self.syncs += 1,
            FeedEvent::Link(report) => {
                self.bytes = report.bytes;
                self.connects = report.connects;
            }
            FeedEvent::Status(_) | FeedEvent::Notice(_) => {}
        }
    }

    /// Takes a change of a table; what follows from it for the rows that are shown, and is to be printed, is appended to
    /// `joined`.
    pub(super) fn take(&mut self, change: TableChange, joined: &mut Vec<Joined>) {
        let mut changes = std::mem::take(&mut self.unsifted);
        self.joiner
            .apply(change, |change, own| changes.push((change, own.cloned())));
        for (change, own) in &changes {
            keep(&mut self.rows, &mut self.beats, &self.lines, change, own.as_ref());
        }
        self.sift(changes, joined);
    }

    /// Appends those of the changes to `joined` that are to be printed.
    fn sift(&mut self, mut changes: Vec<Joined>, joined: &mut Vec<Joined>) {
        let first = joined.len();
        let Some(mut filter) = self.filter.take() else {
            joined.append(&mut changes);
            self.unsifted = changes;
            return;
        };
        for change in changes.drain(..) {
            let is_silent = self.silence(&change.0.key, &change.0.record).is_some();
            filter.take(self.lines.mapping(), change, is_silent, joined);
        }
        self.filter = Some(filter);
        self.unsifted = changes;
        self.changes += (joined.len() - first) as u64;
    }

    /// Appends the changes that waited for the end of the first snapshot, which is there or will not come.
    pub(super) fn finish_waiting(&mut self, joined: &mut Vec<Joined>) {
        let first = joined.len();
        if let Some(filter) = &mut self.filter {
            filter.finish_waiting(self.lines.mapping(), joined);
        }
        self.changes += (joined.len() - first) as u64;
    }

    /// The columns of the query that no row had so far; each is returned once.
    pub(super) fn take_missing_columns(&mut self) -> Vec<String> {
        self.filter
            .as_mut()
            .map(Filter::take_missing_columns)
            .unwrap_or_default()
    }

    /// Whether rows wait to be updated by [`Self::advance`].
    pub(super) fn is_waiting(&self) -> bool {
        self.joiner.is_waiting()
    }

    /// Updates some of the rows that wait because a row that completes them has changed.
    pub(super) fn advance(&mut self, joined: &mut Vec<Joined>) {
        let mut changes = std::mem::take(&mut self.unsifted);
        self.joiner
            .advance(JOINED_AT_ONCE, |change, own| changes.push((change, own.cloned())));
        self.sift(changes, joined);
    }

    /// A notice that not all rows can be completed.
    pub(super) fn take_notice(&mut self) -> Option<Notice> {
        self.joiner.take_notice()
    }

    /// The silence of a row at this moment, if its heartbeat is overdue.
    pub(super) fn silence(&self, key: &RowKey, joined: &Record) -> Option<Silence> {
        let now_ms = Timestamp::now().as_millisecond();
        self.beats.silence(self.lines.mapping(), key.source, joined, now_ms)
    }

    fn reading(&self, key: &RowKey, own: &Record) -> Reading {
        let joined = self.joiner.joined(key, own);
        let mut reading = self.lines.mapping().reading(key, &joined);
        if self.silence(key, &joined).is_some() {
            reading.set_silent();
        }
        reading
    }

    /// Whether a row is looked at: all are without a filter.
    fn is_wanted(&self, key: &RowKey, own: &Record) -> bool {
        self.filter.as_ref().is_none_or(|filter| {
            let joined = self.joiner.joined(key, own);
            let is_silent = self.silence(key, &joined).is_some();
            filter.matches(self.lines.mapping(), key, &joined, is_silent)
        })
    }

    /// The rows that are kept and looked at.
    fn wanted_rows(&self) -> impl Iterator<Item = (&RowKey, &Record)> {
        let rows = self.rows.iter().flatten();
        rows.filter(|(key, own)| self.is_wanted(key, own))
    }

    /// Writes the rows sorted by table and id; the file appears only when it is complete.
    pub(super) fn dump(&self, path: &Path) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct DumpLine<'a> {
            table: &'static str,
            id: &'a str,
            record: &'a Record,
            /// The name of the table.
            source: &'a str,
            reading: Reading,
        }
        write_whole(path, Purpose::Output, |file| {
            let mut out = BufWriter::new(file);
            for (key, record) in self.wanted_rows() {
                json_line(
                    &mut out,
                    &DumpLine {
                        table: key.kind.plural(),
                        id: key.id.as_str(),
                        record,
                        source: self.lines.table(key.source),
                        reading: self.reading(key, record),
                    },
                )?;
            }
            out.flush()
        })
        .map_err(|error| output_file::failed("the dump", path, &error))
    }

    /// The rows that a wall shows, by kind and state; `None` unless the rows are kept for a dump.
    pub(super) fn counts(&self) -> Option<RowCounts> {
        let mapping = self.lines.mapping();
        let counted = |(key, own): (&RowKey, &Record)| {
            let joined = self.joiner.joined(key, own);
            (!mapping.is_removed(key.source, &joined)).then(|| (key.kind, self.reading(key, own).state))
        };
        self.rows.as_ref()?;
        Some(self.wanted_rows().filter_map(counted).collect())
    }

    pub(super) fn summary(&self, wall: Duration) -> Summary {
        Summary {
            rows: self.counts(),
            changes: self.changes,
            bytes: self.bytes,
            wall,
            cpu: usage::cpu_time(),
            peak_rss_mb: usage::peak_rss_mb(),
            connects: self.connects,
            // The first snapshot is not a resync.
            resyncs: self.syncs.saturating_sub(1),
        }
    }
}

/// Keeps a row for the dump, and its heartbeat.
fn keep(
    rows: &mut Option<BTreeMap<RowKey, Record>>,
    beats: &mut Heartbeats,
    lines: &Lines,
    change: &Change,
    own: Option<&Record>,
) {
    let key = &change.key;
    if change.op == Op::Delete {
        beats.forget(key);
    } else if let Some(beat) = lines.mapping().beat(key.source, &change.record) {
        beats.note(key, &beat, Timestamp::now().as_millisecond());
    }
    let Some(rows) = rows else { return };
    match change.op {
        Op::Delete => rows.remove(key),
        Op::Insert | Op::Update => rows.insert(key.clone(), own.unwrap_or(&change.record).clone()),
    };
}

#[cfg(all(test, feature = "wall"))]
mod tests {
    use std::sync::Arc;

    use bevy::prelude::{App, MinimalPlugins};
    use proptest::prelude::*;

    use super::*;
    use crate::{
        fleet::{self, Counts, FleetMapping, Incoming},
        frame,
        messages::{self, RowChanged},
    };
    use model::{Kind, Mapping, SourceId};

    /// A row of a small table appears, changes or goes.
    fn step() -> impl Strategy<Value = (Op, Kind, u8, &'static str, bool)> {
        let op = prop_oneof![Just(Op::Insert), Just(Op::Update), Just(Op::Delete)];
        let kind = prop_oneof![
            Just(Kind::Agent),
            Just(Kind::Task),
            Just(Kind::Workflow),
            Just(Kind::Run)
        ];
        let word = prop_oneof![
            Just("running"),
            Just("queued"),
            Just("failed"),
            Just("done"),
            Just("archived"),
            Just("quarantined"),
            Just("")
        ];
        (op, kind, 0..12_u8, word, prop::bool::weighted(0.1))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        /// The wall counts change by change, `tail` counts the rows that it has at the end.
        #[test]
        fn the_summary_counts_what_the_wall_shows(steps in prop::collection::vec(step(), 0..120)) {
            let mapping = Arc::new(Mapping::default());
            let mut app = App::new();
            app.add_plugins(MinimalPlugins)
                .insert_resource(FleetMapping(Arc::clone(&mapping)))
                .add_plugins((frame::plugin, messages::plugin, fleet::plugin));
            app.update();
            let mut state = State::new(Lines::new(Arc::clone(&mapping), true), true, None);
            for (op, kind, id, word, is_deleted) in steps {
                let deleted_at = is_deleted.then_some("2026-11-29T08:00:00Z");
                let row = serde_json::json!({ "id": id.to_string(), "status": word, "deleted_at": deleted_at });
                let change = Change {
                    key: RowKey::new(kind, SourceId::usual(kind), id.to_string().as_str().into()),
                    op,
                    record: serde_json::from_value(row).expect("a row is an object"),
                    committed_ms: None,
                };
                keep(&mut state.rows, &mut state.beats, &state.lines, &change, None);
                app.world_mut().write_message(RowChanged(change));
            }
            app.update();
            while !app.world().resource::<Incoming>().is_empty() {
                app.update();
            }
            let counts = state.counts().expect("the rows are kept");
            prop_assert_eq!(&counts, &**app.world().resource::<Counts>());
        }
    }
}
