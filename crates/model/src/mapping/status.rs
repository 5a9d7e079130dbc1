//! The state of a row: from its status word by the user's words, then the built-in ones, or from a flag by its kind.

use std::{collections::HashMap, sync::Arc};

use crate::{Cell, Kind, Phase, Status, StatusReading, text};

use super::{
    cell::{self, Cells},
    words,
};

/// Most characters of the row's own status word.
const MAX_WORD_CHARS: usize = 40;

/// A row's state, and whether its word asks for a person.
pub(super) struct Found {
    /// The status, with the word that it was read from.
    pub(super) reading: StatusReading,
    /// A column says that a person is needed.
    pub(super) asks_for_human: bool,
}

impl Found {
    /// Whether the work has ended. Its flags for a person no longer count: a `requires_approval` column often stays true.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.reading.status.phase(), Phase::Failed | Phase::Over)
    }
}

/// The state from the first status column that holds a word, a number or a flag; idle if none does.
pub(super) fn status(kind: Kind, own_words: &HashMap<String, Status>, cells: &Cells<'_>, names: &[String]) -> Found {
    for name in names {
        let Some(value) = cells.get(name) else {
            continue;
        };
        if let Cell::Bool(flag) = value {
            let status = own_words
                .get(if flag { "true" } else { "false" })
                .copied()
                .unwrap_or_else(|| of_flag(kind, name, flag));
            return Found {
                reading: StatusReading { status, word: None },
                asks_for_human: false,
            };
        }
        if let Some(word) = cell::text(&value) {
            return of_word(kind, own_words, name, word);
        }
    }
    Found {
        reading: StatusReading::default(),
        asks_for_human: false,
    }
}

fn of_word(kind: Kind, own_words: &HashMap<String, Status>, column: &str, word: &str) -> Found {
    let mut buffer = words::Buffer::default();
    let known = words::normalise(word, &mut buffer);
    let status = known.and_then(|known| {
        own_words.get(known).copied().or_else(|| match known {
            // A boolean stored as text.
            "true" => Some(of_flag(kind, column, true)),
            "false" => Some(of_flag(kind, column, false)),
            known => words::built_in(kind, known),
        })
    });
    let shown = text::clean(word, MAX_WORD_CHARS);
    Found {
        reading: StatusReading {
            status: status.unwrap_or(Status::Unmapped),
            word: (!shown.is_empty()).then(|| Arc::from(&*shown)),
        },
        asks_for_human: known.is_some_and(words::asks_for_human),
    }
}

/// The state of a flag: columns like `is_active` tell whether the row is in use, columns like `done` whether it is
/// finished.
fn of_flag(kind: Kind, column: &str, flag: bool) -> Status {
    let name = column.rsplit(['.', '/']).next().unwrap_or(column);
    if matches!(
        name,
        "done" | "is_done" | "completed" | "is_completed" | "complete" | "is_complete" | "finished"
    ) {
        return if flag { Status::Done } else { Status::Queued };
    }
    match (kind, flag) {
        (_, true) => Status::Idle,
        (Kind::Agent, false) => Status::Offline,
        (Kind::Task | Kind::Workflow | Kind::Run, false) => Status::Cancelled,
    }
}
