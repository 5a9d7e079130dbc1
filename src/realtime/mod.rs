//! The Supabase Realtime protocol without I/O: frame codec, session state machine, backoff, snapshot-and-stream merge.
//!
//! A [`Session`] is a value: [`Session::handle`] takes what happened and appends what to do. Clocks and randomness come
//! in with every call ([`Now`]), so every race is an ordinary test with a made-up clock.

mod api;
pub mod frame;
mod join;

pub use api::{
    Action, CloseReason, Command, ConnectFailure, Input, Now, Page, PageError, PageQuery, PageRequest, SessionConfig,
    Table,
};
pub use frame::{Direction, Frame, FrameError, Vsn, decode_binary, decode_text, encode_text};
pub use join::{BroadcastConfig, Entry, JoinConfig, JoinPayload, PresenceConfig};
