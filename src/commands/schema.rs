//! `opswall schema`: the SQL that creates the tables, as the settings name them; or that of an option.

use std::io::{self, Write as _};

use clap::Args;

use super::Failure;
use crate::cli::parse::seconds;
use model::schema::{self, PulseInterval};
use settings::Settings;

/// The options of `schema`.
#[derive(Debug, Clone, Default, Args)]
pub struct SchemaArgs {
    /// Print instead the triggers that send each change to a private channel as well, by Broadcast from the database
    #[arg(long, conflicts_with = "pulse")]
    pub(crate) broadcast: bool,
    /// Print the pulse instead: a number that the database raises every few seconds, so that a wall notices within
    /// seconds when changes no longer arrive
    #[arg(long)]
    pub(crate) pulse: bool,
    /// Interval of the pulse: 5s to 59s, 1m or 2m; 15s when not given
    #[arg(long, value_name = "INTERVAL", requires = "pulse", value_parser = interval)]
    pub(crate) every: Option<PulseInterval>,
}

fn interval(text: &str) -> Result<PulseInterval, String> {
    let every = match text.strip_suffix('m') {
        Some(minutes) => seconds(minutes).map(|minutes| minutes * 60),
        None => seconds(text),
    };
    let every = every.ok().and_then(PulseInterval::new);
    every.ok_or_else(|| "give 5s to 59s, 1m or 2m".into())
}

/// Prints to standard output.
///
/// # Errors
/// When PostgreSQL could not keep a name, or the output cannot be written.
pub(super) fn run(settings: &Settings, args: &SchemaArgs) -> Result<(), Failure> {
    let sql = match (args.broadcast, args.pulse) {
        (true, _) => schema::broadcast_script(&settings.mapping),
        (false, true) => Ok(schema::pulse_script(args.every.unwrap_or_default())),
        (false, false) => schema::script(&settings.mapping),
    };
    let sql = sql.map_err(|error| Failure::Usage(error.to_string()))?;
    let mut out = io::stdout().lock();
    Failure::of_output(out.write_all(sql.as_bytes()).and_then(|()| out.flush()))
}
