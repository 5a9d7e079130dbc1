//! Errors in the settings. Each is one sentence: what is wrong, where, and what to do. All of them end the program with
//! exit code 2. No variant contains a key.

use std::path::PathBuf;

use thiserror::Error;

use model::text::clean;

/// A mistake in the settings; the user corrects it and starts again.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SettingsError {
    /// A value cannot be used.
    #[error("{subject} is '{got}': give {want}")]
    Value {
        /// The setting with the place where it was written.
        subject: String,
        /// The value.
        got: String,
        /// What to give instead.
        want: String,
    },
    /// A setting is refused for another reason than its value's form.
    #[error("{subject} {why}")]
    Refused {
        /// The setting with the place where it was written.
        subject: String,
        /// The rest of the sentence.
        why: String,
    },
    /// A file contains a key that is not a setting.
    #[error("unknown setting '{key}' in {}, line {line}: {remedy}", .path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// The key with its section.
        key: String,
        /// Names the most similar key, or all known ones.
        remedy: String,
    },
    /// A file is not valid TOML.
    #[error("{} is not valid TOML at line {line}: {problem}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
        /// The parser's message.
        problem: String,
    },
    /// A file is too large to be what it is named as.
    #[error("{what} {} is larger than {most}; shorten it", .path.display())]
    TooLarge {
        /// What the file is for, like "the key file".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// With its unit, like "1 MiB".
        most: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {what} {}: {problem}; correct the path or the file's permissions", .path.display())]
    Unreadable {
        /// What the file is for, like "the key file".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's message.
        problem: String,
    },
    /// No project is set.
    #[error(
        "no Supabase project is set: give --url and --key, or set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY, or write \
         url and key into opswall.toml"
    )]
    NoProject,
    /// A project without a key.
    #[error("no key is set for {shown_url}: give --key or --key-file, or set SUPABASE_PUBLISHABLE_KEY")]
    NoKey {
        /// The URL without secrets.
        shown_url: String,
    },
    /// Only the WebSocket is set.
    #[error(
        "realtime_url is set, but not the URL from which rows are read: give --url or --rest-url, or --rest-url none for stream only"
    )]
    NoRest,
    /// A sign-in without the URL of the Auth endpoints.
    #[error("[auth] is set, but not the URL at which to sign in: give --url or --auth-url")]
    NoAuth,
}

impl SettingsError {
    /// A wrong value. `got` is shown, cleaned and shortened: it must not be a secret.
    pub(crate) fn value(subject: String, got: &str, want: impl Into<String>) -> Self {
        /// Most characters of a wrong value that are shown.
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
