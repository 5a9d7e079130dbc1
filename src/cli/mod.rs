//! The command line: its grammar, and the sentence for each mistake in it.

mod mistake;
pub(crate) mod parse;

use std::{ffi::OsString, str::FromStr as _};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, error::ErrorKind};

use crate::commands::{CliCommand, CommandName};
use settings::{Group, SettingsArgs};

/// A native, GPU-drawn wall for agents, tasks and workflows that live in a Supabase project.
#[derive(Debug, Parser)]
#[command(name = "opswall", version, about, max_term_width = 100)]
#[command(subcommand_required = !cfg!(feature = "wall"), arg_required_else_help = !cfg!(feature = "wall"))]
pub struct Cli {
    /// The command; the wall when none is given.
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

impl Cli {
    /// Reads the process's arguments. Prints the help or the version where they are requested, and ends the process. On a
    /// mistake prints one sentence and ends the process with code 2.
    pub fn from_process() -> Self {
        Self::read(std::env::args_os()).unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
            _ => {
                eprintln!("opswall: {}", mistake::sentence(&error));
                std::process::exit(error.exit_code())
            }
        })
    }

    /// Reads a command line whose first word is the program's name.
    ///
    /// # Errors
    /// A mistake in it, or a request for help or the version.
    pub fn read<W: Into<OsString> + Clone>(words: impl IntoIterator<Item = W>) -> Result<Self, clap::Error> {
        // The help of each command lists only the settings that it uses.
        let mut grammar = Self::command().mut_subcommands(|command| {
            // A command that clap adds by itself has no settings to hide.
            let groups = CommandName::from_str(command.get_name()).map_or(&Group::ALL[..], CommandName::settings);
            SettingsArgs::show_only(command, groups)
        });
        let matches = grammar.try_get_matches_from_mut(words)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut grammar))
    }
}
