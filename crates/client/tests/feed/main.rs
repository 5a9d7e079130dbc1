//! The network thread on real sockets: against the demo's server and against worse ones. One program, so that the
//! libraries are linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "a test may block")]

#[path = "../support/account.rs"]
mod account;
#[path = "../../../../tests/support/demo.rs"]
mod demo;
#[path = "../support/listener.rs"]
mod listener;
#[path = "../support/wild.rs"]
mod wild;

mod auth;
mod broadcast;
mod composite_keys;
mod feed;
mod hostile;
mod hostile_sockets;
mod left_out;
mod loudest_log;
mod stalls;
