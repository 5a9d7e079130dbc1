//! The I/O of a feed: TLS, WebSocket, REST, Auth, and the network thread.
//!
//! A [`Worker`] is the handle of a thread. On that thread a driver runs a [`realtime::Session`]: it carries out the
//! session's effects on sockets and HTTP, and passes on what comes back. The session's events reach the reader through
//! [`Events`], in batches. [`probe`] checks the steps of a connection one by one, for `doctor`.

mod auth;
mod config;
mod dial;
pub mod discover;
mod driver;
mod error_text;
mod finder;
mod http;
mod network;
mod outbox;
mod paced;
pub mod probe;
mod rest;
mod tls;
mod websocket;
mod worker;

pub use config::remedies;
pub use finder::Followed;
pub use outbox::{Ended, Events};
pub use worker::{NetError, Worker};
