//! The kinds of rows that opswall shows.

use enum_map::Enum;
use serde::{Deserialize, Serialize};

use super::noun;

/// What a row is, whatever its table is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something that works on tasks.
    Agent,
    /// A piece of work.
    Task,
    /// A group of tasks.
    Workflow,
    /// One execution of a workflow: the live state where a workflow's own row is only its definition.
    Run,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; <Self as Enum>::LENGTH] = [Self::Agent, Self::Task, Self::Workflow, Self::Run];

    /// Whether it is work: its rows are cells of a block, and totals and tallies count them.
    pub fn is_work(self) -> bool {
        match self {
            Self::Task | Self::Run => true,
            Self::Agent | Self::Workflow => false,
        }
    }

    /// The kinds whose rows are pieces of work: tasks and runs.
    pub fn work() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| kind.is_work())
    }

    /// `agent`, `task`, `workflow`, `run`.
    pub fn singular(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Task => "task",
            Self::Workflow => "workflow",
            Self::Run => "run",
        }
    }

    /// `agents`, `tasks`, `workflows`, `runs`: the name of the kind in JSON output and settings.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Agent => "agents",
            Self::Task => "tasks",
            Self::Workflow => "workflows",
            Self::Run => "runs",
        }
    }

    /// The noun for a count: 1 `task`, 2 `tasks`.
    pub fn noun(self, count: usize) -> &'static str {
        noun(count as u64, self.singular(), self.plural())
    }
}
