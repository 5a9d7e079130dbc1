//! The connection's details, for the popover.

use super::{Level, PerKind};

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
            Self::Joined => "waiting for the database",
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

/// How a table is kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Following {
    /// Snapshot and stream.
    #[default]
    Whole,
    /// The stream alone: the table cannot be read, so that rows show up when they change.
    StreamOnly,
    /// Read now and then: its changes cannot be followed.
    Polled,
}

impl Following {
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::StreamOnly => "stream only",
            Self::Polled => "each minute",
        }
    }
}

/// A snapshot as it was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// End, since the feed started, in milliseconds.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Why it was read: `first`, `gap`, `audit`.
    pub why: &'static str,
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
}

/// Something that happened to the connection, for the history in the popover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEvent {
    /// Since the feed started, in milliseconds.
    pub at_ms: u64,
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// How many in a row it stands for: the last of them is told, so that an hourly renewal or an endless row of tries
    /// does not push out what happened before.
    pub times: u32,
}

/// What the worker knows of the connection beyond its status. Sent when it changes, at most a few times a second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkReport {
    /// Round trip of the last answered heartbeat, in milliseconds.
    pub heartbeat_rtt_ms: Option<u64>,
    /// The last round trips, oldest first, in milliseconds; bounded by `realtime::MAX_ROUND_TRIPS`.
    pub round_trips_ms: Vec<u64>,
    pub channel: PerKind<ChannelState>,
    pub rows: PerKind<usize>,
    pub following: PerKind<Following>,
    /// Subscriptions made since the feed started: each join is an epoch of its own.
    pub epoch: u64,
    pub last_resync: Option<Resync>,
    /// When a reconcile last corrected rows whose changes never came, since the feed started in milliseconds; and how
    /// many.
    pub last_drift: Option<(u64, usize)>,
    /// When the cheap audit last looked, on the same clock; and whether it found all tables equal.
    pub last_audit: Option<(u64, bool)>,
    /// End of the session token (or of a key that ends), in milliseconds since the Unix epoch.
    pub token_expires_ms: Option<i64>,
    /// Changes that were replaced by a later one of the same row before the reader took them.
    pub coalesced: u64,
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
    /// The last events of the connection, oldest first; bounded by `realtime::MAX_EVENTS`.
    pub events: Vec<LinkEvent>,
}
