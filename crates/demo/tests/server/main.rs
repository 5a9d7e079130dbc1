//! The demo feed over real sockets, as a client of Supabase sees it, and the simulation behind it. One program, so that the
//! library is linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod auth;
mod broadcast;
mod changes;
mod client;
mod database;
mod events;
mod faults;
mod handshake;
mod hostile;
mod messages;
mod pages;
#[path = "../../../../tests/support/postgres.rs"]
#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod postgres;
mod pulse;
mod refusals;
mod replay;
mod rest;
mod silent_loss;
mod simulation;
mod subscriptions;
mod tokens;

use std::net::SocketAddr;

use demo::{Options, Server};

/// A server on a free port.
fn start(options: Options) -> Server {
    Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), options).expect("a server")
}

/// A small organisation without changes of its own.
fn quiet() -> Options {
    Options {
        agents: 5,
        workflows: 2,
        tasks: 30,
        rate: 0.0,
        ..Options::default()
    }
}
