//! The settings while the wall runs: what is changed in the settings window, and the settings files, read again when they are
//! written. What changes is a message, which `wall` puts in force; the window reads a view.

mod job;
mod told;

use std::path::PathBuf;

use bevy::prelude::*;
use settings::{EditableSetting, FileWatch, Settings, SettingsEditor, SettingsError, StartedWith, WatchError};

use self::job::{Finished, Jobs, Reason};
use crate::{
    connection::ConnectionView,
    frame::SettingsSystems,
    messages::{Intent, Noticed, Switched},
};
use model::{Backoff, Notice, NoticeKind};

/// A change of the backoff in the panel is in its file this long after the last one, in seconds: it rests before it is
/// written, and writing takes its time.
const TUNED_SECS: f64 = 2.0;
/// The settings of the backoff, which the panel changes as well.
const BACKOFF: [&str; 4] = [
    "max_reconnect_attempts",
    "reconnect_interval_ms",
    "max_reconnect_interval_ms",
    "reconnect_jitter",
];

/// What the user wants of the settings.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub enum SettingsRequest {
    /// Change a setting at once.
    Set {
        /// As in `opswall.toml`.
        key: &'static str,
        /// The value as the file has it.
        text: String,
    },
    /// Take the change of a setting back.
    Reset(&'static str),
    /// Take all changes back.
    ResetAll,
    /// Write the changes into the settings file.
    Save,
}

/// The settings as a window shows them. It is there only where settings can be changed while the wall runs.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct SettingsView {
    /// All that can be changed.
    pub settings: Vec<EditableSetting>,
    /// A change is in force that the settings files do not have.
    pub has_unsaved: bool,
    /// Changes are being written.
    pub is_saving: bool,
    /// The setting whose last change was refused, and why, one sentence.
    pub refused: Option<(&'static str, String)>,
    /// Why the settings file could not be read again, one sentence; the settings are then as before.
    pub mistake: Option<String>,
    /// The file into which changes are written.
    pub file: String,
}

/// Other settings are in force from now on.
#[derive(Message, Debug, Clone)]
pub(crate) struct SettingsInForce {
    /// Those before.
    pub(crate) before: Box<Settings>,
    /// Those from now on.
    pub(crate) now: Box<Settings>,
    /// Rows are read in another way.
    pub(crate) is_remapped: bool,
}

/// The settings of a start, and the watch of their files.
#[derive(Debug)]
pub struct FollowedSettings {
    editor: SettingsEditor,
    /// `None` where a file can be read only once.
    watch: Option<Result<FileWatch, WatchError>>,
}

impl FollowedSettings {
    /// Reads the settings, and watches their files from then on.
    ///
    /// # Errors
    /// A mistake in them.
    pub fn start(started_with: StartedWith) -> Result<Self, SettingsError> {
        let files = started_with.files();
        // What a pipe held cannot be read again.
        let is_pipe = |path: &PathBuf| path.metadata().is_ok_and(|about| !about.is_file());
        // What is written while they are read is noticed.
        let watch = (!files.iter().any(is_pipe)).then(|| FileWatch::start(files));
        Ok(Self {
            editor: SettingsEditor::start(started_with)?,
            watch,
        })
    }

    /// The settings of the start.
    pub fn settings(&self) -> &Settings {
        self.editor.settings()
    }

    /// Follows them in an app.
    pub fn add_to(self, app: &mut App) {
        let mut editing = Editing {
            editor: self.editor,
            watch: None,
            jobs: Jobs::default(),
            tuned: None,
            refused: None,
            mistake: None,
            needs_restart: Vec::new(),
        };
        match self.watch {
            None => {}
            Some(Ok(watch)) => editing.watch = Some(watch),
            Some(Err(error)) => {
                let text = told::mistaken(&error.to_string());
                let notice = Notice::new(NoticeKind::SettingsMistaken, text);
                app.world_mut().write_message(Noticed(notice));
                editing.mistake = Some(error.to_string());
            }
        }
        app.insert_resource(editing.view())
            .insert_resource(editing)
            .add_message::<SettingsRequest>()
            .add_message::<SettingsInForce>()
            .add_systems(Update, follow.in_set(SettingsSystems::Follow));
    }
}

