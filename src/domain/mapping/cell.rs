//! Finding a cell: by column name, or by a path into a JSON column. No allocation.

use serde_json::{Number, Value};

use crate::domain::Record;

/// The cell under a column's name, or under a dotted path or JSON pointer into a JSON column. A column of exactly that
/// name comes first. `None` for what is not there.
pub(super) fn cell<'r>(record: &'r Record, name: &str) -> Option<&'r Value> {
    if let Some(value) = record.get(name) {
        return Some(value);
    }
    let (separator, path) = match name.strip_prefix('/') {
        Some(path) => ('/', path),
        None if name.contains('.') => ('.', name),
        None => return None,
    };
    let mut steps = path.split(separator);
    let mut value = record.get(steps.next()?)?;
    for step in steps {
        value = match value {
            Value::Object(fields) => fields.get(step)?,
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// The first of the named cells that `usable` makes something of.
pub(super) fn first<'r, T>(
    record: &'r Record,
    names: &[String],
    mut usable: impl FnMut(&'r Value) -> Option<T>,
) -> Option<T> {
    names.iter().find_map(|name| usable(cell(record, name)?))
}

/// A text cell with something in it; of a number its digits.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.as_str()),
        Value::Number(number) => Some(number.as_str()),
        _ => None,
    }
    .filter(|text| !text.trim_ascii().is_empty())
}

/// A number cell, finite; hostile ones (`1e999`) are none.
pub(super) fn number(number: &Number) -> Option<f64> {
    number.as_f64().filter(|n| n.is_finite())
}
