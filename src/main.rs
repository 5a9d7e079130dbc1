//! Parses, runs one command, returns the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    opswall::commands::main()
}
