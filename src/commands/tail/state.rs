//! What `tail` keeps: counts for the summary and, for a dump, the rows.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    super::{Failure, output_file, usage},
    line::{Lines, json_line},
};
use model::{
    Change, Heartbeats, Joiner, Notice, Op, Record, RowKey, Silence, TableChange, format::counted, mapping::Reading,
};
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
    changes: u64,
    bytes: u64,
    connects: u64,
    syncs: u64,
}

impl State {
    pub(super) fn new(lines: Lines, keep_rows: bool) -> Self {
        Self {
            joiner: Joiner::new(lines.mapping()),
            beats: Heartbeats::default(),
            lines,
            rows: keep_rows.then(BTreeMap::new),
            changes: 0,
            bytes: 0,
            connects: 0,
            syncs: 0,
        }
    }

    pub(super) fn record(&mut self, event: &FeedEvent) {
        match event {
            FeedEvent::Change(_) => self.changes += 1,
            FeedEvent::Synced(_) => self.syncs += 1,
            FeedEvent::Link(report) => {
                self.bytes = report.bytes;
                self.connects = report.connects;
            }
            FeedEvent::Status(_) | FeedEvent::Notice(_) => {}
        }
    }

    /// Takes a change of a table; what follows from it for the rows that are shown is appended to `joined`.
    pub(super) fn take(&mut self, change: TableChange, joined: &mut Vec<Joined>) {
        let first = joined.len();
        self.joiner
            .apply(change, |change, own| joined.push((change, own.cloned())));
        for (change, own) in joined.iter().skip(first) {
            keep(&mut self.rows, &mut self.beats, &self.lines, change, own.as_ref());
        }
    }

    /// Whether rows wait to be updated by [`Self::advance`].
    pub(super) fn is_waiting(&self) -> bool {
        self.joiner.is_waiting()
    }

    /// Updates some of the rows that wait because a row that completes them has changed.
    pub(super) fn advance(&mut self, joined: &mut Vec<Joined>) {
        self.joiner
            .advance(JOINED_AT_ONCE, |change, own| joined.push((change, own.cloned())));
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
            for (key, record) in self.rows.iter().flatten() {
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

    pub(super) fn summary(&self, wall: Duration) -> Summary {
        Summary {
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

/// `{"kind":"summary",…}`
#[derive(Serialize)]
struct SummaryLine {
    kind: &'static str,
    changes: u64,
    bytes: u64,
    wall_s: f64,
    cpu_s: Option<f64>,
    peak_rss_mb: Option<f64>,
    connects: u64,
    resyncs: u64,
}

/// The closing summary.
pub(super) struct Summary {
    changes: u64,
    bytes: u64,
    wall: Duration,
    cpu: Option<Duration>,
    peak_rss_mb: Option<f64>,
    connects: u64,
    resyncs: u64,
}

impl Summary {
    pub(super) fn write(&self, out: &mut impl Write, as_json: bool) -> io::Result<()> {
        let cpu = self.cpu.map(|cpu| cpu.as_secs_f64());
        if as_json {
            let Self {
                changes,
                bytes,
                peak_rss_mb,
                connects,
                resyncs,
                ..
            } = *self;
            let line = SummaryLine {
                kind: "summary",
                changes,
                bytes,
                wall_s: self.wall.as_secs_f64(),
                cpu_s: cpu,
                peak_rss_mb,
                connects,
                resyncs,
            };
            return json_line(out, &line);
        }
        write!(
            out,
            "{}, {} in {:.1} s",
            counted(self.changes, "change", "changes"),
            counted(self.bytes, "byte", "bytes"),
            self.wall.as_secs_f64()
        )?;
        if let Some(cpu) = cpu {
            write!(out, ", {cpu:.2} s of CPU time")?;
        }
        if let Some(peak) = self.peak_rss_mb {
            write!(out, ", peak memory {peak:.0} MB")?;
        }
        writeln!(
            out,
            "; {}, {}",
            counted(self.connects, "connection", "connections"),
            counted(self.resyncs, "resync", "resyncs")
        )
    }
}