/// The editor, and what is under way.
#[derive(Resource, Debug)]
struct Editing {
    editor: SettingsEditor,
    /// `None` where the files cannot be watched.
    watch: Option<FileWatch>,
    jobs: Jobs,
    /// When the backoff was last changed in the panel, until its file has been read; seconds of `Time<Real>`.
    tuned: Option<f64>,
    refused: Option<(&'static str, String)>,
    mistake: Option<String>,
    /// What was last told to need a restart.
    needs_restart: Vec<String>,
}

fn follow(
    mut editing: ResMut<Editing>,
    mut view: ResMut<SettingsView>,
    mut requests: MessageReader<SettingsRequest>,
    mut intents: MessageReader<Intent>,
    mut switched: MessageReader<Switched>,
    connection: Option<Res<ConnectionView>>,
    mut in_force: MessageWriter<SettingsInForce>,
    mut notices: MessageWriter<Noticed>,
    time: Res<Time<Real>>,
) {
    let editing = editing.bypass_change_detection();
    let now = time.elapsed_secs_f64();
    for intent in intents.read() {
        if let Intent::Tune(backoff) = intent {
            editing.yield_to(*backoff);
            editing.tuned = Some(now);
        }
    }
    if switched.read().count() > 0 {
        editing.jobs.note(Reason::Switched);
    }
    if editing.watch.as_ref().is_some_and(FileWatch::has_changed) {
        editing.jobs.note(Reason::Written);
    }
    if editing.tuned.is_some_and(|tuned| now - tuned >= TUNED_SECS) {
        editing.tuned = None;
        editing.jobs.note(Reason::Tuned);
    }
    let finished = editing.jobs.proceed(&editing.editor);
    if requests.is_empty() && finished.is_none() {
        let is_saving = editing.jobs.is_saving();
        if view.is_saving != is_saving {
            view.is_saving = is_saving;
        }
        return;
    }
    let before = editing.editor.settings().clone();
    let is_demo = connection.is_some_and(|connection| connection.demo);
    let mut is_remapped = false;
    if let Some(finished) = finished {
        is_remapped = editing.finish(finished, is_demo, &mut |notice| {
            notices.write(Noticed(notice));
        });
    }
    for request in requests.read() {
        editing.carry_out(request);
    }
    let now = editing.editor.settings();
    let is_other = (before.wall, before.backoff, &before.keep_in) != (now.wall, now.backoff, &now.keep_in);
    if is_other || is_remapped {
        in_force.write(SettingsInForce {
            before: Box::new(before),
            now: Box::new(now.clone()),
            is_remapped,
        });
    }
    view.set_if_neq(editing.view());
}

impl Editing {
    fn view(&self) -> SettingsView {
        let files = &self.editor.settings().files;
        let file = files.last().cloned();
        let file = file.or_else(|| self.editor.started_with().files().pop());
        SettingsView {
            settings: self.editor.view(),
            has_unsaved: self.editor.has_unsaved(),
            is_saving: self.jobs.is_saving(),
            refused: self.refused.clone(),
            mistake: self.mistake.clone(),
            file: file.unwrap_or_default().display().to_string(),
        }
    }

    fn carry_out(&mut self, request: &SettingsRequest) {
        self.refused = None;
        let (key, result) = match request {
            SettingsRequest::Set { key, text } => (*key, self.editor.set(key, text)),
            SettingsRequest::Reset(key) => (*key, self.editor.reset(key)),
            SettingsRequest::ResetAll => return self.editor.reset_all(),
            SettingsRequest::Save => return self.jobs.note_save(),
        };
        if let Err(error) = result {
            self.refused = Some((key, error.to_string()));
        }
    }

    /// The backoff was changed in the panel: edits of the same settings no longer lie over it.
    fn yield_to(&mut self, tuned: Backoff) {
        let edited = self.editor.settings().backoff;
        let differs = BACKOFF.into_iter().zip([
            tuned.max_attempts != edited.max_attempts,
            tuned.interval != edited.interval,
            tuned.max_interval != edited.max_interval,
            tuned.jitter != edited.jitter,
        ]);
        let differs: Vec<&str> = differs.filter(|(_, differs)| *differs).map(|(key, _)| key).collect();
        // The longest delay may have to go before the first one can.
        for key in differs.iter().chain(&differs) {
            // Where other edits contradict it, the edit stays, and the window shows it.
            let _ = self.editor.reset(key);
        }
    }

    /// Takes what a job has come to. Returns whether rows are read in another way.
    fn finish(&mut self, finished: Finished, is_demo: bool, tell: &mut dyn FnMut(Notice)) -> bool {
        let (reason, read) = match finished {
            Finished::Read(reason, read) => (reason, read.map_err(|error| error.to_string())),
            Finished::Restarted(Ok(editor)) => {
                self.restart(*editor);
                return false;
            }
            Finished::Restarted(Err(error)) => {
                self.mistake = Some(error.to_string());
                return false;
            }
            Finished::Saved(keys, Ok(read)) => {
                let file = self.view().file;
                tell(Notice::new(NoticeKind::Saved, told::saved(&keys, &file)));
                (Reason::Written, Ok(read))
            }
            Finished::Saved(_, Err(error)) => {
                tell(Notice::new(NoticeKind::NotSaved, told::not_saved(&error)));
                return false;
            }
        };
        let taken = read.and_then(|read| self.editor.take(*read).map_err(|error| error.to_string()));
        let mut changes = match taken {
            Ok(changes) => changes,
            Err(error) => {
                // A version of the file is reported once; who changes the backoff did not write it.
                if reason == Reason::Written {
                    tell(Notice::new(NoticeKind::SettingsMistaken, told::mistaken(&error)));
                    self.mistake = Some(error);
                }
                return false;
            }
        };
        self.mistake = None;
        // The demo's tables are its own.
        changes.is_remapped &= !is_demo;
        let is_news = changes.needs_restart != self.needs_restart;
        if reason == Reason::Tuned {
            // Who changed the backoff knows it.
            changes.changed.retain(|setting| !BACKOFF.contains(&setting.key));
        }
        if let Some(notice) = told::taken(&changes, is_news) {
            tell(notice);
        }
        self.needs_restart = changes.needs_restart;
        changes.is_remapped
    }

    /// Another project is followed: its settings are those of its file. Edits stay.
    fn restart(&mut self, mut editor: SettingsEditor) {
        for setting in self.editor.view() {
            if let (settings::Origin::Edited, Some(text)) = (&setting.origin, &setting.value) {
                // What contradicts the new file is not taken over.
                let _ = editor.set(setting.key, text);
            }
        }
        (self.editor, self.mistake) = (editor, None);
        self.needs_restart.clear();
    }
}
