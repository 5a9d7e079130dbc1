//! The Supabase Realtime protocol without I/O: frame codec, session state machine, backoff, snapshot-and-stream merge.
//!
//! A [`Session`] is a value: [`Session::handle`] takes what happened and appends what to do. Clocks and randomness come
//! in with every call ([`Now`]), so every race is an ordinary test with a made-up clock.

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
    CloseReason, Command, ConnectFailure, Effect, Event, Now, Page, PageError, PageQuery, PageRequest, Probe,
    ProbeRequest, Remedies, SessionConfig,
};
pub use change::{ChangeType, RowEvent, Trouble, Unusable};
pub use connection::{MAX_EVENTS, MAX_HISTORY, MAX_ROUND_TRIPS};
pub use event::{
    Attempt, Change, FeedEvent, LinkEvent, LinkReport, LinkStatus, Resync, SourceReport, SourceState, StatusReport,
    SyncReport,
};
pub use frame::{Direction, Frame, FrameError, Vsn, decode_binary, decode_text, encode_text};
pub use join::{BroadcastConfig, Entry, JoinConfig, JoinPayload, PresenceConfig};
pub use session::{ConnectionId, Session};
pub use source::{Source, SourceId, is_like};
pub use token::{Claims, Grant, Token, TokenError};

/// An integer as it stands on the wire: a number, or (leniently) a string of digits.
fn integer(raw: &str) -> Option<i64> {
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(raw);
    text.parse().ok()
}
