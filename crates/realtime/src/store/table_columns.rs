//! A table's columns as the stream lists them, and those whose values the stream writes differently from REST.

use std::sync::Arc;

use serde::Deserialize;

use crate::source::Source;
use model::{Cell, Column, Record};

/// Longest column list kept, in bytes: enough for PostgreSQL's limit of 1,600 columns with names of 63 bytes.
const MAX_LIST_BYTES: usize = 256 * 1024;

/// Values that the stream writes in another way than REST (docs/realtime-protocol.md §7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loose {
    /// `bytea`: hex without the `\x`.
    Bytes,
    /// `char(n)`: its first character only.
    Char,
    /// Floats and `numeric`: null for NaN and infinities.
    Number,
}

/// A table's columns, read from the list that comes with each change. Equal lists are read once.
#[derive(Debug, Default)]
pub(crate) struct TableColumns {
    written: Box<str>,
    /// The number under which an equal list was last seen.
    number: Option<u64>,
    names: Vec<Column>,
    loose: Vec<(Column, Loose)>,
    /// The columns that are kept, with the key; `None` = all.
    kept: Option<Vec<String>>,
}

impl TableColumns {
    /// The columns of a source of which no change was seen yet.
    pub(crate) fn new(source: &Source) -> Self {
        let kept = source.kept_columns();
        Self {
            kept: kept.map(|columns| columns.map(str::to_owned).collect()),
            ..Self::default()
        }
    }

    /// Takes the list of a change; only equal lists have the same `number`. True when the table has other columns than
    /// before.
    pub(crate) fn learn(&mut self, list: &str, number: Option<u64>) -> bool {
        if number.is_some() && self.number == number {
            return false;
        }
        self.number = number;
        #[derive(Deserialize)]
        struct Listed {
            name: Arc<str>,
            #[serde(rename = "type")]
            kind: Option<String>,
        }
        if *self.written == *list || list.len() > MAX_LIST_BYTES {
            return false;
        }
        // An empty list comes with a change that carries no row; a broken one is ignored.
        let Ok(listed) = serde_json::from_str::<Vec<Listed>>(list) else {
            return false;
        };
        if listed.is_empty() {
            return false;
        }
        let is_first = self.written.is_empty();
        self.written = list.into();
        self.loose = listed
            .iter()
            .filter_map(|column| {
                let loose = match column.kind.as_deref()? {
                    "bytea" => Loose::Bytes,
                    "bpchar" | "char" => Loose::Char,
                    "float4" | "float8" | "numeric" => Loose::Number,
                    _ => return None,
                };
                Some((column.name.clone(), loose))
            })
            .collect();
        let is_kept = |name: &Column| match &self.kept {
            Some(kept) => kept.iter().any(|kept| **kept == **name),
            None => true,
        };
        self.names = listed.into_iter().map(|column| column.name).filter(is_kept).collect();
        !is_first
    }

    /// Whether `record` lacks a column that the table has.
    pub(crate) fn is_incomplete(&self, record: &Record) -> bool {
        record.len() < self.names.len() && self.names.iter().any(|name| record.get(name).is_none())
    }

    /// Rewrites values as REST writes them, where that is possible.
    pub(crate) fn as_rest_writes(&self, mut record: Record) -> Record {
        for (column, loose) in &self.loose {
            if *loose == Loose::Bytes
                && let Some(Cell::Text(hex)) = record.get(column)
                && !hex.starts_with("\\x")
            {
                let rest = format!("\\x{hex}");
                record.set_text(column, &rest);
            }
        }
        record
    }

    /// Whether two readings of a row, one from the stream and one from REST, can be the same row: they differ at most
    /// in how values are written.
    pub(crate) fn is_same(&self, one: &Record, other: &Record) -> bool {
        if one == other {
            return true;
        }
        !self.loose.is_empty()
            && one.len() == other.len()
            && one.iter().zip(other.iter()).all(|((column, a), (name, b))| {
                column == name && (a == b || self.loose_of(column).is_some_and(|loose| is_same_value(loose, &a, &b)))
            })
    }

    /// Whether the columns that both readings have are equal; one of them may lack some.
    pub(crate) fn agree(&self, one: &Record, other: &Record) -> bool {
        one.iter().all(|(column, a)| {
            other
                .get(column)
                .is_none_or(|b| a == b || self.loose_of(column).is_some_and(|loose| is_same_value(loose, &a, &b)))
        })
    }

    fn loose_of(&self, column: &str) -> Option<Loose> {
        self.loose
            .iter()
            .find(|(name, _)| **name == *column)
            .map(|(_, loose)| *loose)
    }
}

fn is_same_value(loose: Loose, a: &Cell<'_>, b: &Cell<'_>) -> bool {
    match (loose, a, b) {
        (Loose::Bytes, Cell::Text(a), Cell::Text(b)) => {
            a.strip_prefix("\\x").unwrap_or(&**a) == b.strip_prefix("\\x").unwrap_or(&**b)
        }
        (Loose::Char, Cell::Text(a), Cell::Text(b)) => {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            short.chars().count() <= 1 && long.trim_end().starts_with(short.trim_end())
        }
        (Loose::Number, Cell::Null, Cell::Text(word)) | (Loose::Number, Cell::Text(word), Cell::Null) => {
            matches!(&**word, "NaN" | "Infinity" | "-Infinity")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Record {
        serde_json::from_str(text).expect("a row")
    }

    #[test]
    fn a_row_from_the_stream_equals_the_row_from_rest() {
        let mut columns = TableColumns::default();
        columns.learn(
            r#"[{"name":"b","type":"bytea"},{"name":"c","type":"bpchar"},{"name":"f","type":"float8"},{"name":"t","type":"text"}]"#,
            None,
        );
        let stream = row(r#"{"b":"deadbeef","c":"a","f":null,"t":"x"}"#);
        let rest = row(r#"{"b":"\\xdeadbeef","c":"ab  ","f":"NaN","t":"x"}"#);
        assert!(columns.is_same(&stream, &rest) && columns.is_same(&rest, &stream));
        assert!(!columns.is_same(&stream, &row(r#"{"b":"\\xdeadbeef","c":"ab  ","f":"NaN","t":"y"}"#)));
        assert_eq!(
            columns.as_rest_writes(stream).get("b"),
            Some(Cell::Text("\\xdeadbeef".into()))
        );
    }

    #[test]
    fn a_missing_column_is_noticed_and_a_broken_list_is_ignored() {
        let mut columns = TableColumns::default();
        for list in ["[]", "{}", "[{}]", "[1]"] {
            columns.learn(list, None);
            assert!(!columns.is_incomplete(&row("{}")), "{list}");
        }
        columns.learn(r#"[{"name":"id"},{"name":"big","type":null}]"#, None);
        assert!(columns.is_incomplete(&row(r#"{"id":1}"#)));
        assert!(!columns.is_incomplete(&row(r#"{"id":1,"big":null}"#)));
    }
}
