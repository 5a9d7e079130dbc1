//! Supabase Realtime without I/O: a frame codec, and a session that keeps a copy of tables true.
//!
//! A [`Session`] is a value. A driver hands in [`Event`]s (a socket opened, a frame came, a page was read) and carries
//! out the [`Effect`]s that are appended (open a socket, send a frame, read a page, report a change). Time and
//! randomness come in with every call ([`Now`]), so every race is an ordinary test with a made-up clock.
//!
//! The session follows [`Source`]s: tables, each with its key. It joins one channel for all of them, waits until the
//! database confirms the subscription, reads a snapshot while it keeps the changes that arrive, merges both, and from
//! then on reports each [`Change`]. Whatever is lost or doubtful (a dropped frame, a burst above the server's limit, a
//! row too large for the stream, a suspended machine) is read again, and only the differences are reported.
//!
//! A session driven by hand through a join, a snapshot and two changes (`cargo run -p realtime --example by_hand`):
//!
//! ```
#![doc = include_str!("../examples/by_hand.rs")]
//! ```

pub mod advice;
mod api;
mod change;
mod connection;
mod event;
pub mod frame;
mod join;
mod names;
mod refusal;
mod session;
mod source;
mod store;
mod timestamp;
mod token;

pub use api::{
    CloseReason, Command, ConnectFailure, Effect, Event, NewestRows, Now, POLL_INTERVAL, Page, PageError, PageQuery,
    PageRequest, Probe, ProbeRequest, ProbeRows, Remedies, RowSlice, SessionConfig,
};
pub use event::{
    Attempt, BroadcastReport, Change, FeedEvent, LinkEvent, LinkReport, LinkStatus, PulseReport, PulseState, Resync,
    SourceCounts, SourceReport, SourceState, StatusReport, SyncReport,
};
pub use frame::{BinaryFrame, Direction, Frame, FrameError, Vsn, decode_binary, decode_text, encode_text};
pub use join::{BroadcastConfig, Entry, JoinConfig, JoinPayload, PresenceConfig, Replay};
pub use model::{Backoff, Cell, Level, Notice, NoticeKind, Op, Record, RowId, SourceId};
pub use session::{ConnectionId, Session};
pub use source::{Source, is_like};
pub use token::{Claims, Grant, Token, TokenError};

/// An integer as written: a number, or (leniently) a string of digits.
fn integer(raw: &str) -> Option<i64> {
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(raw);
    text.parse().ok()
}
