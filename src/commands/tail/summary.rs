//! The closing summary of `tail`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::line::json_line;
use model::{
    Kind, RowCounts, Status,
    format::{counted, grouped},
};

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
    /// By the kinds' plurals and the states' words, without what is 0; only with a dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<BTreeMap<&'static str, BTreeMap<&'static str, usize>>>,
}

/// The closing summary.
pub(super) struct Summary {
    /// The rows at the end, where they were kept.
    pub(super) rows: Option<RowCounts>,
    pub(super) changes: u64,
    pub(super) bytes: u64,
    pub(super) wall: Duration,
    pub(super) cpu: Option<Duration>,
    pub(super) peak_rss_mb: Option<f64>,
    pub(super) connects: u64,
    pub(super) resyncs: u64,
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
                ref rows,
                ..
            } = *self;
            let rows = rows.as_ref().map(|rows| {
                let kinds = Kind::ALL.into_iter().filter(|kind| rows.total(*kind) > 0);
                let states = |kind| states(rows, kind).map(|(status, count)| (status.word(), count));
                kinds.map(|kind| (kind.plural(), states(kind).collect())).collect()
            });
            let line = SummaryLine {
                kind: "summary",
                changes,
                bytes,
                wall_s: self.wall.as_secs_f64(),
                cpu_s: cpu,
                peak_rss_mb,
                connects,
                resyncs,
                rows,
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
        write!(
            out,
            "; {}, {}",
            counted(self.connects, "connection", "connections"),
            counted(self.resyncs, "resync", "resyncs")
        )?;
        for kind in Kind::ALL {
            let Some(rows) = self.rows.as_ref().filter(|rows| rows.total(kind) > 0) else {
                continue;
            };
            let states: Vec<_> = states(rows, kind)
                .map(|(status, count)| format!("{} {}", grouped(count as u64), status.word()))
                .collect();
            let all = counted(rows.total(kind) as u64, kind.singular(), kind.plural());
            write!(out, "; {all}: {}", states.join(", "))?;
        }
        writeln!(out)
    }
}

/// The states that rows of a kind have, and how many have each.
fn states(rows: &RowCounts, kind: Kind) -> impl Iterator<Item = (Status, usize)> {
    let counts = Status::ALL
        .into_iter()
        .map(move |status| (status, rows.of(kind, status)));
    counts.filter(|(_, count)| *count > 0)
}
