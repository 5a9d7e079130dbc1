//! `opswall bench ingest`: how many changes a CPU-second of this program receives, against the reference.
//!
//! The whole path is measured, from the socket to a reader: one that waits for changes as `tail --quiet` does, or the
//! wall without drawing. The frames come from another process, whose CPU time does not count.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    time::{Duration, Instant},
};

#[cfg(feature = "wall")]
use super::wall_reader;
use super::{
    args::Reader,
    feeder::Sending,
    feeder_process::FeederProcess,
    frames::{self, Plan},
    peer,
    report::{Figures, Report, Run},
    sleeper,
};
use crate::commands::{Failure, usage};
use client::{Ended, Worker};
use model::Op;
use realtime::{Change, FeedEvent, LinkStatus};
use settings::{Env, FeedSettings, Settings, SettingsArgs};

/// Nothing comes for this long: the run has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// No heartbeat and no audit falls into a run.
const NEVER: Duration = Duration::from_secs(86_400);

/// What is measured, and how.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The frames of each run.
    pub(crate) plan: Plan,
    /// Frames per second; `None` sends as fast as the socket takes them.
    pub(crate) rate: Option<u32>,
    /// Runs of each side, in turn.
    pub(crate) runs: usize,
    /// The folder of the reference; `None` leaves it out.
    pub(crate) peers: Option<PathBuf>,
    /// What receives the changes.
    pub(crate) reader: Reader,
    /// Print one JSON object.
    pub(crate) json: bool,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if options.reader == Reader::Asleep {
        return sleeper::run(options);
    }
    let obstacle = options.peers.as_ref().and_then(|folder| peer::obstacle(folder));
    if let Some(obstacle) = &obstacle {
        eprintln!("opswall: measured without {}: {obstacle}", peer::NAME);
    }
    let peers = options.peers.as_ref().filter(|_| obstacle.is_none());
    let plan = options.plan;
    let sending = Sending {
        prebuilt: true,
        rate: options.rate,
    };
    let mut feeder = FeederProcess::start(plan, sending)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut coalesced = 0;
    for _ in 0..options.runs {
        let received = match options.reader {
            #[cfg(feature = "wall")]
            Reader::Wall => wall_reader::receive(&mut feeder, plan)?,
            _ => receive(&mut feeder, plan)?,
        };
        coalesced += plan.changes - received.events;
        ours.push(received.run);
        if let Some(folder) = peers {
            theirs.push(peer::run(folder, &mut feeder, plan.changes)?);
        }
    }
    let report = Report {
        plan,
        rate: options.rate,
        ours: Figures::of(plan.changes, &ours),
        theirs: (!theirs.is_empty()).then(|| Figures::of(plan.changes, &theirs)),
        coalesced,
    };
    report.print(options.json).map_err(cannot_print)
}

/// The failure of a bench whose output cannot be written.
pub(super) fn cannot_print(error: io::Error) -> Failure {
    Failure::Running(format!("cannot write the output: {error}; write elsewhere"))
}

/// One run of ours.
pub(super) struct Received {
    /// Changes that reached the reader.
    pub events: u64,
    /// What it took.
    pub run: Run,
}

/// Receives everything in this process, from "connected" to the last change.
fn receive(feeder: &mut FeederProcess, plan: Plan) -> Result<Received, Failure> {
    let worker = connect(feeder.port())?;
    let (cpu_before, started) = (cpu()?, Instant::now());
    feeder.send_all()?;
    let events = drain(&worker, plan, |_| {})?;
    let run = Run {
        cpu: cpu()?.saturating_sub(cpu_before),
        wall: started.elapsed(),
    };
    feeder.finish()?;
    Ok(Received { events, run })
}

/// The CPU time that this process has used.
pub(super) fn cpu() -> Result<Duration, Failure> {
    usage::cpu_time().ok_or_else(|| Failure::Running("this system does not report CPU time: measure on Linux".into()))
}

/// A worker that is live on the feeder's stream.
pub(super) fn connect(port: u16) -> Result<Worker, Failure> {
    let worker = Worker::start(settings(port)?).map_err(|error| Failure::Running(error.to_string()))?;
    let mut batch = Vec::new();
    loop {
        if !worker.events().wait(PATIENCE) {
            return Err(does_not_answer());
        }
        worker.events().take(usize::MAX, &mut batch).map_err(ended)?;
        for event in batch.drain(..) {
            match event {
                FeedEvent::Status(report) if report.status == LinkStatus::Connected => return Ok(worker),
                FeedEvent::Status(report) if report.attempt > 0 => return Err(no_connection(report.reason)),
                _ => {}
            }
        }
    }
}

pub(super) fn does_not_answer() -> Failure {
    Failure::Running("the feeder does not answer; run the bench again".into())
}

pub(super) fn no_connection(reason: Option<String>) -> Failure {
    Failure::Running(reason.unwrap_or_else(|| "no connection".into()))
}

/// The feeder's feed: no heartbeat and no audit falls into a run.
pub(super) fn settings(port: u16) -> Result<FeedSettings, Failure> {
    let arguments = SettingsArgs::default()
        .url(format!("http://127.0.0.1:{port}"))
        .rest_url("none")
        .key("bench");
    // Nothing of this machine's own settings may disturb the measurement.
    let settings = Settings::load(&arguments, &Env::default()).and_then(|settings| settings.feed());
    let mut settings = settings.map_err(|error| Failure::Running(error.to_string()))?;
    settings.heartbeat_interval = NEVER;
    settings.reconcile_interval = None;
    settings.audit_interval = None;
    settings.change_limit = None;
    Ok(settings)
}

/// Takes changes until the last one of the plan has come, and returns their number.
pub(super) fn drain(worker: &Worker, plan: Plan, mut each: impl FnMut(&Change)) -> Result<u64, Failure> {
    let last = frames::last_id(plan);
    let (mut events, mut batch) = (0, Vec::new());
    loop {
        if !worker.events().wait(PATIENCE) {
            return Err(Failure::Running(format!(
                "after {events} changes nothing more came; run the bench again"
            )));
        }
        worker.events().take(usize::MAX, &mut batch).map_err(ended)?;
        for event in batch.drain(..) {
            if let FeedEvent::Change(change) = event {
                events += 1;
                each(&change);
                if change.op == Op::Insert && change.id.as_str() == last {
                    return Ok(events);
                }
            }
        }
    }
}

fn ended(error: Ended) -> Failure {
    Failure::Running(format!("{error}; please report this"))
}

/// Reports the progress on standard error.
pub(super) fn report_progress(text: &str) {
    let _ = writeln!(io::stderr(), "opswall: {text}");
}
