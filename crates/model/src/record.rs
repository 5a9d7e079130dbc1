//! A row's columns, as the database gave them: one text for all cells, and where each of them ends.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use serde::{
    de::{Deserialize, Deserializer, Error as _},
    ser::{Serialize, SerializeMap as _, Serializer},
};
use serde_json::value::RawValue;

use super::{
    Cell, Column, Header, Headers,
    json::{Quoted, Scan},
};

/// Rows of so many columns keep the ends of their cells without an allocation of their own.
const NEAR: usize = 20;

static EMPTY: LazyLock<Arc<Header>> = LazyLock::new(Arc::default);

/// The columns of one row. Numbers keep every digit. Two are equal when their cells mean the same.
#[derive(Clone)]
pub struct Record {
    header: Arc<Header>,
    ends: Ends,
    /// The cells as [`Cell::of_kept`] reads them, one behind the other in the order of the header.
    text: Box<str>,
    /// A cell is an object or an array, which can be written in several ways.
    nested: bool,
}

/// Where cells end in the text.
#[derive(Clone, PartialEq)]
enum Ends {
    Near([u16; NEAR]),
    Far(Box<[u32]>),
}

impl Ends {
    fn of(ends: &[u32]) -> Self {
        let mut near = [0; NEAR];
        if ends.len() > NEAR || ends.last().is_some_and(|last| *last > u32::from(u16::MAX)) {
            return Self::Far(ends.into());
        }
        for (near, end) in near.iter_mut().zip(ends) {
            *near = *end as u16;
        }
        Self::Near(near)
    }

    #[inline]
    fn at(&self, place: usize) -> usize {
        match self {
            Self::Near(ends) => ends.get(place).map_or(0, |end| usize::from(*end)),
            Self::Far(ends) => ends.get(place).map_or(0, |end| *end as usize),
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        Self {
            header: EMPTY.clone(),
            ends: Ends::Near([0; NEAR]),
            text: Box::default(),
            nested: false,
        }
    }
}

impl Record {
    /// The row that this text is: an object. `None` when it is none or not valid.
    pub fn from_json(text: &str) -> Option<Self> {
        let mut scan = Scan::new(text);
        scan.space();
        let record = Headers::default().read(&mut scan)?;
        scan.space();
        scan.is_at_end().then_some(record)
    }

    /// The value of a column; `None` when the row does not have it (which is not the same as a null).
    #[inline]
    pub fn get(&self, column: &str) -> Option<Cell<'_>> {
        Some(Cell::of_kept(self.kept(self.header.place_of(column)?)))
    }

    /// A cell's text as it is kept.
    #[inline]
    fn kept(&self, place: usize) -> &str {
        let start = place.checked_sub(1).map_or(0, |before| self.ends.at(before));
        self.text.get(start..self.ends.at(place)).unwrap_or_default()
    }

    fn kept_under(&self, column: &str) -> Option<&str> {
        Some(self.kept(self.header.place_of(column)?))
    }

    /// Puts another text into a column that it has.
    pub fn set_text(&mut self, column: &str, text: &str) {
        let Some(at) = self.header.place_of(column) else {
            return;
        };
        let mut row = RowWriter::default();
        for place in 0..self.len() {
            if place == at {
                row.push_text(text);
            } else {
                row.push_kept(self.kept(place));
            }
        }
        *self = row.finish(&self.header);
    }

    /// Lays `newer` over this record: its columns win, columns it lacks stay (an unchanged large column is absent
    /// from an update). Says whether anything changed.
    pub fn merge(&mut self, newer: &Self) -> bool {
        let mut row = RowWriter::default();
        for (place, name) in self.header.names().iter().enumerate() {
            row.push_kept(newer.kept_under(name).unwrap_or_else(|| self.kept(place)));
        }
        let mut header = self.header.clone();
        if !self.covers(newer) {
            let mut names = self.header.names().to_vec();
            for (place, name) in newer.header.names().iter().enumerate() {
                if self.header.place_of(name).is_none() {
                    names.push(name.clone());
                    row.push_kept(newer.kept(place));
                }
            }
            // Two lists without a name twice, and what is in both taken once.
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
        for (place, name) in self.header.names().iter().enumerate() {
            if is_kept(name) {
                names.push(name.clone());
                row.push_kept(self.kept(place));
            }
        }
        // The names of a header are different, and so are some of them.
        let header = Header::new(names).unwrap_or_default();
        row.finish(&Arc::new(header))
    }

    /// Whether it has every column that `other` has.
    #[inline]
    pub fn covers(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.header, &other.header)
            || other
                .header
                .names()
                .iter()
                .all(|name| self.header.place_of(name).is_some())
    }

