//! Memory while nothing is read: of the changes that wait, there is at most one per row.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde::Serialize;

use super::{
    feeder::Sending,
    feeder_process::{FeederProcess, Progress},
    ingest::{Options, cannot_print, connect, drain, report_progress},
};
use crate::commands::{Failure, usage};

/// From the last frame sent to the wake-up of the reader: the network thread reads a socket's buffers empty within some
/// milliseconds.
const LAST_FRAMES: Duration = Duration::from_secs(1);

/// Memory at one point of the flood.
#[derive(Debug, Clone, Copy, Serialize)]
struct Sample {
    sent: u64,
    rss_mb: f64,
}

/// `{"bench":"ingest","reader":"asleep",…}`
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    reader: &'static str,
    changes: u64,
    rows: usize,
    samples: Vec<Sample>,
    /// The peak of resident memory.
    peak_rss_mb: Option<f64>,
    /// Events that were taken in the end.
    taken: u64,
    /// Bytes resident per row, after everything was taken, beyond what was resident before the first row.
    resident_per_row: f64,
    /// Bytes of a row as JSON.
    text_per_row: f64,
}

/// Measures and prints.
pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let sending = Sending {
        prebuilt: false,
        rate: options.rate,
    };
    let mut feeder = FeederProcess::start(options.plan, sending)?;
    let worker = connect(feeder.port())?;
    let mut samples = Vec::new();
    let mut sample = |sent| {
        if let Some(rss_mb) = usage::rss_mb() {
            samples.push(Sample { sent, rss_mb });
        }
    };
    sample(0);
    feeder.send_all()?;
    while let Progress::Sent(sent) = feeder.progress()? {
        sample(sent);
    }
    // What was sent last is still in the kernel's buffers: the reader wakes when the network thread has read it.
    std::thread::sleep(LAST_FRAMES);
    sample(options.plan.changes);
    report_progress("everything is sent; the reader wakes");
    let (mut text, mut rows) = (0, 0);
    let taken = drain(&worker, options.plan, |change| {
        text += serde_json::to_string(&change.record).map_or(0, |text| text.len());
        rows += 1;
    })?;
    let resident = usage::rss_mb()
        .zip(samples.first())
        .map(|(now, first)| (now - first.rss_mb) * 1e6);
    let line = Line {
        bench: "ingest",
        reader: "asleep",
        changes: options.plan.changes,
        rows: options.plan.rows,
        samples,
        peak_rss_mb: usage::peak_rss_mb(),
        taken,
        resident_per_row: (resident.unwrap_or(f64::NAN) / options.plan.rows.max(1) as f64).round(),
        text_per_row: (text as f64 / f64::from(rows.max(1))).round(),
    };
    print(&line, options.json).map_err(cannot_print)
}

fn print(line: &Line, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        return writeln!(out, "{}", serde_json::to_string(line)?);
    }
    writeln!(
        out,
        "{} changes to {} rows while the reader sleeps; resident memory by frames sent:",
        line.changes, line.rows
    )?;
    for Sample { sent, rss_mb } in &line.samples {
        writeln!(out, "  {sent:>9} {rss_mb:>8.1} MB")?;
    }
    writeln!(
        out,
        "then {} events were taken; {} bytes resident per row, whose own text has {}",
        line.taken, line.resident_per_row, line.text_per_row
    )
}
