//! `opswall doctor` as a user starts it: each fault found under its name, with what to do, and the exit code.

mod faults;
mod network;
mod program;
mod project;
mod scripted;
mod sign_in;
mod sql;
