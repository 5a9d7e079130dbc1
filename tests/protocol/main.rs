//! What is decided without a socket: the command line, and the list of races and vectors. One program, so that the library is
//! linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod command_line;
mod truth;
