//! One line for one event: JSON for programs, in which the names are a contract, or text for people.

use std::{
    io::{self, Write},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use model::{
    Change, Level, Mapping, Notice, Op, PerKind, Record, Silence, SourceId,
    format::{counted, grouped},
    mapping::Reading,
    text::printable,
};
use realtime::{FeedEvent, LinkStatus, StatusReport, SyncReport};
use settings::SourceKinds;

/// What is known about the sources of the lines, and the form of these.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    kinds: SourceKinds,
    mapping: Arc<Mapping>,
    as_json: bool,
}

impl Lines {
    pub(super) fn new(mapping: Arc<Mapping>, as_json: bool) -> Self {
        Self {
            kinds: SourceKinds::of(&mapping),
            mapping,
            as_json,
        }
    }

    /// The table of a source.
    pub(super) fn table(&self, source: SourceId) -> &str {
        self.mapping.source(source).map_or("", |source| &source.table)
    }

    /// The mapping that rows are read with.
    pub(super) fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Writes the line of a change. `own` is the row as it is in its table, where the change has a joined one.
    pub(super) fn change(
        &self,
        out: &mut impl Write,
        change: &Change,
        own: Option<&Record>,
        silence: Option<&Silence>,
    ) -> io::Result<()> {
        let at = format!("{:.3}", Timestamp::now());
        let record = own.unwrap_or(&change.record);
        match self.as_json {
            true => json_line(out, &ChangeLine::new(&at, change, record, silence, self)),
            false => {
                let op = match change.op {
                    Op::Insert => "+",
                    Op::Update => "~",
                    Op::Delete => "-",
                };
                let record = serde_json::to_string(record)?;
                let id = printable(change.key.id.as_str());
                writeln!(out, "{at}  {op} {} {id} {record}", change.key.kind.singular())
            }
        }
    }

    /// Writes the line of an event other than a change. Link reports are for the wall and have none.
    pub(super) fn write(&self, out: &mut impl Write, event: &FeedEvent) -> io::Result<()> {
        let at = format!("{:.3}", Timestamp::now());
        match (event, self.as_json) {
            (FeedEvent::Link(_) | FeedEvent::Change(_), _) => Ok(()),
            (FeedEvent::Status(report), true) => json_line(out, &StatusLine::new(&at, report)),
            (FeedEvent::Synced(report), true) => json_line(out, &SyncedLine::new(&at, report, &self.kinds)),
            (FeedEvent::Notice(notice), true) => json_line(out, &NoticeLine::new(&at, notice)),
            (event, false) => text(out, &at, event, &self.kinds),
        }
    }
}

pub(in crate::commands) fn json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// `{"kind":"change",…}`, by far the most frequent line.
#[derive(Serialize)]
struct ChangeLine<'a> {
    kind: &'static str,
    at: &'a str,
    table: &'static str,
    op: Op,
    id: &'a str,
    record: &'a Record,
    /// The name of the table.
    source: &'a str,
    /// Of a row that is there, or of one whose source says what it means that it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<Reading>,
}

impl<'a> ChangeLine<'a> {
    fn new(at: &'a str, change: &'a Change, record: &'a Record, silence: Option<&Silence>, lines: &'a Lines) -> Self {
        let Change { key, op, .. } = change;
        let reading = match op {
            Op::Delete => lines.mapping.reading_gone(key, &change.record),
            Op::Insert | Op::Update => {
                let mut reading = lines.mapping.reading(key, &change.record);
                if silence.is_some() {
                    reading.set_silent();
                }
                Some(reading)
            }
        };
        Self {
            kind: "change",
            at,
            table: key.kind.plural(),
            op: *op,
            id: key.id.as_str(),
            record,
            source: lines.table(key.source),
            reading,
        }
    }
}

/// `{"kind":"status",…}`
#[derive(Serialize)]
struct StatusLine<'a> {
    kind: &'static str,
    at: &'a str,
    status: LinkStatus,
    attempt: u32,
    max_attempts: u32,
    retry_in_ms: Option<u64>,
    reason: Option<&'a str>,
    stream_only: bool,
    catching_up: bool,
    sources_lost: &'a [String],
    sources_left_out: &'a [String],
}

