//! `opswall doctor` as a user runs it: each fault is reported by the right check, with what to do, and the exit code.

#[cfg(unix)]
mod companions;
mod faults;
mod network;
mod program;
mod project;
mod scripted;
mod sign_in;
mod sql;
