//! The results of a chaos run, as text or as one JSON object.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write as _},
    time::Duration,
};

use serde::Serialize;

use super::Options;
use crate::commands::Failure;
use lab::Fault;
use model::PerKind;

/// What one fault led to. Times are since its injection; `None` = it was not noticed, not shown, or did no harm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// What was injected.
    pub(super) fault: Fault,
    /// Until the first sign of trouble.
    pub(super) noticed: Option<Duration>,
    /// Until the status was no longer Live.
    pub(super) not_live: Option<Duration>,
    /// Until the rows were equal to the database's again and Live was reported.
    pub(super) true_again: Option<Duration>,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), |time| time.as_millis().to_string());
        write!(
            f,
            "{:<14} noticed {:>6} ms, not Live {:>6} ms, true again {:>6} ms",
            self.fault.name(),
            ms(self.noticed),
            ms(self.not_live),
            ms(self.true_again)
        )
    }
}

/// Statistics over the faults that have a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Times {
    count: usize,
    median: u64,
    p95: u64,
    max: u64,
}

impl Times {
    fn of(times: impl Iterator<Item = Option<Duration>>) -> Option<Self> {
        let mut times: Vec<u64> = times
            .flatten()
            .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
            .collect();
        times.sort_unstable();
        let last = times.len().checked_sub(1)?;
        let at = |index: usize| times.get(index.min(last)).copied().unwrap_or_default();
        Some(Self {
            count: times.len(),
            median: at(last / 2),
            p95: at((times.len() * 95).div_ceil(100).saturating_sub(1)),
            max: at(last),
        })
    }
}

/// Everything that is printed.
pub(super) struct Report {
    /// What was measured, and how.
    pub(super) options: Options,
    /// One for each injected fault.
    pub(super) samples: Vec<Sample>,
    /// How long Live was reported with a committed change older than the age of a proof that was not shown.
    pub(super) unlabelled_stale: Duration,
    /// Faults that were never shown, and times at which Live was reported although rows differed.
    pub(super) lies: Vec<String>,
    /// Changes that contradict the rows reported before.
    pub(super) complaints: Vec<String>,
    /// What differed in the end.
    pub(super) equal: Vec<String>,
    /// Rows of each kind in the end.
    pub(super) rows: PerKind<usize>,
    /// Changes received.
    pub(super) changes: u64,
    /// How often the worker connected.
    pub(super) connects: u64,
    /// How long the run took.
    pub(super) wall: Duration,
}

#[derive(Serialize)]
struct Line<'a> {
    bench: &'static str,
    seed: u64,
    faults: usize,
    rate: f64,
    pulse: bool,
    kinds: BTreeMap<&'static str, Figures>,
    noticed_ms: BTreeMap<&'static str, Noticed>,
    unlabelled_stale_s: f64,
    lies: &'a [String],
    contradictions: &'a [String],
    differences: &'a [String],
    equal: bool,
    rows: BTreeMap<&'static str, usize>,
    changes: u64,
    connects: u64,
    wall_s: f64,
}

/// Time from a fault until it was noticed, in milliseconds.
#[derive(Serialize)]
struct Noticed {
    median: u64,
    worst: u64,
}

#[derive(Serialize)]
struct Figures {
    faults: usize,
    notice_ms: Option<Times>,
    not_live_ms: Option<Times>,
    true_again_ms: Option<Times>,
}

impl Figures {
    fn of<'a>(samples: impl Iterator<Item = &'a Sample> + Clone) -> Self {
        Self {
            faults: samples.clone().count(),
            notice_ms: Times::of(samples.clone().map(|sample| sample.noticed)),
            not_live_ms: Times::of(samples.clone().map(|sample| sample.not_live)),
            true_again_ms: Times::of(samples.map(|sample| sample.true_again)),
        }
    }
}