    /// Columns and cells, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Column, Cell<'_>)> {
        self.header
            .sorted()
            .map(|(name, place)| (name, Cell::of_kept(self.kept(place))))
    }

    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The same row with an equal header that others have too.
    pub(super) fn under(mut self, header: Arc<Header>) -> Self {
        debug_assert_eq!(self.header, header, "a header may only be replaced by its equal");
        self.header = header;
        self
    }

    pub fn len(&self) -> usize {
        self.header.len()
    }

    pub fn is_empty(&self) -> bool {
        self.header.is_empty()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.header, &other.header) {
            let is_written_alike = self.text == other.text && self.ends == other.ends;
            if is_written_alike || !self.nested || !other.nested {
                return is_written_alike;
            }
            return (0..self.len()).all(|place| is_same(self.kept(place), other.kept(place)));
        }
        self.len() == other.len()
            && (self.header.names().iter().enumerate()).all(|(place, name)| {
                other
                    .kept_under(name)
                    .is_some_and(|kept| is_same(self.kept(place), kept))
            })
    }
}

/// Two cells as they are kept mean the same.
#[inline]
fn is_same(a: &str, b: &str) -> bool {
    a == b || (is_nested(a) && is_nested(b) && Cell::of_kept(a) == Cell::of_kept(b))
}

fn is_nested(kept: &str) -> bool {
    matches!(kept.as_bytes().first(), Some(b'{' | b'['))
}

/// Puts a row together, cell by cell; used again and again, it allocates nothing.
#[derive(Debug, Default)]
pub(super) struct RowWriter {
    text: String,
    ends: Vec<u32>,
    nested: bool,
}

/// Room that is kept for the next row.
const MAX_IDLE_BYTES: usize = 256 * 1024;

impl RowWriter {
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.nested = false;
        self.text.shrink_to(MAX_IDLE_BYTES);
    }

    fn end_cell(&mut self) {
        // Messages and pages are far smaller than 4 GiB.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Takes the value that comes next.
    #[inline]
    pub fn take(&mut self, scan: &mut Scan<'_>) -> Option<()> {
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

    /// PostgreSQL and PostgREST may write an exponent in different ways.
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

    /// The row. There must be a cell for each name.
    #[inline]
    pub fn finish(&mut self, header: &Arc<Header>) -> Record {
        debug_assert_eq!(self.ends.len(), header.len(), "a cell for each name");
        Record {
            header: header.clone(),
            ends: Ends::of(&self.ends),
            text: self.text.as_str().into(),
            nested: self.nested,
        }
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
        Self::from_json(raw.get()).ok_or_else(|| D::Error::custom("a row is an object"))
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
    fn a_missing_column_is_kept_and_a_null_is_a_value() {
        let mut row = record(r#"{"id":1,"big":"text","note":"x"}"#);
        assert!(row.merge(&record(r#"{"id":1,"note":null}"#)));
        assert_eq!(row, record(r#"{"note":null,"big":"text","id":1}"#));
        assert!(!row.merge(&record(r#"{"id":1}"#)), "nothing changed");
        assert!(row.merge(&record(r#"{"new":1,"id":1}"#)));
        assert_eq!(row, record(r#"{"note":null,"big":"text","id":1,"new":1}"#));
    }

    #[test]
    fn of_a_column_given_twice_the_last_one_counts() {
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
    fn an_object_is_the_same_in_any_order_also_after_a_cell_was_laid_over_or_set() {
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
    fn long_rows_and_rows_of_many_columns_are_rows_like_others() {
        let long = format!(r#"{{"a":"{}","b":"end"}}"#, "x".repeat(70_000));
        assert_eq!(record(&long).get("b"), Some(Cell::Text("end".into())));
        let wide: Vec<String> = (0..200).map(|at| format!("\"c{at:03}\":{at}")).collect();
        let wide = format!("{{{}}}", wide.join(","));
        assert_eq!(record(&wide).get("c123"), Some(Cell::Number("123")));
        assert_eq!(serde_json::to_string(&record(&wide)).expect("text"), wide);
    }

    #[test]
    fn texts_are_what_is_meant_and_are_written_so_that_they_can_be_read_again() {
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
