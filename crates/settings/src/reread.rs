//! The settings files, read again while opswall runs, with the flags and the environment of its start.

use std::path::PathBuf;

use crate::{
    Env, Settings, SettingsArgs, SettingsError, file,
    load::{Layers, file_paths},
};

/// What the process was started with.
#[derive(Debug, Clone)]
pub struct StartedWith {
    /// The flags.
    pub args: SettingsArgs,
    /// The environment.
    pub env: Env,
}

impl StartedWith {
    /// The settings files that are looked for, also those that do not exist: what a [`crate::FileWatch`] watches.
    pub fn files(&self) -> Vec<PathBuf> {
        file_paths(&self.args, &self.env)
            .into_iter()
            .map(|(path, _)| path)
            .collect()
    }

    /// Reads and checks everything, on any thread.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn read_again(&self) -> Result<FilesRead, SettingsError> {
        self.check_regular()?;
        self.read()
    }

    /// Refuses a settings file that cannot be read a second time.
    pub(crate) fn check_regular(&self) -> Result<(), SettingsError> {
        for path in self.files() {
            // What a pipe held is gone: it would be read as an empty file.
            if std::fs::metadata(&path).is_ok_and(|about| !about.is_file()) {
                return Err(SettingsError::Unreadable {
                    what: file::WHAT,
                    path,
                    problem: "it is no regular file and cannot be read a second time".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Reads and checks everything for the first time.
    pub(crate) fn read(&self) -> Result<FilesRead, SettingsError> {
        let layers = Layers::read(&self.args, &self.env)?;
        let settings = Settings::decide(&layers, &self.args, &self.env)?;
        Ok(FilesRead { layers, settings })
    }
}

/// All layers as they were read, without a mistake. [`crate::SettingsEditor::take`] puts them in force.
#[derive(Clone)]
pub struct FilesRead {
    pub(crate) layers: Layers,
    /// What a process would have that starts now.
    pub(crate) settings: Settings,
}

impl std::fmt::Debug for FilesRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FilesRead").field(&self.settings).finish()
    }
}

/// What taking files that were read again has changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SettingsChanges {
    /// Settings that have another value from now on.
    pub changed: Vec<ChangedSetting>,
    /// Rows are read in another way from now on, because status words or columns changed: with
    /// [`Settings::mapping_over`].
    pub is_remapped: bool,
    /// What differs from the settings in force but takes effect at the next start: keys as in `opswall.toml`, `sources` for
    /// the tables. It is listed as long as it differs.
    pub needs_restart: Vec<String>,
}

/// A setting that got another value while opswall runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedSetting {
    /// As in `opswall.toml`.
    pub key: &'static str,
    /// The value before, as text; `None` where nothing was set.
    pub before: Option<String>,
    /// The value from now on.
    pub now: Option<String>,
}
