//! Finds cells by column name, or by a path into a JSON column, without allocation.

use crate::{Cell, Record};

/// A text with more leading blanks than this counts as blank.
const MAX_BLANK_BYTES: usize = 4_096;
/// Longer numbers are not read: an `f64` written out has no more digits.
const MAX_DIGITS: usize = 400;

/// A row while it is read.
pub(crate) struct Cells<'r> {
    record: &'r Record,
}

impl<'r> Cells<'r> {
    pub(crate) fn of(record: &'r Record) -> Self {
        Self { record }
    }

    fn column(&self, name: &str) -> Option<Cell<'r>> {
        self.record.get_like(name)
    }

    /// The cell of a column's name, or of a dotted path or JSON pointer into a JSON column. A column of exactly that name
    /// takes precedence. `None` if there is no such cell.
    pub(crate) fn get(&self, name: &str) -> Option<Cell<'r>> {
        if let Some(value) = self.column(name) {
            return Some(value);
        }
        let (separator, path) = match name.strip_prefix('/') {
            Some(path) => ('/', path),
            None if name.as_bytes().contains(&b'.') => ('.', name),
            None => return None,
        };
        let mut steps = path.split(separator);
        let mut value = self.column(steps.next()?)?;
        for step in steps {
            value = match value {
                Cell::Object(fields) => fields.get(step)?,
                Cell::List(items) => items.iter().nth(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// The first result of `usable` for the named cells.
    pub(super) fn first<T>(&self, names: &[String], mut usable: impl FnMut(Cell<'r>) -> Option<T>) -> Option<T> {
        names.iter().find_map(|name| usable(self.get(name)?))
    }

    /// Whether one of the named flags is true.
    pub(super) fn any_true(&self, names: &[String]) -> bool {
        names
            .iter()
            .any(|name| matches!(self.get(name), Some(Cell::Bool(true))))
    }
}

/// The text of a cell that is not blank; of a number its digits.
pub(crate) fn text<'c>(value: &'c Cell<'_>) -> Option<&'c str> {
    match value {
        Cell::Text(text) => Some(&**text),
        Cell::Number(digits) => Some(*digits),
        _ => None,
    }
    .filter(|text| !is_blank(text))
}

/// Whether a text has only white space, at least in its first [`MAX_BLANK_BYTES`].
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().take(MAX_BLANK_BYTES).all(|b| b.is_ascii_whitespace())
}

/// A finite number; `None` for hostile ones like `1e999` or a megabyte of digits.
pub(crate) fn number(digits: &str) -> Option<f64> {
    if digits.len() > MAX_DIGITS {
        return None;
    }
    digits.parse().ok().filter(|number: &f64| number.is_finite())
}
