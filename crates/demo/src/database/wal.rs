//! Messages of `pgoutput`, PostgreSQL's own output of committed changes, in version 1 of its protocol.

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// A transaction begins; all of it was committed at this time.
    Begin {
        /// Microseconds since the Unix epoch.
        committed: i64,
    },
    /// A table, before its first change.
    Relation(Table),
    /// A row is new.
    Insert { oid: u32, new: Tuple<'a> },
    /// A row is changed. `old` is present if the key has changed, or with the identity `full`.
    Update {
        oid: u32,
        old: Option<Tuple<'a>>,
        new: Tuple<'a>,
    },
    /// A row is gone. Of `old` only the columns of the identity have values.
    Delete { oid: u32, old: Tuple<'a> },
    /// Anything else, such as the end of a transaction.
    Other,
}

/// The values of a row in the order of the table's columns.
pub(super) type Tuple<'a> = Vec<Datum<'a>>;

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datum<'a> {
    Null,
    /// It is stored outside the row and has not changed, so that the log does not contain it.
    Unchanged,
    /// As the type's output function writes it.
    Text(&'a str),
}

/// A table as the log describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    /// Its identity is `full`: changes carry the whole old row.
    pub(super) is_full: bool,
    pub(super) columns: Vec<Column>,
}

/// A column as the log describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) type_oid: u32,
    pub(super) type_modifier: i32,
}

/// From the Unix epoch to that of PostgreSQL, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// Reads a message; `None` when it is not one.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let mut rest = Bytes(bytes);
    Some(match rest.byte()? {
        b'B' => {
            let _lsn = rest.long()?;
            let committed = rest.long()?.checked_add(EPOCH)?;
            Message::Begin { committed }
        }
        b'R' => Message::Relation(rest.table()?),
        b'I' => Message::Insert {
            oid: rest.oid()?,
            new: rest.marked(b"N")?.1,
        },
        b'U' => {
            let oid = rest.oid()?;
            let (mark, first) = rest.marked(b"KON")?;
            match mark {
                b'N' => Message::Update {
                    oid,
                    old: None,
                    new: first,
                },
                _ => Message::Update {
                    oid,
                    old: Some(first),
                    new: rest.marked(b"N")?.1,
                },
            }
        }
        b'D' => Message::Delete {
            oid: rest.oid()?,
            old: rest.marked(b"KO")?.1,
        },
        _ => Message::Other,
    })
}

/// The part of a message that is not read yet.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(i16::from_be_bytes(self.take()?)).ok()
    }

    fn oid(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn long(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }

    /// A text that ends with a zero.
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }

    fn table(&mut self) -> Option<Table> {
        let oid = self.oid()?;
        let (schema, name) = (self.text()?, self.text()?);
        let is_full = self.byte()? == b'f';
        let count = self.count()?;
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let _is_in_identity = self.byte()?;
            columns.push(Column {
                name: self.text()?,
                type_oid: self.oid()?,
                type_modifier: i32::from_be_bytes(self.take()?),
            });
        }
        Some(Table {
            oid,
            schema,
            name,
            is_full,
            columns,
        })
    }

    /// A row behind one of these marks.
    fn marked(&mut self, marks: &[u8]) -> Option<(u8, Tuple<'a>)> {
        let mark = self.byte().filter(|mark| marks.contains(mark))?;
        let count = self.count()?;
        let mut tuple = Vec::with_capacity(count);
        for _ in 0..count {
            tuple.push(match self.byte()? {
                b'n' => Datum::Null,
                b'u' => Datum::Unchanged,
                b't' => {
                    let length = usize::try_from(i32::from_be_bytes(self.take()?)).ok()?;
                    let (text, rest) = self.0.split_at_checked(length)?;
                    self.0 = rest;
                    Datum::Text(std::str::from_utf8(text).ok()?)
                }
                _ => return None,
            });
        }
        Some((mark, tuple))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_postgresql_documents_them() {
        let update = b"U\0\0\0\x07K\0\x02t\0\0\0\x01an\
                       N\0\x02t\0\0\0\x02bcu";
        assert_eq!(
            read(update),
            Some(Message::Update {
                oid: 7,
                old: Some(vec![Datum::Text("a"), Datum::Null]),
                new: vec![Datum::Text("bc"), Datum::Unchanged],
            })
        );
        let table = b"R\0\0\0\x07public\0tasks\0d\0\x01\x01id\0\0\0\0\x17\xff\xff\xff\xff";
        let Some(Message::Relation(table)) = read(table) else {
            panic!("no table");
        };
        assert_eq!(
            (table.name.as_str(), table.is_full, table.columns.len()),
            ("tasks", false, 1)
        );
        assert_eq!(table.columns[0].type_oid, 23);
        let begin = [&b"B"[..], &1_i64.to_be_bytes(), &0_i64.to_be_bytes(), &[0; 4]].concat();
        assert_eq!(read(&begin), Some(Message::Begin { committed: EPOCH }));
    }

    #[test]
    fn a_message_that_ends_early_is_none() {
        let whole = b"I\0\0\0\x07N\0\x01t\0\0\0\x03abc";
        assert!(read(whole).is_some());
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(b"I\0\0\0\x07N\0\x01t\xff\xff\xff\xffabc"), None);
    }
}
