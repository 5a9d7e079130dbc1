//! What a session reports to its reader: changes of rows, the connection's status, and its details.

use serde::Serialize;

use model::{Level, Notice};

/// The four words for a connection. `Connected` is reported only when the socket is up, the channel is joined, the
/// database subscription is confirmed and the first snapshot is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// On the way to `Connected`, or connected with changes possibly missing ([`StatusReport::catching_up`]).
    #[default]
    Connecting,
    /// Everything is proven: what the reader holds equals the source.
    Connected,
    /// No connection; another attempt follows unless the user disconnected.
    Disconnected,
    /// Refused; only a change of settings or of the server can help.
    Error,
}

impl LinkStatus {
    /// `connecting`, `connected`, `disconnected` or `error`.
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
    /// Whether it is connected, and whether all sources are proven equal to the server.
    pub status: LinkStatus,
    /// Which attempt is made or waited for: 0 for the first connect, 1 to `max_attempts` for reconnects.
    pub attempt: u32,
    /// Attempts before the session gives up; 0 = it never does.
    pub max_attempts: u32,
    /// While waiting: time from this report to the next attempt, in milliseconds.
    pub retry_in_ms: Option<u64>,
    /// Why it is not connected: one sentence for a person, free of secrets.
    pub reason: Option<String>,
    /// The session runs on the stream alone: no snapshot, no audit.
    pub stream_only: bool,
    /// How many sources are kept up to date in which way.
    pub sources: SourceCounts,
    /// The names of the sources that are lost, in the order of the configuration: `connected` does not include them.
    pub sources_lost: Vec<String>,
    /// The names of the sources that can be neither read nor followed and never could, in the same order: `connected` does
    /// not include them either.
    pub sources_left_out: Vec<String>,
    /// While connecting: changes flow and are applied, but some may have been lost, so the tables are read until they
    /// are proven equal.
    pub catching_up: bool,
}

impl StatusReport {
    /// Changes flow and are applied: proven (`Connected`) or about to be proven again (`catching_up`). Otherwise
    /// there is an outage and what the reader holds grows old.
    pub fn is_flowing(&self) -> bool {
        self.status == LinkStatus::Connected || self.catching_up
    }
}

/// How many sources of a session are kept up to date in which way, while it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceCounts {
    /// By the stream.
    pub followed: usize,
    /// By readings every [`crate::POLL_INTERVAL`].
    pub polled: usize,
    /// Not any more: their rows are old.
    pub lost: usize,
    /// Not at all: they were never read.
    pub left_out: usize,
}

impl SourceCounts {
    /// Sources in all.
    pub fn all(self) -> usize {
        self.followed + self.polled + self.lost + self.left_out
    }

    /// Sources whose rows are kept up to date.
    pub fn kept(self) -> usize {
        self.followed + self.polled
    }
}

pub use model::TableChange as Change;

/// A snapshot has been merged; the changes it made were reported before this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// The number of the snapshot, counted since the session was made; the first is 1.
    pub snapshot: u64,
    /// Rows of each source, by [`crate::SourceId::index`].
    pub rows: Vec<usize>,
    /// Rows that the snapshot inserted.
    pub added: usize,
    /// Rows that the snapshot updated.
    pub changed: usize,
    /// Rows that the snapshot deleted.
    pub removed: usize,
    /// It was a reconcile: no loss was known.
    pub reconcile: bool,
}

/// How far a source has come and how its rows are kept up to date. Ordered from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SourceState {
    /// The server refused it for good; the reason is in [`SourceReport::why`].
    Refused,
    /// It can be neither read nor followed, and never could: there are no rows of it. The other sources go on without it,
    /// and it is tried again. The reason is in [`SourceReport::why`].
    LeftOut,
    /// It can be neither read nor followed: its rows are as they were at [`SourceReport::proven_ms`]. The reason is in
    /// [`SourceReport::why`].
    Lost,
    /// No channel.
    #[default]
    Closed,
    /// The join is sent.
    Joining,
    /// The server took the join; changes may not flow yet.
    Joined,
    /// The database subscription is confirmed; the snapshot is being read.
    Reading,
    /// Its changes cannot be followed, so it is read every [`crate::POLL_INTERVAL`]; the reason is in
    /// [`SourceReport::why`].
    Polled,
    /// It cannot be read, so only changed rows appear; the reason is in [`SourceReport::why`].
    StreamOnly,
    /// Snapshot and stream.
    Followed,
}

impl SourceState {
    /// The state in a few words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::LeftOut => "left out",
            Self::Lost => "lost",
            Self::Closed => "closed",
            Self::Joining => "joining",
            Self::Joined => "waiting for the database",
            Self::Reading => "reading the snapshot",
            Self::Polled => "polled",
            Self::StreamOnly => "stream only",
            Self::Followed => "live",
        }
    }
}

