//! The commands as a user runs them, end to end: arguments, output and exit codes, on the demo feed's server, a scripted
//! server or PostgreSQL. All are one program, so that the library is linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../crates/client/tests/support/account.rs"]
mod account;
#[path = "../support/demo.rs"]
mod demo;
#[path = "../../crates/client/tests/support/listener.rs"]
mod listener;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/tls.rs"]
mod tls;

mod auth;
mod bench;
mod chaos;
mod command_line;
mod doctor;
mod explain;
#[cfg(unix)]
mod fixture;
mod init;
mod interop;
mod joined;
mod schema;
mod schema_broadcast;
mod tail;
mod tail_where;
