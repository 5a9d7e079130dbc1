//! `opswall doctor` as a user starts it: each fault found under its name, with what to do, and the exit code.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/demo.rs"]
mod demo;
mod faults;
mod network;
#[path = "../support/postgres.rs"]
mod postgres;
mod program;
mod project;
mod scripted;
mod sign_in;
mod sql;
mod tls;
