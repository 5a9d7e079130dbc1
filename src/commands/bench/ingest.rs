//! `opswall bench ingest`: how many changes a CPU-second of ours takes in, against the reference.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{
    feed::Feed,
    frames::{self, Plan},
    peer,
    report::{Figures, Report},
    sleeper,
};
use crate::commands::{Failure, usage};
use client::Worker;
use model::{Change, FeedEvent, LinkStatus, Op};
use settings::{Env, Settings, SettingsArgs};

/// How often the reader looks, as the application does once a frame; short enough that the channel does not fill.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Nothing comes for so long: the run has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// No beat and no audit falls into a run.
const NEVER: Duration = Duration::from_secs(86_400);

/// What is measured, and how.
#[derive(Debug, Clone)]
pub struct Options {
    pub plan: Plan,
    pub runs: usize,
    /// The folder of the reference; `None`: without.
    pub peers: Option<PathBuf>,
    /// The reader sleeps, and memory is measured instead.
    pub sleep_reader: bool,
    pub json: bool,
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), Failure> {
    if options.sleep_reader {
        return sleeper::run(options);
    }
    let obstacle = options.peers.as_ref().and_then(|folder| peer::obstacle(folder));
    if let Some(obstacle) = &obstacle {
        eprintln!("opswall: measured without {}: {obstacle}", peer::NAME);
    }
    let peers = options.peers.as_ref().filter(|_| obstacle.is_none());
    let mut feed = Feed::start(options.plan, true)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut coalesced = 0;
    for _ in 0..options.runs {
        let taken = take_in(&mut feed, options.plan)?;
        coalesced += options.plan.changes - taken.events;
        ours.push(options.plan.changes as f64 / taken.cpu.as_secs_f64());
        if let Some(folder) = peers {
            theirs.push(peer::run(folder, &mut feed, options.plan.changes)?);
        }
    }
    let report = Report {
        plan: options.plan,
        ours: Figures::of(ours),
        theirs: (!theirs.is_empty()).then(|| Figures::of(theirs)),
        coalesced,
    };
    report.print(options.json).map_err(cannot_print)
}

pub(super) fn cannot_print(error: io::Error) -> Failure {
    Failure::Running(format!("cannot write the output: {error}; write elsewhere"))
}

/// One run of ours.
struct Taken {
    events: u64,
    cpu: Duration,
}

/// Our process takes in everything: CPU time from "connected" to the last change taken from the channel.
fn take_in(feed: &mut Feed, plan: Plan) -> Result<Taken, Failure> {
    let worker = connect(feed.port())?;
    let before = cpu()?;
    feed.go()?;
    let events = drain(&worker, plan, |_| {})?;
    let cpu = cpu()?.saturating_sub(before);
    feed.finish()?;
    Ok(Taken { events, cpu })
}

fn cpu() -> Result<Duration, Failure> {
    usage::cpu_time().ok_or_else(|| Failure::Running("this system does not tell CPU time: measure on Linux".into()))
}

/// A worker that is live on the feeder's stream.
pub(super) fn connect(port: u16) -> Result<Worker, Failure> {
    let arguments = SettingsArgs {
        url: Some(format!("http://127.0.0.1:{port}")),
        rest_url: Some("none".into()),
        key: Some("bench".into()),
        ..SettingsArgs::default()
    };
    // Nothing of this machine's own settings may disturb the measurement.
    let settings = Settings::load(&arguments, &Env::default()).and_then(|settings| settings.feed());
    let mut settings = settings.map_err(|error| Failure::Running(error.to_string()))?;
    settings.heartbeat_interval = NEVER;
    settings.reconcile_interval = None;
    settings.audit_interval = None;
    settings.change_limit = None;
    let worker = Worker::start(settings).map_err(|error| Failure::Running(error.to_string()))?;
    loop {
        match worker.events().recv_timeout(PATIENCE) {
            Ok(FeedEvent::Status(report)) if report.status == LinkStatus::Connected => return Ok(worker),
            Ok(FeedEvent::Status(report)) if report.attempt > 0 => {
                return Err(Failure::Running(
                    report.reason.unwrap_or_else(|| "no connection".into()),
                ));
            }
            Ok(_) => {}
            Err(_) => {
                return Err(Failure::Running(
                    "the feeder does not answer; run the bench again".into(),
                ));
            }
        }
    }
}

/// Takes changes until the last one has come; their number.
pub(super) fn drain(worker: &Worker, plan: Plan, mut each: impl FnMut(&Change)) -> Result<u64, Failure> {
    let last = frames::last_id(plan);
    let (mut events, mut heard) = (0, Instant::now());
    loop {
        let before = events;
        while let Ok(event) = worker.events().try_recv() {
            if let FeedEvent::Change(change) = event {
                events += 1;
                each(&change);
                if change.op == Op::Insert && change.key.id.as_str() == last {
                    return Ok(events);
                }
            }
        }
        if events > before {
            heard = Instant::now();
        } else if heard.elapsed() > PATIENCE {
            return Err(Failure::Running(format!(
                "after {events} changes nothing more came; run the bench again"
            )));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Says something while it goes on, for whoever watches.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "opswall: {text}");
}
