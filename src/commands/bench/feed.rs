//! The feeder as a child: where it is, when it shall send, how far it is. It ends with its handle.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::frames::Plan;
use crate::commands::Failure;

/// What the feeder says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// So many frames have been handed to the socket.
    Sent(u64),
    /// The client has read everything, or has gone.
    Done,
}

pub(super) struct Feed {
    child: Child,
    orders: Option<ChildStdin>,
    lines: io::Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Feed {
    pub fn start(plan: Plan, prebuilt: bool) -> Result<Self, Failure> {
        Self::spawn(plan, prebuilt).map_err(failed)
    }

    fn spawn(plan: Plan, prebuilt: bool) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["bench", "feeder"])
            .args(["--changes", &plan.changes.to_string()])
            .args(["--rows", &plan.rows.to_string()])
            .args(["--seed", &plan.seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if prebuilt {
            command.arg("--prebuilt");
        }
        let mut child = command.spawn()?;
        let orders = child.stdin.take();
        let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
        let mut lines = lines.ok_or_else(|| io::Error::other("it has no output"))?;
        let port = lines
            .next()
            .transpose()?
            .and_then(|line| line.strip_prefix("port ")?.parse().ok())
            .ok_or_else(|| io::Error::other("it did not say where it is"))?;
        Ok(Self {
            child,
            orders,
            lines,
            port,
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets it send everything to the client that is connected.
    pub fn go(&mut self) -> Result<(), Failure> {
        let gone = || io::Error::other("it has gone");
        let orders = self.orders.as_mut().ok_or_else(gone).map_err(failed)?;
        orders.write_all(b"go\n").and_then(|()| orders.flush()).map_err(failed)
    }

    /// The next thing it says.
    pub fn said(&mut self) -> Result<Said, Failure> {
        let line = self
            .lines
            .next()
            .unwrap_or_else(|| Err(io::Error::other("it has gone")))
            .map_err(failed)?;
        match line.strip_prefix("sent ").map(str::parse) {
            Some(Ok(sent)) => Ok(Said::Sent(sent)),
            _ => Ok(Said::Done),
        }
    }

    /// Waits until the client has read everything.
    pub fn finish(&mut self) -> Result<(), Failure> {
        while self.said()? != Said::Done {}
        Ok(())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // Without its standard input it ends by itself; while it waits for a client it has to be told.
        self.orders = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::Running(format!(
        "the process that sends the frames failed: {error}; free some memory and run the bench again"
    ))
}
