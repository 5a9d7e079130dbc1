//! How a command fails: one sentence, and which exit code.

use std::io;

use settings::SettingsError;
use thiserror::Error;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum Failure {
    /// Wrong arguments or settings, which the user corrects. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It failed while running. Exit code 1.
    #[error("{0}")]
    Running(String),
}

impl Failure {
    /// The exit code with which the process reports this: 2 for what the user corrects, 1 for anything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Running(_) => 1,
        }
    }

    /// Standard output could not be written.
    pub(super) fn output(error: &io::Error) -> Self {
        Self::Running(format!(
            "cannot write the output: {}",
            write_error(error, "write elsewhere")
        ))
    }

    /// Turns the result of writing to standard output into that of the command. A reader that closed the pipe has read
    /// enough, which is no failure.
    pub(super) fn of_output(result: io::Result<()>) -> Result<(), Self> {
        match result {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Self::output(&error)),
            _ => Ok(()),
        }
    }
}

/// The error of a write and what to do: free disk space if there is none, else `remedy`.
pub(super) fn write_error(error: &io::Error, remedy: &str) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some disk space",
        _ => remedy,
    };
    // An error that does not come from the system directly can name a temporary file.
    match error.raw_os_error() {
        Some(_) => format!("{error}; {remedy}"),
        None => format!("{}; {remedy}", error.kind()),
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_a_remedy_of_its_own_and_a_closed_pipe_is_no_failure() {
        let write = |kind: io::ErrorKind| Failure::of_output(Err(kind.into())).map_err(|failure| failure.to_string());
        assert_eq!(write(io::ErrorKind::BrokenPipe), Ok(()));
        let full = write(io::ErrorKind::StorageFull).expect_err("a failure");
        assert!(full.ends_with("; free some disk space"), "{full}");
        let other = write(io::ErrorKind::PermissionDenied).expect_err("a failure");
        assert!(other.ends_with("; write elsewhere"), "{other}");
    }
}
