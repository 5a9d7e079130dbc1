//! Writes edits into the settings file: on the text that the file has at that moment, atomically, and only what can be read
//! again.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use io::Write as _;
use serde_json::Value;
use thiserror::Error;

use crate::{
    Env, SettingsError, file,
    file_text::with_value,
    files::{Purpose, write_whole},
    layers::{self, SettingsLayer},
    load::{Layers, order_intervals},
    mapping,
    new_file::toml_value,
    reread::{FilesRead, StartedWith},
    saved,
    stamp::{Stamp, followed},
    table::Values,
};

/// How often a save begins anew because another program wrote the file meanwhile.
const ATTEMPTS: usize = 3;

/// The first line of a file that is made here.
const HEAD: &str =
    "# Settings of opswall, begun by its settings window. opswall.example.toml describes all of them.\n\n";

/// Edits on their way into the settings file. They are written on any thread, because a disk can be slow.
#[derive(Debug, Clone)]
pub struct Saving {
    pub(crate) started_with: StartedWith,
    /// Keys with their values, in the order of the table.
    pub(crate) edits: Vec<(&'static str, Value)>,
}

/// Edits could not be saved: they stay in force until opswall ends. Each is one sentence with the remedy.
#[derive(Debug, Error)]
pub enum SaveFileError {
    /// The file has a mistake, or would have one with the edits. Nothing was written.
    #[error("not saved, because {0}")]
    Mistake(SettingsError),
    /// The file must not be written.
    #[error("not saved, because {} is read-only: make it writable, or change it where it is made", .0.display())]
    ReadOnly(PathBuf),
    /// The file is written by another program at the same time.
    #[error("not saved, because {} is being changed by another program: save again", .0.display())]
    Changing(PathBuf),
    /// The file cannot be written.
    #[error("cannot write {}: {source}; {} and save again", .path.display(), saved::remedy(.source))]
    Write {
        /// The file, links followed.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The settings file was written, but the panel's file still has other values, which count at the next start.
    #[error("saved in the settings file, but {0}")]
    State(saved::SaveError),
}

impl Saving {
    /// Writes the edits, and reads all files again. Where there is no settings file, one is made where it is looked for
    /// first. A file that is a symbolic link stays one: what it leads to is replaced.
    ///
    /// What was saved in the panel for the same settings is removed from the panel's file, because it would count at the
    /// next start.
    ///
    /// # Errors
    /// When nothing was written, or something else still counts at the next start.
    pub fn write(&self) -> Result<FilesRead, SaveFileError> {
        static ONE: Mutex<()> = Mutex::new(());
        let alone = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        self.started_with.check_regular().map_err(SaveFileError::Mistake)?;
        let mut attempts = 1;
        loop {
            let draft = self.draft()?;
            if draft.put()? {
                break;
            }
            if attempts == ATTEMPTS {
                return Err(SaveFileError::Changing(draft.path));
            }
            attempts += 1;
        }
        self.forget_saved()?;
        drop(alone);
        self.started_with.read_again().map_err(SaveFileError::Mistake)
    }

    /// What the file is to become, from what it is at this moment.
    fn draft(&self) -> Result<Draft, SaveFileError> {
        let StartedWith { args, env } = &self.started_with;
        let mistake = SaveFileError::Mistake;
        // The stamps come first: what happens between them and the reading is noticed before anything is replaced.
        let looked_for = self.started_with.files();
        let stamps = looked_for.iter().map(|path| Stamp::of(path)).collect();
        let exists = |path: &&PathBuf| path.exists();
        let named = looked_for
            .iter()
            .rfind(exists)
            .or(looked_for.last())
            .cloned()
            .unwrap_or_default();
        let path = followed(&named).pop().unwrap_or_else(|| named.clone());
        let (layers, files) = Layers::of_files(args, env).map_err(mistake)?;
        let old = file::text(&path).map_err(mistake)?;
        let values = Values::read_as(&readable(&layers), env, false)
            .map_err(mistake)?
            .shown();
        let is_in_files = |key: &str, value: &Value| {
            (values.iter()).any(|(known, set)| *known == key && set.value == *value && set.origin.is_file())
        };
        let edits = self.edits.iter().filter(|(key, value)| !is_in_files(key, value));
        let text = edits.fold(old.clone(), |text, (key, value)| {
            let text = text.unwrap_or_else(|| HEAD.to_owned());
            Some(with_value(&text, key, &toml_value(value)))
        });
        let text = text.filter(|text| Some(text) != old.as_ref());
        if let Some(text) = &text {
            check(&named, text, &layers, !files.is_empty(), env).map_err(mistake)?;
            if is_read_only(&path) {
                return Err(SaveFileError::ReadOnly(path));
            }
        }
        Ok(Draft {
            path,
            text,
            looked_for,
            stamps,
        })
    }

