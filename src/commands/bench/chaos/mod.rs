//! `opswall bench chaos`: faults of every kind, one after the other, under a steady stream of changes, over real sockets.
//!
//! After each fault the feed is paused at a moment when the connection reports Live. The observed rows must then equal the
//! server's; otherwise Live was reported while it was false. The bench measures the times from the fault until it is noticed,
//! until Live is no longer reported, and until the rows are right again.

mod fixture;
mod observer;
mod report;
mod staleness;

use std::time::{Duration, Instant};

use fastrand::Rng;
use lab::{Detection, Fault, Severity, server_rows};

use super::args::Intervals;
use super::ingest::{cannot_print, report_progress};
use crate::commands::Failure;
use fixture::Fixture;
use observer::Observer;
use report::{Report, Sample};

/// How long the connection has to notice a fault, or to finish two readings of the tables: the reading that confirms a new
/// connection begins 10 to 30 s after it.
const NOTICE_WITHIN: Duration = Duration::from_secs(50);
/// The same with the usual intervals: the age of a proof, and the audits that find the difference.
const USUAL_NOTICE_WITHIN: Duration = Duration::from_secs(130);
/// How long a fault that may do no harm has to show itself. It covers two heartbeats.
const SHOWN_WITHIN: Duration = Duration::from_millis(2_500);
/// How long the connection has to be Live again: four failed snapshots with growing waits.
const HEAL_WITHIN: Duration = Duration::from_secs(60);
/// The same with the usual intervals.
const USUAL_HEAL_WITHIN: Duration = Duration::from_secs(200);
/// How long changes that are under way take to arrive after the feed was paused.
const ARRIVE_WITHIN: Duration = Duration::from_secs(3);
/// Pause between two faults, in milliseconds, so that each meets a connection that follows the stream.
const PAUSE_MS: (u64, u64) = (100, 1_000);
/// Bounds on how long a fault lasts.
const SPANS: std::ops::Range<Duration> = Duration::from_millis(500)..Duration::from_millis(2_500);
/// Differing rows that a message names.
const MAX_NAMED: usize = 5;

/// What to run, and how to print the result.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Number of faults.
    pub(crate) faults: usize,
    /// The kinds of faults, each of which occurs before any occurs again.
    pub(crate) kinds: Vec<Fault>,
    /// Changes per second.
    pub(crate) rate: f64,
    /// The server's database has a pulse.
    pub(crate) has_pulse: bool,
    /// Changes are broadcast from the server's database as well.
    pub(crate) has_broadcast: bool,
    /// Intervals of the connection's own checks.
    pub(crate) intervals: Intervals,
    /// The same seed gives the same faults in the same order.
    pub(crate) seed: u64,
    /// Print one JSON object instead of text.
    pub(crate) json: bool,
}

/// Injects the faults and prints what was found.
///
/// # Errors
/// When the rows differed from the server's in the end, or at a moment when Live was reported.
pub(crate) fn run(options: Options) -> Result<(), Failure> {
    let started = Instant::now();
    let mut rng = Rng::with_seed(options.seed);
    let fixture = Fixture::start(&options)?;
    let mut run = Run {
        observer: Observer::new(fixture.kinds.clone(), fixture.control.clone(), fixture.proof_max_age),
        intervals: options.intervals,
        fixture,
        lies: Vec::new(),
    };
    run.until_equal("the start", true)?;
    let mut samples = Vec::with_capacity(options.faults);
    let sequence = Fault::sequence_of(&options.kinds, options.faults, &mut rng);
    for (number, fault) in sequence.into_iter().enumerate() {
        let pause = Duration::from_millis(rng.u64(PAUSE_MS.0..PAUSE_MS.1));
        run.observer.until(&run.fixture.worker, pause, |_| false)?;
        let sample = run.inject(fault, &mut rng)?;
        if !options.json {
            report_progress(&format!("{:>4} {sample}", number + 1));
        }
        samples.push(sample);
    }
    let equal = run.finish()?;
    let rows = run.observer.counts();
    let report = Report {
        options,
        samples,
        unlabelled_stale: run.observer.staleness.unlabelled,
        lies: run.lies,
        complaints: run.observer.complaints,
        equal,
        rows,
        changes: run.observer.changes,
        connects: run.observer.link.connects,
        wall: started.elapsed(),
    };
    report.print().map_err(cannot_print)?;
    report.verdict()
}

struct Run {
    fixture: Fixture,
    observer: Observer,
    intervals: Intervals,
    /// Moments when Live was reported although it was false, a sentence each.
    lies: Vec<String>,
}

impl Run {
    fn heal_within(&self) -> Duration {
        match self.intervals {
            Intervals::Short => HEAL_WITHIN,
            Intervals::Usual => USUAL_HEAL_WITHIN,
        }
    }