/// One source as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceReport {
    /// How the changes of the source reach the session, or why they do not.
    pub state: SourceState,
    /// Why it is refused, left out, lost, polled or followed by the stream alone: words for a person, free of secrets.
    pub why: Option<String>,
    /// Rows of the source that the session holds.
    pub rows: usize,
    /// As of when its rows were last proven equal to the server's, in milliseconds since the session was made; absent
    /// while nothing is proven on this connection. Of a polled source, when its last good reading began; of a lost one,
    /// the last proof on any connection.
    pub proven_ms: Option<u64>,
    /// When it was declared lost, on the same clock; absent while it is not lost.
    pub lost_ms: Option<u64>,
}

/// How the pulse stands ([`crate::SessionConfig::pulse`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PulseState {
    /// It is followed, and its number is not known yet.
    Awaited,
    /// Pulses arrive, or are not overdue for long.
    Running,
    /// Numbers were raised in the database and did not arrive: changes are being lost.
    Missing,
    /// The number is not raised any more in the database; it proves nothing.
    Stopped,
}

/// The pulse as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PulseReport {
    /// Whether it runs.
    pub state: PulseState,
    /// Its interval, as learned from the times in the database, in milliseconds; absent until it is known.
    pub interval_ms: Option<u64>,
    /// When the last pulse arrived, in milliseconds since the session was made; absent until one has.
    pub last_ms: Option<u64>,
    /// Pulses that never arrived, since the session was made.
    pub lost: u64,
}

/// One connection and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Start, since the session was made, in milliseconds.
    pub started_ms: u64,
    /// Live since, same clock; absent when it never was.
    pub live_ms: Option<u64>,
    /// End, same clock; absent while it lasts.
    pub ended_ms: Option<u64>,
    /// Why it ended.
    pub reason: Option<String>,
}

/// A snapshot as it was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resync {
    /// End, since the session was made, in milliseconds.
    pub at_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Why it was read: `first`, `gap`, `audit`, `poll` (single sources) or `replaced`.
    pub why: &'static str,
    /// Rows inserted.
    pub added: usize,
    /// Rows updated.
    pub changed: usize,
    /// Rows deleted.
    pub removed: usize,
}

/// Something that happened to the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEvent {
    /// Since the session was made, in milliseconds; of repetitions, the last one.
    pub at_ms: u64,
    /// How serious it is.
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// Repetitions in a row that this entry stands for, so that an hourly renewal or a long series of attempts does not
    /// displace what happened before.
    pub times: u32,
}

/// Broadcast from the database: the second source of changes, and what each of both missed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BroadcastReport {
    /// Its channel is joined, and messages are expected.
    pub is_joined: bool,
    /// Why it is not joined, as the server said it; free of secrets. Absent while nothing was said.
    pub why_not: Option<String>,
    /// Messages since the session was made.
    pub messages: u64,
    /// Changes of messages that the stream did not bring.
    pub missed_by_stream: u64,
    /// Changes of the stream that no message brought, of tables that send messages.
    pub missed_by_broadcast: u64,
}

/// The connection's details beyond its status. Reported when they change, at most four times a second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkReport {
    /// Round trip of the last answered heartbeat, in milliseconds.
    pub heartbeat_rtt_ms: Option<u64>,
    /// The last round trips, oldest first, in milliseconds: 60 at most.
    pub round_trips_ms: Vec<u64>,
    /// The sources, by [`crate::SourceId::index`].
    pub sources: Vec<SourceReport>,
    /// Joins since the session was made.
    pub joins: u64,
    /// The last snapshot that was merged.
    pub last_resync: Option<Resync>,
    /// When a reconcile last corrected rows whose changes never came, in milliseconds since the session was made; and
    /// how many rows.
    pub last_drift: Option<(u64, usize)>,
    /// When the last audit ended, on the same clock; and whether it found all sources equal.
    pub last_audit: Option<(u64, bool)>,
    /// The pulse; absent while none is followed.
    pub pulse: Option<PulseReport>,
    /// The second source of changes; `None`: it is not used.
    pub broadcast: Option<BroadcastReport>,
    /// End of the session token (or of a key that expires), in milliseconds since the Unix epoch.
    pub token_expires_ms: Option<i64>,
    /// Changes that were replaced by a later one of the same row before the reader took them. Set by the
    /// driver; the session itself leaves it at 0.
    pub coalesced: u64,
    /// Changes taken since the session was made.
    pub changes: u64,
    /// Bytes of text and binary frames since the session was made.
    pub bytes: u64,
    /// Frames dropped as malformed since the session was made.
    pub malformed: u64,
    /// Sockets opened since the session was made.
    pub connects: u64,
    /// The last connections, oldest first: 20 at most.
    pub history: Vec<Attempt>,
    /// The last events of the connection, oldest first: 20 at most.
    pub events: Vec<LinkEvent>,
}

/// One report to the reader. Order matters: a `Synced` comes after the changes it counts.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedEvent {
    /// The status changed; what it is now, and what comes next.
    Status(StatusReport),
    /// A row changed.
    Change(Change),
    /// A snapshot was merged.
    Synced(SyncReport),
    /// Something a person should know.
    Notice(Notice),
    /// The details changed. Boxed: it is much larger than a change, of which there are many.
    Link(Box<LinkReport>),
}
