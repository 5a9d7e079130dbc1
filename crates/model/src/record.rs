//! The columns of a row as the database sent them, stored as one text for all cells and the position where each cell
//! ends.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use serde::{
    de::{Deserialize, Deserializer, Error as _},
    ser::{Serialize, SerializeMap as _, Serializer},
};
use serde_json::value::RawValue;
use triomphe::HeaderSlice;

use super::{
    Cell, Column, Header, Headers,
    json::{Quoted, Scan},
};

/// Rows of up to this many columns store the ends of their cells inline, without an allocation.
const INLINE_COLUMNS: usize = 20;

static EMPTY: LazyLock<Arc<Header>> = LazyLock::new(Arc::default);

/// The columns of one row. Numbers keep every digit. Two records are equal when their cells mean the same. Clones share
/// the row.
#[derive(Clone)]
pub struct Record {
    /// The text holds the cells in the form that [`Cell::of_kept`] reads, concatenated in the order of the header. It
    /// is in one allocation with the rest: a wall of many rows waits for the memory of each row that changes.
    row: triomphe::Arc<HeaderSlice<Head, str>>,
}

/// A row without its text.
#[derive(Clone)]
struct Head {
    header: Arc<Header>,
    ends: Ends,
    /// Some cell is an object or an array, whose text can differ though it means the same.
    nested: bool,
}

/// The positions in the text where cells end.
#[derive(Clone, PartialEq)]
enum Ends {
    Inline([u16; INLINE_COLUMNS]),
    Boxed(Box<[u32]>),
}

impl Ends {
    fn of(ends: &[u32]) -> Self {
        let mut inline = [0; INLINE_COLUMNS];
        if ends.len() > INLINE_COLUMNS || ends.last().is_some_and(|last| *last > u32::from(u16::MAX)) {
            return Self::Boxed(ends.into());
        }
        for (inline, end) in inline.iter_mut().zip(ends) {
            *inline = *end as u16;
        }
        Self::Inline(inline)
    }

    #[inline]
    fn at(&self, index: usize) -> usize {
        match self {
            Self::Inline(ends) => ends.get(index).map_or(0, |end| usize::from(*end)),
            Self::Boxed(ends) => ends.get(index).map_or(0, |end| *end as usize),
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        RowWriter::default().finish(&EMPTY)
    }
}

impl Record {
    /// Parses a row from a JSON object; `None` when the text is not a valid one.
    pub fn from_json(text: &str) -> Option<Self> {
        let mut scan = Scan::new(text);
        scan.space();
        let record = Headers::default().read(&mut scan)?;
        scan.space();
        scan.is_at_end().then_some(record)
    }

    /// The value of a column; `None` when the row does not have the column, which is not the same as a null.
    #[inline]
    pub fn get(&self, column: &str) -> Option<Cell<'_>> {
        Some(Cell::of_kept(self.kept(self.header().index_of(column)?)))
    }

