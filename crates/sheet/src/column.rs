//! A column of a table: a field that every row has, or a column of its own.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use model::is_masked;
use query::{Field, Row, Value};
use thiserror::Error;

use super::Typed;

/// Values of a field that are read, as of `agent`.
const MOST_VALUES: usize = 16;

/// A column. Its text (`Display`, `FromStr`) is that of the query language: a field is its word, `state`; a column of the
/// table is in double quotes, `"retries"`, in which a `"` or `\` is preceded by a `\`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Column {
    /// A field, which rows of every table have.
    Field(Field),
    /// The column of exactly this name.
    Named(Arc<str>),
}

/// A text that is no column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{}` is no column: write a field as its word (state, kind, label …), or the name of a column in double quotes.",
    model::short::of_text(.0, 40)
)]
pub struct NotAColumn(String);

impl Column {
    /// Whether its values are neither shown, sorted by nor exported.
    pub fn is_masked(&self) -> bool {
        match self {
            Self::Field(_) => false,
            Self::Named(name) => is_masked(name),
        }
    }

    /// Its name, for a heading.
    pub fn name(&self) -> &str {
        match self {
            Self::Field(field) => field.word(),
            Self::Named(name) => name,
        }
    }

    /// The row's value; `None` where the row has no such column. Of several texts of a field, all, joined by a comma.
    pub fn read<'r>(&self, row: &'r impl Row) -> Option<Typed<'r>> {
        match self {
            Self::Named(name) if is_masked(name) => Some(Typed::Masked),
            Self::Named(name) => Some(Typed::of(name, row.column(name)?)),
            Self::Field(field) => read_field(*field, row),
        }
    }
}

fn read_field(field: Field, row: &impl Row) -> Option<Typed<'static>> {
    let mut found = None;
    let mut count = 0;
    row.any(field, &mut |value| {
        count += 1;
        match (&mut found, value) {
            (None, value) => found = Some(typed(value)),
            (Some(Typed::Text(all)), Value::Text(another)) => {
                let all = all.to_mut();
                all.push_str(", ");
                all.push_str(another);
            }
            (Some(_), _) => {}
        }
        count >= MOST_VALUES
    });
    found
}

fn typed(value: Value<'_>) -> Typed<'static> {
    let owned = |text: &str| Cow::Owned(text.to_owned());
    match value {
        Value::State(status, word) => Typed::State(status, word.map(owned)),
        Value::Kind(kind) => Typed::Kind(kind),
        Value::Text(text) => Typed::Text(owned(text)),
        Value::Number(number) if number.is_finite() => Typed::Number {
            digits: Cow::Owned(number.to_string()),
            value: Some(number),
        },
        Value::Seconds(secs) if secs.is_finite() => Typed::Span(secs),
        Value::Number(_) | Value::Seconds(_) => Typed::Null,
        Value::Flag(flag) => Typed::Flag(flag),
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(field) => f.write_str(field.word()),
            Self::Named(name) => {
                f.write_str("\"")?;
                for part in name.split_inclusive(['"', '\\']) {
                    match part.strip_suffix(['"', '\\']) {
                        Some(plain) => write!(f, "{plain}\\{}", part.get(plain.len()..).unwrap_or_default())?,
                        None => f.write_str(part)?,
                    }
                }
                f.write_str("\"")
            }
        }
    }
}

impl FromStr for Column {
    type Err = NotAColumn;

    fn from_str(text: &str) -> Result<Self, NotAColumn> {
        if let Some(field) = Field::ALL.into_iter().find(|field| field.word() == text) {
            return Ok(Self::Field(field));
        }
        unquoted(text)
            .map(|name| Self::Named(name.into()))
            .ok_or_else(|| NotAColumn(text.to_owned()))
    }
}

/// The name within quotes.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut name = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        name.push(match letter {
            '"' => return None,
            '\\' => letters.next()?,
            other => other,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_column_is_written_as_in_a_query() {
        for (column, text) in [
            (Column::Field(Field::State), "state"),
            (Column::Named("state".into()), r#""state""#),
            (Column::Named(r#"odd "name\"#.into()), r#""odd \"name\\""#),
            (Column::Named("".into()), r#""""#),
        ] {
            assert_eq!(column.to_string(), text);
            assert_eq!(text.parse(), Ok(column));
        }
    }

    #[test]
    fn what_is_no_column_is_refused_with_the_remedy() {
        for text in ["", "retries", "\"", "\"a\"b\"", "\"a\\\"", "State", "\"a"] {
            let error = text.parse::<Column>().expect_err(text).to_string();
            assert!(error.contains("double quotes"), "{error}");
        }
        let long = "x".repeat(1_000_000).parse::<Column>().expect_err("no column");
        assert!(long.to_string().len() < 300);
    }

    proptest! {
        #[test]
        fn a_column_survives_its_text(name in ".*") {
            let column = Column::Named(name.into());
            prop_assert_eq!(column.to_string().parse(), Ok(column));
        }
    }
}
