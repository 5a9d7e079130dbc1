//! A `postgres_changes` payload, typed. One pass over the text; columns straight into a [`Record`].
//!
//! What is merely odd is read leniently (ids in strings, an unreadable timestamp, missing `columns`); what could put a
//! wrong row on the wall is refused, with the table it was about where that can still be seen, because a refused change
//! is a lost change and its table has to be read again.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::{names::Names, timestamp};
use crate::domain::Record;

/// What happened in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeType {
    Insert,
    Update,
    Delete,
    /// A word that is none of these: something happened, but not to one row.
    Unknown,
}

/// Why a change carries no usable row (`errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 400: the table has no primary key.
    NoPrimaryKey,
    /// 401: the role may not select from the table.
    Unauthorized,
    /// 413: the change was too large; values above 64 bytes and nulls are missing.
    TooLarge,
    Other,
}

/// One change as the server tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct RowEvent<'a> {
    /// Which of the entries asked for it belongs to.
    pub ids: Vec<i64>,
    pub schema: Cow<'a, str>,
    pub table: Cow<'a, str>,
    pub change: ChangeType,
    /// Milliseconds since the Unix epoch; `None` when absent or unreadable.
    pub committed_ms: Option<i64>,
    /// The list of the table's columns, as written.
    pub columns: Option<&'a str>,
    /// Absent on a delete.
    pub record: Option<Record>,
    /// Absent on an insert; usually the primary key alone.
    pub old_record: Option<Record>,
    pub trouble: Option<Trouble>,
}

/// A payload that cannot be used: a change is lost. Where its table could still be read, it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    pub table: Option<(String, String)>,
}

/// Reads a payload.
///
/// # Errors
/// When there is no row event in it that can be trusted.
pub(super) fn decode<'a>(payload: &'a str, names: &mut Names) -> Result<RowEvent<'a>, Unusable> {
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    match (Payload { names }).deserialize(&mut deserializer) {
        Ok(event) => Ok(event),
        Err(_) => Err(Unusable { table: locate(payload) }),
    }
}

/// The table that a broken payload was about.
fn locate(payload: &str) -> Option<(String, String)> {
    let value: Value = serde_json::from_str(payload).ok()?;
    let data = value.get("data")?;
    Some((
        data.get("schema")?.as_str()?.to_owned(),
        data.get("table")?.as_str()?.to_owned(),
    ))
}

/// `{"ids": …, "data": …}`
struct Payload<'n> {
    names: &'n mut Names,
}

impl<'de> DeserializeSeed<'de> for Payload<'_> {
    type Value = RowEvent<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RowEvent<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Payload<'_> {
    type Value = RowEvent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with ids and data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RowEvent<'de>, A::Error> {
        let (mut ids, mut data) = (None, None);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key.0 {
                "ids" => ids = Some(map.next_value::<Ids>()?),
                "data" => {
                    data = Some(map.next_value_seed(Data {
                        names: &mut *self.names,
                    })?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let Ids(ids) = ids.ok_or_else(|| A::Error::custom("no ids"))?;
        let mut event: RowEvent<'de> = data.ok_or_else(|| A::Error::custom("no data"))?;
        event.ids = ids;
        Ok(event)
    }
}

/// The object under `data`.
struct Data<'n> {
    names: &'n mut Names,
}

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = RowEvent<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RowEvent<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Data<'_> {
    type Value = RowEvent<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a change of a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RowEvent<'de>, A::Error> {
        let (mut schema, mut table, mut change) = (None, None, None);
        let (mut committed_ms, mut columns, mut trouble) = (None, None, None);
        let (mut record, mut old_record) = (None, None);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match &*key.0 {
                "schema" => schema = Some(map.next_value::<Text<'de>>()?.0),
                "table" => table = Some(map.next_value::<Text<'de>>()?.0),
                "type" => {
                    change = Some(match &*map.next_value::<Text<'de>>()?.0 {
                        "INSERT" => ChangeType::Insert,
                        "UPDATE" => ChangeType::Update,
                        "DELETE" => ChangeType::Delete,
                        _ => ChangeType::Unknown,
                    });
                }
                "commit_timestamp" => committed_ms = timestamp_of(map.next_value::<&'de RawValue>()?.get()),
                "columns" => {
                    let text = map.next_value::<&'de RawValue>()?.get();
                    columns = text.starts_with('[').then_some(text);
                }
                "errors" => trouble = trouble_of(map.next_value::<&'de RawValue>()?.get()),
                "record" => {
                    record = map.next_value_seed(Row {
                        names: &mut *self.names,
                    })?
                }
                "old_record" => {
                    old_record = map.next_value_seed(Row {
                        names: &mut *self.names,
                    })?
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = |key| A::Error::custom(format_args!("no {key}"));
        Ok(RowEvent {
            ids: Vec::new(),
            schema: schema.ok_or_else(|| missing("schema"))?,
            table: table.ok_or_else(|| missing("table"))?,
            change: change.ok_or_else(|| missing("type"))?,
            committed_ms,
            columns,
            record,
            old_record,
            trouble,
        })
    }
}

fn timestamp_of(raw: &str) -> Option<i64> {
    timestamp::parse_ms(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// An array of texts, one text, or null.
fn trouble_of(raw: &str) -> Option<Trouble> {
    if raw == "null" {
        return None;
    }
    let value: Value = serde_json::from_str(raw).ok()?;
    let text = match &value {
        Value::String(text) => text.as_str(),
        Value::Array(all) if all.is_empty() => return None,
        Value::Array(all) => all.first().and_then(Value::as_str).unwrap_or_default(),
        _ => "",
    };
    Some(if text.contains("413") {
        Trouble::TooLarge
    } else if text.contains("401") {
        Trouble::Unauthorized
    } else if text.contains("400") {
        Trouble::NoPrimaryKey
    } else {
        Trouble::Other
    })
}

/// A row, or null for none.
struct Row<'n> {
    names: &'n mut Names,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = Option<Record>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Record>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = Option<Record>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row as an object")
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        self.names.start_row();
        let mut cells = Vec::with_capacity(16);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            cells.push((self.names.intern(&key.0), map.next_value::<Value>()?));
        }
        Ok(Some(cells.into_iter().collect()))
    }
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing<'b>(PhantomData<&'b ()>);
        impl<'de: 'b, 'b> Visitor<'de> for Borrowing<'b> {
            type Value = Cow<'b, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Borrowing(PhantomData)).map(Text)
    }
}

