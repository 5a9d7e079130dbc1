//! A TCP proxy for what goes wrong below the protocol: resets, silence, trickles, torn and merged writes, garbage.

mod door;
mod link;

pub use door::Proxy;
pub use link::{Flow, Way};
