//! Row ids: opaque text, whatever their type in the database.

use std::{
    borrow::{Borrow, Cow},
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cell, Kind, SourceId};

/// The primary key of a row as text. A `uuid`, a `text` and an integer key all become the text that PostgREST shows, so
/// that a number `1` in one answer and a text `"1"` in another name the same row. Cheap to clone.
#[derive(Clone)]
pub struct RowId(Text);

/// Ids up to the length of a `uuid`, which are most, are stored inline: a look-up then follows one pointer less, and
/// threads that pass ids on do not share a reference counter.
#[derive(Clone)]
enum Text {
    Inline(ArrayString<36>),
    Shared(Arc<str>),
}

/// Longer keys are not accepted. It is PostgreSQL's own limit for an indexed value.
const MAX_ID_BYTES: usize = 2_704;

/// Separates the values of a key of several columns. A value that contains it has it escaped.
const SEPARATOR: char = '/';
const ESCAPE: char = '\\';

impl RowId {
    /// The id in a cell: a text, a number or a boolean. `None` for any other cell. The empty text is an id, because
    /// PostgreSQL accepts it as a key.
    pub fn from_value(value: Cell<'_>) -> Option<Self> {
        Self::text_of(&value).map(Self::from)
    }

    /// The id of a row with these key columns, whose cells `cell` returns: the value of the only column as it is, or
    /// the values of several columns joined by `/` (`acme/7`). A `/` or `\` within one of several values is preceded
    /// by a `\`. `None` when there is no column, or when a column has no value that can be a key.
    pub fn of_key<'r>(columns: &[String], cell: impl Fn(&str) -> Option<Cell<'r>>) -> Option<Self> {
        if let [column] = columns {
            return Self::from_value(cell(column)?);
        }
        let (first, others) = columns.split_first()?;
        let mut joined = String::new();
        push_value(&mut joined, Self::text_of(&cell(first)?)?);
        for column in others {
            joined.push(SEPARATOR);
            push_value(&mut joined, Self::text_of(&cell(column)?)?);
        }
        Some(Self::from(joined.as_str()))
    }

    /// The values of the key columns in this id, which [`Self::of_key`] made from this number of columns.
    pub fn key_values(&self, columns: usize) -> Vec<Cow<'_, str>> {
        if columns <= 1 {
            return vec![Cow::Borrowed(self.as_str())];
        }
        split_values(self.as_str())
    }

    /// The text of the id in a cell, as [`Self::from_value`] takes it.
    pub fn text_of<'c>(value: &'c Cell<'_>) -> Option<&'c str> {
        match value {
            Cell::Text(text) if text.len() <= MAX_ID_BYTES => Some(text),
            Cell::Number(digits) if digits.len() <= MAX_ID_BYTES => Some(digits),
            Cell::Bool(true) => Some("true"),
            Cell::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// The id as text.
    #[inline]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Inline(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl From<&str> for RowId {
    #[inline]
    fn from(text: &str) -> Self {
        Self(ArrayString::from(text).map_or_else(|_| Text::Shared(text.into()), Text::Inline))
    }
}

// Hash, equality and order are those of the text, so that a map of ids can be searched by text.
impl Borrow<str> for RowId {
    #[inline]
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for RowId {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RowId {}

impl PartialOrd for RowId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RowId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for RowId {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Serialize for RowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| Self::from(&*text))
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Appends one value of a composite key, escaped.
fn push_value(id: &mut String, value: &str) {
    for letter in value.chars() {
        if matches!(letter, SEPARATOR | ESCAPE) {
            id.push(ESCAPE);
        }
        id.push(letter);
    }
}

/// The values of a composite key, without the escapes.
fn split_values(id: &str) -> Vec<Cow<'_, str>> {
    if !id.contains(ESCAPE) {
        return id.split(SEPARATOR).map(Cow::Borrowed).collect();
    }
    let mut values = vec![String::new()];
    let mut letters = id.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            SEPARATOR => {
                values.push(String::new());
                continue;
            }
            ESCAPE => letters.next().unwrap_or(ESCAPE),
            other => other,
        };
        if let Some(value) = values.last_mut() {
            value.push(letter);
        }
    }
    values.into_iter().map(Cow::Owned).collect()
}

/// What identifies a row within the program: its table and its id there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The kind of the row, which is that of its source.
    pub kind: Kind,
    /// The table of the row: ids are unique within a table only.
    pub source: SourceId,
    /// The id of the row, the text of its primary key.
    pub id: RowId,
}

impl RowKey {
    /// The key of a row.
    pub fn new(kind: Kind, source: SourceId, id: RowId) -> Self {
        Self { kind, source, id }
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.singular(), self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_compare_and_serialize_as_their_text_at_any_length() {
        let texts = [
            "1",
            "",
            &"u".repeat(36),
            &"u".repeat(37),
            &"é".repeat(18),
            &"é".repeat(19),
        ];
        let ids: HashSet<RowId> = texts.iter().map(|text| RowId::from(*text)).collect();
        assert_eq!(ids.len(), texts.len());
        for text in texts {
            assert_eq!(ids.get(text).map(RowId::as_str), Some(text));
            let json = serde_json::to_string(&RowId::from(text)).expect("JSON");
            assert_eq!(serde_json::from_str::<RowId>(&json).expect("an id"), RowId::from(text));
        }
        let mut sorted: Vec<RowId> = ids.into_iter().collect();
        sorted.sort();
        assert!(sorted.is_sorted_by(|a, b| a.as_str() < b.as_str()));
    }

    #[test]
    fn a_composite_key_is_one_id_and_comes_apart_again() {
        let columns = ["org".to_owned(), "nr".to_owned()];
        for (row, id, values) in [
            (r#"{"org":"acme","nr":7}"#, Some("acme/7"), vec!["acme", "7"]),
            (r#"{"org":"a/b\\","nr":1}"#, Some("a\\/b\\\\/1"), vec!["a/b\\", "1"]),
            (r#"{"org":"a","nr":"b/1"}"#, Some("a/b\\/1"), vec!["a", "b/1"]),
            (r#"{"org":"","nr":"b"}"#, Some("/b"), vec!["", "b"]),
            (r#"{"org":"b","nr":""}"#, Some("b/"), vec!["b", ""]),
            (r#"{"org":"","nr":""}"#, Some("/"), vec!["", ""]),
            (r#"{"org":null,"nr":1}"#, None, vec![]),
            (r#"{"nr":1}"#, None, vec![]),
        ] {
            let record = crate::Record::from_json(row).expect("a row");
            let found = RowId::of_key(&columns, |column| record.get(column));
            assert_eq!(found.as_ref().map(RowId::as_str), id, "{row}");
            if let Some(found) = found {
                assert_eq!(found.key_values(columns.len()), values, "{row}");
            }
        }
        assert_eq!(RowId::of_key(&[], |_| Some(Cell::Bool(true))), None);
    }

    #[test]
    fn an_empty_text_is_a_key_and_null_is_none() {
        let column = ["id".to_owned()];
        let empty = RowId::of_key(&column, |_| Some(Cell::Text("".into())));
        assert_eq!(empty.as_ref().map(RowId::as_str), Some(""));
        assert_eq!(empty.expect("a key").key_values(1), [""]);
        assert_eq!(RowId::of_key(&column, |_| Some(Cell::Null)), None);
        let long = "x".repeat(MAX_ID_BYTES + 1);
        assert_eq!(RowId::from_value(Cell::Text(long.into())), None);
    }
}
