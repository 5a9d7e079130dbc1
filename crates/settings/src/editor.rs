//! Changes settings while opswall runs: edits that lie over all other layers until they are saved or taken back.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use crate::{
    ChangedSetting, FilesRead, Group, Origin, Saving, Settings, SettingsChanges, SettingsError, StartedWith, ValueKind,
    definition::{Definition, find, is_run_time},
    layers::{self, Raw, Set, SettingsLayer, Written},
    load::{Layers, order_intervals},
    save::readable,
    table::{Values, definitions},
};

/// The longest text of an edit; a longer one is no value of any setting that may change while opswall runs.
const MAX_TEXT_BYTES: usize = 256;

/// A setting that may change while opswall runs, as a window shows it. No secret is one.
#[derive(Debug, Clone, PartialEq)]
pub struct EditableSetting {
    /// As in `opswall.toml`.
    pub key: &'static str,
    /// The subject under which it is listed.
    pub group: Group,
    /// What it is, one line.
    pub title: String,
    /// What a control needs to offer it.
    pub kind: ValueKind,
    /// The value in force, as [`SettingsEditor::set`] reads it; `None` when nothing is set.
    pub value: Option<String>,
    /// The layer that decided it.
    pub origin: Origin,
    /// The value that the settings files give it; `None` when they do not name it.
    pub in_file: Option<String>,
    /// Whether the value in force is another one than the settings files alone would give.
    pub differs_from_file: bool,
    /// The value when nothing is set; on an unattended display that of `kiosk`.
    pub default: Option<String>,
    /// The flag or the variable that counts again at the next start, whatever is edited or saved.
    pub fixed_by: Option<Origin>,
}

/// The settings in force, which a window changes and which follow the settings files. It does no I/O: files are read by
/// [`StartedWith::read_again`] and written by [`Saving::write`], and taken here.
#[derive(Clone)]
pub struct SettingsEditor {
    started_with: StartedWith,
    layers: Layers,
    /// The settings without edits: what needs a restart is as it was at the start.
    base: Settings,
    /// The settings in force.
    settings: Settings,
    /// Texts by keys.
    edits: BTreeMap<&'static str, String>,
    /// What the settings files give alone.
    in_files: Values,
    /// What nothing gives.
    defaults: Values,
}

impl fmt::Debug for SettingsEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettingsEditor")
            .field("settings", &self.settings)
            .field("edits", &self.edits)
            .finish_non_exhaustive()
    }
}

impl SettingsEditor {
    /// Reads all layers, as [`Settings::load`] does.
    ///
    /// # Errors
    /// A mistake in one of them.
    pub fn start(started_with: StartedWith) -> Result<Self, SettingsError> {
        let FilesRead { layers, settings } = started_with.read()?;
        let kiosk = settings.wall.kiosk;
        Ok(Self {
            in_files: of_files(&layers, &started_with, kiosk)?,
            defaults: Values::read_as(&Written::new(), &started_with.env, kiosk)?,
            layers,
            base: settings.clone(),
            settings,
            edits: BTreeMap::new(),
            started_with,
        })
    }

    /// What the process was started with, to read the files again.
    pub fn started_with(&self) -> &StartedWith {
        &self.started_with
    }

    /// The settings in force, with all edits.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Everything that may change while opswall runs and that one control can change, in the order of the documents.
    pub fn view(&self) -> Vec<EditableSetting> {
        let columns = [&self.settings, &self.base].map(|settings| settings.values().shown());
        let [in_force, below] = columns;
        let rows = in_force.into_iter().zip(below);
        rows.zip(self.in_files.shown().into_iter().zip(self.defaults.shown()))
            .filter_map(|(((key, in_force), (_, below)), ((_, in_files), (_, default)))| {
                let (definition, kind) = editable(key)?;
                Some(EditableSetting {
                    key,
                    group: definition.group,
                    title: definition.help.trim().replace('`', ""),
                    kind,
                    differs_from_file: in_force.value != in_files.value,
                    value: text(&in_force.value),
                    origin: in_force.origin,
                    in_file: text(&in_files.value).filter(|_| in_files.origin.is_file()),
                    default: text(&default.value),
                    fixed_by: Some(below.origin).filter(|origin| matches!(origin, Origin::Flag(_) | Origin::Env(_))),
                })
            })
            .collect()
    }

    /// Whether an edit is in force that the settings files do not have.
    pub fn has_unsaved(&self) -> bool {
        self.view()
            .iter()
            .any(|setting| setting.origin == Origin::Edited && setting.differs_from_file)
    }

