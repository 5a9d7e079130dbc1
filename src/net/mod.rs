//! The I/O: TLS, WebSocket, REST pages, and the worker thread that drives a `realtime` session.

mod carrier;
mod failure;
mod outbox;
mod rest;
mod socket;
mod tls;
mod worker;

pub use worker::{NetError, Worker};
