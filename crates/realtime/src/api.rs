//! What goes into a session and what comes out: everything between the protocol and the I/O that carries it.

use std::{fmt, time::Duration};

use super::{
    event::FeedEvent,
    frame::Vsn,
    source::Source,
    token::{Grant, Token, TokenError},
};
use model::{Backoff, Record, RowId};

/// Interval between two readings of a source whose changes cannot be followed.
pub const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// The moment of a call. The session never reads a clock itself.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Monotonic, since the session was made.
    pub at: Duration,
    /// The wall clock: milliseconds since the Unix epoch. Tokens end by it, and it goes on while the machine is
    /// suspended.
    pub wall_ms: i64,
    /// A fresh random number in `[0, 1)`, for whatever needs one in this call.
    pub random: f64,
}

/// The configuration of a session. Begin with [`SessionConfig::new`] and change what differs. The reasons for the
/// durations are in docs/realtime-protocol.md §15.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The serializer of the socket's URL.
    pub vsn: Vsn,
    /// The tables to follow; a [`crate::SourceId`] is a position in this list.
    pub sources: Vec<Source>,
    /// Topics are `realtime:`, this, and the number of the join.
    pub topic_prefix: String,
    /// What to do about refusals, in the user's terms.
    pub remedies: Remedies,
    /// The key, sent as `access_token` with each join; a publishable key is allowed, and ignored by the server.
    pub access_token: Option<Token>,
    /// Session tokens are used instead of the key. They are asked for by [`Effect::RefreshToken`], the first one before
    /// the first connect.
    pub sign_in: bool,
    /// The schedule of attempts to reconnect.
    pub backoff: Backoff,
    /// Interval between heartbeats; also how long the answer to one may take.
    pub heartbeat_interval: Duration,
    /// Interval between two readings of all sources although no loss is known; `None`: never.
    pub reconcile_interval: Option<Duration>,
    /// Longest interval between two audits, which compare row counts and the rows changed last; `None`: never.
    pub audit_interval: Option<Duration>,
    /// Age of the proof that a source is equal from which on the connection does not count as connected. Without audits
    /// nothing is proven between two readings, and no age is a limit.
    pub proof_max_age: Duration,
    /// A table of one row in which the database raises `seq` and sets `at` to the time, at a regular interval of 1 s to
    /// 2 min. It is used where it exists. `None`: it is not looked for.
    pub pulse: Option<Source>,
    /// Changes a second, summed over all subscribers, above which the server drops some silently; `None`: it drops none.
    /// Changes that arrive at this rate for 5 s, or fewer right after connecting, bring the next audit forward.
    pub change_limit: Option<u32>,
    /// Age at which a connection without a signed-in user is replaced before the server cuts it; `None`: never.
    pub replace_after: Option<Duration>,
    /// Topic (without `realtime:`) of a private channel on which the database broadcasts the changes of the sources as well;
    /// it is joined beside the sources where the server permits it. `None`: it is not.
    pub broadcast_topic: Option<String>,
    /// False: nothing is read, and the session runs on the stream alone.
    pub snapshots: bool,
    /// Rows asked for in one page.
    pub page_size: usize,
}

impl SessionConfig {
    /// Follows these sources with the usual intervals and bounds, for the hosted server's default limits. The project's
    /// key is still missing ([`SessionConfig::access_token`]); a server that checks keys refuses a join without it.
    pub fn new(sources: Vec<Source>) -> Self {
        Self {
            sources,
            ..Self::default()
        }
    }
}

impl Default for SessionConfig {
    /// No sources and no key, serializer 2.0.0, and the values of [`SessionConfig::new`].
    fn default() -> Self {
        Self {
            vsn: Vsn::default(),
            sources: Vec::new(),
            topic_prefix: "tables-".into(),
            remedies: Remedies::default(),
            access_token: None,
            sign_in: false,
            backoff: Backoff::default(),
            heartbeat_interval: Duration::from_secs(25),
            reconcile_interval: Some(Duration::from_secs(600)),
            audit_interval: Some(Duration::from_secs(30)),
            proof_max_age: Duration::from_secs(90),
            pulse: None,
            change_limit: Some(100),
            replace_after: Some(Duration::from_secs(23 * 3_600)),
            broadcast_topic: None,
            snapshots: true,
            page_size: 1_000,
        }
    }
}

