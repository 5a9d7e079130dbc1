//! Reading and writing the settings files, one job at a time, on a thread of the I/O pool.

use bevy::tasks::{IoTaskPool, Task, futures::check_ready};
use settings::{FilesRead, Origin, SaveFileError, SettingsEditor, SettingsError};

/// Why the files are read again. Of several reasons the last one of this list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// The backoff was changed in the panel, which has a file of its own.
    Tuned,
    /// A settings file was written.
    Written,
    /// Another project is followed.
    Switched,
}

/// What a job has come to.
pub(super) enum Finished {
    /// The files were read again.
    Read(Reason, Result<Box<FilesRead>, SettingsError>),
    /// Everything was read as at a start.
    Restarted(Result<Box<SettingsEditor>, SettingsError>),
    /// These settings were written into the file, and all files read again.
    Saved(Vec<&'static str>, Result<Box<FilesRead>, SaveFileError>),
}

/// The job under way, and those that wait.
#[derive(Default)]
pub(super) struct Jobs {
    task: Option<Task<Finished>>,
    /// The job under way is a save.
    writes: bool,
    /// A save waits.
    saves: bool,
    /// Why the files are to be read, while they are not.
    reads: Option<Reason>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs")
            .field("is_busy", &self.task.is_some())
            .field("reads", &self.reads)
            .finish_non_exhaustive()
    }
}

impl Jobs {
    /// The files are to be read.
    pub(super) fn note(&mut self, reason: Reason) {
        self.reads = self.reads.max(Some(reason));
    }

    /// The edits are to be written.
    pub(super) fn note_save(&mut self) {
        self.saves = true;
    }

    pub(super) fn is_saving(&self) -> bool {
        self.saves || self.writes
    }

    /// Begins the next job where none is under way. Returns what one has come to.
    pub(super) fn proceed(&mut self, editor: &SettingsEditor) -> Option<Finished> {
        if let Some(task) = &mut self.task {
            let finished = check_ready(task)?;
            (self.task, self.writes) = (None, false);
            return Some(finished);
        }
        if std::mem::take(&mut self.saves) {
            self.writes = true;
            self.task = Some(save(editor));
        } else if let Some(reason) = self.reads.take() {
            self.task = Some(read(editor, reason));
        }
        None
    }
}

fn save(editor: &SettingsEditor) -> Task<Finished> {
    let saving = editor.saving();
    let edited = editor
        .view()
        .into_iter()
        .filter(|setting| setting.origin == Origin::Edited);
    let keys: Vec<&'static str> = edited.map(|setting| setting.key).collect();
    IoTaskPool::get().spawn(async move { Finished::Saved(keys, saving.write().map(Box::new)) })
}

fn read(editor: &SettingsEditor, reason: Reason) -> Task<Finished> {
    let started_with = editor.started_with().clone();
    IoTaskPool::get().spawn(async move {
        match reason {
            Reason::Switched => Finished::Restarted(SettingsEditor::start(started_with).map(Box::new)),
            Reason::Tuned | Reason::Written => Finished::Read(reason, started_with.read_again().map(Box::new)),
        }
    })
}
