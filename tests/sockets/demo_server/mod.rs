//! The demo feed's server over real sockets: what a client of Supabase would notice.

mod auth;
mod changes;
mod client;
mod events;
mod faults;
mod handshake;
mod hostile;
mod orders;
mod pages;
mod refusals;
mod replay;
mod rest;
mod silence;
mod tokens;
mod wire;

use std::net::SocketAddr;

use demo::{Options, Server};

/// A server on a free port. Its simulation rests unless the options say otherwise.
fn start(options: Options) -> Server {
    Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), options).expect("a server")
}

/// A small organisation at rest.
fn quiet() -> Options {
    Options {
        agents: 5,
        workflows: 2,
        tasks: 30,
        rate: 0.0,
        ..Options::default()
    }
}
