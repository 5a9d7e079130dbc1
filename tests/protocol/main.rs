<<<<<<< HEAD
//! What is decided without a socket: the command line, mapping and the demo's simulation. One program, so that the library
//! is linked once.
=======
//! What is decided without a socket: settings, mapping, and the rules that the source itself keeps. One program, so that the library is linked once.
>>>>>>> 011914f (Test the demo feed and the faults in their own crates)

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod command_line;
<<<<<<< HEAD
mod demo_simulation;
=======
mod mapping;
>>>>>>> 011914f (Test the demo feed and the faults in their own crates)
mod truth;
