//! The simulation's agents, tasks and workflows.

use std::sync::Arc;

use uuid::Uuid;

use super::pool::Pool;

/// Declares a status: its variants and the words in the rows, as real projects use them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl $name {
            /// The word in the row.
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words!(
    /// What an agent is doing.
    AgentStatus {
        Idle = "idle",
        Planning = "planning",
        Working = "working",
        Thinking = "thinking",
        Blocked = "blocked",
        Error = "error",
        Offline = "offline",
    }
);

words!(
    /// How far a task has come.
    TaskStatus {
        Backlog = "backlog",
        Queued = "queued",
        Assigned = "assigned",
        InProgress = "in_progress",
        Review = "review",
        WaitingApproval = "waiting_approval",
        Blocked = "blocked",
        // No mapping has this word, so that the status "unmapped" occurs.
        Parked = "parked",
        Retrying = "retrying",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
    }
);

words!(
    /// How far a workflow has come.
    WorkflowStatus {
        Draft = "draft",
        Running = "running",
        Paused = "paused",
        WaitingApproval = "waiting_approval",
        Completed = "completed",
        Failed = "failed",
        Cancelled = "cancelled",
        Archived = "archived",
    }
);

impl TaskStatus {
    /// The pool of tasks with this status.
    pub(crate) fn pool(self) -> Option<Pool> {
        match self {
            Self::Backlog | Self::Queued | Self::Retrying => Some(Pool::Ready),
            Self::Review | Self::WaitingApproval => Some(Pool::Waiting),
            Self::Blocked | Self::Parked => Some(Pool::Stuck),
            Self::Failed => Some(Pool::Failed),
            Self::Assigned | Self::InProgress | Self::Completed | Self::Cancelled => None,
        }
    }

    /// Its work has ended, for whatever reason.
    pub(crate) fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl WorkflowStatus {
    /// Its work has ended, for whatever reason.
    pub(crate) fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Archived)
    }
}

/// An agent. Times are in microseconds since the Unix epoch.
#[derive(Debug)]
pub(crate) struct SimAgent {
    /// The primary key.
    pub(crate) id: Uuid,
    /// A given name; with a number where there are more agents than names.
    pub(crate) name: Arc<str>,
    /// One of the names in `names::ROLES`.
    pub(crate) role: &'static str,
    /// The language model that it runs on, as a name.
    pub(crate) model: &'static str,
    /// What it is doing.
    pub(crate) status: AgentStatus,
    /// The index of the task at hand.
    pub(crate) task: Option<u32>,
    /// The index of the workflow whose tasks the agent prefers.
    pub(crate) home: u32,
    /// Tasks that it has completed.
    pub(crate) completed: u32,
    /// Why it failed or cannot go on; absent otherwise.
    pub(crate) error: Option<&'static str>,
    /// A JSON object as text.
    pub(crate) metadata: Arc<str>,
    /// When the row was inserted.
    pub(crate) created: i64,
    /// When the row was last changed.
    pub(crate) updated: i64,
    /// When it last gave a sign of life.
    pub(crate) heartbeat: i64,
}

/// A task. Times are in microseconds since the Unix epoch.
#[derive(Debug)]
pub(crate) struct SimTask {
    /// The primary key.
    pub(crate) id: Uuid,
    /// What is to be done, as a short phrase.
    pub(crate) title: Arc<str>,
    /// How far it has come.
    pub(crate) status: TaskStatus,
    /// The word for its urgency, such as `high`.
    pub(crate) priority: &'static str,
    /// Percent.
    pub(crate) progress: u8,
    /// Which attempt this is; a retry adds one.
    pub(crate) attempt: u8,
    /// The index of the agent that works on it, or did last.
    pub(crate) agent: Option<u32>,
    /// The index of the workflow that it is part of.
    pub(crate) workflow: u32,
    /// The tasks that it waits for. They are older than it, and some may be deleted by now.
    pub(crate) depends_on: Arc<[Uuid]>,
    /// The indices of those tasks. A deleted one's index may belong to another task by now.
    pub(crate) depends_at: Arc<[u32]>,
    /// The task that it is a part of. It is older, and may be deleted by now.
    pub(crate) parent: Option<Uuid>,
    /// Why it failed; absent unless it did.
    pub(crate) error: Option<&'static str>,
    /// A JSON object as text.
    pub(crate) metadata: Arc<str>,
    /// When the row was inserted.
    pub(crate) created: i64,
    /// When the row was last changed.
    pub(crate) updated: i64,
    /// When work on it began; absent before.
    pub(crate) started: Option<i64>,
    /// When it finished, in whatever way; absent before.
    pub(crate) completed: Option<i64>,
    /// Counts changes of status. An entry with another stamp is out of date.
    pub(crate) stamp: u32,
    /// Its index in its pool, if its status has one.
    pub(crate) pool_slot: u32,
    /// Its index in its workflow's list.
    pub(crate) workflow_slot: u32,
}

/// A workflow. Times are in microseconds since the Unix epoch.
#[derive(Debug)]
pub(crate) struct SimWorkflow {
    /// The primary key.
    pub(crate) id: Uuid,
    /// What the workflow is for, as a short phrase.
    pub(crate) name: Arc<str>,
    /// How far it has come.
    pub(crate) status: WorkflowStatus,
    /// Number of tasks that it should have at a time.
    pub(crate) size: u32,
    /// Number of tasks of its whole life.
    pub(crate) steps_total: u32,
    /// Number of tasks created so far.
    pub(crate) planned: u32,
    /// Number of tasks completed so far.
    pub(crate) steps_completed: u32,
    /// The person who is responsible for it.
    pub(crate) owner: &'static str,
    /// Why it failed; absent unless it did.
    pub(crate) error: Option<&'static str>,
    /// When the row was inserted.
    pub(crate) created: i64,
    /// When the row was last changed.
    pub(crate) updated: i64,
    /// When it began to run; absent before.
    pub(crate) started: Option<i64>,
    /// When it finished, in whatever way; absent before.
    pub(crate) completed: Option<i64>,
    /// The indices of its tasks.
    pub(crate) tasks: Vec<u32>,
    /// Number of its unfinished tasks.
    pub(crate) open: u32,
}

impl SimWorkflow {
    /// The key of its run: its own key with another version number, which needs no further random number.
    pub(crate) fn run(&self) -> Uuid {
        let mut bytes = *self.id.as_bytes();
        bytes[6] = bytes[6] & 0x0f | 0x80;
        Uuid::from_bytes(bytes)
    }
}
