//! The feed as a child process, `opswall serve`: making and sending the rows costs the measured process nothing.

use std::{
    collections::HashMap,
    env,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::Deserialize;

use crate::commands::Failure;
use model::Kind;

/// The statuses of all rows.
pub(super) type States = HashMap<(Kind, String), String>;

/// What the demo's feed takes for a key.
pub(super) const KEY: &str = "demo";
/// Rows of a page, as PostgREST gives at most.
const PAGE: usize = 1_000;

#[derive(Debug, Deserialize)]
struct State {
    id: String,
    status: String,
}

/// Longest wait for an answer to a control call: a burst of 5,000 changes in a million rows takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many rows of which kind: as in the ingest bench, nearly all are tasks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    agents: usize,
    workflows: usize,
    tasks: usize,
}

impl Sizes {
    /// The sizes of a feed with this many rows in all.
    pub(super) fn of(entities: usize) -> Self {
        let (agents, workflows) = (entities / 20, (entities / 100).max(1));
        Self {
            agents,
            workflows,
            tasks: entities.saturating_sub(agents + workflows),
        }
    }
}

/// A running feed; it ends with this.
#[derive(Debug)]
pub(super) struct Crowd {
    child: Child,
    url: String,
}

impl Crowd {
    /// Starts a feed of this size in a process of its own.
    pub(super) fn start(entities: usize, changes_per_s: u32) -> Result<Self, Failure> {
        Self::spawn(Sizes::of(entities), changes_per_s).map_err(failed)
    }

    fn spawn(sizes: Sizes, changes_per_s: u32) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--seed", "7"])
            .args(["--agents", &sizes.agents.to_string()])
            .args(["--workflows", &sizes.workflows.to_string()])
            .args(["--tasks", &sizes.tasks.to_string()])
            .args(["--rate", &changes_per_s.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("it has no output"))?;
        let mut lines = BufReader::new(out).lines();
        let said = lines.next().transpose()?.unwrap_or_default();
        let url = said.rsplit(' ').next().unwrap_or_default().to_owned();
        let crowd = Self { child, url };
        if crowd.address().is_none() {
            return Err(io::Error::other("it did not say where it is"));
        }
        Ok(crowd)
    }

    /// The feed's URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn address(&self) -> Option<&str> {
        self.url.strip_prefix("http://")
    }

    /// No changes until `resume`.
    pub(super) fn pause(&self) -> Result<(), Failure> {
        self.call(r#"{"do":"pause"}"#)
    }

    /// Lets changes flow again.
    pub(super) fn resume(&self) -> Result<(), Failure> {
        self.call(r#"{"do":"resume"}"#)
    }

    /// Commits this many transactions at once, each of one or a few changes.
    pub(super) fn burst(&self, transactions: usize) -> Result<(), Failure> {
        self.call(&format!(r#"{{"do":"step","transactions":{transactions}}}"#))
    }

    /// Every row that there is now, by table and id, and its status.
    pub(super) fn states(&self) -> Result<States, Failure> {
        let mut states = States::new();
        for kind in [Kind::Agent, Kind::Task, Kind::Workflow] {
            let mut after: Option<String> = None;
            loop {
                let page = self.page(kind, after.as_deref()).map_err(failed)?;
                let Some(last) = page.last() else { break };
                after = Some(last.id.clone());
                states.extend(page.into_iter().map(|row| ((kind, row.id), row.status)));
            }
        }
        Ok(states)
    }

    fn page(&self, kind: Kind, after: Option<&str>) -> io::Result<Vec<State>> {
        let from = after.map_or_else(String::new, |id| format!("&id=gt.{id}"));
        let path = format!(
            "/rest/v1/{}?select=id,status&order=id.asc&limit={PAGE}{from}",
            kind.plural()
        );
        let address = self.address().unwrap_or_default();
        let body = self.exchange(&format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\napikey: {KEY}\r\nConnection: close\r\n\r\n"
        ))?;
        serde_json::from_str(&body).map_err(io::Error::other)
    }

    fn call(&self, order: &str) -> Result<(), Failure> {
        let address = self.address().unwrap_or_default();
        let head = "Content-Type: application/json\r\nConnection: close";
        let length = order.len();
        let request = format!(
            "POST /demo/control HTTP/1.1\r\nHost: {address}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{order}"
        );
        self.exchange(&request).map(drop).map_err(failed)
    }

    /// Asks, and answers what was said after the head.
    fn exchange(&self, request: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(self.address().unwrap_or_default())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.starts_with("HTTP/1.1 200") {
            return Ok(body.to_owned());
        }
        let (asked, status) = (request.lines().next(), head.lines().next());
        Err(io::Error::other(format!(
            "it answered {:?} to {:?}",
            status.unwrap_or_default(),
            asked.unwrap_or_default()
        )))
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::Running(format!(
        "the process that serves the rows failed: {error}; free some memory and run the bench again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_together_are_what_was_asked_for() {
        for entities in [1, 10, 1_000, 99_999, 1_000_000] {
            let sizes = Sizes::of(entities);
            assert_eq!(sizes.agents + sizes.workflows + sizes.tasks, entities);
        }
    }
}
