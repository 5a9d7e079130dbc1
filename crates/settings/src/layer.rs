//! One layer of settings as it was written, before anything is made of it.

use std::collections::BTreeMap;

use model::{Kind, Status};

use super::{origin::Origin, typed::Raw};

/// A single-valued setting.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// A column, table or schema of a kind.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) kind: Kind,
    /// One of `names::COLUMNS`.
    pub(super) role: &'static str,
    pub(super) names: Vec<String>,
    pub(super) origin: Origin,
}

/// A status word of the user's.
#[derive(Clone)]
pub(super) struct Word {
    pub(super) word: String,
    pub(super) status: Status,
    pub(super) origin: Origin,
}

/// What one layer says.
#[derive(Clone, Default)]
pub(super) struct Layer {
    pub(super) values: BTreeMap<&'static str, Found>,
    pub(super) columns: Vec<Column>,
    pub(super) words: Vec<Word>,
}

impl Layer {
    pub(super) fn set(&mut self, name: &'static str, raw: Raw, origin: Origin) {
        self.values.insert(name, Found { raw, origin });
    }
}

/// Settings that say the same thing in two ways: what one layer says replaces what a weaker one said the other way.
const ALTERNATIVES: &[(&[&str], &[&str])] = &[
    (&["key"], &["key_file"]),
    (&["email", "password_file"], &["refresh_token_file"]),
];

/// Lays layers over one another, weakest first.
pub(super) fn merge<'l>(layers: impl IntoIterator<Item = &'l Layer>) -> BTreeMap<&'static str, Found> {
    let mut merged = BTreeMap::new();
    for layer in layers {
        for (one, other) in ALTERNATIVES {
            for (said, replaced) in [(one, other), (other, one)] {
                if said.iter().any(|name| layer.values.contains_key(name)) {
                    for name in *replaced {
                        merged.remove(name);
                    }
                }
            }
        }
        merged.extend(layer.values.iter().map(|(name, found)| (*name, found.clone())));
    }
    merged
}
