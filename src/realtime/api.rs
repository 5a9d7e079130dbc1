//! What goes into a session and what comes out: the whole surface between the protocol and the I/O that carries it.

use std::{sync::Arc, time::Duration};

use crate::domain::{Backoff, FeedEvent, Kind, Record, RowId};

/// The moment of a call. The session never looks at a clock itself.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Monotonic, since the session was made.
    pub at: Duration,
    /// A fresh random number in `[0, 1)` for whatever needs one in this call.
    pub random: f64,
}

/// One table to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub kind: Kind,
    pub schema: String,
    pub table: String,
    /// Primary-key column.
    pub key: String,
}

/// What a session is told once. Delays are bounds of product.md and realtime-protocol.md §15.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The serializer: true = 1.0.0 objects, false = 2.0.0 arrays.
    pub vsn1: bool,
    pub tables: Vec<Table>,
    /// Sent as `access_token` with each join; a publishable key is allowed and ignored by the server.
    pub access_token: Option<Arc<str>>,
    pub backoff: Backoff,
    pub heartbeat_interval: Duration,
    pub reconcile_interval: Option<Duration>,
    /// False: no snapshots (`rest_url = "none"`): live on the stream alone.
    pub snapshots: bool,
    /// Rows asked for in one page.
    pub page_size: usize,
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
    Refused { http: u16, message: String },
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
    pub table: Table,
    pub query: PageQuery,
}

/// A page's rows, in the order the server gave them.
pub type Page = Vec<Record>;

/// Why a page could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageError {
    /// Will fail again until somebody changes something: bad key, no grant, no such table or column.
    Fatal(String),
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
pub enum Input {
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
    User(Command),
}

/// What to do. Carried out in order.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Open a socket; exactly one of `SocketOpened` and `ConnectFailed` must follow, unless `Close` comes first.
    Open,
    /// Drop the socket, or the connect under way; nothing of it may be reported afterwards.
    Close,
    Send(String),
    /// Read a page; answer with `Input::Page` and its id.
    Fetch(PageRequest),
    /// Drop every page read under way.
    CancelFetches,
    Emit(FeedEvent),
    /// Call with `Input::Timer` at this moment (same clock as `Now::at`). Replaces the moment asked for before;
    /// `None` = no wake needed.
    WakeAt(Option<Duration>),
}
