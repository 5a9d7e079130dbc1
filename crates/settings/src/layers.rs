//! Values as they were written, layer by layer, before their meaning is decided.

use std::collections::BTreeMap;

use model::{Kind, Status, mapping::Companion};

use crate::{origin::Origin, saved::SavedWord};

/// A value as written: flags and variables are text, a file has types.
#[derive(Clone)]
pub(crate) enum Raw {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// Another TOML value, named for the error.
    Other(&'static str),
}

impl Raw {
    /// As shown in an error.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.trim().to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(flag) => flag.to_string(),
            Self::Other(what) => (*what).to_owned(),
        }
    }

    /// The trimmed text; `None` when it is empty or not a text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }
}

/// A written value with its origin.
#[derive(Clone)]
pub(crate) struct Found {
    /// The value as its layer contains it, not yet read.
    pub(crate) raw: Raw,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// A decided value with its origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set<T> {
    /// The value, within its range.
    pub(crate) value: T,
    /// Where it was written, or that it is the default.
    pub(crate) origin: Origin,
}

impl<T> Set<T> {
    /// A value that was decided by this origin.
    pub(crate) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The same origin with a value that is made from this one.
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Set<U> {
        Set::new(change(self.value), self.origin)
    }
}

impl<T: Clone> Set<Option<T>> {
    /// The value, when one is set.
    pub(crate) fn given(&self) -> Option<Set<T>> {
        let value = self.value.clone()?;
        Some(Set::new(value, self.origin.clone()))
    }
}

/// Which sources a change concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// All of them.
    All,
    /// Those of a kind.
    Kind(Kind),
    /// Those of a table, by its name with or without its schema.
    Table(String),
}

/// The values of one role, written apart from the list of sources.
#[derive(Clone)]
pub(crate) struct Column {
    /// The sources that it concerns.
    pub(crate) target: Target,
    /// One of `mapping::roles`.
    pub(crate) role: &'static str,
    /// The columns that are tried in order; of a table or a schema, its one name.
    pub(crate) names: Vec<String>,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// One entry of `[[sources]]`.
#[derive(Clone)]
pub(crate) struct WrittenSource {
    /// What its rows are.
    pub(crate) kind: Kind,
    /// The table.
    pub(crate) table: String,
    /// What is set of it beside the table and the kind: a role, its values, and where they were written.
    pub(crate) entries: Vec<(&'static str, Vec<String>, Origin)>,
    /// Its own status words.
    pub(crate) words: Vec<Word>,
    /// Tables that complete its rows.
    pub(crate) companions: Vec<Companion>,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// A status word of the user's tables and the state it means.
#[derive(Clone)]
pub(crate) struct Word {
    /// The word in the rows.
    pub(crate) word: String,
    /// The status that rows with this word have.
    pub(crate) status: Status,
    /// Where it was written.
    pub(crate) origin: Origin,
}

/// Written values by the settings' keys.
pub(crate) type Written = BTreeMap<&'static str, Found>;

/// Everything that one layer sets.
#[derive(Clone, Default)]
pub(crate) struct SettingsLayer {
    /// The settings of the table of definitions.
    pub(crate) values: Written,
    /// The list of sources.
    pub(crate) sources: Vec<WrittenSource>,
    /// Of a preset, the columns that its engine is recognised by, as `SCHEMA.TABLE.COLUMN`.
    pub(crate) recognised_by: Vec<String>,
    /// Of a preset, whether every other table in its schema is its own.
    pub(crate) owns_schema: bool,
    /// Columns and the like that are written apart from that list.
    pub(crate) columns: Vec<Column>,
    /// Status words.
    pub(crate) words: Vec<Word>,
    /// Status words of single tables of some project, decided on the wall.
    pub(crate) saved_words: Vec<(SavedWord, Origin)>,
}

impl SettingsLayer {
    /// Adds a value, or replaces the one that the layer has for this key.
    pub(crate) fn set(&mut self, key: &'static str, raw: Raw, origin: Origin) {
        self.values.insert(key, Found { raw, origin });
    }
}

/// Settings that express the same thing in two ways. A layer that uses one way replaces what a weaker layer set in the
/// other.
const ALTERNATIVES: &[(&[&str], &[&str])] = &[
    (&["key"], &["key_file"]),
    (&["email", "password_file"], &["refresh_token_file"]),
];

/// Lays layers over one another, weakest first.
pub(crate) fn merge<'l>(layers: impl IntoIterator<Item = &'l SettingsLayer>) -> Written {
    let mut merged = Written::new();
    for layer in layers {
        for (one, other) in ALTERNATIVES {
            for (given, replaced) in [(one, other), (other, one)] {
                if given.iter().any(|key| layer.values.contains_key(key)) {
                    for key in *replaced {
                        merged.remove(key);
                    }
                }
            }
        }
        merged.extend(layer.values.iter().map(|(key, found)| (*key, found.clone())));
    }
    merged
}
