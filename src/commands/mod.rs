//! The commands, each with its arguments and what it does in a file of its own. To add one, write that file and add an
//! entry to [`CliCommand`]; the compiler then asks for its arms in `CliCommand::run` and `CommandName::settings`.

mod bench;
pub mod config;
mod database;
mod demo_feed;
mod doctor;
mod explain;
mod failure;
mod find;
mod init;
mod logging;
mod output_file;
mod prove;
mod schema;
mod serve;
mod signals;
#[cfg(feature = "wall")]
mod snapshot;
mod tail;
mod usage;
#[cfg(feature = "wall")]
mod wall;

use std::process::ExitCode;

use clap::Subcommand;
use strum::{EnumDiscriminants, EnumString, VariantNames};

pub use failure::Failure;
use settings::{Env, Group, Settings, StartedWith};

use crate::cli::Cli;

/// What the program can do.
#[derive(Debug, Subcommand, EnumDiscriminants)]
#[strum_discriminants(
    name(CommandName),
    vis(pub(crate)),
    derive(EnumString, VariantNames),
    strum(serialize_all = "kebab-case"),
    doc = "The name of a command, as it is written on the command line."
)]
pub enum CliCommand {
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
    /// Find the sources of the project, show what they are taken for, and write opswall.toml
    Init(init::InitArgs),
    /// Why a row is read as it is: which rule, which column
    Explain(explain::ExplainArgs),
    /// Print the SQL that creates the tables, the publication and the row-level-security policies
    Schema(schema::SchemaArgs),
    /// Print the effective settings and where each came from
    Config(config::ConfigArgs),
}

/// Runs a command. A failure is printed on standard error as one sentence.
pub fn run(cli: Cli) -> ExitCode {
    let started_with = StartedWith {
        args: cli.settings,
        env: Env::of_process(),
    };
    let result = match cli.command {
        Some(command) => command.run(started_with),
        #[cfg(feature = "wall")]
        None => CliCommand::Wall.run(started_with),
        #[cfg(not(feature = "wall"))]
        None => Err(Failure::Usage(format!(
            "this build has no wall; use one of {}",
            CommandName::VARIANTS.join(", ")
        ))),
    };
    result.unwrap_or_else(|failure| {
        eprintln!("opswall: {failure}");
        ExitCode::from(failure.exit_code())
    })
}

impl CommandName {
    /// The settings that the command uses, which its help lists.
    pub(crate) fn settings(self) -> &'static [Group] {
        match self {
            Self::Bench => &[],
            Self::Serve => &[Group::General],
            Self::Schema => &[Group::Tables, Group::General],
            #[cfg(feature = "wall")]
            Self::Demo => &[Group::Connection, Group::Display, Group::General],
            Self::Tail | Self::Doctor | Self::Init | Self::Explain => &[
                Group::Project,
                Group::SignIn,
                Group::Connection,
                Group::Tables,
                Group::General,
            ],
            #[cfg(feature = "wall")]
            Self::Wall | Self::Snapshot => &Group::ALL,
            Self::Config => &Group::ALL,
        }
    }
}

impl CliCommand {
    fn run(self, started_with: StartedWith) -> Result<ExitCode, Failure> {
        let done = |()| ExitCode::SUCCESS;
        let settings = || Settings::load(&started_with.args, &started_with.env);
        match self {
            // These follow the settings files, which they read by themselves: what a pipe holds can be read once.
            #[cfg(feature = "wall")]
            Self::Wall => wall::run(started_with, None),
            #[cfg(feature = "wall")]
            Self::Demo(args) => wall::run(started_with, Some(args.feed()?)),
            Self::Serve(args) => serve::run(&settings()?, &args).map(done),
            Self::Tail(args) => tail::run(&settings()?, &args).map(done),
            #[cfg(feature = "wall")]
            Self::Snapshot(args) => snapshot::run(&settings()?, &args),
            Self::Bench(args) => settings()
                .map_err(Failure::from)
                .and_then(|_| bench::run(args))
                .map(done),
            // It reports settings that cannot be used as a finding.
            Self::Doctor(args) => doctor::run(settings(), args),
            Self::Init(args) => init::run(&settings()?, &args).map(done),
            Self::Explain(args) => explain::run(&settings()?, &args).map(done),
            Self::Schema(args) => schema::run(&settings()?, &args).map(done),
            Self::Config(args) => config::run(&settings()?, &args).map(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn a_command_has_the_same_name_in_the_list_and_on_the_command_line() {
        let grammar = Cli::command();
        let names: Vec<&str> = grammar.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(names, CommandName::VARIANTS);
    }

    #[test]
    fn the_readme_lists_every_command() {
        let readme = include_str!("../../README.md");
        for name in CommandName::VARIANTS {
            let command = format!("`opswall {name}");
            let is_listed = readme
                .lines()
                .any(|line| line.starts_with("| `opswall") && line.contains(&command));
            assert!(
                is_listed,
                "add a row for `opswall {name}` to the table of commands in README.md"
            );
        }
    }
}
