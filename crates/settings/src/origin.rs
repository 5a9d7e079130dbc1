//! Where a value came from.

use std::{fmt, path::PathBuf};

use serde_json::{Value, json};

/// The layer that decided a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The flag's name, `--url`.
    Flag(String),
    /// The variable's name.
    Env(String),
    /// Changed in the panel and kept.
    Saved(PathBuf),
    /// `line` counts from 1.
    File {
        path: PathBuf,
        line: usize,
    },
    /// Set by `kiosk`.
    Kiosk,
    /// Follows from another setting.
    Derived(&'static str),
    Default,
}

impl Origin {
    /// The setting as its user wrote it, to begin a sentence with.
    pub(crate) fn subject(&self, name: &str) -> String {
        match self {
            Self::Flag(name) | Self::Env(name) => name.clone(),
            Self::Saved(path) => format!("{name} in {}", path.display()),
            Self::File { path, line } => format!("{name} in {}, line {line},", path.display()),
            Self::Kiosk | Self::Derived(_) | Self::Default => name.to_owned(),
        }
    }

    /// For `config --json`.
    pub fn json(&self) -> Value {
        match self {
            Self::Flag(name) => json!({"layer": "flag", "name": name}),
            Self::Env(name) => json!({"layer": "env", "name": name}),
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
            Self::Saved(path) => write!(f, "saved by the panel in {}", path.display()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Kiosk => f.write_str("kiosk"),
            Self::Derived(from) => write!(f, "derived from {from}"),
            Self::Default => f.write_str("default"),
        }
    }
}
