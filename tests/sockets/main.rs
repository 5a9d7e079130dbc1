//! What needs real sockets, processes or PostgreSQL: the feed against the demo's server and worse ones, and the commands
//! as a user starts them. One program, so that the library is linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/demo.rs"]
mod demo;
#[path = "../support/listener.rs"]
mod listener;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/tls.rs"]
mod tls;
#[path = "../support/wild.rs"]
mod wild;

mod auth;
mod bench;
mod chaos;
mod doctor;
mod feed;
mod hostile;
mod hostile_sockets;
mod interop;
mod loudest_log;
mod schema;
mod tail;