    /// The value of the column that a mapping means by a name: of exactly this name, or else of the same words in camel
    /// case.
    pub(crate) fn get_like(&self, name: &str) -> Option<Cell<'_>> {
        Some(Cell::of_kept(self.kept(self.header().index_like(name)?)))
    }

    /// The stored text of the column that [`Self::get_like`] finds.
    pub(crate) fn kept_like(&self, name: &str) -> Option<&str> {
        Some(self.kept(self.header().index_like(name)?))
    }

    /// The row with more cells behind its own, in stored form. The header names them all.
    pub(crate) fn with<'c>(&self, more: impl Iterator<Item = &'c str>, header: &Arc<Header>) -> Self {
        let mut row = RowWriter::default();
        for index in 0..self.len() {
            row.push_kept(self.kept(index));
        }
        more.for_each(|cell| row.push_kept(cell));
        row.finish(header)
    }

    /// The stored text of a cell.
    #[inline]
    pub(crate) fn kept(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.row.header.ends.at(before));
        self.row
            .slice
            .get(start..self.row.header.ends.at(index))
            .unwrap_or_default()
    }

    fn kept_under(&self, column: &str) -> Option<&str> {
        Some(self.kept(self.header().index_of(column)?))
    }

    /// Replaces the value of a column by a text. Without such a column nothing happens.
    pub fn set_text(&mut self, column: &str, text: &str) {
        let Some(at) = self.header().index_of(column) else {
            return;
        };
        let mut row = RowWriter::default();
        for index in 0..self.len() {
            if index == at {
                row.push_text(text);
            } else {
                row.push_kept(self.kept(index));
            }
        }
        *self = row.finish(self.header());
    }

    /// Merges a newer version of the row into this one: its columns replace ours, and columns that it lacks stay, because
    /// an update leaves out large columns that did not change. Returns whether anything changed.
    pub fn merge(&mut self, newer: &Self) -> bool {
        let mut row = RowWriter::default();
        for (index, name) in self.header().names().iter().enumerate() {
            row.push_kept(newer.kept_under(name).unwrap_or_else(|| self.kept(index)));
        }
        let mut header = self.header().clone();
        if !self.covers(newer) {
            let mut names = self.header().names().to_vec();
            for (index, name) in newer.header().names().iter().enumerate() {
                if self.header().index_of(name).is_none() {
                    names.push(name.clone());
                    row.push_kept(newer.kept(index));
                }
            }
            // Neither list repeats a name, and a name in both is taken once, so the header is valid.
            header = Arc::new(Header::new(names).unwrap_or_default());
        }
        let merged = row.finish(&header);
        let changed = merged != *self;
        *self = merged;
        changed
    }

    /// The row with these columns only.
    #[must_use]
    pub fn only(&self, is_kept: impl Fn(&str) -> bool) -> Self {
        let mut row = RowWriter::default();
        let mut names = Vec::new();
        for (index, name) in self.header().names().iter().enumerate() {
            if is_kept(name) {
                names.push(name.clone());
                row.push_kept(self.kept(index));
            }
        }
        // The names of a header are different, and so are some of them.
        let header = Header::new(names).unwrap_or_default();
        row.finish(&Arc::new(header))
    }

    /// Whether this record has every column that `other` has.
    #[inline]
    pub fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.header(), other.header())
            || other
                .header()
                .names()
                .iter()
                .all(|name| self.header().index_of(name).is_some())
    }

    /// Columns and cells, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Column, Cell<'_>)> {
        self.header()
            .sorted()
            .map(|(name, index)| (name, Cell::of_kept(self.kept(index))))
    }

    /// The column names.
    pub fn header(&self) -> &Arc<Header> {
        &self.row.header.header
    }

    /// The same row with an equal header, which other rows share.
    pub(super) fn under(self, header: Arc<Header>) -> Self {
        debug_assert_eq!(*self.header(), header, "a header may only be replaced by an equal one");
        let head = Head {
            header,
            ..self.row.header.clone()
        };
        Self {
            row: triomphe::Arc::from_header_and_str(head, &self.row.slice),
        }
    }

    /// Whether the other record is a clone of this one.
    pub fn is_same(&self, other: &Self) -> bool {
        triomphe::Arc::ptr_eq(&self.row, &other.row)
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.header().len()
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.header().is_empty()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(self.header(), other.header()) {
            let (row, others) = (&self.row.header, &other.row.header);
            let is_same_text = self.row.slice == other.row.slice && row.ends == others.ends;
            if is_same_text || !row.nested || !others.nested {
                return is_same_text;
            }
            return (0..self.len()).all(|index| is_same(self.kept(index), other.kept(index)));
        }
        self.len() == other.len()
            && (self.header().names().iter().enumerate()).all(|(index, name)| {
                other
                    .kept_under(name)
                    .is_some_and(|kept| is_same(self.kept(index), kept))
            })
    }
}

/// Whether two stored cells mean the same.
#[inline]
pub(super) fn is_same(a: &str, b: &str) -> bool {
    a == b || (is_nested(a) && is_nested(b) && Cell::of_kept(a) == Cell::of_kept(b))
}

fn is_nested(kept: &str) -> bool {
    matches!(kept.as_bytes().first(), Some(b'{' | b'['))
}

/// Builds a row cell by cell. Its buffers are reused from row to row.
#[derive(Debug, Default)]
pub(super) struct RowWriter {
    text: String,
    ends: Vec<u32>,
    nested: bool,
}

/// Largest buffer that is kept for the next row.
const MAX_IDLE_BYTES: usize = 256 * 1024;

