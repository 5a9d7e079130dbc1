//! Which columns some rows have, and which of them are shown at first.

use std::{collections::HashSet, sync::Arc};

use model::{Header, Record, is_masked};
use query::Field;

use super::Column;

/// Most columns that are kept: PostgreSQL's limit for one table.
pub const MOST_COLUMNS: usize = 1_600;
/// Longer names are left out: PostgreSQL's limit is 63.
const MAX_NAME_BYTES: usize = 256;
/// Headers that are remembered. Rows of a table share a few.
const MOST_HEADERS: usize = 64;

/// The columns of the rows that were added, in the order in which they first appeared, at most [`MOST_COLUMNS`].
#[derive(Debug, Clone, Default)]
pub struct ColumnSet {
    names: Vec<Arc<str>>,
    known: HashSet<Arc<str>>,
    headers: Vec<Arc<Header>>,
    is_cut: bool,
}

impl ColumnSet {
    /// Adds the columns of a row. A row whose header was seen lately costs a comparison of pointers.
    pub fn add(&mut self, record: &Record) {
        let header = record.header();
        if self.headers.iter().rev().any(|seen| Arc::ptr_eq(seen, header)) {
            return;
        }
        if self.headers.len() >= MOST_HEADERS {
            self.headers.clear();
        }
        self.headers.push(header.clone());
        for name in header.names() {
            if self.known.contains(name) {
                continue;
            }
            if self.names.len() >= MOST_COLUMNS || name.len() > MAX_NAME_BYTES {
                self.is_cut = true;
                continue;
            }
            self.known.insert(name.clone());
            self.names.push(name.clone());
        }
    }

    /// The names of the columns, masked ones included.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// Whether columns were left out.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// At most `most` columns to begin with: these fields, then the columns in their order. Masked columns, and those whose
    /// name is that of one of the fields, are left out.
    pub fn choice(&self, fields: &[Field], most: usize) -> Vec<Column> {
        let is_new = |name: &&Arc<str>| !is_masked(name) && !fields.iter().any(|field| field.word() == &***name);
        let named = self.names.iter().filter(is_new).cloned().map(Column::Named);
        let fields = fields.iter().copied().map(Column::Field);
        fields.chain(named).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str) -> Record {
        Record::from_json(json).expect("a row")
    }

    #[test]
    fn columns_come_in_the_order_in_which_they_first_appeared() {
        let mut set = ColumnSet::default();
        let first = record(r#"{"id":1,"title":"a","api_key":"x"}"#);
        set.add(&first);
        set.add(&first.clone());
        set.add(&record(r#"{"cost":1,"id":2,"zone":null}"#));
        let names: Vec<&str> = set.names().iter().map(|name| &**name).collect();
        assert_eq!(names, ["id", "title", "api_key", "cost", "zone"]);
        assert!(!set.is_cut());
        let choice: Vec<String> = set
            .choice(&[Field::State, Field::Cost], 4)
            .iter()
            .map(Column::to_string)
            .collect();
        assert_eq!(choice, ["state", "cost", "\"id\"", "\"title\""]);
        assert_eq!(set.choice(&[Field::State, Field::Cost], 100).len(), 5);
        assert!(set.choice(&[Field::State], 0).is_empty());
    }

    #[test]
    fn hostile_rows_do_not_grow_it() {
        let mut set = ColumnSet::default();
        for row in 0..200 {
            let columns: Vec<String> = (0..50).map(|at| format!("\"c{}\":1", row * 50 + at)).collect();
            set.add(&record(&format!("{{{}}}", columns.join(","))));
        }
        assert_eq!(set.names().len(), MOST_COLUMNS);
        assert!(set.is_cut());
        assert!(set.headers.len() <= MOST_HEADERS);
        let mut set = ColumnSet::default();
        set.add(&record(&format!(r#"{{"a":1,"{}":1}}"#, "x".repeat(1_000))));
        assert_eq!(set.names().len(), 1);
        assert!(set.is_cut());
    }
}
