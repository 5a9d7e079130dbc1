//! What differs between two versions of a row.

use std::sync::Arc;

use super::{Cell, Column, Record, record::is_same};

/// A column whose cell differs between two versions of a row.
#[derive(Debug, Clone)]
pub struct Difference<'r> {
    /// The name of the column.
    pub column: &'r Column,
    /// The cell in the older version; `None`: that one does not have the column.
    pub old: Option<Cell<'r>>,
    /// The cell in the newer version; `None`: this one does not have the column.
    pub new: Option<Cell<'r>>,
}

impl Record {
    /// The columns whose cells differ from those of an older version of the row, in the order of this header, and behind
    /// them those that only the older version has.
    pub fn differences<'r>(&'r self, older: &'r Self) -> impl Iterator<Item = Difference<'r>> {
        let is_one_header = Arc::ptr_eq(self.header(), older.header());
        let own = self.header().names().iter().enumerate();
        let own = own.filter_map(move |(index, column)| {
            let old = if is_one_header {
                Some(index)
            } else {
                older.header().index_of(column)
            };
            let (old, new) = (old.map(|index| older.kept(index)), self.kept(index));
            (!old.is_some_and(|old| is_same(old, new))).then(|| Difference {
                column,
                old: old.map(Cell::of_kept),
                new: Some(Cell::of_kept(new)),
            })
        });
        let others = older.header().names().iter().enumerate();
        let gone = others.filter_map(move |(index, column)| {
            let is_gone = !is_one_header && self.header().index_of(column).is_none();
            is_gone.then(|| Difference {
                column,
                old: Some(Cell::of_kept(older.kept(index))),
                new: None,
            })
        });
        own.chain(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(newer: &str, older: &str) -> Vec<String> {
        let read = |text: &str| Record::from_json(text).expect("a row");
        let (newer, older) = (read(newer), read(older));
        let text = |cell: Option<Cell<'_>>| cell.map_or_else(|| "-".to_owned(), |cell| cell.to_string());
        newer
            .differences(&older)
            .map(|found| format!("{} {} {}", found.column, text(found.old), text(found.new)))
            .collect()
    }

    #[test]
    fn only_columns_whose_cells_mean_something_else_differ() {
        let nothing: [&str; 0] = [];
        assert_eq!(
            named(r#"{"a":1,"b":{"x":1,"y":2}}"#, r#"{"b":{"y":2,"x":1},"a":1}"#),
            nothing
        );
        assert_eq!(
            named(r#"{"a":1,"b":null,"c":3}"#, r#"{"a":1,"b":2}"#),
            ["b 2 null", "c - 3"]
        );
        assert_eq!(named(r#"{"a":1}"#, r#"{"gone":true,"a":1}"#), ["gone true -"]);
    }

    #[test]
    fn rows_that_share_their_header_are_compared_cell_by_cell() {
        let older = Record::from_json(r#"{"a":1,"b":"x","c":[1]}"#).expect("a row");
        let mut newer = older.clone();
        assert_eq!(newer.differences(&older).count(), 0);
        newer.set_text("b", "y");
        let found: Vec<_> = newer
            .differences(&older)
            .map(|found| found.column.to_string())
            .collect();
        assert_eq!(found, ["b"]);
    }
}
