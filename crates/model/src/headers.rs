//! Reads rows from JSON and shares equal headers between them. In the usual case, finding a row's header takes one
//! comparison for each column.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Column, Header, Record, json::Scan, record::RowWriter};

/// Most headers kept. A table has one for the stream, one for REST, and one for each set of large columns that updates
/// leave out. Rows beyond that are hostile; each gets a header of its own.
const MAX_HEADERS: usize = 256;
/// Most names kept: three tables of 1,600 columns, which is PostgreSQL's limit.
const MAX_NAMES: usize = 4_800;
/// Longest name kept: four times PostgreSQL's limit. Headers with a longer name are not kept.
const MAX_NAME_BYTES: usize = 256;
/// Most columns of all kept headers together.
const MAX_COLUMNS: usize = 32_768;

/// The headers seen so far. Rows read by it share them.
#[derive(Debug, Default)]
pub struct Headers {
    known: Vec<Arc<Header>>,
    /// Index of the header of the previous row.
    last: usize,
    names: HashSet<Column>,
    columns: usize,
    row: RowWriter,
}

impl Headers {
    /// Reads the object that comes next as a row; `None` when it is not a valid one. Of a repeated column the last one counts.
    pub fn read(&mut self, scan: &mut Scan<'_>) -> Option<Record> {
        let start = scan.clone();
        if let Some(record) = self.read_as_last(scan) {
            return Some(record);
        }
        *scan = start.clone();
        if let Some(record) = self.read_known(scan) {
            return Some(record);
        }
        *scan = start;
        let record = self.read_new(scan);
        if record.is_none() {
            // The cells read before the error are not kept.
            self.row.clear();
        }
        record
    }

    /// The index of the previous row's header, for [`Self::expect`].
    pub fn last(&self) -> usize {
        self.last
    }

    /// Hints that the next row has the header of this index, as the last row of the same table had.
    pub fn expect(&mut self, index: usize) {
        self.last = index;
    }

    /// Reads the row with the header of the previous one, which fits most rows of a stream.
    fn read_as_last(&mut self, scan: &mut Scan<'_>) -> Option<Record> {
        let header = self.known.get(self.last).filter(|header| header.is_plain())?;
        self.row.clear();
        let mut before = b'{';
        for name in header.names() {
            scan.byte(before)?;
            scan.space();
            scan.key(name)?;
            scan.space();
            self.row.take(scan)?;
            scan.space();
            before = b',';
        }
        // A header without names has not even read the opening brace.
        if before == b'{' {
            return None;
        }
        scan.byte(b'}')?;
        Some(self.row.finish(header))
    }

    /// Reads the row with a known header; `None` if there is none, or if the row is not valid.
    fn read_known(&mut self, scan: &mut Scan<'_>) -> Option<Record> {
        let Self { known, last, row, .. } = self;
        row.clear();
        let (mut at, mut place) = (*last, 0);
        let mut header = known.get(at)?;
        scan.object(|key, scan| {
            // Names are compared as they are written, so an escaped one is left to `read_new`.
            if key.escaped {
                return None;
            }
            if header.names().get(place).is_none_or(|name| **name != *key.inner) {
                let before = header.names().get(..place)?;
                at = known.iter().position(|other| {
                    other.names().get(place).is_some_and(|name| **name == *key.inner)
                        && other.names().get(..place) == Some(before)
                })?;
                header = known.get(at)?;
            }
            place += 1;
            row.take(scan)
        })?;
        if header.len() != place {
            let before = header.names().get(..place)?;
            at = known.iter().position(|other| other.names() == before)?;
            header = known.get(at)?;
        }
        *last = at;
        Some(row.finish(header))
    }

