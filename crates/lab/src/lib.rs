//! Faults for the demo feed: one list of kinds, a TCP proxy for those below the protocol, and schedules of them.
//!
//! The demo feed's [`demo::Control`] can misbehave in many ways; this crate decides which of them are faults, injects them, and
//! gives tests and benches what they need to follow their effect.

mod fault;
mod proxy;
mod rows;
mod schedule;

pub use fault::{Detection, Fault, Severity, Target};
pub use proxy::{Flow, Proxy, Way};
pub use rows::server_rows;
pub use schedule::{Schedule, ScheduleError, Scheduler};