    /// Injects one fault and follows it until the rows are right again.
    fn inject(&mut self, fault: Fault, rng: &mut Rng) -> Result<Sample, Failure> {
        let (notice_within, is_short) = match self.intervals {
            Intervals::Short => (NOTICE_WITHIN, true),
            Intervals::Usual => (USUAL_NOTICE_WITHIN, false),
        };
        let heal_within = self.heal_within();
        let Self { fixture, observer, .. } = self;
        observer.until(&fixture.worker, heal_within, Observer::is_live)?;
        observer.reset();
        let began = Instant::now();
        let span = fault.inject(fixture.target(), Severity::random(SPANS, rng), rng);
        observer.until(&fixture.worker, span.unwrap_or_default(), |_| false)?;
        fault.end(fixture.target());
        let ended = Instant::now();
        match fault.detection() {
            Detection::Possible => {
                observer.until(&fixture.worker, SHOWN_WITHIN, |observer| observer.not_live.is_some())?;
            }
            Detection::Certain => {
                if !observer.until(&fixture.worker, notice_within, |observer| observer.not_live.is_some())? {
                    self.lies.push(format!("{fault}: it was never shown"));
                }
            }
            // A reading may have been under way at the time of the loss; the one after it finds the loss for certain.
            Detection::BySnapshot if is_short => {
                let syncs = observer.syncs + 2;
                observer.until(&fixture.worker, notice_within, |observer| observer.syncs >= syncs)?;
            }
            // The next reading that nothing suggests is minutes away. A fault that did harm is noticed before.
            Detection::BySnapshot => {
                let truth = |observer: &Observer| observer.noticed.is_some();
                observer.until(&fixture.worker, notice_within, truth)?;
            }
        }
        let live = self.until_equal(fault.name(), !Fault::SILENT.contains(&fault))?;
        let since = |moment: Option<Instant>| moment.map(|moment| moment.saturating_duration_since(began));
        let shown = self.observer.not_live;
        Ok(Sample {
            fault,
            noticed: since(self.observer.noticed),
            not_live: since(shown),
            true_again: match shown {
                Some(_) => since(live),
                None if fault.detection() == Detection::BySnapshot => Some(ended.elapsed()),
                // A fault that was not shown did no harm.
                None => None,
            },
        })
    }

    /// Waits until Live is reported and the rows equal the server's. Returns since when Live has been reported. `is_exact`:
    /// Live must not be reported before.
    fn until_equal(&mut self, after: &str, is_exact: bool) -> Result<Option<Instant>, Failure> {
        let heal_within = self.heal_within();
        let Self {
            fixture,
            observer,
            lies,
            ..
        } = self;
        let end = Instant::now() + heal_within;
        while Instant::now() < end {
            if !observer.until(&fixture.worker, heal_within, Observer::is_live)? {
                break;
            }
            let live = observer.live;
            fixture.control.pause();
            let truth = server_rows(&fixture.control);
            observer.until(&fixture.worker, ARRIVE_WITHIN, |observer| {
                !observer.is_live() || observer.rows() == truth
            })?;
            let (is_live, differing) = (observer.is_live(), observer.differences(&truth));
            fixture.control.resume();
            if is_live && differing.is_empty() {
                return Ok(live);
            }
            // A loss that no frame reports may be found by a later audit: until then the lease holds.
            if is_live && is_exact {
                let named: Vec<&str> = differing.iter().take(MAX_NAMED).map(String::as_str).collect();
                lies.push(format!(
                    "{after}: Live, but {} rows differ: {}",
                    differing.len(),
                    named.join(", ")
                ));
            }
        }
        Err(Failure::Running(format!(
            "after {after} the connection was not Live with the server's rows within {} s: {}",
            heal_within.as_secs(),
            observer.status.reason.as_deref().unwrap_or("no reason is given")
        )))
    }

    /// Pauses the feed for good and waits until the connection is Live and equal after two more readings. Returns the
    /// differences that are left.
    fn finish(&mut self) -> Result<Vec<String>, Failure> {
        let readings = match self.intervals {
            Intervals::Short => 2,
            // They are minutes apart; what a fault changed was compared after each.
            Intervals::Usual => 0,
        };
        let heal_within = self.heal_within();
        let Self { fixture, observer, .. } = self;
        fixture.control.pause();
        let truth = server_rows(&fixture.control);
        let syncs = observer.syncs + readings;
        observer.until(&fixture.worker, heal_within, |observer| {
            observer.is_live() && observer.syncs >= syncs && observer.rows() == truth
        })?;
        let mut left = observer.differences(&truth);
        if !observer.is_live() {
            left.push("it is not Live".into());
        }
        Ok(left)
    }
}
