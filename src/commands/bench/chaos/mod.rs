//! `opswall bench chaos`: faults of every kind, one after the other, under a steady stream of changes, over real sockets.
//!
//! After each the feed is stopped for a moment while the wall says Live: then its rows have to be the server's, or Live
//! was said while it was false. Measured are the times to notice, to stop saying Live, and to be true again.

mod kinds;
mod report;
mod stage;
mod witness;

use std::time::{Duration, Instant};

use fastrand::Rng;

use super::ingest::{cannot_print, report_progress};
use crate::commands::Failure;
use kinds::{Found, Kind};
use report::{Report, Sample};
use stage::Stage;
use witness::{Witness, truth};

/// A fault that shows itself is shown within this, and two readings are done: the one that confirms a new connection
/// comes 10 to 30 s after it.
const NOTICE_WITHIN: Duration = Duration::from_secs(50);
/// What may pass without harm is waited for so long.
const SHOWN_WITHIN: Duration = Duration::from_millis(2_500);
/// Live again after a fault, at the latest: a snapshot that fails four times and a wait that has grown.
const HEAL_WITHIN: Duration = Duration::from_secs(60);
/// With the feed stopped and Live said, what is on its way has come by then.
const TRUE_WITHIN: Duration = Duration::from_secs(3);
/// Between two faults, so that each meets a connection that follows.
const BREATH: (u64, u64) = (100, 1_000);
/// Differing rows named.
const MOST_NAMED: usize = 5;

/// What is done, and how it is told.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub faults: usize,
    /// Changes a second.
    pub rate: f64,
    pub seed: u64,
    pub json: bool,
}

/// Plays it and prints what was found.
///
/// # Errors
/// When the rows were not the server's in the end, or at a moment at which the wall said Live.
pub fn run(options: Options) -> Result<(), Failure> {
    let started = Instant::now();
    let mut rng = Rng::with_seed(options.seed);
    let stage = Stage::set(options.rate, options.seed)?;
    let mut play = Play {
        witness: Witness::new(stage.kinds.clone()),
        stage,
        lies: Vec::new(),
    };
    play.await_truth("the start")?;
    let mut samples = Vec::with_capacity(options.faults);
    for (number, kind) in kinds::plan(options.faults, &mut rng).into_iter().enumerate() {
        let breath = Duration::from_millis(rng.u64(BREATH.0..BREATH.1));
        play.witness.until(&play.stage.worker, breath, |_| false)?;
        let sample = play.fault(kind, &mut rng)?;
        if !options.json {
            report_progress(&format!("{:>4} {sample}", number + 1));
        }
        samples.push(sample);
    }
    let equal = play.end()?;
    let rows = play.witness.counts();
    let report = Report {
        options,
        samples,
        lies: play.lies,
        complaints: play.witness.complaints,
        equal,
        rows,
        changes: play.witness.changes,
        connects: play.witness.link.connects,
        wall: started.elapsed(),
    };
    report.print().map_err(cannot_print)?;
    report.verdict()
}

struct Play {
    stage: Stage,
    witness: Witness,
    /// Live was said, the feed stood still, and the rows were not the server's.
    lies: Vec<String>,
}

impl Play {
    /// One fault, from its beginning until the wall is true again.
    fn fault(&mut self, kind: Kind, rng: &mut Rng) -> Result<Sample, Failure> {
        let Self { stage, witness, .. } = self;
        // It meets a wall that is Live.
        witness.until(&stage.worker, HEAL_WITHIN, Witness::is_live)?;
        witness.listen();
        let began = Instant::now();
        let span = kind.strike(stage, rng);
        witness.until(&stage.worker, span, |_| false)?;
        kind.heal(stage);
        let healed = Instant::now();
        match kind.found() {
            // Two beats: by then it has been found, or there was nothing to be found.
            Found::Maybe => {
                witness.until(&stage.worker, SHOWN_WITHIN, |witness| witness.not_live.is_some())?;
            }
            Found::AtOnce => {
                if !witness.until(&stage.worker, NOTICE_WITHIN, |witness| witness.not_live.is_some())? {
                    self.lies.push(format!("{}: it was never shown", kind.word()));
                }
            }
            // The next reading begins after the loss; the one after that is sure to have.
            Found::ByReading => {
                let syncs = witness.syncs + 2;
                witness.until(&stage.worker, NOTICE_WITHIN, |witness| witness.syncs >= syncs)?;
            }
        }
        let live = self.await_truth(kind.word())?;
        let since = |moment: Option<Instant>| moment.map(|moment| moment.saturating_duration_since(began));
        let shown = self.witness.not_live;
        Ok(Sample {
            kind,
            noticed: since(self.witness.noticed),
            not_live: since(shown),
            // What passed without a word was true all the while.
            true_again: match shown {
                Some(_) => since(live),
                None if kind.found() == Found::ByReading => Some(healed.elapsed()),
                None => None,
            },
        })
    }

    /// Until the wall says Live and its rows are the server's. Answers since when it had been saying so.
    fn await_truth(&mut self, after: &str) -> Result<Option<Instant>, Failure> {
        let Self { stage, witness, lies } = self;
        let end = Instant::now() + HEAL_WITHIN;
        while Instant::now() < end {
            if !witness.until(&stage.worker, HEAL_WITHIN, Witness::is_live)? {
                break;
            }
            let live = witness.live;
            stage.control.pause();
            let truth = truth(&stage.control);
            witness.until(&stage.worker, TRUE_WITHIN, |witness| {
                !witness.is_live() || witness.state() == truth
            })?;
            let (is_live, differing) = (witness.is_live(), witness.differences(&truth));
            stage.control.resume();
            if is_live && differing.is_empty() {
                return Ok(live);
            }
            if is_live {
                let named: Vec<&str> = differing.iter().take(MOST_NAMED).map(String::as_str).collect();
                lies.push(format!(
                    "{after}: Live, but {} rows differ: {}",
                    differing.len(),
                    named.join(", ")
                ));
            }
        }
        Err(Failure::Running(format!(
            "after {after} the wall was not Live and true again within {} s: {}",
            HEAL_WITHIN.as_secs(),
            witness.status.reason.as_deref().unwrap_or("no reason is given")
        )))
    }

    /// The feed stops; the wall has until the next audits to be Live and equal.
    fn end(&mut self) -> Result<Vec<String>, Failure> {
        let Self { stage, witness, .. } = self;
        stage.control.pause();
        let truth = truth(&stage.control);
        let syncs = witness.syncs + 2;
        witness.until(&stage.worker, HEAL_WITHIN, |witness| {
            witness.is_live() && witness.syncs >= syncs && witness.state() == truth
        })?;
        let mut left = witness.differences(&truth);
        if !witness.is_live() {
            left.push("it is not Live".into());
        }
        Ok(left)
    }
}
