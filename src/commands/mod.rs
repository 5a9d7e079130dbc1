//! One file a command. Each says in one sentence what went wrong; the caller prints it and exits with its code.

pub mod config;
mod failure;
pub mod serve;
mod signals;
pub mod tail;

pub use failure::Failure;
