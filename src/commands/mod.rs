//! One file a command. Each says in one sentence what went wrong; `run` prints it and gives the exit code.

pub mod bench;
pub mod config;
pub mod doctor;
mod failure;
pub mod schema;
pub mod serve;
mod signals;
#[cfg(feature = "wall")]
pub mod snapshot;
mod start;
pub mod tail;
mod usage;
#[cfg(feature = "wall")]
pub mod wall;

pub use failure::Failure;
pub use start::run;
