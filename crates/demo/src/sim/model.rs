//! What the simulation knows of an agent, a task and a workflow.

use std::sync::Arc;

use uuid::Uuid;

use super::pool::Pool;

/// Declares a status: its variants and the words that the rows carry, as they are met in the wild.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant),* }

        impl $name {
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

words!(AgentStatus {
    Idle = "idle",
    Planning = "planning",
    Working = "working",
    Thinking = "thinking",
    Blocked = "blocked",
    Error = "error",
    Offline = "offline",
});

words!(TaskStatus {
    Backlog = "backlog",
    Queued = "queued",
    Assigned = "assigned",
    InProgress = "in_progress",
    Review = "review",
    WaitingApproval = "waiting_approval",
    Blocked = "blocked",
    // No vocabulary knows this word: it is there so that "unmapped" is seen.
    Parked = "parked",
    Retrying = "retrying",
    Completed = "completed",
    Failed = "failed",
    Cancelled = "cancelled",
});

words!(WorkflowStatus {
    Draft = "draft",
    Running = "running",
    Paused = "paused",
    WaitingApproval = "waiting_approval",
    Completed = "completed",
    Failed = "failed",
    Cancelled = "cancelled",
    Archived = "archived",
});

impl TaskStatus {
    /// The pool that tasks of this status wait in.
    pub fn pool(self) -> Option<Pool> {
        match self {
            Self::Backlog | Self::Queued | Self::Retrying => Some(Pool::Ready),
            Self::Review | Self::WaitingApproval => Some(Pool::Waiting),
            Self::Blocked | Self::Parked => Some(Pool::Stuck),
            Self::Failed => Some(Pool::Failed),
            Self::Assigned | Self::InProgress | Self::Completed | Self::Cancelled => None,
        }
    }

    pub fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl WorkflowStatus {
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Archived)
    }
}

/// Times are microseconds since the Unix epoch.
#[derive(Debug)]
pub struct Agent {
    pub id: Uuid,
    pub name: Arc<str>,
    pub role: &'static str,
    pub model: &'static str,
    pub status: AgentStatus,
    /// The task at hand: its place in the list of tasks.
    pub task: Option<u32>,
    /// The workflow that the agent takes work from first.
    pub home: u32,
    pub completed: u32,
    pub error: Option<&'static str>,
    pub metadata: Arc<str>,
    pub created: i64,
    pub updated: i64,
    pub heartbeat: i64,
}

#[derive(Debug)]
pub struct Task {
    pub id: Uuid,
    pub title: Arc<str>,
    pub status: TaskStatus,
    pub priority: &'static str,
    /// Percent.
    pub progress: u8,
    pub attempt: u8,
    /// Who works on it, or did last.
    pub agent: Option<u32>,
    pub workflow: u32,
    /// The tasks that it waits for, and the one that it is a part of: made before it, and perhaps deleted by now.
    pub depends_on: Arc<[Uuid]>,
    /// Their places in the list of tasks, where others may stand by now.
    pub depends_at: Arc<[u32]>,
    pub parent: Option<Uuid>,
    pub error: Option<&'static str>,
    pub metadata: Arc<str>,
    pub created: i64,
    pub updated: i64,
    pub started: Option<i64>,
    pub completed: Option<i64>,
    /// Counts the changes of status, so that an old note about this task is known to be old.
    pub stamp: u32,
    /// Place in its pool, if its status has one.
    pub pool_slot: u32,
    /// Place in its workflow's list.
    pub workflow_slot: u32,
}

#[derive(Debug)]
pub struct Workflow {
    pub id: Uuid,
    pub name: Arc<str>,
    pub status: WorkflowStatus,
    /// Tasks that it wants alive at a time.
    pub size: u32,
    /// Tasks that it consists of over its life, that were made so far, and that were completed.
    pub steps_total: u32,
    pub planned: u32,
    pub steps_completed: u32,
    pub owner: &'static str,
    pub error: Option<&'static str>,
    pub created: i64,
    pub updated: i64,
    pub started: Option<i64>,
    pub completed: Option<i64>,
    /// Its living tasks.
    pub tasks: Vec<u32>,
    /// How many of them are not finished.
    pub open: u32,
}

impl Workflow {
    /// The key of its run: its own in another version, so that no chance is drawn for it and every seed stays as it was.
    pub fn run(&self) -> Uuid {
        let mut bytes = *self.id.as_bytes();
        bytes[6] = bytes[6] & 0x0f | 0x80;
        Uuid::from_bytes(bytes)
    }
}
