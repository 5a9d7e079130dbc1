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

use super::{Cell, Kind};

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

impl RowId {
    /// The id in a cell: a non-empty text, a number or a boolean. `None` for any other cell.
    pub fn from_value(value: Cell<'_>) -> Option<Self> {
        Self::text_of(&value).map(Self::from)
    }

    /// The text of the id in a cell, as [`Self::from_value`] takes it.
    pub fn text_of<'c>(value: &'c Cell<'_>) -> Option<&'c str> {
        match value {
            Cell::Text(text) if !text.is_empty() && text.len() <= MAX_ID_BYTES => Some(text),
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

/// What identifies a row within the program: its kind and its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// The kind of the row: ids are unique within a kind only.
    pub kind: Kind,
    /// The id of the row, the text of its primary key.
    pub id: RowId,
}

impl RowKey {
    /// The key of a row.
    pub fn new(kind: Kind, id: RowId) -> Self {
        Self { kind, id }
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
}
