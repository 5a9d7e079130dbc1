//! The session driven without a socket: recorded frames, every race, made-up and random failures.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "a test reads its seed from the environment")]

mod mutate;
mod recorded;
mod recovery;
mod rig;

mod audits;
mod broadcast;
mod fuzz_frames;
mod handover;
mod lease;
mod left_out;
mod live_prop;
mod lossy;
mod lost;
mod merge_prop;
mod pulse;
mod races;
mod realtime_vectors;
mod secrets;
mod session;
mod sweeps;
mod tokens;
mod transcripts;
mod weeks;
