//! The demo feed as `demo`, `serve` and `snapshot` start it: its options, the server, and the faults injected into it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use super::Failure;
use crate::cli::parse;
#[cfg(unix)]
use demo::Summary;
use demo::{Account, AuthOptions, DemoError, Options, Server};
use lab::{Schedule, Scheduler};

/// Size and activity of the demo feed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Demo feed")]
pub struct DemoArgs {
    /// Agents
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = Options::default().agents)]
    pub(crate) agents: usize,
    /// Workflows
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = Options::default().workflows)]
    pub(crate) workflows: usize,
    /// Unfinished tasks, on average
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = Options::default().tasks)]
    pub(crate) tasks: usize,
    /// Row changes per second on average; 0 = paused
    #[arg(long, value_name = "CHANGES_PER_S", allow_negative_numbers = true, value_parser = parse::not_negative, default_value_t = Options::default().rate)]
    pub(crate) rate: f64,
    /// State of the fleet at the start: usual, calm, idle, storm or giant
    #[arg(long, value_name = "NAME", default_value = "usual")]
    pub(crate) population: String,
    /// Keep each execution of a workflow in a table of its own, workflow_runs, which the wall then follows
    #[arg(long)]
    pub(crate) runs: bool,
    /// Interval of a pulse in the database, like 5s; none when not given
    #[arg(long, value_name = "INTERVAL", value_parser = pulse)]
    pub(crate) pulse: Option<Duration>,
    /// Broadcast each change from the database as well, on the private channel `opswall`
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// Same seed and sizes, same rows and changes
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = Options::default().seed)]
    pub(crate) seed: u64,
    /// A user who may sign in at the demo feed
    #[arg(long = "account", value_name = "EMAIL:PASSWORD", value_parser = secret)]
    pub(crate) accounts: Vec<SecretString>,
    /// Serve the tables of this SQL script instead of the simulation, from a PostgreSQL of its own
    #[arg(long, value_name = "FILE.sql", conflicts_with_all = ["agents", "workflows", "tasks", "rate", "population", "runs", "pulse", "broadcast", "seed"])]
    pub(crate) fixture: Option<PathBuf>,
    /// Faults and when they happen, like drop-every=20s,refuse-for=8s
    #[arg(long, value_name = "PROFILE")]
    pub(crate) faults: Option<String>,
}

/// A demo feed that is not running yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct DemoFeed {
    /// What is simulated, and how it is served.
    pub(crate) options: Options,
    /// The script whose tables are served in the place of a simulation.
    pub(crate) fixture: Option<PathBuf>,
    /// What goes wrong, and how often.
    pub(crate) faults: Schedule,
}

/// A demo feed that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct RunningDemo {
    // Dropped first, so that no fault is injected into a server that stops.
    _faults: Option<Scheduler>,
    server: Server,
    script: Option<PathBuf>,
}

impl DemoArgs {
    /// The feed that the options describe.
    ///
    /// # Errors
    /// When a population, an account or a fault cannot be read.
    pub(crate) fn feed(&self) -> Result<DemoFeed, Failure> {
        let usage = |error: DemoError| Failure::Usage(error.to_string());
        let default = Options::default();
        let accounts = self.accounts.iter().map(|text| text.expose_secret().parse());
        let accounts: Result<Vec<Account>, _> = accounts.collect();
        let faults = self.faults.as_deref().unwrap_or_default().parse::<Schedule>();
        let options = Options {
            agents: self.agents,
            workflows: self.workflows,
            tasks: self.tasks,
            rate: self.rate,
            seed: self.seed,
            population: self.population.parse().map_err(usage)?,
            runs: self.runs,
            pulse: self.pulse,
            broadcast: self.broadcast,
            auth: AuthOptions {
                accounts: accounts.map_err(usage)?,
                ..default.auth
            },
            ..default
        };
        Ok(DemoFeed {
            options,
            fixture: self.fixture.clone(),
            faults: faults.map_err(|error| Failure::Usage(error.to_string()))?,
        })
    }
}

impl DemoFeed {
    /// Starts the server and the schedule of its faults.
    ///
    /// # Errors
    /// When the address cannot be bound, an option is out of bounds or no thread can be started.
    pub(crate) fn start(self, listen: SocketAddr) -> Result<RunningDemo, Failure> {
        let server = match &self.fixture {
            None => Server::start(listen, self.options).map_err(|error| Failure::Running(error.to_string()))?,
            Some(script) => start_on(listen, self.options, script)?,
        };
        let faults = (!self.faults.is_empty()).then(|| self.faults.start(server.control()));
        let faults = faults.transpose().map_err(|error| {
            Failure::Running(format!(
                "the demo feed could not start a thread for its faults ({error}): free some memory or raise the process limit"
            ))
        })?;
        Ok(RunningDemo {
            _faults: faults,
            server,
            script: self.fixture,
        })
    }
}

/// Starts the server on the tables of a script.
#[cfg(unix)]
fn start_on(listen: SocketAddr, options: Options, script: &Path) -> Result<Server, Failure> {
    demo::Fixture::load(script)
        .and_then(|fixture| Server::start_on(listen, options, fixture))
        .map_err(|error| Failure::Running(error.to_string()))
}

#[cfg(not(unix))]
fn start_on(_listen: SocketAddr, _options: Options, _script: &Path) -> Result<Server, Failure> {
    Err(Failure::Usage(
        "--fixture needs PostgreSQL on Linux or macOS: run opswall there, or in WSL".into(),
    ))
}

impl RunningDemo {
    /// What a person should know of the script whose tables are served, and how to change its rows; `None` for a simulation.
    #[cfg(unix)]
    pub(crate) fn fixture(&self) -> Option<String> {
        let (script, fixture) = self.script.as_ref().zip(self.server.fixture())?;
        let Summary {
            tables,
            readable,
            published,
        } = fixture.summary();
        Some(format!(
            "{} has {tables} tables and views; the key reads {readable} of them, and changes of {published} are published\n\
             Change rows: {}",
            script.display(),
            fixture.postgres().psql_line()
        ))
    }

    /// Scripts are served on Unix only.
    #[cfg(not(unix))]
    pub(crate) fn fixture(&self) -> Option<String> {
        None
    }

    /// The project URL for its clients.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// The server's controls.
    #[cfg(feature = "wall")]
    pub(crate) fn control(&self) -> demo::Control {
        self.server.control()
    }
}

/// Reads the interval of a pulse: 0.1 to 120 s.
fn pulse(text: &str) -> Result<Duration, String> {
    let allowed = Duration::from_millis(100)..=Duration::from_secs(120);
    parse::seconds(text)
        .ok()
        .filter(|every| allowed.contains(every))
        .ok_or_else(|| "give a number of seconds from 0.1 to 120".into())
}

/// Reads an option that `Debug` must not show.
#[expect(clippy::unnecessary_wraps, reason = "clap's parsers return a result")]
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        demo: DemoArgs,
    }

    #[test]
    fn the_password_of_an_account_is_not_shown() {
        let line = <Line as clap::Parser>::parse_from(["demo", "--account", "me@example.com:hidden-word"]);
        let feed = line.demo.feed().expect("a feed");
        assert_eq!(feed.options.auth.accounts.len(), 1);
        let shown = format!("{line:?} {feed:?}");
        assert!(!shown.contains("hidden-word"), "{shown}");
    }
}
