//! Reads a whole frame in one pass, when it is written exactly as the server writes it. For anything else the result is
//! `None`, and the careful reader decides what it is.

use std::borrow::Cow;

use super::{ChangeType, Ids, RowEvent};
use crate::{names::Names, timestamp};
use model::{Object, Record, Scan};

/// Column lists kept: one per table, and a few more while tables are altered.
const MAX_LISTS: usize = 8;
/// Longest list kept, in bytes: enough for PostgreSQL's limit of 1,600 columns with names of 63 bytes.
const MAX_LIST_BYTES: usize = 256 * 1024;
/// The keys of a change in the server's order; a change has one of the records or both.
const IN_ORDER: [&str; 8] = [
    "columns",
    "commit_timestamp",
    "errors",
    "old_record",
    "record",
    "schema",
    "table",
    "type",
];
/// Any number of this many digits fits into an `i64`.
const MAX_ID_DIGITS: usize = 18;

/// Valid lists of columns that came with earlier changes: an equal one is not parsed again.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    known: Vec<Known>,
    last: usize,
    next: usize,
    /// Lists kept so far; numbers them.
    count: u64,
}

#[derive(Debug)]
struct Known {
    text: Box<str>,
    number: u64,
    /// The header of the last row that came with it.
    header: usize,
}

impl Lists {
    /// Skips the list that comes next and returns it, with the number of an equal list that is kept.
    fn pass<'a>(&mut self, scan: &mut Scan<'a>) -> Option<(&'a str, Option<u64>)> {
        let rest = scan.rest();
        let is_next = |list: &Known| rest.as_bytes().starts_with(list.text.as_bytes());
        // A list has an end of its own, so a text that begins with a known list contains all of it.
        let at = match self.known.get(self.last) {
            Some(list) if is_next(list) => Some(self.last),
            _ => self.known.iter().position(is_next),
        };
        if let Some(at) = at {
            self.last = at;
            let known = self.known.get(at)?;
            let list = rest.get(..known.text.len())?;
            scan.skip(list.len());
            return Some((list, Some(known.number)));
        }
        let list = scan.value()?;
        if !list.starts_with('[') {
            return None;
        }
        if list.len() > MAX_LIST_BYTES {
            return Some((list, None));
        }
        self.count += 1;
        let known = Known {
            text: list.into(),
            number: self.count,
            header: 0,
        };
        self.last = self.next;
        if let Some(oldest) = self.known.get_mut(self.next) {
            *oldest = known;
        } else {
            self.known.push(known);
        }
        self.next = (self.next + 1) % MAX_LISTS;
        Some((list, Some(self.count)))
    }
}

/// The change in a frame of serializer 2.0.0 on this topic, and the length of its payload.
pub(crate) fn read<'a>(text: &'a str, topic: &str, names: &mut Names) -> Option<(RowEvent<'a>, usize)> {
    let mut scan = Scan::new(text);
    // The topic needs no quoting: the session made it.
    scan.literal("[null,null,\"")?;
    scan.literal(topic)?;
    scan.literal("\",\"postgres_changes\",")?;
    let payload = scan.rest().len();
    let (mut ids, mut data) = (None, None);
    scan.object(|key, scan| match key.inner {
        "data" if data.is_none() => {
            data = Some(Data::read(scan, names)?);
            Some(())
        }
        "ids" if ids.is_none() => {
            ids = Some(ids_of(scan)?);
            Some(())
        }
        _ => None,
    })?;
    let payload = payload - scan.rest().len();
    scan.byte(b']')?;
    if !scan.is_at_end() {
        return None;
    }
    let data = data?;
    let event = RowEvent {
        ids: ids?,
        schema: Cow::Borrowed(data.schema?),
        table: Cow::Borrowed(data.table?),
        change: data.change?,
        committed_ms: data.committed_ms.unwrap_or_default(),
        columns: data.columns.map(|(list, _)| list),
        list: data.columns.and_then(|(_, number)| number),
        record: data.record,
        old_record: data.old_record,
        error: None,
    };
    Some((event, payload))
}

/// The object under `data`.
#[derive(Default)]
struct Data<'a> {
    schema: Option<&'a str>,
    table: Option<&'a str>,
    change: Option<ChangeType>,
    committed_ms: Option<Option<i64>>,
    columns: Option<(&'a str, Option<u64>)>,
    record: Option<Record>,
    old_record: Option<Object<'a>>,
    has_errors: bool,
}

