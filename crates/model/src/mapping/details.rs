//! What a row says beside its state and its links: what it is doing, what it waits for, when it is due, what it cost. Only
//! the row at the pointer and the selected one are read for it.

use std::sync::Arc;

use crate::{Cell, Record, SourceId};

use super::{
    Mapping,
    cell::{self, Cells},
    label, time,
};

/// Most characters of a line of it.
const MAX_LINE_CHARS: usize = 120;
/// Most characters of an address.
const MAX_URL_CHARS: usize = 500;
/// Most items of a list of messages that are passed over on the way to the last one.
const MAX_MESSAGES: usize = 10_000;

/// The details of a row; what its columns lack is absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Details {
    /// What it is doing, one line.
    pub activity: Option<Arc<str>>,
    /// What or whom it waits for, one line.
    pub waits_for: Option<Arc<str>>,
    /// Until when it waits, milliseconds since the Unix epoch, where the column holds a time.
    pub waits_until_ms: Option<i64>,
    /// When it is due, milliseconds since the Unix epoch.
    pub due_ms: Option<i64>,
    /// What it cost, in the table's own currency; never negative.
    pub cost: Option<f64>,
    /// The tokens it took.
    pub tokens: Option<u64>,
    /// Which attempt it is.
    pub attempt: Option<Attempt>,
    /// Its page: an `https` address.
    pub url: Option<Arc<str>>,
}

/// The number of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// As the column counts.
    pub number: u32,
    /// After how many attempts it is given up, if the row says so.
    pub most: Option<u32>,
}

impl Mapping {
    /// Reads the details of a row. It never fails.
    pub fn details(&self, source: SourceId, record: &Record) -> Details {
        let (cells, of) = (&Cells::of(record), self.of(source));
        let waits_until_ms = of.waits_for.iter().find_map(|name| {
            let is_text = matches!(cells.get(name)?, Cell::Text(_));
            is_text.then(|| time::time_ms(cells, std::slice::from_ref(name)))?
        });
        Details {
            activity: of.activity.iter().find_map(|name| activity(cells, name)),
            waits_for: label::text_of(cells, &of.waits_for, MAX_LINE_CHARS).filter(|_| waits_until_ms.is_none()),
            waits_until_ms,
            due_ms: time::time_ms(cells, &of.due),
            cost: cells.first(&of.cost, amount).filter(|cost| *cost >= 0.0),
            tokens: cells
                .first(&of.tokens, amount)
                .filter(|tokens| (0.0..1e15).contains(tokens))
                .map(|tokens| tokens as u64),
            attempt: of.attempt.iter().find_map(|name| attempt(cells, name)),
            url: label::text_of(cells, &of.url, MAX_URL_CHARS).filter(|url| url.starts_with("https://")),
        }
    }
}

/// One line about what goes on: a text, or the last one of a list. An id, as `current_task` often is, is no activity.
fn activity(cells: &Cells<'_>, name: &str) -> Option<Arc<str>> {
    let line = |text: &str| {
        let line = crate::text::clean(text, MAX_LINE_CHARS);
        let is_prose = !name.ends_with("task") || line.contains(' ');
        (is_prose && !line.is_empty()).then(|| Arc::from(&*line))
    };
    match cells.get(name)? {
        Cell::Text(text) => line(&text),
        Cell::List(items) => match items.iter().take(MAX_MESSAGES).last()? {
            Cell::Text(text) => line(&text),
            Cell::Object(fields) => ["message", "text", "content"]
                .into_iter()
                .find_map(|key| line(fields.get(key)?.as_str()?)),
            _ => None,
        },
        _ => None,
    }
}

fn amount(value: Cell<'_>) -> Option<f64> {
    cell::number(cell::text(&value)?.trim())
}

/// The attempt of a column, or of a pair `attempt/most` of columns.
fn attempt(cells: &Cells<'_>, name: &str) -> Option<Attempt> {
    let count = |name: &str| {
        let number = amount(cells.get(name)?)?;
        (0.0..1e6).contains(&number).then_some(number as u32)
    };
    match name.split_once('/') {
        Some((number, most)) if !number.is_empty() => Some(Attempt {
            number: count(number)?,
            most: Some(count(most)?),
        }),
        _ => Some(Attempt {
            number: count(name)?,
            most: None,
        }),
    }
}

/// Whether a pair `attempt/most` of columns says that no attempt is left.
pub(super) fn is_last_attempt(cells: &Cells<'_>, name: &str) -> bool {
    attempt(cells, name).is_some_and(|attempt| attempt.most.is_some_and(|most| most > 0 && attempt.number >= most))
}

/// Whether it was attempted before.
pub(super) fn is_later_attempt(cells: &Cells<'_>, name: &str) -> bool {
    attempt(cells, name).is_some_and(|attempt| attempt.number > 0)
}
