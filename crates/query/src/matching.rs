//! Whether a row matches.

use std::cmp::Ordering;

use model::{Cell, Status, mapping::time_of_text};

use super::{
    Field, Row, Value,
    amount::{Amount, Compare, Unit},
    expr::{Expr, Group, Name, States, Term},
    field::Sort,
    pattern::{MAX_SEARCHED_BYTES, Pattern},
};

/// Longer texts are no numbers.
const MAX_NUMBER_BYTES: usize = 64;
/// JSON that is nested deeper is not searched. It is the depth that the inspector shows.
const DEEPEST: usize = 6;

impl Expr {
    pub(crate) fn matches(&self, row: &impl Row, now_ms: i64) -> bool {
        match self {
            Self::All(members) => members.iter().all(|member| member.matches(row, now_ms)),
            Self::Any(members) => members.iter().any(|member| member.matches(row, now_ms)),
            Self::Not(inner) => !inner.matches(row, now_ms),
            Self::Term(term) => term.matches(row, now_ms),
        }
    }
}

impl Term {
    fn matches(&self, row: &impl Row, now_ms: i64) -> bool {
        match self {
            Self::Words(pattern) => [Field::Label, Field::Id, Field::Activity]
                .into_iter()
                .any(|field| row.any(field, &mut |value| is_text(value, pattern))),
            Self::IsSet(Name::Field(field)) => row.any(*field, &mut |value| value != Value::Text("")),
            Self::IsSet(Name::Column(path)) => cell(row, path).is_some_and(|cell| is_set(&cell)),
            Self::State(states) => row.any(Field::State, &mut |value| match value {
                Value::State(state, word) => states.include(state, word),
                _ => false,
            }),
            Self::Kind(kind) => row.any(Field::Kind, &mut |value| value == Value::Kind(*kind)),
            Self::Flag(field, flag) => row.any(*field, &mut |value| value == Value::Flag(*flag)),
            Self::Text(Name::Field(field), pattern) => row.any(*field, &mut |value| is_text(value, pattern)),
            Self::Text(Name::Column(path), pattern) => cell(row, path).is_some_and(|cell| {
                let mut left = MAX_SEARCHED_BYTES;
                is_in_cell(&cell, pattern, 0, &mut left)
            }),
            Self::Amount(Name::Field(field), compare, amount) => row.any(*field, &mut |value| {
                let number = match value {
                    Value::Number(number) | Value::Seconds(number) => number,
                    _ => return false,
                };
                compare.accepts(to_field(number, *field, amount))
            }),
            Self::Amount(Name::Column(path), compare, amount) => {
                cell(row, path).is_some_and(|cell| is_amount(&cell, path, *compare, amount, now_ms))
            }
        }
    }
}

fn is_text(value: Value<'_>, pattern: &Pattern) -> bool {
    matches!(value, Value::Text(text) if pattern.matches(text))
}

impl States {
    fn include(&self, state: Status, word: Option<&str>) -> bool {
        match self {
            Self::Is(wanted) => state == *wanted,
            Self::Group(Group::Trouble) => state.is_trouble(),
            Self::Group(Group::Open) => state.is_open(),
            Self::Group(Group::Over) => state.is_over(),
            Self::Word(pattern) => word.is_some_and(|word| pattern.matches(word)),
        }
    }
}

/// How the value of a field stands to the amount.
fn to_field(number: f64, field: Field, amount: &Amount) -> Option<Ordering> {
    let (wanted, unit) = amount.base()?;
    // 50 of a share is 50 %.
    let is_percent = field.sort() == Sort::Share && unit == Unit::None && wanted > 1.0;
    let wanted = if is_percent { wanted / 100.0 } else { wanted };
    // A share is read as `f32`: 0.3 is to equal 30 %.
    match field.sort() {
        Sort::Share if (number - wanted).abs() < 1e-6 => Some(Ordering::Equal),
        _ => number.partial_cmp(&wanted),
    }
}

