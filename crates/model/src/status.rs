//! The canonical states that every status word is mapped to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a row is doing, in the words of the wall. A word that the mapping does not know is `Unmapped`: shown with its
/// own word, never guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Idle,
    Queued,
    Running,
    Waiting,
    Blocked,
    Done,
    Failed,
    Cancelled,
    Offline,
    Unmapped,
}

impl Status {
    pub const ALL: [Self; 10] = [
        Self::Idle,
        Self::Queued,
        Self::Running,
        Self::Waiting,
        Self::Blocked,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Offline,
        Self::Unmapped,
    ];

    /// The word for it on the screen and in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Offline => "offline",
            Self::Unmapped => "unmapped",
        }
    }

    /// Position in tables indexed by status, and the number the shader knows it by.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A status as read from a row: the canonical state and the row's own word for it, if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReading {
    pub status: Status,
    pub word: Option<Arc<str>>,
}