impl Report {
    fn kinds(&self) -> BTreeMap<&'static str, Figures> {
        let of = |fault: Fault| Figures::of(self.samples.iter().filter(move |sample| sample.fault == fault));
        let kinds = Fault::ALL.iter().map(|fault| (fault.name(), of(*fault)));
        kinds.filter(|(_, figures)| figures.faults > 0).collect()
    }

    /// Of each kind that was noticed, and of all together.
    fn noticed(&self) -> BTreeMap<&'static str, Noticed> {
        let all = [("all", Figures::of(self.samples.iter()))];
        let noticed = |(name, figures): (&'static str, Figures)| {
            let Times { median, max, .. } = figures.notice_ms?;
            Some((name, Noticed { median, worst: max }))
        };
        self.kinds().into_iter().chain(all).filter_map(noticed).collect()
    }

    /// Prints the report on standard output.
    pub(super) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let rows: BTreeMap<_, _> = self.rows.iter().map(|(kind, rows)| (kind.plural(), *rows)).collect();
        if self.options.json {
            let line = Line {
                bench: "chaos",
                seed: self.options.seed,
                faults: self.samples.len(),
                rate: self.options.rate,
                pulse: self.options.has_pulse,
                noticed_ms: self.noticed(),
                kinds: self.kinds(),
                unlabelled_stale_s: (self.unlabelled_stale.as_secs_f64() * 10.0).round() / 10.0,
                lies: &self.lies,
                contradictions: &self.complaints,
                differences: &self.equal,
                equal: self.equal.is_empty(),
                rows,
                changes: self.changes,
                connects: self.connects,
                wall_s: (self.wall.as_secs_f64() * 10.0).round() / 10.0,
            };
            return writeln!(out, "{}", serde_json::to_string(&line)?);
        }
        writeln!(
            out,
            "{} faults under {} changes/s {}with --seed {}, {:.0} s; median / 95 % / longest, in ms:",
            self.samples.len(),
            self.options.rate,
            if self.options.has_pulse { "and a pulse " } else { "" },
            self.options.seed,
            self.wall.as_secs_f64()
        )?;
        let text = |times: Option<Times>| {
            times.map_or_else(
                || "-".to_owned(),
                |times| format!("{} / {} / {}", times.median, times.p95, times.max),
            )
        };
        writeln!(
            out,
            "  {:<14} {:>2}  {:>22}  {:>22}  {:>22}",
            "", "", "to notice", "to stop saying Live", "to be true again"
        )?;
        for (name, figures) in self
            .kinds()
            .into_iter()
            .chain([("all", Figures::of(self.samples.iter()))])
        {
            writeln!(
                out,
                "  {name:<14} {:>2}  {:>22}  {:>22}  {:>22}",
                figures.faults,
                text(figures.notice_ms),
                text(figures.not_live_ms),
                text(figures.true_again_ms)
            )?;
        }
        for lie in self.lies.iter().chain(&self.complaints) {
            writeln!(out, "  not true: {lie}")?;
        }
        writeln!(
            out,
            "  Live with a change older than a proof may be that was not shown: {:.1} s",
            self.unlabelled_stale.as_secs_f64()
        )?;
        let rows: Vec<String> = rows.iter().map(|(kind, rows)| format!("{rows} {kind}")).collect();
        writeln!(
            out,
            "  in the end {}: {}; {} changes over {} connections",
            if self.equal.is_empty() {
                "equal to the server"
            } else {
                "NOT equal to the server"
            },
            rows.join(", "),
            self.changes,
            self.connects
        )
    }

    /// An error when anything was wrong, for the exit code.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let again = format!("run it again with --seed {}", self.options.seed);
        if let Some(first) = self.equal.first() {
            return Err(Failure::Running(format!(
                "{} differences from the server in the end, the first: {first}; {again}",
                self.equal.len()
            )));
        }
        if !self.unlabelled_stale.is_zero() {
            return Err(Failure::Running(format!(
                "Live was reported for {:.1} s with a change older than a proof may be that was not shown; {again}",
                self.unlabelled_stale.as_secs_f64()
            )));
        }
        match self.lies.first().or(self.complaints.first()) {
            Some(first) => Err(Failure::Running(format!(
                "{} reports that were not true, the first: {first}; {again}",
                self.lies.len() + self.complaints.len()
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistics_are_over_the_faults_that_have_a_time() {
        let times = (1..=100).rev().map(|ms| Some(Duration::from_millis(ms))).chain([None]);
        let expected = Times {
            count: 100,
            median: 50,
            p95: 95,
            max: 100,
        };
        assert_eq!(Times::of(times), Some(expected));
        assert_eq!(Times::of([None].into_iter()), None);
        let one = Times::of([Some(Duration::from_millis(7))].into_iter()).expect("times");
        assert_eq!((one.median, one.p95, one.max), (7, 7, 7));
    }
}
