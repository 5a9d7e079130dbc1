//! The origin of a value.

use std::{fmt, path::PathBuf};

use serde_json::{Value, json};

/// The layer that decided a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The flag's name, `--url`.
    Flag(String),
    /// The variable's name.
    Env(String),
    /// Changed in the settings window, and in force until opswall ends.
    Edited,
    /// Changed in the panel and saved in this file.
    Saved(PathBuf),
    /// A settings file.
    File {
        /// The path of the settings file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
    },
    /// The default with `kiosk`.
    Kiosk,
    /// Derived from the setting with this key.
    Derived(&'static str),
    /// Nobody set it: the value is the default of the setting.
    Default,
}

impl Origin {
    /// The setting with the place where it was written, as the subject of an error.
    pub(crate) fn subject(&self, name: &str) -> String {
        match self {
            Self::Flag(name) | Self::Env(name) => name.clone(),
            Self::Saved(path) => format!("{name} in {}", path.display()),
            Self::File { path, line } => format!("{name} in {}, line {line},", path.display()),
            Self::Edited | Self::Kiosk | Self::Derived(_) | Self::Default => name.to_owned(),
        }
    }

    /// Whether a settings file decided it.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// For `config --json`.
    pub fn json(&self) -> Value {
        match self {
            Self::Flag(name) => json!({"layer": "flag", "name": name}),
            Self::Env(name) => json!({"layer": "env", "name": name}),
            Self::Edited => json!({"layer": "edited"}),
            Self::Saved(path) => json!({"layer": "saved", "path": path.to_string_lossy()}),
            Self::File { path, line } => json!({"layer": "file", "path": path.to_string_lossy(), "line": line}),
            Self::Kiosk => json!({"layer": "kiosk"}),
            Self::Derived(from) => json!({"layer": "derived", "name": from}),
            Self::Default => json!({"layer": "default"}),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::Edited => f.write_str("changed in the settings window"),
            Self::Saved(path) => write!(f, "saved by the panel in {}", path.display()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Kiosk => f.write_str("kiosk"),
            Self::Derived(from) => write!(f, "derived from {from}"),
            Self::Default => f.write_str("default"),
        }
    }
}
