//! What goes into a session and what comes out: the whole surface between the protocol and the I/O that carries it.

use std::time::Duration;

use super::{
    event::FeedEvent,
    frame::Vsn,
    source::Source,
    token::{Grant, Token, TokenError},
};
use model::{Backoff, Record, RowId};

/// The moment of a call. The session never looks at a clock itself.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Monotonic, since the session was made.
    pub at: Duration,
    /// The wall clock: milliseconds since the Unix epoch. Tokens end by it, and it goes on while the machine sleeps.
    pub wall_ms: i64,
    /// A fresh random number in `[0, 1)` for whatever needs one in this call.
    pub random: f64,
}

/// The configuration of a session. Its delays are explained in docs/realtime-protocol.md §15.1.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The serializer of the socket's URL.
    pub vsn: Vsn,
    /// The tables to follow; [`crate::SourceId`] counts them.
    pub sources: Vec<Source>,
    /// Topics are this and the number of the join, after `realtime:`.
    pub topic_prefix: String,
    /// What to do about refusals, in the user's terms.
    pub remedies: Remedies,
    /// Sent as `access_token` with each join; a publishable key is allowed and ignored by the server.
    pub access_token: Option<Token>,
    /// Connection tokens are had by [`Effect::RefreshToken`], the first one before the first connect; `access_token` is
    /// then used for nothing.
    pub sign_in: bool,
    pub backoff: Backoff,
    pub heartbeat_interval: Duration,
    pub reconcile_interval: Option<Duration>,
    /// How often the row count and the newest change of each table are compared between two reconciles.
    pub audit_interval: Option<Duration>,
    /// Changes a second, averaged over a minute, from which the server may drop changes without a word; `None`: it
    /// does not.
    pub change_limit: Option<u32>,
    /// Age at which a connection without a signed-in user is replaced before the server cuts it; `None`: never.
    pub replace_after: Option<Duration>,
    /// False: no snapshots (`rest_url = "none"`): live on the stream alone.
    pub snapshots: bool,
    /// Rows asked for in one page.
    pub page_size: usize,
}

/// What a person can do about a refusal: ends of sentences, in the terms of the program's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedies {
    /// The key was refused.
    pub key: String,
    /// The key has expired.
    pub expired_key: String,
    /// The signed-in user's token was refused.
    pub sign_in: String,
    /// No source is configured.
    pub no_source: String,
    /// A table has no column of the configured key's name; `{source}` stands for the plural of [`Source::noun`].
    pub key_column: String,
}

impl Default for Remedies {
    fn default() -> Self {
        Self {
            key: "check the project's key".into(),
            expired_key: "set a fresh one".into(),
            sign_in: "check the account that signs in".into(),
            no_source: "configure at least one".into(),
            key_column: "correct the name of its key column".into(),
        }
    }
}

/// What the user wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Drop what there is and connect now; the attempt counter starts again.
    Reconnect,
    /// Close and stay closed until `Reconnect`.
    Disconnect,
    /// New backoff settings, in force at once: a wait in progress is re-measured from its start.
    Tune(Backoff),
}

/// Why a connect failed before a socket was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFailure {
    /// No TCP, TLS or answer in time: worth another try. The text is free of secrets.
    Unreachable(String),
    /// The server answered the upgrade with this HTTP status and (up to 4 KiB of) this message.
    Refused {
        http: u16,
        message: String,
        /// `Retry-After`, if the server sent one.
        retry_after: Option<Duration>,
    },
}

/// How an open socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseReason {
    /// A close frame with this code and text.
    Frame { code: u16, text: String },
    /// The transport failed or ended without a close frame.
    Lost(String),
}

/// What a page asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageQuery {
    /// Rows with a key greater than `after` in key order, at most `limit`.
    After { after: Option<RowId>, limit: usize },
    /// These rows, by key.
    Ids(Vec<RowId>),
}

/// One REST read. `id` is unique in the session; an answer with an id no longer waited for is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub id: u64,
    pub source: Source,
    pub query: PageQuery,
    /// Who asks: the session token; `None` = the key alone.
    pub token: Option<Token>,
}

/// A look at a table that costs little: how many rows, and which was changed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeRequest {
    /// Unique in the session, pages included.
    pub id: u64,
    pub source: Source,
    /// The column to order by; `None` = the count alone.
    pub newest_by: Option<String>,
    pub token: Option<Token>,
}

/// What a probe saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Rows in all; `None` when the server did not count.
    pub count: Option<u64>,
    /// The key and the asked column of the row changed last; `None` when there is none or it was not asked for.
    pub newest: Option<Record>,
}

/// A page's rows, in the order the server gave them.
pub type Page = Vec<Record>;

/// Why a page could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageError {
    /// Will fail again until somebody changes something: bad key, no grant, no such table or column.
    Fatal(String),
    /// This one table cannot be read (no grant, not exposed); others may be.
    Denied(String),
    /// The token has expired: worth another try with a fresh one.
    Expired(String),
    /// The database gave up on the size of it (`57014`): ask for less.
    TooLarge(String),
    /// Worth another try, after `retry_after` if the server said so.
    Transient {
        text: String,
        retry_after: Option<Duration>,
    },
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Once, first.
    Start,
    SocketOpened,
    ConnectFailed(ConnectFailure),
    Text(String),
    Binary(Vec<u8>),
    SocketClosed(CloseReason),
    /// The moment named by the last `WakeAt` has come (early or repeated wakes are harmless).
    Timer,
    Page {
        id: u64,
        result: Result<Page, PageError>,
    },
    /// The answer to [`Effect::Probe`].
    Probed {
        id: u64,
        result: Result<Probe, PageError>,
    },
    /// The answer to [`Effect::RefreshToken`].
    Token(Result<Grant, TokenError>),
    Command(Command),
}

impl Event {
    /// It comes from the socket, or the connect under way.
    pub(super) fn is_of_the_socket(&self) -> bool {
        matches!(
            self,
            Self::SocketOpened | Self::ConnectFailed(_) | Self::Text(_) | Self::Binary(_) | Self::SocketClosed(_)
        )
    }
}

/// What to do. Carried out in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Get a fresh session token; answer with `Event::Token`, once. Asked for again only after an answer.
    RefreshToken,
    /// Open a socket, with nothing kept from an earlier one (address, name look-up, pooled requests); exactly one of `SocketOpened` and `ConnectFailed` must follow, unless `Close` comes first.
    Open,
    /// Drop the socket, or the connect under way; nothing of it may be reported afterwards.
    Close,
    Send(String),
    /// Read a page; answer with `Event::Page` and its id.
    Fetch(Box<PageRequest>),
    /// Look at a table; answer with `Event::Probed` and its id.
    Probe(Box<ProbeRequest>),
    /// Drop every page read and probe under way.
    CancelFetches,
    Emit(FeedEvent),
    /// Call with `Event::Timer` at this moment (same clock as `Now::at`). Replaces the moment asked for before;
    /// `None` = no wake needed.
    WakeAt(Option<Duration>),
}
