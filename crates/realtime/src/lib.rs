//! The Supabase Realtime protocol without I/O: frame codec, session state machine, backoff, snapshot-and-stream merge.
//!
//! A [`Session`] is a value: [`Session::handle`] takes what happened and appends what to do. Clocks and randomness come
//! in with every call ([`Now`]), so every race is an ordinary test with a made-up clock.

pub mod advice;
mod api;
mod change;
pub mod frame;
mod join;
mod names;
mod partition;
mod refusal;
mod session;
mod store;
mod timestamp;
mod token;

pub use api::{
    Action, CloseReason, Command, ConnectFailure, Input, Now, Page, PageError, PageQuery, PageRequest, Probe,
    ProbeRequest, SessionConfig, Table,
};
pub use change::{ChangeType, RowEvent, Trouble, Unusable};
pub use frame::{Direction, Frame, FrameError, Vsn, decode_binary, decode_text, encode_text};
pub use join::{BroadcastConfig, Entry, JoinConfig, JoinPayload, PresenceConfig};
pub use partition::is_like;
pub use session::{Feed, MAX_EVENTS, MAX_HISTORY, MAX_ROUND_TRIPS, Session, Side};
pub use token::{Claims, Grant, Token, TokenError};

/// An integer as it stands on the wire: a number, or (leniently) a string of digits.
fn integer(raw: &str) -> Option<i64> {
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(raw);
    text.parse().ok()
}