    /// Edits a setting. The text is read as a value in the settings file is.
    ///
    /// # Errors
    /// When the key is none of [`Self::view`], or the value cannot be used alone or together with the others. The edit is
    /// then not made.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), SettingsError> {
        let Some((definition, _)) = editable(key) else {
            let subject = model::text::clean(key, MAX_TEXT_BYTES).into_owned();
            let why = "cannot be changed while opswall runs: change it in opswall.toml and start again";
            return Err(SettingsError::refused(subject, why));
        };
        let raw = Raw::Text(text.to_owned());
        if text.len() > MAX_TEXT_BYTES || !definition.form.accepts(&raw) {
            return Err(definition.form.error(definition.key.to_owned(), &raw));
        }
        let mut edits = self.edits.clone();
        edits.insert(definition.key, text.trim().to_owned());
        self.replace_edits(edits)
    }

    /// Takes one edit back. A setting without an edit is left as it is.
    ///
    /// # Errors
    /// When the value below the edit contradicts other edits. The edit then stays.
    pub fn reset(&mut self, key: &str) -> Result<(), SettingsError> {
        let mut edits = self.edits.clone();
        match edits.remove(key) {
            Some(_) => self.replace_edits(edits),
            None => Ok(()),
        }
    }

    /// Takes all edits back.
    pub fn reset_all(&mut self) {
        self.edits.clear();
        self.settings = self.base.clone();
    }

    /// The edits, to be written into the settings file; what [`Saving::write`] returns is then to be taken.
    pub fn saving(&self) -> Saving {
        let edits = self.settings.values().shown().into_iter();
        Saving {
            started_with: self.started_with.clone(),
            edits: edits
                .filter(|(key, _)| self.edits.contains_key(key))
                .map(|(key, set)| (key, set.value))
                .collect(),
        }
    }

    /// Takes files that were read again. Edits stay over them, except those that say what the files say by now.
    ///
    /// # Errors
    /// When an edit contradicts them. Nothing of them is then taken.
    pub fn take(&mut self, read: FilesRead) -> Result<SettingsChanges, SettingsError> {
        let FilesRead { layers, settings: new } = read;
        let mut needs_restart = self.needs_restart(&new);
        let kiosk = self.base.wall.kiosk;
        let values = values(&layers.layers, &self.started_with, kiosk)?;
        let mut base = self.base.with_run_time(&values).with_start_of(&new);
        match base.with_words_of(&new) {
            Some(remapped) => base = remapped,
            // Where a setting of one value names a table, it is listed already.
            None if needs_restart.iter().any(|key| is_of_tables(key)) => {}
            None => needs_restart.push("sources".to_owned()),
        }
        let in_files = of_files(&layers, &self.started_with, kiosk)?;
        let settings = over(&base, &layers, &self.edits, &self.started_with)?;
        let changes = SettingsChanges {
            changed: changed(&self.settings, &settings),
            is_remapped: self.settings.mapping != settings.mapping,
            needs_restart,
        };
        self.edits.retain(|key, _| {
            let edited = value_of(settings.values(), key);
            value_of(base.values(), key) != edited || value_of(&in_files, key) != edited
        });
        self.settings = over(&base, &layers, &self.edits, &self.started_with)?;
        self.layers = layers;
        self.base = base;
        self.in_files = in_files;
        Ok(changes)
    }

    /// What differs from the settings in force and cannot change while opswall runs.
    fn needs_restart(&self, new: &Settings) -> Vec<String> {
        let old = self.base.values().shown().into_iter();
        let mut keys: Vec<String> = old
            .zip(new.values().shown())
            .filter(|((key, old), (_, new))| !is_run_time(key) && old.value != new.value)
            .filter_map(|((key, _), _)| find(key).map(Definition::path))
            .collect();
        if !self.base.has_key_of(new) && !keys.iter().any(|key| key == "key" || key == "key_file") {
            keys.push("key".to_owned());
        }
        keys
    }

    fn replace_edits(&mut self, edits: BTreeMap<&'static str, String>) -> Result<(), SettingsError> {
        self.settings = over(&self.base, &self.layers, &edits, &self.started_with)?;
        self.edits = edits;
        Ok(())
    }
}

/// The definition of a setting that a window can change, and what its control needs.
fn editable(key: &str) -> Option<(&'static Definition, ValueKind)> {
    let definition = definitions().find(|definition| definition.key == key && definition.is_run_time)?;
    Some((definition, definition.form.kind()?))
}

fn is_of_tables(key: &str) -> bool {
    find(key).is_some_and(|definition| definition.group == Group::Tables)
}

/// The settings with edits over all layers.
fn over(
    base: &Settings,
    layers: &Layers,
    edits: &BTreeMap<&'static str, String>,
    started_with: &StartedWith,
) -> Result<Settings, SettingsError> {
    if edits.is_empty() {
        return Ok(base.clone());
    }
    let mut edited = SettingsLayer::default();
    for (key, text) in edits {
        edited.set(key, Raw::Text(text.clone()), Origin::Edited);
    }
    let layers = layers.layers.iter().chain([&edited]);
    Ok(base.with_run_time(&values(layers, started_with, base.wall.kiosk)?))
}

fn values<'l>(
    layers: impl IntoIterator<Item = &'l SettingsLayer>,
    started_with: &StartedWith,
    kiosk: bool,
) -> Result<Values, SettingsError> {
    let mut values = Values::read_as(&layers::merge(layers), &started_with.env, kiosk)?;
    order_intervals(&mut values)?;
    Ok(values)
}

/// What the settings files give alone. A value in them that a stronger layer hides may be wrong.
fn of_files(layers: &Layers, started_with: &StartedWith, kiosk: bool) -> Result<Values, SettingsError> {
    let mut values = Values::read_as(&readable(layers.in_files()), &started_with.env, kiosk)?;
    // Intervals that contradict each other are shown as they are written.
    let _ = order_intervals(&mut values);
    Ok(values)
}

fn value_of(values: &Values, key: &str) -> Option<Value> {
    let shown = values.shown().into_iter();
    shown
        .filter(|(known, _)| *known == key)
        .map(|(_, set)| set.value)
        .next()
}

fn changed(old: &Settings, new: &Settings) -> Vec<ChangedSetting> {
    let rows = old.values().shown().into_iter().zip(new.values().shown());
    rows.filter(|((key, old), (_, new))| is_run_time(key) && old.value != new.value)
        .map(
            |((key, old), (_, new)): ((_, Set<Value>), (_, Set<Value>))| ChangedSetting {
                key,
                before: text(&old.value),
                now: text(&new.value),
            },
        )
        .collect()
}

/// A value as a flag would write it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
