//! One value of a row, and how PostgreSQL's JSON functions write it.

use std::{cmp::Ordering, fmt::Write as _, sync::Arc};

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::jsonb;

/// The column types of the demo's tables, by PostgreSQL's short names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Uuid,
    Uuids,
    Text,
    Int4,
    Timestamptz,
    Jsonb,
}

impl Type {
    /// The name in a change's `columns` list.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Uuids => "_uuid",
            Self::Text => "text",
            Self::Int4 => "int4",
            Self::Timestamptz => "timestamptz",
            Self::Jsonb => "jsonb",
        }
    }

    /// The long name in PostgreSQL's error messages.
    pub(crate) fn long_name(self) -> &'static str {
        match self {
            Self::Int4 => "integer",
            Self::Uuids => "uuid[]",
            Self::Timestamptz => "timestamp with time zone",
            other => other.name(),
        }
    }
}

/// A value. Cloning shares its text.
#[derive(Debug, Clone, PartialEq)]
pub enum StoredCell {
    /// No value.
    Null,
    /// `int4`
    Int(i32),
    /// `text`
    Text(Arc<str>),
    /// `uuid`
    Uuid(Uuid),
    /// `uuid[]`
    Uuids(Arc<[Uuid]>),
    /// `timestamptz`, in microseconds since the Unix epoch.
    Time(i64),
    /// `jsonb`, as JSON in jsonb's format.
    Json(Arc<str>),
}

impl StoredCell {
    /// Parses a literal of a filter or a query.
    pub(crate) fn from_literal(kind: Type, text: &str) -> Option<Self> {
        Some(match kind {
            Type::Uuid => Self::Uuid(Uuid::parse_str(text).ok()?),
            Type::Uuids => {
                let items = text.trim().strip_prefix('{')?.strip_suffix('}')?;
                let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
                Self::Uuids(items.map(|item| Uuid::parse_str(item).ok()).collect::<Option<_>>()?)
            }
            Type::Text => Self::Text(text.into()),
            Type::Int4 => Self::Int(text.trim().parse().ok()?),
            Type::Timestamptz => Self::Time(text.trim().parse::<Timestamp>().ok()?.as_microsecond()),
            Type::Jsonb => Self::Json(jsonb::to_text(&serde_json::from_str(text).ok()?).into()),
        })
    }

    /// Converts a JSON value to a column of this type.
    pub(crate) fn from_value(kind: Type, value: &Value) -> Option<Self> {
        match (kind, value) {
            (_, Value::Null) => Some(Self::Null),
            (Type::Jsonb, value) => Some(Self::Json(jsonb::to_text(value).into())),
            (Type::Uuids, Value::Array(items)) => {
                let id = |item: &Value| item.as_str().and_then(|id| Uuid::parse_str(id).ok());
                items.iter().map(id).collect::<Option<_>>().map(Self::Uuids)
            }
            (_, Value::String(text)) => Self::from_literal(kind, text),
            (Type::Text, Value::Number(_) | Value::Bool(_)) => Some(Self::Text(value.to_string().into())),
            (Type::Int4, Value::Number(number)) => number.as_i64().and_then(|n| i32::try_from(n).ok()).map(Self::Int),
            _ => None,
        }
    }

    /// Length of the value as text, in bytes.
    pub(crate) fn text_length(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Int(number) => number.checked_ilog10().map_or(1, |digits| digits as usize + 1),
            Self::Text(text) | Self::Json(text) => text.len(),
            Self::Uuid(_) => 36,
            Self::Uuids(ids) => ids.len() * 37 + 1,
            // 2026-11-23 06:56:53.923047+00
            Self::Time(_) => 29,
        }
    }

    /// Writes the value as JSON.
    pub(crate) fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Int(number) => {
                let _ = write!(out, "{number}");
            }
            Self::Text(text) => jsonb::quote(text, out),
            Self::Uuid(id) => {
                out.push('"');
                out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
                out.push('"');
            }
            Self::Uuids(ids) => {
                out.push('[');
                for (at, id) in ids.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    Self::Uuid(*id).write_json(out);
                }
                out.push(']');
            }
            Self::Time(micros) => {
                out.push('"');
                write_time(*micros, out);
                out.push_str("+00:00\"");
            }
            Self::Json(text) => out.push_str(text),
        }
    }

    /// PostgreSQL's order of values in a column; `None` if either one is null.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) | (Self::Json(a), Self::Json(b)) => Some(a.cmp(b)),
            (Self::Uuid(a), Self::Uuid(b)) => Some(a.cmp(b)),
            (Self::Uuids(a), Self::Uuids(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// Writes a time such as `2026-11-23T06:56:53.923047`, in UTC, without offset and trailing zeros.
fn write_time(micros: i64, out: &mut String) {
    let Ok(time) = Timestamp::from_microsecond(micros) else {
        out.push_str("infinity");
        return;
    };
    let _ = write!(out, "{time}");
    if out.ends_with('Z') {
        out.pop();
    }
}

/// Writes a time such as `2026-11-23T06:56:53.923Z`, as Realtime writes the time of a commit.
pub(crate) fn write_commit_time(micros: i64, out: &mut String) {
    match Timestamp::from_microsecond(micros - micros.rem_euclid(1_000)) {
        Ok(time) => {
            let _ = write!(out, "{time:.3}");
        }
        Err(_) => out.push_str("infinity"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(cell: &StoredCell) -> String {
        let mut out = String::new();
        cell.write_json(&mut out);
        out
    }

    #[test]
    fn values_are_written_as_postgresql_writes_them() {
        let time = StoredCell::from_literal(Type::Timestamptz, "2026-11-23T06:59:13.753180+00:00").expect("a time");
        assert_eq!(json(&time), r#""2026-11-23T06:59:13.75318+00:00""#);
        let whole = StoredCell::from_literal(Type::Timestamptz, "2026-11-23T08:59:13+02:00").expect("a time");
        assert_eq!(json(&whole), r#""2026-11-23T06:59:13+00:00""#);
        assert_eq!(json(&StoredCell::Text("a\"\n\u{1}é".into())), "\"a\\\"\\n\\u0001é\"");
        let ids = r#"["0b4f2c11-0000-4000-8000-000000000001", "0b4f2c11-0000-4000-8000-000000000002"]"#;
        let literal = ids.replace(['[', '"', ' '], "").replace(']', "}");
        let list = StoredCell::from_literal(Type::Uuids, &format!("{{{literal}")).expect("ids");
        assert_eq!(json(&list), ids);
        let value = serde_json::from_str(ids).expect("JSON");
        assert_eq!(StoredCell::from_value(Type::Uuids, &value), Some(list));
        assert_eq!(
            StoredCell::from_literal(Type::Uuids, "{}").map(|none| json(&none)),
            Some("[]".into())
        );
        let mut commit = String::new();
        write_commit_time(1_795_417_013_923_047, &mut commit);
        assert_eq!(commit, "2026-11-23T06:56:53.923Z");
        commit.clear();
        write_commit_time(1_795_417_013_000_000, &mut commit);
        assert_eq!(commit, "2026-11-23T06:56:53.000Z");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused() {
        for (kind, text) in [
            (Type::Uuid, "1"),
            (Type::Uuids, "{1}"),
            (Type::Int4, "x"),
            (Type::Timestamptz, "soon"),
            (Type::Jsonb, "{"),
        ] {
            assert_eq!(StoredCell::from_literal(kind, text), None, "{kind:?} {text}");
        }
        assert_eq!(StoredCell::from_value(Type::Int4, &Value::from(1_u64 << 40)), None);
    }
}
