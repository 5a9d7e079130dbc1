//! How a command fails: one sentence, and which exit code.

use thiserror::Error;

/// Why a command did not do what it was asked.
#[derive(Debug, Error)]
pub enum Failure {
    /// Wrong arguments or settings: the user corrects them. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It failed while running. Exit code 1.
    #[error("{0}")]
    Running(String),
}

impl Failure {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Running(_) => 1,
        }
    }
}
