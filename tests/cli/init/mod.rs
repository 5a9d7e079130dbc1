//! `opswall init`, and the search for tables of all commands that connect.

mod adverse;
#[cfg(unix)]
mod database;
mod found;
mod server;

use std::{
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::Value;

/// A run of the program in a folder without settings from elsewhere.
pub(super) struct Run {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) took: Duration,
}

pub(super) fn run_in(folder: &Path, args: &[&str]) -> Run {
    let started = Instant::now();
    let output: Output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("the program starts");
    Run {
        code: output.status.code().expect("it ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        took: started.elapsed(),
    }
}

impl Run {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("one object: {} {}", self.stdout, self.stderr))
    }

    /// What is said on standard error: one sentence.
    pub(super) fn sentence(&self) -> &str {
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 1, "{} {}", self.stdout, self.stderr);
        lines[0]
    }
}

/// The names of the sources of `init --json`.
pub(super) fn tables(found: &Value) -> Vec<&str> {
    let sources = found["sources"].as_array().expect("a list");
    sources.iter().filter_map(|source| source["table"].as_str()).collect()
}