impl<'a> Data<'a> {
    fn read(scan: &mut Scan<'a>, names: &mut Names) -> Option<Self> {
        let start = scan.clone();
        if let Some(data) = Self::read_in_order(scan, names) {
            return Some(data);
        }
        *scan = start;
        let mut data = Self::default();
        scan.object(|key, scan| data.take(key.inner, scan, names))?;
        Some(data)
    }

    /// Reads the keys in the order in which the server writes them, without space between them.
    fn read_in_order(scan: &mut Scan<'a>, names: &mut Names) -> Option<Self> {
        let mut data = Self::default();
        let mut before = b'{';
        for key in IN_ORDER {
            let mut next = scan.clone();
            if next.byte(before).and_then(|()| next.key(key)).is_some() {
                *scan = next;
                before = b',';
                data.take(key, scan, names)?;
            } else if !matches!(key, "old_record" | "record") {
                return None;
            }
        }
        scan.byte(b'}')?;
        Some(data)
    }

    /// Takes the value of `key`; `None` when it is unusual, such as a key given twice.
    fn take(&mut self, key: &str, scan: &mut Scan<'a>, names: &mut Names) -> Option<()> {
        match key {
            "columns" if self.columns.is_none() => self.columns = Some(names.lists.pass(scan)?),
            "commit_timestamp" if self.committed_ms.is_none() => {
                self.committed_ms = Some(timestamp::parse_ms(plain(scan)?));
            }
            "errors" if !self.has_errors => {
                scan.literal("null")?;
                self.has_errors = true;
            }
            "record" if self.record.is_none() => {
                // Rows of one table have the same columns, and the list before identifies the table.
                let known = self.columns.and_then(|_| names.lists.known.get_mut(names.lists.last));
                if let Some(known) = &known {
                    names.headers.expect(known.header);
                }
                self.record = Some(names.headers.read(scan)?);
                if let Some(known) = known {
                    known.header = names.headers.last();
                }
            }
            "old_record" if self.old_record.is_none() => self.old_record = Some(Object::take(scan)?),
            "schema" if self.schema.is_none() => self.schema = Some(plain(scan)?),
            "table" if self.table.is_none() => self.table = Some(plain(scan)?),
            "type" if self.change.is_none() => {
                self.change = Some(match plain(scan)? {
                    "UPDATE" => ChangeType::Update,
                    "INSERT" => ChangeType::Insert,
                    "DELETE" => ChangeType::Delete,
                    _ => return None,
                });
            }
            _ => return None,
        }
        Some(())
    }
}

/// A string without escapes.
fn plain<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    let quoted = scan.string()?;
    (!quoted.escaped).then_some(quoted.inner)
}

