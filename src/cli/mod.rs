//! The command line: its grammar, and the sentence for each mistake in it.

mod mistake;
pub(crate) mod parse;

use clap::{Parser, error::ErrorKind};

use crate::commands::Command;
use settings::SettingsArgs;

/// A native, GPU-drawn wall for agents, tasks and workflows that live in a Supabase project.
#[derive(Debug, Parser)]
#[command(name = "opswall", version, about, max_term_width = 100)]
#[command(subcommand_required = !cfg!(feature = "wall"), arg_required_else_help = !cfg!(feature = "wall"))]
pub struct Cli {
    /// The command; the wall when none is given.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings that were given as flags.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

impl Cli {
    /// Reads the process's arguments. Prints the help or the version where they are requested, and ends the process. On a
    /// mistake prints one sentence and ends the process with code 2.
    pub fn from_process() -> Self {
        Self::try_parse().unwrap_or_else(|error| match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
            _ => {
                eprintln!("opswall: {}", mistake::sentence(&error));
                std::process::exit(error.exit_code())
            }
        })
    }
}
