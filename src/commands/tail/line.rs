//! One line for one event: JSON for programs (product.md fixes the names), text for people.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::{Change, FeedEvent, Level, Notice, Op, Record, StatusReport, SyncReport};

/// Writes the event's line. Link reports are for screens and have none.
pub(super) fn write(out: &mut impl Write, event: &FeedEvent, as_json: bool) -> io::Result<()> {
    let at = format!("{:.3}", Timestamp::now());
    match (event, as_json) {
        (FeedEvent::Link(_), _) => Ok(()),
        (FeedEvent::Change(change), true) => json_line(out, &ChangeLine::new(&at, change)),
        (FeedEvent::Status(report), true) => json_line(out, &status(&at, report)),
        (FeedEvent::Synced(report), true) => json_line(out, &synced(&at, report)),
        (FeedEvent::Notice(notice), true) => json_line(out, &notice_line(&at, notice)),
        (event, false) => text(out, &at, event),
    }
}

pub(super) fn json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// Written without building a tree: it is by far the most frequent line.
#[derive(Serialize)]
struct ChangeLine<'a> {
    kind: &'static str,
    at: &'a str,
    table: &'static str,
    op: Op,
    id: &'a str,
    record: &'a Record,
}

impl<'a> ChangeLine<'a> {
    fn new(at: &'a str, change: &'a Change) -> Self {
        Self {
            kind: "change",
            at,
            table: change.key.kind.plural(),
            op: change.op,
            id: change.key.id.as_str(),
            record: &change.record,
        }
    }
}

fn status(at: &str, report: &StatusReport) -> Value {
    let mut line = json!({
        "kind": "status",
        "at": at,
        "status": report.status,
        "attempt": report.attempt,
        "max_attempts": report.max_attempts,
        "retry_in_ms": report.retry_in_ms,
        "reason": report.reason,
    });
    if report.stream_only
        && let Some(line) = line.as_object_mut()
    {
        line.insert("stream_only".into(), true.into());
    }
    line
}

fn synced(at: &str, report: &SyncReport) -> Value {
    json!({
        "kind": "synced",
        "at": at,
        "epoch": report.epoch,
        "rows": report.rows,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "audit": report.audit,
    })
}

fn notice_line(at: &str, notice: &Notice) -> Value {
    json!({ "kind": "notice", "at": at, "level": notice.level, "code": notice.code, "text": notice.text })
}

fn text(out: &mut impl Write, at: &str, event: &FeedEvent) -> io::Result<()> {
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
            writeln!(out, "{}", if report.stream_only { " (stream only)" } else { "" })
        }
        FeedEvent::Synced(report) => {
            write!(out, "{at}  synced:")?;
            for (kind, rows) in report.rows.iter() {
                write!(out, " {rows} {},", kind.plural())?;
            }
            writeln!(
                out,
                " {} added, {} changed, {} removed",
                report.added, report.changed, report.removed
            )
        }
        FeedEvent::Change(change) => {
            let op = match change.op {
                Op::Insert => "+",
                Op::Update => "~",
                Op::Delete => "-",
            };
            let record = serde_json::to_string(&*change.record)?;
            writeln!(out, "{at}  {op} {} {}", printable(&change.key.to_string()), record)
        }
        FeedEvent::Notice(notice) => {
            let level = match notice.level {
                Level::Info => "note",
                Level::Warn => "warning",
                Level::Error => "error",
            };
            writeln!(out, "{at}  {level}: {}", printable(&notice.text))
        }
        FeedEvent::Link(_) => Ok(()),
    }
}

/// Text from outside, safe for a terminal: a control character could move the cursor or change colours.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
