//! `opswall bench`: measures this machine, by ratio to a named reference in the same run.
//!
//! `ingest`: frames are made beforehand by a child process (`feeder`), which writes each by itself over a real loopback
//! WebSocket to our network worker and, in turn, to the official JavaScript client. Changes per CPU-second of the
//! receiving process alone are compared; with `--rate`, its share of a core too.
//!
//! `chaos`: faults of every kind on real sockets, and whether what is shown is true after each.
//!
//! `scene`: what a frame of the wall costs, against as many of Bevy's sprites.

mod args;
mod chaos;
mod feeder;
mod feeder_process;
mod frames;
mod ingest;
mod peer;
mod report;
#[cfg(feature = "wall")]
mod scene;
mod sleeper;
#[cfg(feature = "wall")]
mod wall_reader;

pub(super) use args::BenchArgs;
pub(crate) use args::run;
pub(crate) use chaos::{Options as ChaosOptions, run as chaos};
pub(crate) use feeder::{Sending, run as feed};
pub(crate) use frames::Plan;
pub(crate) use ingest::{Options, run as ingest};
#[cfg(feature = "wall")]
pub(crate) use scene::{Options as SceneOptions, run as scene};
