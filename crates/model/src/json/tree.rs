//! A whole value, for comparing and for serializing. Keys are sorted, and the last of a repeated key counts.

use std::borrow::Cow;

use serde::ser::{Error as _, Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use super::Scan;

/// A value. Two are equal when they mean the same, whatever their white space, escapes and order of keys.
#[derive(Debug, PartialEq)]
pub(super) enum Tree<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Tree<'a> {
    /// Reads the value that comes next. Its depth was checked when it was first scanned.
    pub(super) fn read(scan: &mut Scan<'a>) -> Option<Self> {
        Some(match scan.peek()? {
            b'"' => Self::Text(scan.string()?.text()),
            b'{' => {
                let mut fields = Vec::new();
                scan.object(|key, scan| {
                    fields.push((key.text(), Self::read(scan)?));
                    Some(())
                })?;
                // The sort is stable: after the reversal the last of equal keys comes first, and is kept.
                fields.reverse();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                fields.dedup_by(|(a, _), (b, _)| a == b);
                Self::Object(fields)
            }
            b'[' => {
                let mut items = Vec::new();
                scan.array(|scan| {
                    items.push(Self::read(scan)?);
                    Some(())
                })?;
                Self::List(items)
            }
            b't' => scan.literal("true").map(|()| Self::Bool(true))?,
            b'f' => scan.literal("false").map(|()| Self::Bool(false))?,
            b'n' => scan.literal("null").map(|()| Self::Null)?,
            _ => Self::Number(scan.number()?),
        })
    }
}

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(digits) => number(digits, serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Serializes a number with all its digits.
pub(super) fn number<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(digits).map_err(S::Error::custom)?;
    raw.serialize(serializer)
}
