//! Reads any payload, unusual wordings included; of a broken one at least the table that it was about.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{ChangeError, ChangeType, Ids, RowEvent, Unusable};
use crate::{integer, names::Names, timestamp};
use model::{Cell, Object, Record, Scan};

/// Reads a payload.
///
/// # Errors
/// When it holds no trustworthy row event.
pub(crate) fn decode<'a>(payload: &'a str, names: &mut Names) -> Result<RowEvent<'a>, Unusable> {
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    match (Payload { names }).deserialize(&mut deserializer) {
        Ok(event) => Ok(event),
        Err(_) => Err(Unusable { table: locate(payload) }),
    }
}

/// The table that a broken payload was about.
fn locate(payload: &str) -> Option<(String, String)> {
    let Some(Cell::Object(data)) = Object::from_json(payload)?.get("data") else {
        return None;
    };
    let name = |key| data.get(key)?.as_str().map(str::to_owned);
    Some((name("schema")?, name("table")?))
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
        let ids = ids.ok_or_else(|| A::Error::custom("no ids"))?;
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
        let (mut committed_ms, mut columns, mut error) = (None, None, None);
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
                "errors" => error = error_of(map.next_value::<&'de RawValue>()?.get()),
                "record" => record = row(map.next_value::<&'de RawValue>()?.get(), self.names)?,
                "old_record" => old_record = old_row(map.next_value::<&'de RawValue>()?.get())?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let missing = |key| A::Error::custom(format_args!("no {key}"));
        Ok(RowEvent {
            ids: Ids::default(),
            schema: schema.ok_or_else(|| missing("schema"))?,
            table: table.ok_or_else(|| missing("table"))?,
            change: change.ok_or_else(|| missing("type"))?,
            committed_ms,
            columns,
            list: None,
            record,
            old_record,
            error,
        })
    }
}

fn timestamp_of(raw: &str) -> Option<i64> {
    timestamp::parse_ms(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// An array of texts, one text, or null.
fn error_of(raw: &str) -> Option<ChangeError> {
    let text = match Cell::from_json(raw)? {
        Cell::Null => return None,
        Cell::Text(text) => text,
        Cell::List(all) => match all.iter().next()? {
            Cell::Text(text) => text,
            _ => Cow::Borrowed(""),
        },
        _ => Cow::Borrowed(""),
    };
    Some(if text.contains("413") {
        ChangeError::TooLarge
    } else if text.contains("401") {
        ChangeError::Unauthorized
    } else if text.contains("400") {
        ChangeError::NoPrimaryKey
    } else {
        ChangeError::Other
    })
}

/// A row, or null for none.
fn row<E: serde::de::Error>(raw: &str, names: &mut Names) -> Result<Option<Record>, E> {
    match raw {
        "null" => Ok(None),
        raw => match names.headers.read(&mut Scan::new(raw)) {
            Some(record) => Ok(Some(record)),
            None => Err(E::custom("a row is an object")),
        },
    }
}

/// The row as it was, or null for none.
fn old_row<E: serde::de::Error>(raw: &str) -> Result<Option<Object<'_>>, E> {
    match raw {
        "null" => Ok(None),
        raw => match Object::from_json(raw) {
            Some(object) => Ok(Some(object)),
            None => Err(E::custom("a row is an object")),
        },
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

/// Integers, or integers in strings. At least one.
impl<'de> Deserialize<'de> for Ids {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Ids;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of ids")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ids, A::Error> {
                let mut ids = Ids::default();
                while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                    let id = integer(raw.get()).ok_or_else(|| A::Error::custom("an id that is no integer"))?;
                    ids.add(id);
                }
                if ids.is_empty() {
                    return Err(A::Error::custom("no ids"));
                }
                Ok(ids)
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
        assert!(event.ids.contains(&7) && event.ids.contains(&8));
        assert_eq!((&*event.schema, &*event.table), ("public", "to"));
        assert_eq!(
            (event.change, event.committed_ms, event.error),
            (ChangeType::Update, Some(1_000), None)
        );
        assert_eq!(event.columns, Some(r#"[{"name":"id","type":"int8"}]"#));
        let record = event.record.expect("a row");
        assert_eq!(
            serde_json::to_string(&record).expect("text"),
            r#"{"id":1,"n":12345678901234567890.10}"#
        );
        assert_eq!(event.old_record.expect("a key").get("id"), Some(Cell::Number("2")));
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
            (r#""Error 413: Payload Too Large""#, Some(ChangeError::TooLarge)),
            (r#"["Error 401: Unauthorized"]"#, Some(ChangeError::Unauthorized)),
            (
                r#"["Error 400: Bad Request, no primary key"]"#,
                Some(ChangeError::NoPrimaryKey),
            ),
            ("7", Some(ChangeError::Other)),
        ] {
            assert_eq!(error_of(raw), expected, "{raw}");
        }
    }
}