    /// Removes what the panel saved for the same settings.
    fn forget_saved(&self) -> Result<(), SaveFileError> {
        let state_dir = &self.started_with.env.state_dir;
        let Some(path) = state_dir.as_ref().map(|folder| folder.join(saved::FILE_NAME)) else {
            return Ok(());
        };
        let has_some = |table: &toml::Table| self.edits.iter().any(|(key, _)| table.contains_key(*key));
        if !saved::read(&path).ok().flatten().is_some_and(|table| has_some(&table)) {
            return Ok(());
        }
        let forget = |table: &mut toml::Table| {
            for (key, _) in &self.edits {
                table.remove(*key);
            }
        };
        saved::change(&path, forget).map_err(SaveFileError::State)
    }
}

/// What a settings file is to become.
#[derive(Debug)]
struct Draft {
    /// The file, links followed.
    path: PathBuf,
    /// Its new text; `None` when it has everything already.
    text: Option<String>,
    /// The files that it was made from, and what the system said of them before.
    looked_for: Vec<PathBuf>,
    stamps: Vec<Option<Stamp>>,
}

impl Draft {
    /// Whether a file was written since the draft was made.
    fn is_outdated(&self) -> bool {
        let now = self.looked_for.iter().map(|path| Stamp::of(path));
        !now.eq(self.stamps.iter().copied())
    }

    /// Replaces the file, unless it is another one meanwhile. Returns whether it is as it was to become.
    fn put(&self) -> Result<bool, SaveFileError> {
        let Some(text) = &self.text else { return Ok(true) };
        let mut is_outdated = false;
        let written = write_whole(&self.path, Purpose::Kept, |file| {
            file.write_all(text.as_bytes())?;
            is_outdated = self.is_outdated();
            if is_outdated {
                return Err(io::Error::other("the file was changed meanwhile"));
            }
            Ok(())
        });
        match written {
            Ok(()) => Ok(true),
            Err(_) if is_outdated => Ok(false),
            Err(source) => Err(SaveFileError::Write {
                path: self.path.clone(),
                source,
            }),
        }
    }
}

/// What the files set, without values that no form accepts: a stronger layer may hide those.
pub(crate) fn readable(files: &[SettingsLayer]) -> layers::Written {
    let mut written = layers::merge(files);
    written.retain(|key, found| crate::definition::find(key).is_some_and(|of| of.form.accepts(&found.raw)));
    written
}

/// Refuses a text with which opswall would not start: one that is no settings file, or whose values contradict each other
/// where those of the present text do not.
fn check(path: &Path, text: &str, files: &[SettingsLayer], has_file: bool, env: &Env) -> Result<(), SettingsError> {
    let decide = |files: &[SettingsLayer]| {
        order_intervals(&mut Values::read(&layers::merge(files), env)?)?;
        mapping::gather(files, None)?.mapping(None).map(drop)
    };
    let weaker = files.len() - usize::from(has_file);
    let mut new = files.get(..weaker).unwrap_or_default().to_vec();
    new.push(file::parse(path, text)?);
    match decide(&new) {
        Err(error) if decide(files).is_ok() => Err(error),
        _ => Ok(()),
    }
}

/// Whether a file must not be written. Without this question, a file that its owner has protected would be replaced.
fn is_read_only(path: &Path) -> bool {
    let Ok(about) = fs::metadata(path) else { return false };
    let refuses = |error: io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        )
    };
    about.permissions().readonly() || fs::OpenOptions::new().append(true).open(path).is_err_and(refuses)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::SettingsArgs;

    fn saving(folder: &Path) -> Saving {
        let env = Env {
            working_dir: folder.to_owned(),
            ..Env::default()
        };
        Saving {
            started_with: StartedWith {
                args: SettingsArgs::default(),
                env,
            },
            edits: vec![("theme", json!("light"))],
        }
    }

    #[test]
    fn a_file_that_another_program_writes_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("opswall.toml");
        let saving = saving(folder.path());
        for before in [None, Some("theme = \"dark\"\n")] {
            let _ = fs::remove_file(&path);
            if let Some(text) = before {
                fs::write(&path, text).expect("written");
            }
            let draft = saving.draft().expect("a draft");
            fs::write(&path, "# of another program\n").expect("written");
            assert!(!draft.put().expect("no failure"));
            assert_eq!(fs::read_to_string(&path).expect("the file"), "# of another program\n");
            assert_eq!(
                fs::read_dir(folder.path()).expect("the folder").count(),
                1,
                "nothing is left"
            );
            // The next draft is of the new text.
            assert!(saving.draft().expect("a draft").put().expect("written"));
            let text = fs::read_to_string(&path).expect("the file");
            assert_eq!(text, "# of another program\ntheme = \"light\"\n");
        }
    }

    #[test]
    fn each_failure_is_one_sentence_with_the_remedy() {
        let path = PathBuf::from("/etc/opswall.toml");
        let write = |kind: io::ErrorKind| SaveFileError::Write {
            path: path.clone(),
            source: kind.into(),
        };
        for (error, remedy) in [
            (write(io::ErrorKind::StorageFull), "free some disk space and save again"),
            (
                write(io::ErrorKind::QuotaExceeded),
                "free some disk space and save again",
            ),
            (
                write(io::ErrorKind::PermissionDenied),
                "make the folder writable and save again",
            ),
            (SaveFileError::ReadOnly(path.clone()), "make it writable"),
            (SaveFileError::Changing(path.clone()), "save again"),
        ] {
            let text = error.to_string();
            assert!(text.contains(remedy) && text.contains("/etc/opswall.toml"), "{text}");
        }
    }
}
