//! Conditions on a row, such as `gt.5`, `in.(a,"b,c")`, `is.null` and `not.eq.x`. PostgREST's query parameters and the
//! stream's filters share this part.

use std::cmp::Ordering;

use realtime::is_like;

use crate::store::{Row, Schema, StoredCell, Type};

/// One condition on one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Predicate {
    /// The position of the column in the schema of the table.
    pub(crate) column: usize,
    test: Test,
    is_negated: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Compare(Comparison, StoredCell),
    In(Vec<StoredCell>),
    IsNull,
    Like { pattern: String, folds_case: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterError {
    /// The table has no such column.
    UnknownColumn(String),
    /// The operator is unknown, or its value does not have the form that it takes.
    Malformed(String),
    /// The value does not fit the column's type.
    BadValue(Type, String),
}

/// Most values of one `in` list.
const MAX_LIST: usize = 1_000;

impl Predicate {
    /// Parses `[not.]operator.value` for a column.
    pub(crate) fn parse(schema: &Schema, column: &str, text: &str) -> Result<Self, FilterError> {
        let (at, kind) = schema
            .column(column)
            .ok_or_else(|| FilterError::UnknownColumn(column.into()))?;
        let (is_negated, text) = match text.strip_prefix("not.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let malformed = || FilterError::Malformed(text.into());
        let (operator, value) = text.split_once('.').ok_or_else(malformed)?;
        let literal = |value: &str| {
            StoredCell::from_literal(kind, value).ok_or_else(|| FilterError::BadValue(kind, value.into()))
        };
        let comparison = match operator {
            "eq" => Some(Comparison::Eq),
            "neq" => Some(Comparison::Neq),
            "gt" => Some(Comparison::Gt),
            "gte" => Some(Comparison::Gte),
            "lt" => Some(Comparison::Lt),
            "lte" => Some(Comparison::Lte),
            _ => None,
        };
        let test = match (comparison, operator) {
            (Some(comparison), _) => Test::Compare(comparison, literal(value)?),
            (None, "in") => {
                let inner = value
                    .strip_prefix('(')
                    .and_then(|value| value.strip_suffix(')'))
                    .ok_or_else(malformed)?;
                let values = list(inner)
                    .filter(|values| values.len() <= MAX_LIST)
                    .ok_or_else(malformed)?;
                Test::In(values.iter().map(|value| literal(value)).collect::<Result<_, _>>()?)
            }
            (None, "is") if value == "null" => Test::IsNull,
            (None, "like" | "ilike") if kind == Type::Text => Test::Like {
                pattern: value.replace('*', "%"),
                folds_case: operator == "ilike",
            },
            _ => return Err(malformed()),
        };
        Ok(Self {
            column: at,
            test,
            is_negated,
        })
    }

    /// Whether a row meets it. As in SQL, a comparison with null is never met, not even when it is negated.
    pub(crate) fn is_met_by(&self, row: &Row) -> bool {
        self.truth(row) == Some(true)
    }

    /// Its value for a row, in SQL's logic: `None` for a comparison with null.
    pub(crate) fn truth(&self, row: &Row) -> Option<bool> {
        let cell = row.cell(self.column);
        if let Test::IsNull = self.test {
            return Some((*cell == StoredCell::Null) != self.is_negated);
        }
        if *cell == StoredCell::Null {
            return None;
        }
        let met = match &self.test {
            Test::Compare(comparison, value) => cell.compare(value).is_some_and(|order| match comparison {
                Comparison::Eq => order == Ordering::Equal,
                Comparison::Neq => order != Ordering::Equal,
                Comparison::Gt => order == Ordering::Greater,
                Comparison::Gte => order != Ordering::Less,
                Comparison::Lt => order == Ordering::Less,
                Comparison::Lte => order != Ordering::Greater,
            }),
            Test::In(values) => values.contains(cell),
            Test::Like { pattern, folds_case } => match cell {
                StoredCell::Text(text) if *folds_case => is_like(&text.to_lowercase(), &pattern.to_lowercase()),
                StoredCell::Text(text) => is_like(text, pattern),
                _ => false,
            },
            Test::IsNull => false,
        };
        Some(met != self.is_negated)
    }

    /// The key of a `gt.…` on the primary key, after which the rows begin.
    pub(crate) fn key_after(&self) -> Option<uuid::Uuid> {
        match (&self.test, self.column, self.is_negated) {
            (Test::Compare(Comparison::Gt, StoredCell::Uuid(id)), 0, false) => Some(*id),
            _ => None,
        }
    }

    /// The keys of an `eq.…` or `in.(…)` on the primary key.
    pub(crate) fn keys(&self) -> Option<Vec<uuid::Uuid>> {
        let cells = match (&self.test, self.column, self.is_negated) {
            (Test::Compare(Comparison::Eq, cell), 0, false) => std::slice::from_ref(cell),
            (Test::In(cells), 0, false) => cells.as_slice(),
            _ => return None,
        };
        let mut keys: Vec<_> = cells
            .iter()
            .filter_map(|cell| {
                if let StoredCell::Uuid(id) = cell {
                    Some(*id)
                } else {
                    None
                }
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Some(keys)
    }
}

/// Splits at commas outside double quotes and parentheses; `None` for an unfinished quote.
pub(crate) fn split(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut from, mut depth, mut is_quoted, mut is_escaped) = (Vec::new(), 0, 0_u32, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth = depth.saturating_sub(1),
            ',' if !is_quoted && depth == 0 => {
                parts.push(text.get(from..at)?);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..)?);
    (!is_quoted).then_some(parts)
}

/// The values between the parentheses of an `in`.
fn list(inner: &str) -> Option<Vec<String>> {
    if inner.is_empty() {
        return Some(Vec::new());
    }
    split(inner)?.into_iter().map(unquote).collect()
}

/// Removes the double quotes around a value, if it has any; `None` for an unfinished quote.
pub(crate) fn unquote(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return Some(value.into());
    };
    let inner = inner.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next()? } else { c });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TableId;

    fn met(column: &str, text: &str) -> bool {
        let columns = serde_json::json!({
            "id": "00000000-0000-4000-8000-00000000000a", "title": "a,b", "status": "queued", "progress": 40,
        });
        let table = TableId::Tasks;
        let row = Row::patch(table, None, columns.as_object().expect("an object")).expect("a row");
        Predicate::parse(table.schema(), column, text)
            .expect("a condition")
            .is_met_by(&row)
    }

    #[test]
    fn conditions_hold_as_in_postgresql() {
        for (column, text, expected) in [
            ("progress", "gt.39", true),
            ("progress", "gt.40", false),
            ("progress", "lte.40", true),
            ("status", "in.(idle,queued)", true),
            ("title", "in.(a,b)", false),
            ("title", r#"in.("a,b")"#, true),
            ("title", "neq.x", true),
            ("error_message", "neq.x", false),
            ("error_message", "is.null", true),
            ("error_message", "not.is.null", false),
            ("status", "not.eq.queued", false),
            ("status", "like.que*", true),
            ("status", "ilike.QUE*", true),
            ("id", "eq.00000000-0000-4000-8000-00000000000A", true),
        ] {
            assert_eq!(met(column, text), expected, "{column} {text}");
        }
    }

    #[test]
    fn a_text_that_is_no_condition_is_refused_with_the_reason() {
        let schema = TableId::Tasks.schema();
        let error = |column, text| Predicate::parse(schema, column, text).expect_err("no condition");
        assert_eq!(error("nope", "eq.1"), FilterError::UnknownColumn("nope".into()));
        assert_eq!(error("id", "eq.1"), FilterError::BadValue(Type::Uuid, "1".into()));
        for text in ["", "5", "EQ.5", "foo.5", "in.5", "in.(\"a)", "is.maybe"] {
            assert_eq!(error("status", text), FilterError::Malformed(text.into()), "{text}");
        }
    }
}
