//! The value of a cell, read in place.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

use super::{
    Scan,
    tree::{Tree, number},
};

/// The value of a cell. A number is its text, so that no digit is lost.
#[derive(Debug, Clone)]
pub enum Cell<'a> {
    /// SQL or JSON null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number as it is written.
    Number(&'a str),
    /// A text, with escapes resolved.
    Text(Cow<'a, str>),
    /// An array.
    List(List<'a>),
    /// A JSON object.
    Object(Object<'a>),
}

/// An array inside a JSON column; its text is valid.
#[derive(Debug, Clone, Copy)]
pub struct List<'a>(&'a str);

/// An object inside a JSON column; its text is valid.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a>(&'a str);

impl<'a> Cell<'a> {
    /// Parses a value; `None` when the text is not valid.
    pub fn from_json(text: &'a str) -> Option<Self> {
        let mut scan = Scan::new(text);
        scan.space();
        let value = scan.value()?;
        scan.space();
        scan.is_at_end().then(|| Self::of_value(value))
    }

    /// A valid value without white space around it.
    fn of_value(text: &'a str) -> Self {
        match text.as_bytes().first() {
            Some(b'"') => Scan::new(text)
                .string()
                .map_or(Self::Null, |quoted| Self::Text(quoted.text())),
            _ => Self::of_kept(text),
        }
    }

    /// A cell as a record stores it: as JSON, except that a text is stored with escapes resolved, after an opening quote
    /// and without a closing one.
    pub(crate) fn of_kept(text: &'a str) -> Self {
        match text.as_bytes().first() {
            Some(b'"') => Self::Text(Cow::Borrowed(text.get(1..).unwrap_or_default())),
            Some(b'{') => Self::Object(Object(text)),
            Some(b'[') => Self::List(List(text)),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number(text),
        }
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a list or an object, which is valid JSON; `None` for any other value.
    pub fn nested(&self) -> Option<&'a str> {
        match self {
            Self::List(List(text)) | Self::Object(Object(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of a text cell.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> List<'a> {
    /// The items in order.
    pub fn iter(self) -> impl Iterator<Item = Cell<'a>> {
        let mut scan = Scan::new(self.0);
        let _ = scan.byte(b'[');
        std::iter::from_fn(move || {
            scan.space();
            let value = scan.value()?;
            scan.space();
            let _ = scan.byte(b',');
            Some(Cell::of_value(value))
        })
    }
}

impl<'a> Object<'a> {
    /// Parses an object; `None` when the text is not a valid one.
    pub fn from_json(text: &'a str) -> Option<Self> {
        match Cell::from_json(text)? {
            Cell::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Reads the object that comes next.
    pub fn take(scan: &mut Scan<'a>) -> Option<Self> {
        if scan.peek() != Some(b'{') {
            return None;
        }
        scan.value().map(Self)
    }

    /// Keys and values in the order in which they are written.
    pub fn iter(self) -> impl Iterator<Item = (Cow<'a, str>, Cell<'a>)> {
        let mut scan = Scan::new(self.0);
        let _ = scan.byte(b'{');
        std::iter::from_fn(move || {
            scan.space();
            let name = scan.string()?.text();
            scan.space();
            scan.byte(b':')?;
            scan.space();
            let value = scan.value()?;
            scan.space();
            let _ = scan.byte(b',');
            Some((name, Cell::of_value(value)))
        })
    }

    /// The value of a key; the last one of a repeated key.
    pub fn get(self, name: &str) -> Option<Cell<'a>> {
        let mut found = None;
        Scan::new(self.0).object(|key, scan| {
            let value = scan.value()?;
            let is_it = if key.escaped {
                key.text() == name
            } else {
                key.inner == name
            };
            if is_it {
                found = Some(value);
            }
            Some(())
        })?;
        found.map(Cell::of_value)
    }
}

impl PartialEq for Cell<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            _ => false,
        }
    }
}

/// Whether two values mean the same.
fn is_same(a: &str, b: &str) -> bool {
    a == b || Tree::read(&mut Scan::new(a)) == Tree::read(&mut Scan::new(b))
}

impl PartialEq for List<'_> {
    fn eq(&self, other: &Self) -> bool {
        is_same(self.0, other.0)
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        is_same(self.0, other.0)
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(digits) => number(digits, serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(List(text)) | Self::Object(Object(text)) => {
                Tree::read(&mut Scan::new(text)).serialize(serializer)
            }
        }
    }
}

impl fmt::Display for Cell<'_> {
    /// Writes the value as JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> Cell<'_> {
        Cell::from_json(text).expect("a value")
    }

    #[test]
    fn values_that_mean_the_same_are_equal() {
        for (a, b) in [
            (r#"{"a": 1, "b": [true, null]}"#, r#"{"b":[true,null],"a":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"["\u00e9\/"]"#, r#"["é/"]"#),
            ("[ ]", "[]"),
            (r#""\u0041""#, r#""A""#),
        ] {
            assert_eq!(cell(a), cell(b));
        }
        for (a, b) in [
            ("[1]", "[2]"),
            ("[1,2]", "[2,1]"),
            ("{}", "[]"),
            ("1", r#""1""#),
            ("[1.0]", "[1.00]"),
        ] {
            assert_ne!(cell(a), cell(b));
        }
    }

    #[test]
    fn nested_values_are_found_in_place() {
        let value = cell(r#" {"a": {"b\u0021": [1, "x\ty", {}]}, "a": {"b!": [false, -1.50]}, "n": null} "#);
        let Cell::Object(object) = value else {
            panic!("an object")
        };
        assert_eq!(object.iter().count(), 3);
        let Some(Cell::Object(inner)) = object.get("a") else {
            panic!("an object")
        };
        let Some(Cell::List(list)) = inner.get("b!") else {
            panic!("a list")
        };
        assert_eq!(
            list.iter().collect::<Vec<_>>(),
            [Cell::Bool(false), Cell::Number("-1.50")]
        );
        assert_eq!((object.get("n"), object.get("x")), (Some(Cell::Null), None));
        assert_eq!(object.get("n").expect("a cell").to_string(), "null");
    }

    #[test]
    fn the_private_keys_of_serde_json_are_ordinary_keys() {
        for key in ["$serde_json::private::Number", "$serde_json::private::RawValue"] {
            let text = format!(r#"{{"{key}":"12"}}"#);
            let value = cell(&text);
            let Cell::Object(object) = &value else {
                panic!("an object")
            };
            assert_eq!(object.get(key), Some(Cell::Text("12".into())));
            assert_eq!(value.to_string(), text);
            assert_ne!(value, cell("12"));
        }
    }
}
