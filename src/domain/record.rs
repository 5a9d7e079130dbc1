//! A row's columns, as the database gave them.

use std::{fmt, sync::Arc};

use serde::{
    de::{Deserialize, Deserializer, MapAccess, Visitor},
    ser::{Serialize, SerializeMap as _, Serializer},
};
use serde_json::Value;

/// A column name, shared between the rows that have it.
pub type Column = Arc<str>;

/// The columns of one row, sorted by name. Numbers keep every digit (`serde_json`'s `arbitrary_precision`).
#[derive(Clone, PartialEq, Default)]
pub struct Record {
    cells: Vec<(Column, Value)>,
}

impl Record {
    /// The value of a column; `None` when the row does not have it (which is not the same as a null).
    pub fn get(&self, column: &str) -> Option<&Value> {
        let at = self.cells.binary_search_by(|(name, _)| (**name).cmp(column)).ok()?;
        self.cells.get(at).map(|(_, value)| value)
    }

    /// Sets a column, and says whether that changed anything.
    pub fn set(&mut self, column: Column, value: Value) -> bool {
        match self.cells.binary_search_by(|(name, _)| name.cmp(&column)) {
            Ok(at) => match self.cells.get_mut(at) {
                Some((_, old)) if *old != value => {
                    *old = value;
                    true
                }
                _ => false,
            },
            Err(at) => {
                self.cells.insert(at, (column, value));
                true
            }
        }
    }

    /// Lays `newer` over this record: its columns win, columns it lacks stay (an unchanged large column is absent
    /// from an update). Says whether anything changed.
    pub fn merge(&mut self, newer: Self) -> bool {
        let mut changed = false;
        for (column, value) in newer.cells {
            changed |= self.set(column, value);
        }
        changed
    }

    /// The same cells under other allocations of the same names. `same` must return a name equal to the one given.
    pub fn map_columns(mut self, mut same: impl FnMut(Column) -> Column) -> Self {
        for (column, _) in &mut self.cells {
            let shared = same(column.clone());
            debug_assert_eq!(*column, shared, "a name may only be replaced by its equal");
            *column = shared;
        }
        self
    }

    /// Whether it has every column that `other` has.
    pub fn covers(&self, other: &Self) -> bool {
        let mut own = self.cells.iter();
        other.cells.iter().all(|(wanted, _)| {
            own.by_ref()
                .any(|(column, _)| Arc::ptr_eq(column, wanted) || column == wanted)
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Column, &Value)> {
        self.cells.iter().map(|(column, value)| (column, value))
    }

    pub fn len(&self) -> usize {
        self.cells.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

impl FromIterator<(Column, Value)> for Record {
    /// Collects columns in any order; of a name given twice the last one counts.
    fn from_iter<I: IntoIterator<Item = (Column, Value)>>(columns: I) -> Self {
        let mut cells: Vec<(Column, Value)> = columns.into_iter().collect();
        if !cells.is_sorted_by(|(a, _), (b, _)| a < b) {
            cells.reverse();
            cells.sort_by(|(a, _), (b, _)| a.cmp(b));
            cells.dedup_by(|(a, _), (b, _)| a == b);
        }
        cells.shrink_to_fit();
        Self { cells }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.cells.len()))?;
        for (column, value) in &self.cells {
            map.serialize_entry(&**column, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Columns;
        impl<'de> Visitor<'de> for Columns {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row as an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut cells = Vec::with_capacity(map.size_hint().unwrap_or(16).min(64));
                while let Some((column, value)) = map.next_entry::<Column, Value>()? {
                    cells.push((column, value));
                }
                Ok(cells.into_iter().collect())
            }
        }
        deserializer.deserialize_map(Columns)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.cells.iter().map(|(column, value)| (column, value)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Record {
        serde_json::from_str(text).expect("a record")
    }

    #[test]
    fn a_missing_column_is_kept_and_a_null_is_a_value() {
        let mut row = record(r#"{"id":1,"big":"text","note":"x"}"#);
        assert!(row.merge(record(r#"{"id":1,"note":null}"#)));
        assert_eq!(row, record(r#"{"note":null,"big":"text","id":1}"#));
        assert!(!row.merge(record(r#"{"id":1}"#)), "nothing changed");
    }

    #[test]
    fn of_a_column_given_twice_the_last_one_counts() {
        assert_eq!(record(r#"{"b":1,"a":1,"b":2}"#), record(r#"{"a":1,"b":2}"#));
    }

    #[test]
    fn numbers_keep_every_digit() {
        let text = r#"{"id":9223372036854775807,"n":12345678901234567890.1234567890}"#;
        assert_eq!(serde_json::to_string(&record(text)).expect("text"), text);
    }
}
