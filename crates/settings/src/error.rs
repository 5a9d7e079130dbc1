//! What can be wrong with the settings. Each is one sentence: what is wrong, with what, what to do. All of them end the
//! program with exit code 2. No variant holds a key.

use std::path::PathBuf;

use thiserror::Error;

use model::text::clean;

/// A mistake in the settings; the user corrects it and starts again.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    #[error("{subject} is '{got}': give {want}")]
    Value { subject: String, got: String, want: String },
    #[error("{subject} {why}")]
    Refused { subject: String, why: String },
    #[error("unknown setting '{key}' in {}, line {line}: {remedy}", .path.display())]
    UnknownKey {
        path: PathBuf,
        line: usize,
        key: String,
        /// Names the nearest known one.
        remedy: String,
    },
    #[error("{} does not read as TOML at line {line}: {problem}", .path.display())]
    Syntax {
        path: PathBuf,
        line: usize,
        problem: String,
    },
    #[error("{what} {} is larger than {most}; shorten it", .path.display())]
    TooLarge {
        what: &'static str,
        path: PathBuf,
        /// With its unit, like "1 MiB".
        most: &'static str,
    },
    #[error("cannot read {what} {}: {problem}; correct the path or the file's permissions", .path.display())]
    Unreadable {
        what: &'static str,
        path: PathBuf,
        problem: String,
    },
    #[error(
        "no Supabase project is set: give --url and --key, or set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, or write \
         url and key into opswall.toml"
    )]
    NoProject,
    #[error("no key is set for {shown_url}: give --key or --key-file, or set SUPABASE_PUBLISHABLE_KEY")]
    NoKey { shown_url: String },
    #[error(
        "realtime_url is set but nothing says where the rows are read: give --url or --rest-url, or --rest-url none for the stream alone"
    )]
    NoRest,
    #[error("[auth] is set but nothing says where to sign in: give --url or --auth-url")]
    NoAuth,
}

impl SettingsError {
    /// `got` is cleaned and cut; never pass a secret.
    pub(crate) fn value(subject: String, got: &str, want: impl Into<String>) -> Self {
        /// Characters of a wrong value that are shown.
        const SHOWN: usize = 60;
        Self::Value {
            subject,
            got: clean(got, SHOWN).into_owned(),
            want: want.into(),
        }
    }

    pub(crate) fn refused(subject: String, why: impl Into<String>) -> Self {
        Self::Refused {
            subject,
            why: why.into(),
        }
    }
}
