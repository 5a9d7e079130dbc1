//! Parses, runs one command, returns the exit code.

use std::process::ExitCode;

use opswall::{cli::Cli, commands};

fn main() -> ExitCode {
    commands::run(Cli::from_process())
}