/// What a person can do about a refusal: ends of sentences, in the terms of the program's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedies {
    /// What to do when the key was refused.
    pub key: String,
    /// What to do when the key has expired.
    pub expired_key: String,
    /// What to do when the signed-in user's token was refused.
    pub sign_in: String,
    /// What to do after giving up.
    pub gave_up: String,
    /// What to do when no source is configured.
    pub no_source: String,
    /// What to do when a table has no column of the configured key's name; `{source}` stands for the plural of
    /// [`Source::noun`].
    pub key_column: String,
    /// What to do when rows of a table share the configured key; `{source}` stands for the plural of [`Source::noun`].
    pub key_not_unique: String,
    /// Why no pulse comes although changes do: what in the database does not run.
    pub pulse_stopped: String,
}

impl Default for Remedies {
    fn default() -> Self {
        Self {
            key: "check the project's key".into(),
            expired_key: "set a fresh one".into(),
            sign_in: "check the account that signs in".into(),
            gave_up: "check the address and that the server runs, then reconnect".into(),
            no_source: "configure at least one".into(),
            key_column: "correct the name of its key column".into(),
            key_not_unique: "name every column of its key".into(),
            pulse_stopped: "what raises its number in the database does not run".into(),
        }
    }
}

/// What the user wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Drop the connection and connect now; the count of attempts starts again.
    Reconnect,
    /// Close, and stay closed until `Reconnect`.
    Disconnect,
    /// Another schedule, in force at once: a wait in progress is measured again from its start.
    Tune(Backoff),
}

/// Why a connect failed before a socket was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFailure {
    /// No TCP, TLS or answer in time: worth another attempt. The text is free of secrets.
    Unreachable(String),
    /// The server answered the upgrade with an HTTP status.
    Refused {
        /// The status.
        http: u16,
        /// The body, up to 4 KiB.
        message: String,
        /// `Retry-After`, if the server sent one.
        retry_after: Option<Duration>,
    },
}

/// How an open socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// With a close frame.
    Frame {
        /// Its code.
        code: u16,
        /// Its text.
        text: String,
    },
    /// The transport failed or ended without a close frame.
    Lost(String),
}

/// What a page asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageQuery {
    /// Rows in the order of the key.
    After {
        /// With a key greater than this; `None`: from the first row on.
        after: Option<RowId>,
        /// At most this many.
        limit: usize,
    },
    /// These rows, by key.
    Ids(Vec<RowId>),
}

/// One REST read. An answer with an id that is no longer waited for is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Unique in a connection.
    pub id: u64,
    /// The table, its key and the columns to read.
    pub source: Source,
    /// Which rows.
    pub query: PageQuery,
    /// The session token that reads; `None` = the key alone.
    pub token: Option<Token>,
}

/// A cheap look at a table: how many rows it has, and some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRequest {
    /// Unique in a connection, pages included.
    pub id: u64,
    /// The table and its key.
    pub source: Source,
    /// Whether to count the rows.
    pub is_counted: bool,
    /// Which rows to read.
    pub rows: ProbeRows,
    /// The session token that reads; `None` = the key alone.
    pub token: Option<Token>,
}

/// The rows that a probe reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeRows {
    /// None: the count alone.
    None,
    /// The keys of the rows changed last, and when they were changed.
    Newest(NewestRows),
    /// A slice of the table.
    After(RowSlice),
}

/// Rows in the order of the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSlice {
    /// With a key greater than this; `None`: from the first row on.
    pub after: Option<RowId>,
    /// At most this many. A server may give fewer although there are more; behind the last row there is none.
    pub limit: usize,
    /// Only the key and this column; `None`: all columns kept of the source.
    pub column: Option<String>,
}

/// The rows of a table that were changed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestRows {
    /// The column that says when a row was changed: the latest come first.
    pub column: String,
    /// Rows without a time are wanted as well, and come last. False: they are left out, also of the count, so that the
    /// database can use an index of the column.
    pub with_nulls: bool,
    /// How many rows to leave out.
    pub offset: usize,
    /// At most this many rows.
    pub limit: usize,
}

/// The answer to a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Rows in all; `None` when the server did not count.
    pub count: Option<u64>,
    /// The rows asked for, in their order.
    pub rows: Page,
}

/// A page's rows, in the order of the server.
pub type Page = Vec<Record>;

/// Why a page could not be read. Texts are free of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageError {
    /// Only a change of settings or server helps: bad key, no such column.
    Fatal(String),
    /// This one table cannot be read (no grant, does not exist); others may be.
    Denied(String),
    /// The schema of this table is not served; the stream may bring its changes all the same.
    NotExposed(String),
    /// The token has expired: worth another attempt with a fresh one.
    Expired(String),
    /// It is too large for the database (`57014`): ask for less.
    TooLarge(String),
    /// Worth another attempt.
    Transient {
        /// What happened.
        text: String,
        /// `Retry-After`, if the server sent one.
        retry_after: Option<Duration>,
    },
}

