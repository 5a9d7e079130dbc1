//! `opswall bench`: measures this machine, by ratio to a named reference in the same run.
//!
//! `ingest`: frames are made beforehand by a child process (`feeder`) and sent over a real loopback WebSocket to our
//! network worker and, in turn, to the official JavaScript client. What is compared is changes per CPU-second of the
//! receiving process alone.

mod feed;
mod feeder;
mod frames;
mod ingest;
mod peer;
mod report;
mod sleeper;

pub use feeder::run as feed;
pub use frames::Plan;
pub use ingest::{Options, run as ingest};
