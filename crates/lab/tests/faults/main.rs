//! Faults between real workers and real servers, on loopback sockets. One program, so that the library is linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../../tests/support/demo.rs"]
mod demo;
#[path = "../../../client/tests/support/listener.rs"]
mod listener;

mod proxy;
mod schedule;
mod sequence;
mod silent;
