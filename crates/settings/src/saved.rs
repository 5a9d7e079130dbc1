//! Saved state: settings that were changed in the panel, in a small file that opswall writes itself.
//!
//! It contains only what was changed, so that a line of `opswall.toml` stays in force until the panel changes the same
//! setting. A broken file is ignored with a notice, because it must not prevent a wall from starting.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use thiserror::Error;
use toml::{Table, Value};

use crate::files::{Purpose, write_whole};
use model::{Backoff, Notice, NoticeKind};

use crate::{
    definition::Definition,
    layers::{Raw, SettingsLayer},
    origin::Origin,
    table::definitions,
};

/// The file's name in the user's state folder.
pub const FILE_NAME: &str = "state.toml";
/// Largest state file that is read.
const MAX_FILE_BYTES: u64 = 64 * 1_024;
const HEAD: &str =
    "# Changed on opswall's wall and kept for the next start. Delete a line to go back to opswall.toml.\n";

/// Where changes are saved, and the values at the start. Only what differs from them is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Keeper {
    /// The state file.
    pub path: PathBuf,
    /// The backoff at the start.
    pub started_with: Backoff,
}

/// The file could not be written: the change is in force until opswall ends.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}; {} to keep changes for the next start", .path.display(), remedy(.source))]
pub struct SaveError {
    path: PathBuf,
    source: io::Error,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some disk space",
        _ => "make the folder writable",
    }
}

/// Saves a changed backoff. A loss of power leaves either the old file or the new one.
///
/// # Errors
/// When the file cannot be written.
pub fn save_backoff(keeper: &Keeper, tuned: &Backoff) -> Result<(), SaveError> {
    let (tuned, before) = (entries(&tuned.clamped()), entries(&keeper.started_with.clamped()));
    change(&keeper.path, |table| {
        for ((name, value), (_, old)) in tuned.into_iter().zip(before) {
            // A value that returned to the one at the start replaces an earlier saved one.
            if value != old || table.contains_key(name) {
                table.insert(name.to_owned(), value);
            }
        }
    })
}

/// Reads the file, changes it and writes it. A lock prevents that one change overwrites another.
pub(crate) fn change(path: &Path, change: impl FnOnce(&mut Table)) -> Result<(), SaveError> {
    static ONE: Mutex<()> = Mutex::new(());
    let _alone = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut table = read(path).unwrap_or_default().unwrap_or_default();
    change(&mut table);
    save(path, &table).map_err(|source| SaveError {
        path: path.to_owned(),
        source,
    })
}

fn entries(backoff: &Backoff) -> [(&'static str, Value); 4] {
    let millis = |span: std::time::Duration| Value::Integer(i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
    [
        ("max_reconnect_attempts", Value::Integer(backoff.max_attempts.into())),
        ("reconnect_interval_ms", millis(backoff.interval)),
        ("max_reconnect_interval_ms", millis(backoff.max_interval)),
        ("reconnect_jitter", Value::Float(backoff.jitter)),
    ]
}

fn save(path: &Path, table: &Table) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let text = toml::to_string(table).map_err(io::Error::other)?;
    write_whole(path, Purpose::State, |file| {
        file.write_all(HEAD.as_bytes())?;
        file.write_all(text.as_bytes())
    })
}

/// `None` when there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Table>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err("it is larger than 64 KiB".to_owned());
    }
    text.parse::<Table>()
        .map(Some)
        .map_err(|error| error.message().replace('\n', " "))
}

/// The saved settings as a layer, and a notice about those that cannot be used. A bad value does not affect the others.
pub(crate) fn load(path: &Path) -> (SettingsLayer, Option<Notice>) {
    let mut layer = SettingsLayer::default();
    let table = match read(path) {
        Ok(Some(table)) => table,
        Ok(None) => return (layer, None),
        Err(problem) => return (layer, Some(notice(path, &problem))),
    };
    let mut bad = Vec::new();
    for Definition { key, form, .. } in definitions().filter(|definition| definition.is_saved) {
        let Some(value) = table.get(*key) else { continue };
        let raw = raw(value);
        if form.accepts(&raw) {
            layer.set(key, raw, Origin::Saved(path.to_owned()));
        } else {
            bad.push(*key);
        }
    }
    let notice = (!bad.is_empty()).then(|| notice(path, &format!("{} is out of bounds", bad.join(", "))));
    (layer, notice)
}

fn raw(value: &Value) -> Raw {
    match value {
        Value::Integer(number) => Raw::Integer(*number),
        Value::Float(number) => Raw::Float(*number),
        Value::Boolean(flag) => Raw::Bool(*flag),
        Value::String(text) => Raw::Text(text.clone()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => Raw::Other("not a single value"),
    }
}

fn notice(path: &Path, problem: &str) -> Notice {
    Notice {
        kind: NoticeKind::SavedSettings,
        text: format!(
            "The settings saved by the panel in {} cannot be used ({problem}); delete the file to clear this message",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_the_table_calls_saved_is_written() {
        let written = entries(&Backoff::default()).map(|(key, _)| key);
        let saved: Vec<&str> = definitions()
            .filter(|definition| definition.is_saved)
            .map(|definition| definition.key)
            .collect();
        assert_eq!(written[..], saved);
    }
}
