//! The feeder process as seen by the bench: its port, its start signal, its progress. It ends with its handle.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{feeder::Sending, frames::Plan};
use crate::commands::Failure;

/// A line that the feeder prints.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// This many frames have been written to the socket.
    Sent(u64),
    /// The client has read everything, or has disconnected.
    Done,
}

/// A running feeder.
pub(super) struct FeederProcess {
    child: Child,
    starts: Option<ChildStdin>,
    lines: io::Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl FeederProcess {
    /// Starts it and waits until it listens.
    pub(super) fn start(plan: Plan, sending: Sending) -> Result<Self, Failure> {
        Self::spawn(plan, sending).map_err(failed)
    }

    fn spawn(plan: Plan, sending: Sending) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["bench", "feeder"])
            .args(["--changes", &plan.changes.to_string()])
            .args(["--rows", &plan.rows.to_string()])
            .args(["--seed", &plan.seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if sending.prebuilt {
            command.arg("--prebuilt");
        }
        if let Some(rate) = sending.rate {
            command.args(["--rate", &rate.to_string()]);
        }
        let mut child = command.spawn()?;
        let starts = child.stdin.take();
        let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut lines = lines.ok_or_else(|| io::Error::other("it has no output"))?;
        let port = lines
            .next()
            .transpose()?
            .and_then(|line| line.strip_prefix("port ")?.parse().ok())
            .ok_or_else(|| io::Error::other("it printed no port"))?;
        Ok(Self {
            child,
            starts,
            lines,
            port,
        })
    }

    /// The loopback port that it listens on.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Lets it send everything to the client that is connected.
    pub(super) fn send_all(&mut self) -> Result<(), Failure> {
        let starts = self.starts.as_mut().ok_or_else(ended).map_err(failed)?;
        starts.write_all(b"go\n").and_then(|()| starts.flush()).map_err(failed)
    }

    /// Waits for the next report of progress.
    pub(super) fn progress(&mut self) -> Result<Progress, Failure> {
        let line = self.lines.next().unwrap_or_else(|| Err(ended())).map_err(failed)?;
        match line.strip_prefix("sent ").map(str::parse) {
            Some(Ok(sent)) => Ok(Progress::Sent(sent)),
            _ => Ok(Progress::Done),
        }
    }

    /// Waits until the client has read everything.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        while self.progress()? != Progress::Done {}
        Ok(())
    }
}

impl Drop for FeederProcess {
    fn drop(&mut self) {
        // It ends with its standard input, but not while it waits for a client: hence the kill.
        self.starts = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ended() -> io::Error {
    io::Error::other("it has ended")
}

fn failed(error: io::Error) -> Failure {
    Failure::Running(format!(
        "the process that sends the frames failed: {error}; free some memory and run the bench again"
    ))
}
