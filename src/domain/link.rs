//! The connection's details, for the popover.

use super::PerKind;

/// How far a table's channel has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChannelState {
    #[default]
    Closed,
    Joining,
    /// The server took the join; changes may not flow yet.
    Joined,
    /// The database subscription is confirmed; the snapshot is being read.
    Subscribed,
    Live,
    /// The server refused it for good; the reason is in the status.
    Refused,
}

impl ChannelState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Joining => "joining",
            Self::Joined => "joined, waiting for the database",
            Self::Subscribed => "reading the snapshot",
            Self::Live => "live",
            Self::Refused => "refused",
        }
    }
}

/// One connect and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Since the feed started, in milliseconds.
    pub started_ms: u64,
    /// Live since, same clock; absent when it never got there.
    pub live_ms: Option<u64>,
    /// End, same clock; absent while it lasts.
    pub ended_ms: Option<u64>,
    /// Why it ended.
    pub reason: Option<String>,
}

/// What the worker knows of the connection beyond its status. Sent when it changes, at most a few times a second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkReport {
    /// Round trip of the last answered heartbeat, in milliseconds.
    pub heartbeat_rtt_ms: Option<u64>,
    pub channel: PerKind<ChannelState>,
    pub rows: PerKind<usize>,
    /// Data changes taken since the feed started.
    pub changes: u64,
    /// Bytes of text and binary frames since the feed started.
    pub bytes: u64,
    /// Frames dropped as malformed since the feed started.
    pub malformed: u64,
    /// Sockets opened since the feed started.
    pub connects: u64,
    /// The last connects, oldest first; bounded by `realtime::MAX_HISTORY`.
    pub history: Vec<Attempt>,
}