impl RowWriter {
    /// Drops the row in progress. Memory is kept for the next one, up to a bound.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.nested = false;
        self.text.shrink_to(MAX_IDLE_BYTES);
    }

    fn end_cell(&mut self) {
        // Messages and pages are much smaller than 4 GiB.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Appends the value that comes next in the text.
    #[inline]
    pub(crate) fn take(&mut self, scan: &mut Scan<'_>) -> Option<()> {
        if scan.peek() == Some(b'"') {
            let quoted = scan.string()?;
            self.push_quoted(quoted);
            return Some(());
        }
        let value = scan.value()?;
        match value.as_bytes().first() {
            Some(b'{' | b'[') => {
                self.nested = true;
                self.text.push_str(value);
            }
            Some(b'-' | b'0'..=b'9') if value.bytes().any(|byte| matches!(byte, b'e' | b'E')) => {
                self.push_exponent(value);
            }
            _ => self.text.push_str(value),
        }
        self.end_cell();
        Some(())
    }

    fn push_quoted(&mut self, quoted: Quoted<'_>) {
        if quoted.escaped {
            self.text.push('"');
            quoted.unescape_into(&mut self.text);
        } else {
            self.text.push_str(quoted.opened);
        }
        self.end_cell();
    }

    /// Writes an exponent in one form: PostgreSQL and PostgREST write it differently.
    fn push_exponent(&mut self, number: &str) {
        let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        self.text.push_str(digits);
        self.text.push('e');
        if !exponent.starts_with(['+', '-']) {
            self.text.push('+');
        }
        self.text.push_str(exponent);
    }

    fn push_text(&mut self, text: &str) {
        self.text.push('"');
        self.text.push_str(text);
        self.end_cell();
    }

    fn push_kept(&mut self, kept: &str) {
        self.nested |= is_nested(kept);
        self.text.push_str(kept);
        self.end_cell();
    }

    /// The finished row. There must be a cell for each name.
    #[inline]
    pub(crate) fn finish(&mut self, header: &Arc<Header>) -> Record {
        debug_assert_eq!(self.ends.len(), header.len(), "each name needs a cell");
        let head = Head {
            header: header.clone(),
            ends: Ends::of(&self.ends),
            nested: self.nested,
        };
        let row = triomphe::Arc::from_header_and_str(head, &self.text);
        if self.text.capacity() > MAX_IDLE_BYTES {
            self.clear();
        }
        Record { row }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (column, cell) in self.iter() {
            map.serialize_entry(&**column, &cell)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json(raw.get()).ok_or_else(|| D::Error::custom("a row must be a valid JSON object"))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Record {
        serde_json::from_str(text).expect("a record")
    }

    #[test]
    fn a_merge_keeps_missing_columns_and_takes_nulls() {
        let mut row = record(r#"{"id":1,"big":"text","note":"x"}"#);
        assert!(row.merge(&record(r#"{"id":1,"note":null}"#)));
        assert_eq!(row, record(r#"{"note":null,"big":"text","id":1}"#));
        assert!(!row.merge(&record(r#"{"id":1}"#)), "nothing changed");
        assert!(row.merge(&record(r#"{"new":1,"id":1}"#)));
        assert_eq!(row, record(r#"{"note":null,"big":"text","id":1,"new":1}"#));
    }

    #[test]
    fn the_last_of_a_repeated_column_counts() {
        assert_eq!(record(r#"{"b":1,"a":1,"b":2}"#), record(r#"{"a":1,"b":2}"#));
        assert_eq!(record(r#"{"b":1,"\u0062":2}"#), record(r#"{"b":2}"#));
    }

    #[test]
    fn numbers_keep_every_digit() {
        let text = r#"{"id":9223372036854775807,"n":12345678901234567890.1234567890}"#;
        assert_eq!(serde_json::to_string(&record(text)).expect("text"), text);
        assert_eq!(record(r#"{"f":1E5}"#), record(r#"{"f":1e+5}"#));
    }

    #[test]
    fn objects_are_compared_without_regard_to_order_also_after_a_merge() {
        let (mut one, other) = (
            record(r#"{"a":1,"j":{"x":1,"y":[2]}}"#),
            record(r#"{"a":1,"j":{"y": [2], "x": 1}}"#),
        );
        assert_eq!(one, other);
        assert!(!one.merge(&record(r#"{"a":1}"#)));
        assert_eq!(one, other);
        one.set_text("a", "1");
        assert_ne!(one, other);
        assert_ne!(record(r#"{"a":1,"j":{"x":2}}"#), record(r#"{"a":1,"j":{"x":1}}"#));
    }

    #[test]
    fn long_rows_and_rows_of_many_columns_are_read() {
        let long = format!(r#"{{"a":"{}","b":"end"}}"#, "x".repeat(70_000));
        assert_eq!(record(&long).get("b"), Some(Cell::Text("end".into())));
        let wide: Vec<String> = (0..200).map(|at| format!("\"c{at:03}\":{at}")).collect();
        let wide = format!("{{{}}}", wide.join(","));
        assert_eq!(record(&wide).get("c123"), Some(Cell::Number("123")));
        assert_eq!(serde_json::to_string(&record(&wide)).expect("text"), wide);
    }

    #[test]
    fn texts_are_unescaped_and_survive_a_round_trip() {
        let text = r#"{"a":"\"q\" \\ \u00e9 \ud83d\ude00 \n","b":["\u0000",{"k\"":1}],"c":true,"d":null}"#;
        let row = record(text);
        assert_eq!(row.get("a"), Some(Cell::Text("\"q\" \\ é 😀 \n".into())));
        assert_eq!(record(&serde_json::to_string(&row).expect("text")), row);
        let mut other = row.clone();
        other.set_text("a", "new");
        assert_eq!(
            (other.get("a"), other.get("c")),
            (Some(Cell::Text("new".into())), Some(Cell::Bool(true)))
        );
        assert_ne!(row, other);
    }
}