/// Plain integers, at least one.
fn ids_of(scan: &mut Scan<'_>) -> Option<Ids> {
    let mut ids = Ids::default();
    scan.array(|scan| {
        let digits = scan.number()?;
        if digits.len() > MAX_ID_DIGITS {
            return None;
        }
        ids.add(digits.parse().ok()?);
        Some(())
    })?;
    (!ids.is_empty()).then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Vsn, change::careful, decode_text};

    /// Frames of a real server in serializer 2.0.0, with every kind of event and every unusual one that was recorded.
    const RECORDED: [&str; 5] = [
        include_str!("../../../../tests/data/transcripts/a_crud_v2_default_authenticated.jsonl"),
        include_str!("../../../../tests/data/transcripts/a_crud_v2_full_authenticated.jsonl"),
        include_str!("../../../../tests/data/transcripts/b_filters_ids_v2.jsonl"),
        include_str!("../../../../tests/data/transcripts/f2_partial_and_odd_events_v2.jsonl"),
        include_str!("../../../../tests/data/transcripts/e_access_token_v2.jsonl"),
    ];
    /// Cases that the recordings do not contain.
    const MADE_UP: [&str; 8] = [
        r#"[null,null,"realtime:a","postgres_changes",{"data":{"schema":"public","table":"t","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:00.123Z","record":{"id":9223372036854775807,"n":-1.50E7,"j":{"$serde_json::private::Number":"1"},"t":"\u00e9\"\\","b":true},"old_record":{"id":1},"errors":null},"ids":[1,2,3]}]"#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":["7"],"data":{"schema":"p","table":"t","type":"TRUNCATE","record":null,"old_record":{},"columns":null,"errors":["Error 413: Payload Too Large"]}}]"#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":[1],"data":{"schema":"p","schema":"q","table":"t","type":"INSERT","record":{"id":1,"id":2},"commit_timestamp":null}},"more"]"#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":[1],"ids":[2],"data":{"schema":"p","table":"t","type":"DELETE","old_record":{"id":"a","id":"b"},"extra":[[[]]]}}] "#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":[1],"data":{"schema":"p","table":"t","type":"INSERT","record":{"id":1,"x":"\ud800"}}}]"#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":[99999999999999999999],"data":{"schema":"p","table":"t","type":"INSERT","record":{}}}]"#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":[-1,0],"data":{"columns":[{"name":"id"}],"schema":"p","table":"t","type":"INSERT","record":{"":1,"id":{"a":1,"a":[ ]}}}}]"#,
        r#"[null,null,"realtime:a","postgres_changes",{"ids":[],"data":{"columns":[],"schema":"p","table":"t","type":"INSERT","record":{"id":1}}}]"#,
    ];

    fn frames() -> Vec<String> {
        let lines = RECORDED.iter().flat_map(|file| file.lines()).filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            let text = line["text"]
                .as_str()
                .filter(|text| text.contains("\"postgres_changes\",{"))?;
            Some(text.to_owned())
        });
        lines.chain(MADE_UP.map(str::to_owned)).collect()
    }

    /// Reads the text with both readers. Where the fast one succeeds, the careful one must agree.
    fn both(text: &str, topic: &str, fast: &mut Names, careful: &mut Names) -> bool {
        let Some((event, length)) = read(text, topic, fast) else {
            return false;
        };
        let frame = decode_text(Vsn::V2, text).expect(text);
        assert_eq!((frame.join_ref, frame.reference), (None, None), "{text}");
        assert_eq!((&*frame.topic, &*frame.event), (topic, "postgres_changes"), "{text}");
        assert_eq!(frame.payload.get().len(), length, "{text}");
        let expected = careful::decode(frame.payload.get(), careful).expect(text);
        let event = RowEvent { list: None, ..event };
        assert_eq!(event, expected, "{text}");
        true
    }

    #[test]
    fn recorded_frames_are_read_by_the_fast_reader_as_by_the_careful_one() {
        let (mut fast, mut careful) = (Names::default(), Names::default());
        let mut seen = 0;
        for text in frames() {
            let Ok(frame) = decode_text(Vsn::V2, &text) else {
                continue;
            };
            let is_usual = frame.payload.get().contains("\"errors\":null");
            let is_fast = both(&text, &frame.topic, &mut fast, &mut careful);
            seen += usize::from(is_fast);
            // Only deliberately unusual frames are left to the careful reader.
            let made_up = MADE_UP.contains(&text.as_str());
            assert!(is_fast || !is_usual || made_up || text.starts_with("[\""), "{text}");
        }
        assert!(seen > 40, "only {seen} frames were read fast");
    }

    #[test]
    fn mutated_frames_are_read_by_the_fast_reader_as_by_the_careful_one_or_not_at_all() {
        let frames = frames();
        let (mut fast, mut careful) = (Names::default(), Names::default());
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        const PIECES: [&str; 24] = [
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\n",
            "0",
            "9",
            "-",
            ".",
            "e",
            "null",
            "true",
            "\\u00e9",
            "é",
            "\u{1}",
            "\"id\":",
            "\"record\":{},",
            "\"ids\":[1],",
            "\\ud800",
        ];
        let mut read = 0;
        for _ in 0..60_000 {
            let Some(whole) = frames.get(next(frames.len())) else {
                continue;
            };
            let Ok(frame) = decode_text(Vsn::V2, whole) else {
                continue;
            };
            let topic = frame.topic.into_owned();
            let mut text: Vec<char> = whole.chars().collect();
            for _ in 0..=next(2) {
                let at = next(text.len());
                let piece = PIECES.get(next(PIECES.len())).copied().unwrap_or_default();
                match next(4) {
                    0 => drop(text.splice(at..at, piece.chars())),
                    1 => drop(text.splice(at..=at, piece.chars())),
                    2 => drop(text.remove(at)),
                    _ => {
                        let end = (at + next(40)).min(text.len());
                        let copied = text.get(at..end).unwrap_or_default().to_vec();
                        let to = next(text.len());
                        text.splice(to..to, copied);
                    }
                }
                if text.is_empty() {
                    break;
                }
            }
            let text: String = text.into_iter().collect();
            read += usize::from(both(&text, &topic, &mut fast, &mut careful));
        }
        assert!(read > 5_000, "only {read} mutated frames could still be read");
    }
}
