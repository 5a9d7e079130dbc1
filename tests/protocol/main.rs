//! What is decided without a socket: the session's state machine, decoding, merge, settings, the demo's simulation, and
//! the rules that the source itself keeps. One program, so that the library is linked once.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

#[path = "../support/mutate.rs"]
mod mutate;
#[path = "../support/recorded.rs"]
mod recorded;
#[path = "../support/rig.rs"]
mod rig;
#[path = "../support/source.rs"]
mod source;

mod architecture;
mod audits;
mod demo_simulation;
mod fuzz_frames;
mod handover;
mod live_prop;
mod mapping;
mod merge_prop;
mod races;
mod realtime_vectors;
mod session;
mod settings;
mod tokens;
mod transcripts;
mod truth;
