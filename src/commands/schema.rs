//! `opswall schema`: the SQL that makes the three tables, as the settings name them.

use std::io::{self, Write as _};

use super::Failure;
use model::schema;
use settings::Settings;

/// Prints to standard output.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let sql = schema::script(&settings.mapping).map_err(|error| Failure::Usage(error.to_string()))?;
    let mut out = io::stdout().lock();
    match out.write_all(sql.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Running(format!(
            "cannot write the output: {error}; write elsewhere"
        ))),
        _ => Ok(()),
    }
}
