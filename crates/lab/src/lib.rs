//! Faults for the demo feed: a TCP proxy that stands between a client and a server.

mod mishap;
mod proxy;

pub use mishap::Mishap;
pub use proxy::{Flow, Proxy, Way};
