//! The results of the ingest bench, as text or as one JSON object.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde::Serialize;

use super::{frames::Plan, peer};

/// What one run of one side took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// CPU time of all threads of the receiving process.
    pub(super) cpu: Duration,
    /// Time that passed.
    pub(super) wall: Duration,
}

/// A figure over all runs.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
pub(super) struct Spread {
    median: f64,
    /// What 99 of 100 runs reach; of fewer runs the worst.
    p99: f64,
    min: f64,
    max: f64,
}

impl Spread {
    /// `worst_first` orders two figures so that the worse one comes first. Rounded to `digits` decimals.
    fn of(mut figures: Vec<f64>, worst_first: impl Fn(&f64, &f64) -> std::cmp::Ordering, digits: i32) -> Self {
        let scale = 10_f64.powi(digits);
        let round = |figure: f64| (figure * scale).round() / scale;
        figures.sort_by(worst_first);
        let exact = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        let at = |index: usize| round(exact(index));
        let (first, last) = (at(0), at(figures.len().saturating_sub(1)));
        let middle = figures.len() / 2;
        Self {
            median: if figures.len().is_multiple_of(2) {
                round(f64::midpoint(exact(middle.saturating_sub(1)), exact(middle)))
            } else {
                at(middle)
            },
            p99: at(figures.len() / 100),
            min: first.min(last),
            max: first.max(last),
        }
    }
}

/// One side's results.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    changes_per_cpu_s: Spread,
    /// CPU time as a percentage of the time that passed: of one core.
    core_percent: Spread,
}

impl Figures {
    /// The figures of these runs, each of which had this many changes.
    pub(super) fn of(changes: u64, runs: &[Run]) -> Self {
        let of = |figure: &dyn Fn(&Run) -> f64| runs.iter().map(figure).collect();
        let speeds = of(&|run| changes as f64 / run.cpu.as_secs_f64());
        let shares = of(&|run| 100.0 * run.cpu.as_secs_f64() / run.wall.as_secs_f64());
        Self {
            changes_per_cpu_s: Spread::of(speeds, f64::total_cmp, 0),
            core_percent: Spread::of(shares, |a, b| b.total_cmp(a), 2),
        }
    }
}

/// Everything that is printed.
pub(super) struct Report {
    /// What was sent.
    pub(super) plan: Plan,
    /// Changes per second that were sent; `None`: as many as the socket took.
    pub(super) rate: Option<u32>,
    /// The results of opswall.
    pub(super) ours: Figures,
    /// The results of the reference, where it was measured.
    pub(super) theirs: Option<Figures>,
    /// Changes that a later one of the same row replaced before they were taken, over all runs.
    pub(super) coalesced: u64,
}

#[derive(Serialize)]
struct Reference {
    name: &'static str,
    changes_per_cpu_s: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_percent: Option<Spread>,
}

/// `{"bench":"ingest",…}`
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    changes: u64,
    rows: usize,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<u32>,
    changes_per_cpu_s: Spread,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_percent: Option<Spread>,
    coalesced: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

impl Report {
    fn ratio(&self) -> Option<f64> {
        let ratio = self.ours.changes_per_cpu_s.median / self.theirs?.changes_per_cpu_s.median;
        Some((ratio * 100.0).round() / 100.0)
    }

    /// Reported at a rate only: otherwise it depends on the speed of the feeder.
    fn core_percent(&self, figures: Figures) -> Option<Spread> {
        self.rate.map(|_| figures.core_percent)
    }

    /// Prints the report on standard output.
    pub(super) fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if as_json {
            let line = Line {
                bench: "ingest",
                changes: self.plan.changes,
                rows: self.plan.rows,
                seed: self.plan.seed,
                rate: self.rate,
                changes_per_cpu_s: self.ours.changes_per_cpu_s,
                core_percent: self.core_percent(self.ours),
                coalesced: self.coalesced,
                reference: self.theirs.map(|figures| Reference {
                    name: peer::NAME,
                    changes_per_cpu_s: figures.changes_per_cpu_s,
                    core_percent: self.core_percent(figures),
                }),
                ratio: self.ratio(),
            };
            return writeln!(out, "{}", serde_json::to_string(&line)?);
        }
        self.print_text(&mut out)
    }

    fn print_text(&self, out: &mut impl io::Write) -> io::Result<()> {
        let sides = || [("opswall", Some(self.ours)), (peer::NAME, self.theirs)].into_iter();
        let mut table = |title: &str, figure: &dyn Fn(Figures) -> Spread| -> io::Result<()> {
            writeln!(out, "{title}, median (range of the runs):")?;
            for (name, figures) in sides() {
                let Some(figures) = figures else { continue };
                let Spread { median, min, max, .. } = figure(figures);
                writeln!(out, "  {name:<12} {median:>9} ({min} to {max})")?;
            }
            Ok(())
        };
        let Plan { changes, rows, .. } = self.plan;
        table(
            &format!("{changes} changes to {rows} rows; changes per CPU-second"),
            &|figures| figures.changes_per_cpu_s,
        )?;
        if let Some(rate) = self.rate {
            table(&format!("% of a core at {rate} changes per second"), &|figures| {
                figures.core_percent
            })?;
        }
        if let Some(ratio) = self.ratio() {
            writeln!(out, "  {:<12} {ratio:>9}", "ratio")?;
        }
        if self.coalesced > 0 {
            writeln!(
                out,
                "  {} changes were coalesced on the way to the reader",
                self.coalesced
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_p99_of_few_runs_is_the_worst() {
        let of = |runs: &[f64]| Spread::of(runs.to_vec(), f64::total_cmp, 1);
        assert_eq!(of(&[3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        let figures = of(&[30.0, 10.0, 20.0]);
        assert_eq!((figures.p99, figures.min, figures.max), (10.0, 10.0, 30.0));
        let shares = Spread::of(vec![1.0, 3.0, 2.0], |a, b| b.total_cmp(a), 2);
        assert_eq!((shares.p99, shares.min, shares.max), (3.0, 1.0, 3.0));
    }

    #[test]
    fn a_run_gives_speed_and_share_of_a_core() {
        let run = Run {
            cpu: Duration::from_millis(100),
            wall: Duration::from_secs(10),
        };
        let figures = Figures::of(25_000, &[run]);
        assert_eq!(figures.changes_per_cpu_s.median, 250_000.0);
        assert_eq!(figures.core_percent.median, 1.0);
    }
}
