//! `opswall schema`: the SQL that creates the tables, as the settings name them.

use std::io::{self, Write as _};

use super::Failure;
use model::schema;
use settings::Settings;

/// Prints to standard output.
///
/// # Errors
/// When PostgreSQL could not keep a name, or the output cannot be written.
pub(super) fn run(settings: &Settings) -> Result<(), Failure> {
    let sql = schema::script(&settings.mapping).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut out = io::stdout().lock();
    Failure::of_output(out.write_all(sql.as_bytes()).and_then(|()| out.flush()))
}
