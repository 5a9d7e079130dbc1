//! Finding a cell: by column name, or by a path into a JSON column. No allocation.

use crate::{Cell, Record};

/// More leading blanks than that and the cell is as good as empty.
const MAX_BLANK_BYTES: usize = 4_096;
/// Longest number that is read: an `f64` written out has no more digits.
const MAX_DIGITS: usize = 400;

/// A row while it is read. Most names that are asked for are not there: a mask of the columns that are answers that
/// without a search.
pub(super) struct Cells<'r> {
    record: &'r Record,
    present: u64,
}

impl<'r> Cells<'r> {
    pub(super) fn of(record: &'r Record) -> Self {
        let present = record.iter().fold(0, |mask, (name, _)| mask | bit(name));
        Self { record, present }
    }

    fn column(&self, name: &str) -> Option<Cell<'r>> {
        (self.present & bit(name) != 0).then(|| self.record.get(name)).flatten()
    }

    /// The cell under a column's name, or under a dotted path or JSON pointer into a JSON column. A column of exactly
    /// that name comes first. `None` for what is not there.
    pub(super) fn get(&self, name: &str) -> Option<Cell<'r>> {
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

    /// The first of the named cells that `usable` makes something of.
    pub(super) fn first<T>(&self, names: &[String], mut usable: impl FnMut(Cell<'r>) -> Option<T>) -> Option<T> {
        names.iter().find_map(|name| usable(self.get(name)?))
    }

    /// Whether one of the named flags is up.
    pub(super) fn any_true(&self, names: &[String]) -> bool {
        names
            .iter()
            .any(|name| matches!(self.get(name), Some(Cell::Bool(true))))
    }
}

/// One bit of 64 for a name, by its length and two of its letters.
fn bit(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or(0), bytes.last().copied().unwrap_or(0));
    let mix = usize::from(first) * 7 + usize::from(last) * 3 + bytes.len() * 5;
    1 << (mix & 63)
}

/// A text cell with something in it; of a number its digits.
pub(super) fn text<'c>(value: &'c Cell<'_>) -> Option<&'c str> {
    match value {
        Cell::Text(text) => Some(&**text),
        Cell::Number(digits) => Some(*digits),
        _ => None,
    }
    .filter(|text| !is_blank(text))
}

/// Whether a text has nothing in it, as far as anybody would look.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().take(MAX_BLANK_BYTES).all(|b| b.is_ascii_whitespace())
}

/// A number cell, finite; hostile ones (`1e999`, a megabyte of digits) are none.
pub(super) fn number(digits: &str) -> Option<f64> {
    if digits.len() > MAX_DIGITS {
        return None;
    }
    digits.parse().ok().filter(|number: &f64| number.is_finite())
}
