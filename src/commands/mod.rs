//! The commands, each with its arguments and what it does in a file of its own. To add one, write that file and add an
//! entry to [`Command`]; the compiler then asks for its arm in `Command::run`.

pub mod bench;
pub mod config;
mod demo_feed;
pub mod doctor;
mod failure;
mod logging;
mod output_file;
pub mod schema;
pub mod serve;
mod signals;
#[cfg(feature = "wall")]
pub mod snapshot;
pub mod tail;
mod usage;
#[cfg(feature = "wall")]
pub mod wall;

use std::process::ExitCode;

use clap::Subcommand;

pub use failure::Failure;
use settings::{Env, Group, Settings, SettingsError};

use crate::cli::Cli;

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The wall on the configured project; with none configured, on the built-in demo feed
    #[cfg(feature = "wall")]
    Wall,
    /// The wall on the built-in demo feed
    #[cfg(feature = "wall")]
    Demo(demo_feed::DemoArgs),
    /// The demo feed alone: a server that any Realtime client can join
    Serve(serve::ServeArgs),
    /// No window: every change, status and notice as text
    Tail(tail::TailArgs),
    /// No window: connect, settle, draw one picture, exit
    #[cfg(feature = "wall")]
    Snapshot(snapshot::SnapshotArgs),
    /// Measure this machine
    Bench(bench::BenchArgs),
    /// No window: check each step of the connection in order; report what failed and what to do
    Doctor(doctor::DoctorArgs),
    /// Print the SQL that creates the tables, the publication and the row-level-security policies
    Schema,
    /// Print the effective settings and where each came from
    Config(config::ConfigArgs),
}

/// Runs a command. A failure is printed on standard error as one sentence.
pub fn run(cli: Cli) -> ExitCode {
    let settings = Settings::load(&cli.settings, &Env::of_process());
    let result = match cli.command {
        Some(command) => command.run(settings),
        #[cfg(feature = "wall")]
        None => Command::Wall.run(settings),
        #[cfg(not(feature = "wall"))]
        None => Err(Failure::Usage(
            "this build has no wall; use serve, tail, doctor, schema, bench or config".into(),
        )),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("opswall: {failure}");
        ExitCode::from(failure.exit_code())
    })
}

impl Command {
    /// The settings that the command with this name uses, which its help lists.
    pub(crate) fn settings(name: &str) -> &'static [Group] {
        match name {
            "bench" => &[],
            "serve" => &[Group::General],
            "schema" => &[Group::Tables, Group::General],
            "demo" => &[Group::Connection, Group::Display, Group::General],
            "tail" | "doctor" => &[
                Group::Project,
                Group::SignIn,
                Group::Connection,
                Group::Tables,
                Group::General,
            ],
            _ => &Group::ALL,
        }
    }

    fn run(self, settings: Result<Settings, SettingsError>) -> Result<ExitCode, Failure> {
        let done = |()| ExitCode::SUCCESS;
        match self {
            #[cfg(feature = "wall")]
            Self::Wall => wall::run(&settings?, None),
            #[cfg(feature = "wall")]
            Self::Demo(args) => wall::run(&settings?, Some(args.feed()?)),
            Self::Serve(args) => serve::run(&settings?, &args).map(done),
            Self::Tail(args) => tail::run(&settings?, &args).map(done),
            #[cfg(feature = "wall")]
            Self::Snapshot(args) => snapshot::run(&settings?, &args),
            Self::Bench(args) => settings.map_err(Failure::from).and_then(|_| bench::run(args)).map(done),
            // It reports settings that cannot be used as a finding.
            Self::Doctor(args) => doctor::run(settings, args),
            Self::Schema => schema::run(&settings?).map(done),
            Self::Config(args) => config::run(&settings?, &args).map(done),
        }
    }
}
