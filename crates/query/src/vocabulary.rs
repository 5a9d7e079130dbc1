//! The names and values that a query may use: for completion, and to refuse a name that no row has.

use std::collections::{BTreeMap, BTreeSet};

use super::Field;

/// Most columns; further ones are not kept.
const MAX_COLUMNS: usize = 2_000;
/// Most values of a field or column; further ones are not kept.
const MAX_VALUES: usize = 200;
/// Values of more bytes are not kept.
const MAX_VALUE_BYTES: usize = 120;

/// The columns of the rows, and some of the values of fields and columns. Masked columns and their values are not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vocabulary {
    columns: BTreeSet<String>,
    /// By the name of the field or column, in the order in which they were added.
    values: BTreeMap<String, Vec<String>>,
}

impl Vocabulary {
    /// Adds a column.
    pub fn add_column(&mut self, name: &str) {
        if self.columns.len() < MAX_COLUMNS && !self.columns.contains(name) && !model::is_masked(name) {
            self.columns.insert(name.to_owned());
        }
    }

    /// Adds a value of a field, as `state` (the rows' own words) or `agent`. Values that are added first are offered first.
    pub fn add_value(&mut self, field: Field, value: &str) {
        self.add(field.word(), value);
    }

    /// Adds a column and a value of it.
    pub fn add_column_value(&mut self, name: &str, value: &str) {
        self.add_column(name);
        if self.columns.contains(name) {
            self.add(name, value);
        }
    }

    fn add(&mut self, name: &str, value: &str) {
        if value.is_empty() || value.len() > MAX_VALUE_BYTES || value.contains(char::is_control) {
            return;
        }
        let values = self.values.entry(name.to_owned()).or_default();
        if values.len() < MAX_VALUES && !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }

    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.columns.contains(name)
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// The values of a field or column.
    pub(crate) fn values(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}
