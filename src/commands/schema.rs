//! `opswall schema`: the SQL that creates the tables, as the settings name them; or that of an option.

use std::io::{self, Write as _};

use clap::Args;

use super::Failure;
use model::schema;
use settings::Settings;

/// The options of `schema`.
#[derive(Debug, Clone, Default, Args)]
pub struct SchemaArgs {
    /// Print instead the triggers that send each change to a private channel as well, by Broadcast from the database
    #[arg(long)]
    pub(crate) broadcast: bool,
}

/// Prints to standard output.
///
/// # Errors
/// When PostgreSQL could not keep a name, or the output cannot be written.
pub(super) fn run(settings: &Settings, args: &SchemaArgs) -> Result<(), Failure> {
    let sql = match args.broadcast {
        true => schema::broadcast_script(&settings.mapping),
        false => schema::script(&settings.mapping),
    };
    let sql = sql.map_err(|error| Failure::Usage(error.to_string()))?;
    let mut out = io::stdout().lock();
    Failure::of_output(out.write_all(sql.as_bytes()).and_then(|()| out.flush()))
}
