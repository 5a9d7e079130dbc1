//! `opswall bench`: measures this machine, by ratio to a named reference in the same run.
//!
//! `ingest`: frames are made beforehand by a child process (`feeder`) and sent over a real loopback WebSocket to our
//! network worker and, in turn, to the official JavaScript client. What is compared is changes per CPU-second of the
//! receiving process alone.
//!
//! `chaos`: faults of every kind on real sockets, and whether what is shown is true after each.
//!
//! `scene`: what a frame of the wall costs, against as many of Bevy's sprites.

mod chaos;
mod feed;
mod feeder;
mod frames;
mod ingest;
mod peer;
mod report;
#[cfg(feature = "wall")]
mod scene;
mod sleeper;

pub use chaos::{Options as ChaosOptions, run as chaos};
pub use feeder::run as feed;
pub use frames::Plan;
pub use ingest::{Options, run as ingest};
#[cfg(feature = "wall")]
pub use scene::{Options as SceneOptions, run as scene};
