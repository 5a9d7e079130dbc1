//! What the ingest bench found, as text or as one JSON object.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{frames::Plan, peer};

/// Changes per CPU-second over all runs.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
pub(super) struct Figures {
    median: f64,
    /// What 99 of 100 runs reach; of fewer runs the slowest.
    p99: f64,
    min: f64,
    max: f64,
}

impl Figures {
    pub fn of(mut runs: Vec<f64>) -> Self {
        runs.sort_by(f64::total_cmp);
        let at = |index: usize| runs.get(index).copied().unwrap_or(f64::NAN).round();
        let middle = runs.len() / 2;
        Self {
            median: if runs.len().is_multiple_of(2) {
                f64::midpoint(at(middle.saturating_sub(1)), at(middle))
            } else {
                at(middle)
            },
            p99: at(runs.len() / 100),
            min: at(0),
            max: at(runs.len().saturating_sub(1)),
        }
    }
}

pub(super) struct Report {
    pub plan: Plan,
    pub ours: Figures,
    pub theirs: Option<Figures>,
    /// Changes that a later one of the same row replaced before they were taken, over all runs.
    pub coalesced: u64,
}

#[derive(Serialize)]
struct Reference {
    name: &'static str,
    changes_per_cpu_s: Figures,
}

/// `{"bench":"ingest",…}`
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    changes: u64,
    rows: usize,
    seed: u64,
    changes_per_cpu_s: Figures,
    coalesced: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

impl Report {
    fn ratio(&self) -> Option<f64> {
        let ratio = self.ours.median / self.theirs?.median;
        Some((ratio * 100.0).round() / 100.0)
    }

    pub fn print(&self, as_json: bool) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if as_json {
            let line = Line {
                bench: "ingest",
                changes: self.plan.changes,
                rows: self.plan.rows,
                seed: self.plan.seed,
                changes_per_cpu_s: self.ours,
                coalesced: self.coalesced,
                reference: self.theirs.map(|figures| Reference {
                    name: peer::NAME,
                    changes_per_cpu_s: figures,
                }),
                ratio: self.ratio(),
            };
            return writeln!(out, "{}", serde_json::to_string(&line)?);
        }
        writeln!(
            out,
            "{} changes to {} rows; changes per CPU-second, median (slowest to fastest run):",
            self.plan.changes, self.plan.rows
        )?;
        let mut row = |name: &str, figures: Figures| {
            writeln!(
                out,
                "  {name:<12} {:>9} ({} to {})",
                figures.median, figures.min, figures.max
            )
        };
        row("opswall", self.ours)?;
        if let Some(theirs) = self.theirs {
            row(peer::NAME, theirs)?;
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
    fn the_median_is_the_middle_and_the_slowest_run_is_told() {
        let of = |runs: &[f64]| Figures::of(runs.to_vec());
        assert_eq!(of(&[3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        let figures = of(&[30.0, 10.0, 20.0]);
        assert_eq!((figures.p99, figures.min, figures.max), (10.0, 10.0, 30.0));
    }
}
