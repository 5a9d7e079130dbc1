//! The I/O: TLS, WebSocket, REST pages, sign-in, and the worker thread that drives a `realtime` session.

mod auth;
mod carrier;
mod config;
mod dial;
mod failure;
mod grant;
mod http;
mod link;
mod outbox;
pub mod probe;
mod refused;
mod rest;
mod rows;
mod socket;
mod tls;
mod worker;

pub use config::remedies;
pub use worker::{NetError, Worker};