    /// Reads the row with a header that may be new.
    fn read_new(&mut self, scan: &mut Scan<'_>) -> Option<Record> {
        let mut cells: Vec<(Cow<'_, str>, &str)> = Vec::new();
        scan.object(|key, scan| {
            cells.push((key.text(), scan.value()?));
            Some(())
        })?;
        let mut last = HashMap::with_capacity(cells.len());
        for (at, (name, _)) in cells.iter().enumerate() {
            last.insert(&**name, at);
        }
        self.row.clear();
        let mut names = Vec::with_capacity(last.len());
        for (at, (name, value)) in cells.iter().enumerate() {
            if last.get(&**name) == Some(&at) {
                names.push(self.name(name));
                self.row.take(&mut Scan::new(value))?;
            }
        }
        let header = Header::new(names)?;
        let header = self.keep(Arc::new(header));
        Some(self.row.finish(&header))
    }

    /// The same row, with an equal header that other rows share.
    pub fn share(&mut self, record: Record) -> Record {
        if let Some(last) = self.known.get(self.last)
            && Arc::ptr_eq(last, record.header())
        {
            return record;
        }
        let header = match self.known.iter().find(|known| *known == record.header()) {
            Some(known) => known.clone(),
            None => {
                let names = record.header().names().to_vec();
                let names = names.iter().map(|name| self.name(name)).collect();
                match Header::new(names) {
                    Some(header) => self.keep(Arc::new(header)),
                    None => return record,
                }
            }
        };
        record.under(header)
    }

    /// The shared copy of a name.
    fn name(&mut self, text: &str) -> Column {
        if let Some(name) = self.names.get(text) {
            return name.clone();
        }
        let name: Column = text.into();
        if self.names.len() < MAX_NAMES && text.len() <= MAX_NAME_BYTES {
            self.names.insert(name.clone());
        }
        name
    }

    /// Keeps the header, or returns the equal one that is already kept.
    fn keep(&mut self, header: Arc<Header>) -> Arc<Header> {
        if let Some(at) = self.known.iter().position(|known| *known == header) {
            self.last = at;
            return self.known.get(at).cloned().unwrap_or(header);
        }
        let has_room = self.known.len() < MAX_HEADERS && self.columns + header.len() <= MAX_COLUMNS;
        if has_room && header.names().iter().all(|name| name.len() <= MAX_NAME_BYTES) {
            self.columns += header.len();
            self.last = self.known.len();
            self.known.push(header.clone());
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &mut Headers, text: &str) -> Record {
        headers.read(&mut Scan::new(text)).expect(text)
    }

    #[test]
    fn no_memory_is_kept_of_a_large_row_whether_it_is_valid_or_not() {
        let large = "x".repeat(1 << 20);
        for text in [
            format!(r#"{{"id":1,"t":"{large}"}}"#),
            format!(r#"{{"id":1,"t":"{large}","#),
        ] {
            let headers = &mut Headers::default();
            read(headers, r#"{"id":1,"t":"small"}"#);
            let _ = headers.read(&mut Scan::new(&text));
            let held = format!("{headers:?}").len();
            assert!(held < 10_000, "{held} bytes held");
        }
    }

    #[test]
    fn rows_of_a_table_share_their_header_even_if_other_tables_come_between() {
        let headers = &mut Headers::default();
        let task = read(headers, r#"{"id":1,"title":"a"}"#);
        let agent = read(headers, r#"{"id":1,"name":"a","role":2}"#);
        for _ in 0..3 {
            assert!(Arc::ptr_eq(
                read(headers, r#"{"id": 2, "title": null}"#).header(),
                task.header()
            ));
            assert!(Arc::ptr_eq(
                read(headers, r#"{"id":2,"name":"b","role":[]}"#).header(),
                agent.header()
            ));
            let less = read(headers, r#"{"id":2}"#);
            assert_eq!((less.len(), less.get("title")), (1, None));
        }
        assert_eq!(headers.known.len(), 3);
        let page: Record = serde_json::from_str(r#"{"title":"t","id":3}"#).expect("a row");
        let shared = headers.share(page);
        assert!(Arc::ptr_eq(
            read(headers, r#"{"title":"t","id":3}"#).header(),
            shared.header()
        ));
        assert_eq!(read(headers, "{}").len(), 0);
    }

    #[test]
    fn a_name_longer_than_postgresql_allows_is_read_but_not_kept() {
        let headers = &mut Headers::default();
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        let text = format!(r#"{{"id":1,"{long}":2}}"#);
        for _ in 0..2 {
            assert!(read(headers, &text).get(&long).is_some());
        }
        let page: Record = serde_json::from_str(&text).expect("a row");
        headers.share(page);
        assert!(headers.known.is_empty() && !headers.names.contains(&*long));
    }

    #[test]
    fn escaped_and_repeated_names_are_resolved() {
        let headers = &mut Headers::default();
        let plain = read(headers, r#"{"a":1,"b":2}"#);
        assert_eq!(read(headers, r#"{"\u0061":1,"b":2}"#), plain);
        assert_eq!(read(headers, r#"{"a":7,"b":2,"a":1}"#), plain);
        assert_eq!(read(headers, r#"{"a":7,"a":1,"b":2}"#), plain);
        for broken in [
            r#"{"a":1,"b":2"#,
            r#"{"a":1,"b":2,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":01}"#,
            "[]",
            "null",
            "",
        ] {
            assert_eq!(headers.read(&mut Scan::new(broken)), None, "{broken}");
        }
    }

    #[test]
    fn the_number_of_kept_names_and_headers_is_bounded() {
        let headers = &mut Headers::default();
        for number in 0..10_000 {
            let text = format!(r#"{{"id":1,"c{number}":{number}}}"#);
            let record = read(headers, &text);
            assert_eq!(serde_json::to_string(&record).expect("text").len(), text.len());
        }
        assert_eq!((headers.known.len(), headers.names.len()), (MAX_HEADERS, MAX_NAMES));
        let wide: Vec<String> = (0..MAX_COLUMNS).map(|at| format!("\"w{at}\":0")).collect();
        read(headers, &format!("{{{}}}", wide.join(",")));
        assert!(headers.columns <= MAX_COLUMNS);
    }
}