/// Entry ids: integers, or integers in strings. At least one.
struct Ids(Vec<i64>);

impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Ids;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of ids")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ids, A::Error> {
                /// More would be an attack: the channel has one entry a table.
                const MOST: usize = 64;
                let mut ids = Vec::new();
                while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                    let id = super::integer(raw.get()).ok_or_else(|| A::Error::custom("an id that is no integer"))?;
                    if ids.len() < MOST && !ids.contains(&id) {
                        ids.push(id);
                    }
                }
                if ids.is_empty() {
                    return Err(A::Error::custom("no ids"));
                }
                Ok(Ids(ids))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> Result<RowEvent<'_>, Unusable> {
        decode(payload, &mut Names::default())
    }

    #[test]
    fn an_update_is_read_whole() {
        let event = read(
            r#"{"ids":[7,"8",7],"data":{"schema":"public","table":"t\u006f","type":"UPDATE","commit_timestamp":"1970-01-01T00:00:01.000Z",
               "columns":[{"name":"id","type":"int8"}],"record":{"id":1,"n":12345678901234567890.10},"old_record":{"id":2},"errors":null}}"#,
        )
        .expect("an event");
        assert_eq!(event.ids, [7, 8]);
        assert_eq!((&*event.schema, &*event.table), ("public", "to"));
        assert_eq!(
            (event.change, event.committed_ms, event.trouble),
            (ChangeType::Update, Some(1_000), None)
        );
        assert_eq!(event.columns, Some(r#"[{"name":"id","type":"int8"}]"#));
        let record = event.record.expect("a row");
        assert_eq!(
            serde_json::to_string(&record).expect("text"),
            r#"{"id":1,"n":12345678901234567890.10}"#
        );
        assert_eq!(event.old_record.expect("a key").get("id"), Some(&Value::from(2)));
    }

    #[test]
    fn what_cannot_be_trusted_is_refused_with_its_table_where_that_is_known() {
        let place = Some(("public".to_owned(), "todos".to_owned()));
        for (payload, table) in [
            (r#"{"ids":[1]}"#, None),
            (r#"{"ids":[1],"data":null}"#, None),
            (
                r#"{"data":{"schema":"public","table":"todos","type":"INSERT"}}"#,
                place.clone(),
            ),
            (
                r#"{"ids":[],"data":{"schema":"public","table":"todos","type":"INSERT"}}"#,
                place.clone(),
            ),
            (
                r#"{"ids":[1],"data":{"schema":"public","table":"todos","type":"INSERT","record":[1]}}"#,
                place.clone(),
            ),
            (
                r#"{"ids":[1],"data":{"schema":"public","table":"todos","type":"INSERT","record":"x"}}"#,
                place.clone(),
            ),
            (
                r#"{"ids":[1.5],"data":{"schema":"public","table":"todos","type":"INSERT"}}"#,
                place,
            ),
        ] {
            assert_eq!(read(payload), Err(Unusable { table }), "{payload}");
        }
    }

    #[test]
    fn errors_come_as_a_list_a_text_or_nothing() {
        for (raw, expected) in [
            ("null", None),
            ("[]", None),
            (r#""Error 413: Payload Too Large""#, Some(Trouble::TooLarge)),
            (r#"["Error 401: Unauthorized"]"#, Some(Trouble::Unauthorized)),
            (
                r#"["Error 400: Bad Request, no primary key"]"#,
                Some(Trouble::NoPrimaryKey),
            ),
            ("7", Some(Trouble::Other)),
        ] {
            assert_eq!(trouble_of(raw), expected, "{raw}");
        }
    }
}
