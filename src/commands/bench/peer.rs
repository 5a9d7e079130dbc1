//! The reference: the official JavaScript client in Node on the same frames.

use std::{
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde::Deserialize;

use super::{feeder_process::FeederProcess, report::Run};
use crate::commands::Failure;

/// The name of the reference in what is printed.
pub(super) const NAME: &str = "realtime-js";
/// A folder that exists once the reference is installed.
const INSTALLED: &str = "node_modules/@supabase/realtime-js";

/// The last line that the script prints.
#[derive(Deserialize)]
struct Done {
    changes: u64,
    cpu_s: f64,
    wall_s: f64,
}

/// Why the reference cannot run on this machine; `None` when it can.
pub(super) fn obstacle(folder: &Path) -> Option<String> {
    let node = Command::new("node").arg("--version").output();
    if !node.is_ok_and(|output| output.status.success()) {
        return Some("there is no node on the path".into());
    }
    if !folder.join(INSTALLED).is_dir() {
        return Some(format!(
            "{} is not installed: run `npm ci` there, or name the folder with --peers",
            folder.display()
        ));
    }
    None
}

/// One run of the Node process, from "subscribed" to the last change in the callback.
pub(super) fn run(folder: &Path, feeder: &mut FeederProcess, changes: u64) -> Result<Run, Failure> {
    let failed = |error: io::Error| {
        Failure::Running(format!(
            "{NAME} did not run: {error}; leave it out with --reference none"
        ))
    };
    let mut node = Command::new("node")
        .arg("ingest.mjs")
        .current_dir(folder)
        .env(
            "OPSWALL_BENCH_URL",
            format!("ws://127.0.0.1:{}/realtime/v1", feeder.port()),
        )
        .env("OPSWALL_BENCH_CHANGES", changes.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let out = node
        .stdout
        .take()
        .ok_or_else(|| failed(io::Error::other("no output")))?;
    let mut done = None;
    for line in BufReader::new(out).lines() {
        let line = line.map_err(failed)?;
        match line.as_str() {
            "ready" => feeder.send_all()?,
            line => done = serde_json::from_str::<Done>(line).ok(),
        }
    }
    let status = node.wait().map_err(failed)?;
    match done {
        Some(done) if status.success() && done.changes == changes => {
            feeder.finish()?;
            Ok(Run {
                cpu: Duration::from_secs_f64(done.cpu_s),
                wall: Duration::from_secs_f64(done.wall_s),
            })
        }
        _ => Err(failed(io::Error::other("it ended before it had every change"))),
    }
}