/// What happened. `Debug` shows no frames, which may hold a token.
pub enum Event {
    /// Begin; once, first.
    Start,
    /// The socket asked for by [`Effect::Open`] is open.
    SocketOpened,
    /// The socket asked for by [`Effect::Open`] could not be opened.
    ConnectFailed(ConnectFailure),
    /// A text frame arrived; its payload.
    Text(String),
    /// A binary frame arrived; its payload.
    Binary(Vec<u8>),
    /// The socket ended; nothing of it follows.
    SocketClosed(CloseReason),
    /// The moment named by the last [`Effect::WakeAt`] has come; early or repeated wakes are harmless.
    Timer,
    /// The answer to [`Effect::Fetch`].
    Page {
        /// Of the request.
        id: u64,
        /// The rows.
        result: Result<Page, PageError>,
    },
    /// The answer to [`Effect::Probe`].
    Probed {
        /// Of the request.
        id: u64,
        /// The count and the rows.
        result: Result<Probe, PageError>,
    },
    /// The answer to [`Effect::RefreshToken`].
    Token(Result<Grant, TokenError>),
    /// The user wants something.
    Command(Command),
    /// This machine has another address or route than when [`Effect::WatchNetwork`] asked for such changes.
    NetworkChanged,
}

impl Event {
    /// It is about the socket, or the connect in progress.
    pub(super) fn is_of_the_socket(&self) -> bool {
        matches!(
            self,
            Self::SocketOpened | Self::ConnectFailed(_) | Self::Text(_) | Self::Binary(_) | Self::SocketClosed(_)
        )
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("Start"),
            Self::SocketOpened => f.write_str("SocketOpened"),
            Self::ConnectFailed(failure) => f.debug_tuple("ConnectFailed").field(failure).finish(),
            Self::Text(text) => write!(f, "Text(… {} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary(… {} bytes)", bytes.len()),
            Self::SocketClosed(reason) => f.debug_tuple("SocketClosed").field(reason).finish(),
            Self::Timer => f.write_str("Timer"),
            Self::Page { id, result } => f.debug_tuple("Page").field(id).field(result).finish(),
            Self::Probed { id, result } => f.debug_tuple("Probed").field(id).field(result).finish(),
            Self::Token(result) => f.debug_tuple("Token").field(result).finish(),
            Self::Command(command) => f.debug_tuple("Command").field(command).finish(),
            Self::NetworkChanged => f.write_str("NetworkChanged"),
        }
    }
}

/// What to do. Effects are carried out in order. `Debug` shows no frames, which may hold a token.
#[derive(PartialEq)]
pub enum Effect {
    /// Get a fresh session token; answer with [`Event::Token`], once. Asked for again only after an answer.
    RefreshToken,
    /// Open a socket, with nothing kept from an earlier one (address, name look-up, pooled requests). Exactly one of
    /// [`Event::SocketOpened`] and [`Event::ConnectFailed`] must follow, unless `Close` comes first.
    Open,
    /// Drop the socket or the connect in progress; no event of it may be handed in afterwards.
    Close,
    /// Send this text frame.
    Send(String),
    /// Read a page; answer with [`Event::Page`] and its id.
    Fetch(Box<PageRequest>),
    /// Probe a table; answer with [`Event::Probed`] and its id.
    Probe(Box<ProbeRequest>),
    /// Drop all page reads and probes in progress.
    CancelFetches,
    /// A report for the reader.
    Emit(FeedEvent),
    /// Hand in [`Event::Timer`] at this moment, on the clock of [`Now::at`]. Replaces the moment asked for before;
    /// `None` = no wake needed.
    WakeAt(Option<Duration>),
    /// True: from now on hand in [`Event::NetworkChanged`] when this machine gets another address or route; false: no
    /// longer. Asked for only while no attempt is planned. A driver that cannot see such changes ignores it.
    WatchNetwork(bool),
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RefreshToken => f.write_str("RefreshToken"),
            Self::Open => f.write_str("Open"),
            Self::Close => f.write_str("Close"),
            Self::Send(text) => write!(f, "Send(… {} bytes)", text.len()),
            Self::Fetch(request) => f.debug_tuple("Fetch").field(request).finish(),
            Self::Probe(request) => f.debug_tuple("Probe").field(request).finish(),
            Self::CancelFetches => f.write_str("CancelFetches"),
            Self::Emit(event) => f.debug_tuple("Emit").field(event).finish(),
            Self::WakeAt(at) => f.debug_tuple("WakeAt").field(at).finish(),
            Self::WatchNetwork(is_wanted) => f.debug_tuple("WatchNetwork").field(is_wanted).finish(),
        }
    }
}
