//! The I/O: TLS, WebSocket, REST pages, sign-in, and the worker thread that drives a `realtime` session.

mod auth;
mod config;
mod dial;
mod driver;
mod failure;
mod grant;
mod http;
mod outbox;
mod paced;
pub mod probe;
mod refused;
mod rest;
mod rows;
mod tls;
mod websocket;
mod worker;

pub use config::remedies;
pub use outbox::{Ended, Events};
pub use worker::{NetError, Worker};
