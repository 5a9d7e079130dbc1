//! The address of the project's database, which some commands read the catalogue of.

use std::time::Instant;

use clap::Args;
use secrecy::SecretString;

use super::Failure;
use catalogue::CatalogueTable;
use client::discover::{Asked, Discovery};
use model::discover::propose;

/// The option that names the database. It is no setting: it is never stored and never shown.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DatabaseArgs {
    /// Read the catalogue of the database: postgresql://USER:PASSWORD@HOST:5432/postgres; never stored, never shown
    #[arg(long, value_name = "URL", env = "OPSWALL_DATABASE_URL", hide_env_values = true, value_parser = secret)]
    database_url: Option<SecretString>,
}

impl DatabaseArgs {
    /// Reads the catalogue for this role; `None`: no database is named.
    pub(crate) async fn read(&self, role: &str) -> Option<Result<Vec<CatalogueTable>, Failure>> {
        let address = self.database_url.as_ref()?;
        let tables = catalogue::read(address, role).await;
        Some(tables.map_err(|error| Failure::Running(error.to_string())))
    }

    /// What the catalogue shows of the project; `None`: no database is named.
    pub(crate) async fn discover(&self, role: &str) -> Option<Result<Discovery, Failure>> {
        let started = Instant::now();
        let tables = match self.read(role).await? {
            Ok(tables) => tables,
            Err(failure) => return Some(Err(failure)),
        };
        let tables: Vec<_> = tables.into_iter().map(|table| table.facts).collect();
        Some(Ok(Discovery {
            proposal: propose(&tables, settings::presets()),
            tables,
            asked: Asked {
                took: started.elapsed(),
                ..Asked::default()
            },
            schema: String::new(),
            role: role.to_owned(),
        }))
    }
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
        database: DatabaseArgs,
    }

    #[test]
    fn the_address_is_not_shown() {
        let words = ["init", "--database-url", "postgresql://me:hidden-word@db:5432/postgres"];
        let line = <Line as clap::Parser>::parse_from(words);
        assert!(line.database.database_url.is_some());
        assert!(!format!("{line:?}").contains("hidden-word"));
    }
}
