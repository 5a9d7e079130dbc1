//! The three kinds of row that opswall shows.

use serde::{Deserialize, Serialize};

use super::noun;

/// What a row is, whatever its table is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Agent,
    Task,
    Workflow,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Agent, Self::Task, Self::Workflow];

    /// `agent`, `task`, `workflow`.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Task => "task",
            Self::Workflow => "workflow",
        }
    }

    /// `agents`, `tasks`, `workflows`: the name of the kind in JSON output and settings.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Agent => "agents",
            Self::Task => "tasks",
            Self::Workflow => "workflows",
        }
    }

    /// The word for so many of it: 1 `task`, 2 `tasks`.
    pub fn noun(self, count: usize) -> &'static str {
        noun(count as u64, self.singular(), self.plural())
    }

    /// Position in tables indexed by kind (`PerKind`).
    pub fn index(self) -> usize {
        self as usize
    }
}
