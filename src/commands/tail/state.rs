//! What `tail` keeps: counts for the summary and, for a dump, the rows.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use serde::Serialize;

use super::{
    super::{Failure, output_file, usage},
    line::{Lines, json_line},
};
use model::{Op, Record, RowKey, format::counted, mapping::Reading};
use realtime::{Change, FeedEvent};
use settings::files::{Purpose, write_whole};

/// Counts, and the rows if a dump was requested.
pub(super) struct State {
    lines: Lines,
    rows: Option<BTreeMap<RowKey, Record>>,
    changes: u64,
    bytes: u64,
    connects: u64,
    syncs: u64,
}

impl State {
    pub(super) fn new(lines: Lines, keep_rows: bool) -> Self {
        Self {
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
            FeedEvent::Change(change) => {
                self.changes += 1;
                self.keep(change);
            }
            FeedEvent::Synced(_) => self.syncs += 1,
            FeedEvent::Link(report) => {
                self.bytes = report.bytes;
                self.connects = report.connects;
            }
            FeedEvent::Status(_) | FeedEvent::Notice(_) => {}
        }
    }

    fn keep(&mut self, change: &Change) {
        let (Some(rows), Some(kind)) = (&mut self.rows, self.lines.kind(change.source)) else {
            return;
        };
        let key = RowKey::new(kind, change.source, change.id.clone());
        match change.op {
            Op::Delete => rows.remove(&key),
            Op::Insert | Op::Update => rows.insert(key, change.record.clone()),
        };
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
                        reading: self.lines.reading(key, record),
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
