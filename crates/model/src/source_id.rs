//! Which of the followed tables a row is from.

use std::fmt;

use crate::Kind;

/// Which of the followed tables: its position in their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(u16);

impl SourceId {
    #[cfg(test)]
    pub(crate) const FIRST: Self = Self(0);

    /// The source at this position. Positions beyond 65,535 do not exist.
    pub fn new(index: usize) -> Self {
        Self(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// The source of a kind where each has one table, as in the demo: agents, tasks, workflows, and behind them runs.
    pub fn usual(kind: Kind) -> Self {
        Self::new(kind as usize)
    }

    /// The position among the sources, from 0.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
