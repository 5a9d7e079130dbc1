//! The number of rows by kind and status. The header, the legend and the summary of `tail` all count with this.

use crate::{Kind, PerKind, Status};

/// The number of rows by kind and status.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RowCounts(PerKind<[usize; Status::ALL.len()]>);

impl RowCounts {
    /// Rows of a kind in a status.
    pub fn of(&self, kind: Kind, status: Status) -> usize {
        self.0[kind].get(status.index()).copied().unwrap_or(0)
    }

    /// Tasks and runs in a status.
    pub fn work(&self, status: Status) -> usize {
        Kind::work().map(|kind| self.of(kind, status)).sum()
    }

    /// Rows of a kind.
    pub fn total(&self, kind: Kind) -> usize {
        self.0[kind].iter().sum()
    }

    /// Rows of a kind that are begun and not over: busy agents, active workflows.
    pub fn engaged(&self, kind: Kind) -> usize {
        let engaged = Status::ALL.into_iter().filter(|status| status.is_engaged());
        engaged.map(|status| self.of(kind, status)).sum()
    }

    /// Counts one more row.
    pub fn add(&mut self, kind: Kind, status: Status) {
        if let Some(count) = self.0[kind].get_mut(status.index()) {
            *count += 1;
        }
    }

    /// Counts one row less; never below 0.
    pub fn remove(&mut self, kind: Kind, status: Status) {
        if let Some(count) = self.0[kind].get_mut(status.index()) {
            *count = count.saturating_sub(1);
        }
    }
}

impl FromIterator<(Kind, Status)> for RowCounts {
    fn from_iter<I: IntoIterator<Item = (Kind, Status)>>(rows: I) -> Self {
        let mut counts = Self::default();
        for (kind, status) in rows {
            counts.add(kind, status);
        }
        counts
    }
}
