//! Reads the command line, runs the command and returns its exit code.

use std::process::ExitCode;

use opswall::{cli::Cli, commands};

fn main() -> ExitCode {
    commands::run(Cli::from_process())
}
