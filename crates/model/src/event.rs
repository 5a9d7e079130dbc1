//! What a feed tells whoever listens: the ECS, `tail`, a recording.

use serde::Serialize;

use super::{Change, LinkReport, Notice, PerKind};

/// The four words for a connection. `Connected` is said only when the socket is up, every channel is joined, the
/// database subscription is confirmed and the first snapshot is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    #[default]
    Connecting,
    Connected,
    Disconnected,
    Error,
}

impl LinkStatus {
    pub fn word(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::Error => "error",
        }
    }
}

/// The connection's status and what comes next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusReport {
    pub status: LinkStatus,
    /// Which try this is, or waits for: 0 for the first connect, 1 to `max_attempts` for reconnects.
    pub attempt: u32,
    /// Tries before it gives up; 0 = it never does.
    pub max_attempts: u32,
    /// While waiting: how long from this report to the next try, in milliseconds.
    pub retry_in_ms: Option<u64>,
    /// Why it is not connected, one sentence for a person, free of secrets.
    pub reason: Option<String>,
    /// It runs on the stream alone: no snapshot, no audit (`rest_url = "none"`).
    pub stream_only: bool,
    /// While connecting: changes flow and are shown, but after a burst the server may have dropped some, so that the
    /// tables are read until they are proven equal.
    pub catching_up: bool,
}

impl StatusReport {
    /// Changes flow and are shown: proven (`Connected`), or about to be proven again (`catching_up`). Not flowing is an
    /// outage, and what is shown grows old.
    pub fn is_flowing(&self) -> bool {
        self.status == LinkStatus::Connected || self.catching_up
    }
}

/// A snapshot has been merged; the changes it took were sent before this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Counts snapshots since the program started; the first is 1.
    pub epoch: u64,
    pub rows: PerKind<usize>,
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
    /// True when nothing had been lost and this only checked (periodic reconcile).
    pub audit: bool,
}

/// One thing a feed says. Order matters: a `Synced` comes after the changes it counts.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedEvent {
    Status(StatusReport),
    Change(Change),
    Synced(SyncReport),
    Notice(Notice),
    /// Boxed: it is much larger than a change, of which there are many.
    Link(Box<LinkReport>),
}
