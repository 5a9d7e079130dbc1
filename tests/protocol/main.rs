//! What is decided without a socket: settings, mapping, the demo's simulation, and
//! the rules that the source itself keeps. One program, so that the library is linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/source.rs"]
mod source;

mod architecture;
mod command_line;
mod demo_simulation;
mod mapping;
mod truth;