/// The cell of a column, or the value at a path within it.
fn cell<'r>(row: &'r impl Row, path: &[String]) -> Option<Cell<'r>> {
    let (first, keys) = path.split_first()?;
    let mut value = row.column(first)?;
    for key in keys {
        value = match value {
            Cell::Object(fields) => fields.get(key)?,
            Cell::List(items) => items.iter().nth(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

fn is_set(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Null => false,
        Cell::Text(text) => !text.is_empty(),
        Cell::Bool(_) | Cell::Number(_) | Cell::List(_) | Cell::Object(_) => true,
    }
}

/// Whether a cell, or a value within its JSON, matches. Keys do not count, and neither do masked values. `left` is how many
/// bytes may still be searched; each value counts at least one, so that a list of a million nulls ends too.
fn is_in_cell(cell: &Cell<'_>, pattern: &Pattern, depth: usize, left: &mut usize) -> bool {
    let Some(rest) = left.checked_sub(1) else {
        return false;
    };
    *left = rest;
    match cell {
        Cell::Null => false,
        Cell::Bool(flag) => pattern.is_flag(*flag),
        Cell::Number(digits) => {
            *left = rest.saturating_sub(digits.len());
            is_number(digits, pattern)
        }
        Cell::Text(text) => {
            *left = rest.saturating_sub(text.len());
            pattern.matches(text)
        }
        _ if depth >= DEEPEST => false,
        Cell::List(items) => {
            for item in items.iter() {
                if is_in_cell(&item, pattern, depth + 1, left) {
                    return true;
                }
                if *left == 0 {
                    break;
                }
            }
            false
        }
        // The whole of an object has no single text.
        Cell::Object(_) if matches!(pattern, Pattern::Exact(_)) => false,
        Cell::Object(fields) => {
            for (name, field) in fields.iter() {
                if !model::is_masked(&name) && is_in_cell(&field, pattern, depth + 1, left) {
                    return true;
                }
                *left = left.saturating_sub(1);
                if *left == 0 {
                    break;
                }
            }
            false
        }
    }
}

/// Whether the digits are the number of the pattern, or match its regular expression.
fn is_number(digits: &str, pattern: &Pattern) -> bool {
    let Some(literal) = pattern.literal() else {
        return pattern.matches(digits);
    };
    literal == digits || number(literal).is_some_and(|wanted| number(digits) == Some(wanted))
}

fn number(digits: &str) -> Option<f64> {
    let is_number = digits.len() <= MAX_NUMBER_BYTES && digits.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    is_number.then(|| digits.parse().ok())?
}

/// Compares the value of a column with an amount: a number as it is, a time as its age.
fn is_amount(cell: &Cell<'_>, path: &[String], compare: Compare, amount: &Amount, now_ms: i64) -> bool {
    let ordering = match (cell, amount) {
        (Cell::Number(digits), Amount::Moment(ms, _)) => time_of_text(digits).map(|time| time.cmp(ms)),
        (Cell::Text(text), Amount::Moment(ms, _)) => time_of_text(text).map(|time| time.cmp(ms)),
        (Cell::Text(text), Amount::Number(..)) => amount.base().and_then(|(wanted, unit)| {
            let value = match unit.is_span() {
                true => time_of_text(text).map(|time| now_ms.saturating_sub(time) as f64 / 1_000.0),
                false => number(text),
            };
            value?.partial_cmp(&wanted)
        }),
        (Cell::Number(digits), Amount::Number(..)) => amount.base().and_then(|(wanted, unit)| {
            let is_ms = unit.is_span() && path.last().is_some_and(|name| name.ends_with("_ms"));
            let value = number(digits)?;
            (if is_ms { value / 1_000.0 } else { value }).partial_cmp(&wanted)
        }),
        _ => None,
    };
    compare.accepts(ordering)
}
