//! The share of a row that is done.

use crate::{Cell, Status};

use super::cell::{self, Cells};

/// Longer texts are not numbers.
const MAX_TEXT_BYTES: usize = 64;

/// The share, 0 to 1, from the first column (or pair `done/total`) that holds one.
pub(super) fn progress(cells: &Cells<'_>, names: &[String], status: Status) -> Option<f32> {
    names.iter().find_map(|name| match pair(name) {
        Some((done, total)) => {
            let done = amount(&cells.get(done)?)?;
            let total = amount(&cells.get(total)?)?;
            share_of(done, total)
        }
        None => of_cell(&cells.get(name)?, is_percentage(name), status),
    })
}

/// `steps_completed/steps_total` names two columns; a leading `/` makes a JSON pointer.
fn pair(name: &str) -> Option<(&str, &str)> {
    let (done, total) = name.split_once('/')?;
    (!done.is_empty()).then_some((done, total))
}

/// Whether a column's name says that it is a percentage, never a share.
fn is_percentage(name: &str) -> bool {
    name.contains("percent") || name.ends_with("_pct") || name == "pct"
}

fn of_cell(value: &Cell<'_>, percentage: bool, status: Status) -> Option<f32> {
    match value {
        Cell::Number(digits) => scaled(cell::number(digits)?, digits, percentage, status),
        Cell::Text(text) => of_text(text, percentage, status),
        _ => None,
    }
}

/// The share in a text like `45`, `0.45`, `45 %` or `3/7`.
fn of_text(text: &str, percentage: bool, status: Status) -> Option<f32> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let text = text.trim();
    if let Some(number) = text.strip_suffix('%') {
        return scaled(number.trim_end().parse().ok()?, number, true, status);
    }
    if let Some((done, total)) = text.split_once('/') {
        return share_of(done.trim_end().parse().ok()?, total.trim_start().parse().ok()?);
    }
    scaled(text.parse().ok()?, text, percentage, status)
}

/// A number below 0 means unknown, one above 1 is a percentage, and a fraction is a share. A bare `1` is one percent, as
/// in the common integer column, unless the row is done: then it is the whole.
fn scaled(number: f64, digits: &str, percentage: bool, status: Status) -> Option<f32> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    let is_share = if number == 1.0 {
        digits.contains('.') || status == Status::Done
    } else {
        number < 1.0
    };
    let share = if is_share && !percentage {
        number
    } else {
        number / 100.0
    };
    Some(share.min(1.0) as f32)
}

fn share_of(done: f64, total: f64) -> Option<f32> {
    let share = done / total;
    (done >= 0.0 && total > 0.0 && share.is_finite()).then(|| share.min(1.0) as f32)
}

fn amount(value: &Cell<'_>) -> Option<f64> {
    match value {
        Cell::Number(digits) => cell::number(digits),
        Cell::Text(text) if text.len() <= MAX_TEXT_BYTES => text.trim().parse().ok(),
        _ => None,
    }
}