impl<'a> StatusLine<'a> {
    fn new(at: &'a str, report: &'a StatusReport) -> Self {
        Self {
            kind: "status",
            at,
            status: report.status,
            attempt: report.attempt,
            max_attempts: report.max_attempts,
            retry_in_ms: report.retry_in_ms,
            reason: report.reason.as_deref(),
            stream_only: report.stream_only,
            catching_up: report.catching_up,
            sources_lost: &report.sources_lost,
            sources_left_out: &report.sources_left_out,
        }
    }
}

/// `{"kind":"synced",…}`
#[derive(Serialize)]
struct SyncedLine<'a> {
    kind: &'static str,
    at: &'a str,
    epoch: u64,
    #[serde(serialize_with = "by_plural")]
    rows: PerKind<usize>,
    added: usize,
    changed: usize,
    removed: usize,
    audit: bool,
}

/// Counts with the kinds' plurals as keys.
fn by_plural<S: Serializer>(rows: &PerKind<usize>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(rows.iter().map(|(kind, rows)| (kind.plural(), rows)))
}

impl<'a> SyncedLine<'a> {
    fn new(at: &'a str, report: &SyncReport, kinds: &SourceKinds) -> Self {
        let SyncReport {
            snapshot,
            ref rows,
            added,
            changed,
            removed,
            reconcile,
        } = *report;
        Self {
            kind: "synced",
            at,
            epoch: snapshot,
            rows: kinds.rows(rows),
            added,
            changed,
            removed,
            audit: reconcile,
        }
    }
}

/// `{"kind":"notice",…}`
#[derive(Serialize)]
struct NoticeLine<'a> {
    kind: &'static str,
    at: &'a str,
    level: Level,
    code: &'static str,
    text: &'a str,
}

impl<'a> NoticeLine<'a> {
    fn new(at: &'a str, notice: &'a Notice) -> Self {
        Self {
            kind: "notice",
            at,
            level: notice.level(),
            code: notice.code(),
            text: &notice.text,
        }
    }
}

fn text(out: &mut impl Write, at: &str, event: &FeedEvent, kinds: &SourceKinds) -> io::Result<()> {
    match event {
        FeedEvent::Status(report) => {
            write!(out, "{at}  {}", report.status.word())?;
            if report.attempt > 0 {
                match report.max_attempts {
                    0 => write!(out, ", attempt {}", report.attempt)?,
                    most => write!(out, ", attempt {} of {most}", report.attempt)?,
                }
            }
            if let Some(wait) = report.retry_in_ms {
                write!(out, " in {:.1} s", wait as f64 / 1_000.0)?;
            }
            if let Some(reason) = &report.reason {
                write!(out, ": {}", printable(reason))?;
            }
            if !report.sources_lost.is_empty() {
                write!(out, " (lost: {})", printable(&report.sources_lost.join(", ")))?;
            }
            if !report.sources_left_out.is_empty() {
                write!(out, " (left out: {})", printable(&report.sources_left_out.join(", ")))?;
            }
            writeln!(out, "{}", if report.stream_only { " (stream only)" } else { "" })
        }
        FeedEvent::Synced(report) => {
            write!(out, "{at}  synced:")?;
            for (kind, rows) in kinds.rows(&report.rows).iter() {
                write!(out, " {},", counted(*rows as u64, kind.singular(), kind.plural()))?;
            }
            writeln!(
                out,
                " {} added, {} changed, {} removed",
                grouped(report.added as u64),
                grouped(report.changed as u64),
                grouped(report.removed as u64)
            )
        }
        FeedEvent::Notice(notice) => {
            let level = match notice.level() {
                Level::Info => "note",
                Level::Warn => "warning",
                Level::Error => "error",
            };
            writeln!(out, "{at}  {level}: {}", printable(&notice.text))
        }
        FeedEvent::Link(_) | FeedEvent::Change(_) => Ok(()),
    }
}
