//! Prepares an empty database as a Supabase project is, and loads a user's script into it.

use std::{fmt::Write as _, path::Path};

use super::Postgres;
use crate::DemoError;

/// What the database of a Supabase project has before its first migration, as SQL.
pub const PREPARATION: &str = include_str!("prepare.sql");
/// Errors of a script that make what is prepared: the object exists already, as it should.
const PREPARED: [&str; 4] = [
    "role \"",
    "schema \"",
    "publication \"supabase_realtime\"",
    "extension \"",
];
/// Tables and functions of the schemas `auth` and `storage` that are prepared.
const PREPARED_RELATIONS: [&str; 7] = [
    "relation \"users\"",
    "relation \"buckets\"",
    "relation \"objects\"",
    "function \"uid\"",
    "function \"role\"",
    "function \"jwt\"",
    "function \"email\"",
];

/// Loads a script. psql does, so that everything may occur in it that a dump or a migration contains.
pub(super) fn load(postgres: &Postgres, script: &Path) -> Result<(), DemoError> {
    let prepared = postgres.psql(["-c", PREPARATION])?;
    if !prepared.status.success() {
        let text = String::from_utf8_lossy(&prepared.stderr);
        let text = text.lines().next().unwrap_or_default();
        return Err(DemoError::Database(format!(
            "the database could not be prepared ({text}): use PostgreSQL 15 or newer without changed defaults"
        )));
    }
    // Errors do not stop it, because some are about what exists already; each statement fails alone, also in a transaction.
    let output = postgres
        .psql_command()
        .args([
            "-v",
            "ON_ERROR_STOP=0",
            "-v",
            "ON_ERROR_ROLLBACK=on",
            "-o",
            "/dev/null",
            "-f",
        ])
        .arg(script)
        .output()
        .map_err(|error| DemoError::Database(format!("cannot start psql ({error}): check the system's limits")))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    let mistake = mistakes(&messages).into_iter().find(|mistake| !mistake.is_prepared());
    match mistake {
        Some(mistake) => Err(DemoError::Database(mistake.sentence(script))),
        None if !output.status.success() => {
            let text = messages.lines().next().unwrap_or("psql failed");
            let text = text.strip_prefix("psql: ").unwrap_or(text);
            let text = text.strip_prefix("error: ").unwrap_or(text);
            Err(DemoError::Database(format!("cannot load {}: {text}", script.display())))
        }
        None => Ok(()),
    }
}

/// An error that psql reported.
#[derive(Debug, PartialEq, Eq)]
struct Mistake<'a> {
    /// The line of the script where the statement ends.
    line: Option<&'a str>,
    message: &'a str,
    hint: Option<&'a str>,
}

/// The errors in `psql:FILE:LINE: ERROR:  MESSAGE`, each with the hint that follows it.
fn mistakes(messages: &str) -> Vec<Mistake<'_>> {
    let mut found: Vec<Mistake<'_>> = Vec::new();
    for line in messages.lines() {
        if let Some((place, message)) = ["ERROR:  ", "FATAL:  ", "error: "]
            .iter()
            .find_map(|word| line.split_once(word))
            .filter(|(place, _)| place.is_empty() || place.starts_with("psql:"))
        {
            let place = place.trim_end().trim_end_matches(':');
            let line = place.rsplit_once(':').map(|(_, line)| line);
            found.push(Mistake {
                line: line.filter(|line| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())),
                message,
                hint: None,
            });
        } else if let (Some(hint), Some(last)) = (line.strip_prefix("HINT:  "), found.last_mut()) {
            last.hint = Some(hint);
        }
    }
    found
}

impl Mistake<'_> {
    /// It is about something that is prepared.
    fn is_prepared(&self) -> bool {
        let exists = self
            .message
            .strip_suffix(" already exists")
            .or_else(|| self.message.strip_suffix(" already exists with same argument types"));
        exists.is_some_and(|thing| {
            PREPARED.iter().any(|start| thing.starts_with(start)) || PREPARED_RELATIONS.contains(&thing)
        })
    }

    fn sentence(&self, script: &Path) -> String {
        let mut text = format!("{} fails", script.display());
        if let Some(line) = self.line {
            let _ = write!(text, " in the statement that ends at line {line}");
        }
        let _ = write!(text, ": {}", self.message);
        if let Some(hint) = self.hint {
            let _ = write!(text, " ({})", hint.trim_end_matches('.'));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_about_what_is_prepared_are_no_mistakes() {
        let text = "psql:/tmp/a b:c.sql:3: ERROR:  role \"anon\" already exists\n\
                    psql:/tmp/a b:c.sql:4: NOTICE:  relation \"x\" already exists, skipping\n\
                    psql:/tmp/a b:c.sql:7: ERROR:  relation \"users\" already exists\n\
                    psql:/tmp/a b:c.sql:9: ERROR:  type \"vector\" does not exist\n\
                    LINE 1: create table a (v vector);\n\
                    \x20                         ^\n\
                    HINT:  Load it first.\n";
        let found = mistakes(text);
        assert_eq!(found.len(), 3, "{found:?}");
        let real: Vec<_> = found.iter().filter(|mistake| !mistake.is_prepared()).collect();
        assert_eq!(real.len(), 1, "{real:?}");
        assert_eq!(
            real[0].sentence(Path::new("c.sql")),
            "c.sql fails in the statement that ends at line 9: type \"vector\" does not exist (Load it first)"
        );
        let twice = mistakes("psql:x.sql:2: ERROR:  relation \"tasks\" already exists\n");
        assert!(!twice[0].is_prepared());
    }

    #[test]
    fn a_script_that_cannot_be_read_is_a_mistake_without_a_line() {
        let found = mistakes("psql: error: nope.sql: No such file or directory\n");
        assert_eq!(found[0].line, None);
        assert_eq!(found[0].message, "nope.sql: No such file or directory");
    }
}
