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
use model::{Backoff, Notice, NoticeKind, Status};

use crate::{
    definition::Definition,
    layers::{Raw, SettingsLayer},
    mapping,
    origin::Origin,
    table::definitions,
};

/// The file's name in the user's state folder.
pub const FILE_NAME: &str = "state.toml";
/// Largest state file that is read.
const MAX_FILE_BYTES: u64 = 256 * 1_024;
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

impl SaveError {
    /// The file holds as much as it may.
    pub(crate) fn full(path: &Path, problem: String) -> Self {
        Self {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::QuotaExceeded, problem),
        }
    }
}

pub(crate) fn remedy(error: &io::Error) -> &'static str {
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

/// A status word that got its state on the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedWord {
    /// The address of the project, without query or key.
    pub feed: String,
    /// The table in whose rows it stands, with its schema where that is not `public`.
    pub table: String,
    /// The word.
    pub word: String,
    /// Its state.
    pub status: Status,
}

/// The section of the saved words: `[words."wss://…".tasks]`.
const WORDS: &str = "words";
/// Most saved words: the file stays below its greatest size.
const MAX_WORDS: usize = 500;

/// Saves the state of a word, in the place of an earlier one.
///
/// # Errors
/// When the file cannot be written, or holds too many words.
pub fn save_word(keeper: &Keeper, saved: &SavedWord) -> Result<(), SaveError> {
    let Some(word) = model::mapping::normalised(&saved.word) else {
        return Ok(());
    };
    let mut is_full = false;
    change(&keeper.path, |table| {
        let is_known = words(table).any(|(known, _)| {
            (known.feed.as_str(), known.table.as_str(), known.word.as_str())
                == (saved.feed.as_str(), saved.table.as_str(), word.as_str())
        });
        if !is_known && words(table).count() >= MAX_WORDS {
            is_full = true;
            return;
        }
        let mut section = table;
        for name in [WORDS, &saved.feed, &saved.table] {
            let entry = section
                .entry(name.to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            let Some(inner) = entry.as_table_mut() else { return };
            section = inner;
        }
        section.insert(word.clone(), Value::String(saved.status.word().to_owned()));
    })?;
    if is_full {
        let problem = format!("it holds {MAX_WORDS} words already; move some of them to opswall.toml");
        return Err(SaveError::full(&keeper.path, problem));
    }
    Ok(())
}

/// The words in the file, with the state as it is written. Anything of another form is left out.
fn words(table: &Table) -> impl Iterator<Item = (SavedWord, String)> {
    let feeds = table.get(WORDS).and_then(Value::as_table).into_iter().flatten();
    let tables = feeds.flat_map(|(feed, tables)| {
        let tables = tables.as_table().into_iter().flatten();
        tables.map(move |(table, words)| (feed, table, words))
    });
    tables.flat_map(|(feed, table, words)| {
        let words = words.as_table().into_iter().flatten();
        words.filter_map(move |(word, state)| {
            let state = state.as_str()?;
            let saved = SavedWord {
                feed: feed.clone(),
                table: table.clone(),
                word: word.clone(),
                status: Status::Unmapped,
            };
            Some((saved, state.to_owned()))
        })
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
        return Err("it is larger than 256 KiB".to_owned());
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
    let mut bad_words = Vec::new();
    for Definition { key, form, .. } in definitions().filter(|definition| definition.is_saved) {
        let Some(value) = table.get(*key) else { continue };
        let raw = raw(value);
        if form.accepts(&raw) {
            layer.set(key, raw, Origin::Saved(path.to_owned()));
        } else {
            bad.push(*key);
        }
    }
    for (word, state) in words(&table).take(MAX_WORDS) {
        match mapping::state_of(&state) {
            Some(status) => {
                let origin = Origin::Saved(path.to_owned());
                layer.saved_words.push((SavedWord { status, ..word }, origin));
            }
            None => bad_words.push(format!("the state of '{}'", model::text::clean(&word.word, 40))),
        }
    }
    let bad: Vec<String> = bad.into_iter().map(str::to_owned).chain(bad_words).collect();
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
    fn a_word_is_kept_for_its_project_and_table_beside_what_the_file_held() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = Keeper {
            path: folder.path().join(FILE_NAME),
            started_with: Backoff::default(),
        };
        fs::write(&keeper.path, "max_reconnect_attempts = 7\nwords = 3\n").expect("written");
        let saved = |table: &str, word: &str, status| SavedWord {
            feed: "wss://a.example/socket".to_owned(),
            table: table.to_owned(),
            word: word.to_owned(),
            status,
        };
        save_word(&keeper, &saved("tasks", "On Hold", Status::Blocked)).expect("saved");
        save_word(&keeper, &saved("crm.tasks", "parked", Status::Waiting)).expect("saved");
        save_word(&keeper, &saved("tasks", "on_hold", Status::Waiting)).expect("saved");
        let (layer, notice) = load(&keeper.path);
        assert_eq!(notice, None);
        assert!(layer.values.contains_key("max_reconnect_attempts"));
        let words: Vec<SavedWord> = layer.saved_words.into_iter().map(|(word, _)| word).collect();
        assert_eq!(
            words,
            [
                saved("crm.tasks", "parked", Status::Waiting),
                saved("tasks", "on_hold", Status::Waiting)
            ]
        );
    }

    #[test]
    fn more_words_than_the_file_holds_are_refused_and_none_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = Keeper {
            path: folder.path().join(FILE_NAME),
            started_with: Backoff::default(),
        };
        let mut text = "[words.a.tasks]\n".to_owned();
        for number in 0..MAX_WORDS {
            text.push_str(&format!("w{number} = \"done\"\n"));
        }
        fs::write(&keeper.path, text).expect("written");
        let word = |word: &str| SavedWord {
            feed: "a".to_owned(),
            table: "tasks".to_owned(),
            word: word.to_owned(),
            status: Status::Failed,
        };
        let error = save_word(&keeper, &word("one_more")).expect_err("full").to_string();
        assert!(error.contains("500 words"), "{error}");
        save_word(&keeper, &word("w7")).expect("known already");
        assert_eq!(load(&keeper.path).0.saved_words.len(), MAX_WORDS);
    }

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
