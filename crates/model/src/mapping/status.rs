//! The state of a row, and the rule that gave it. The rules, in their order:
//!
//! 1. a row to which a row of certain companions belongs, by the companion;
//! 2. one that is not over and is held up by a flag or a reason is blocked;
//! 3. a row that is over, or that has no status, by its outcome; one that is over and has an error message failed;
//! 4. the status word by the user's words, then by the known ones, then by its parts (a guess);
//! 5. a flag by its kind;
//! 6. without a status, the latest stage that a time was written for, or the used-up attempts;
//! 7. a row of which no column says anything is idle.

use std::{collections::HashMap, sync::Arc};

use crate::{Cell, Kind, Phase, Rule, SourceMapping, Status, StatusReading, text};

use super::{
    cell::{self, Cells},
    details, shape, time, words,
};

/// Most characters of the row's own status word.
const MAX_WORD_CHARS: usize = 40;

/// A row's state, what it was read from, and whether that asks for a person.
pub(super) struct Found<'m> {
    /// The status, with the word that it was read from.
    pub(super) reading: StatusReading,
    /// The column that decided; `None` when none did.
    pub(super) column: Option<&'m str>,
    /// A word says that a person is needed.
    pub(super) asks_for_human: bool,
}

impl<'m> Found<'m> {
    fn without_word(status: Status, rule: Rule, column: Option<&'m str>) -> Self {
        Self {
            reading: StatusReading {
                status,
                word: None,
                rule,
            },
            column,
            asks_for_human: false,
        }
    }

    /// Whether the work has ended. Its flags for a person no longer count.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.reading.status.phase(), Phase::Failed | Phase::Over)
    }
}

/// The words that a source's status columns are read with.
struct Words<'m> {
    global: &'m HashMap<String, Status>,
    of: &'m SourceMapping,
}

impl Words<'_> {
    /// The state that the user gave a normalised word: for this source, or for all.
    fn own(&self, word: &str) -> Option<Status> {
        self.of.words.get(word).or_else(|| self.global.get(word)).copied()
    }

    /// The state of a normalised word that is known. Of a column that says whether a row is in service, words of service
    /// say nothing about what it is doing.
    fn known(&self, word: &str) -> Option<Status> {
        let known = words::built_in(self.of.kind, word)?;
        if !self.of.lifecycle {
            return Some(known);
        }
        Some(match known {
            Status::Running | Status::Queued | Status::Done => Status::Idle,
            Status::Cancelled => Status::Offline,
            other => other,
        })
    }
}

/// The state of a row.
pub(super) fn status<'m>(global: &'m HashMap<String, Status>, cells: &Cells<'_>, of: &'m SourceMapping) -> Found<'m> {
    let words = &Words { global, of };
    let said = said(words, cells);
    let is_open = said.as_ref().is_some_and(|found| found.reading.status != Status::Done);
    let found = match said {
        Some(found) if is_open => found,
        // It is over, or nothing says how it stands.
        said => outcome(words, cells)
            .or_else(|| error(cells, &of.error).filter(|_| said.is_some()))
            .map(|(status, rule, column, asks_for_human)| Found {
                reading: StatusReading {
                    status,
                    word: said.as_ref().and_then(|found| found.reading.word.clone()),
                    rule,
                },
                column: Some(column),
                asks_for_human,
            })
            .or(said)
            .or_else(|| stage(cells, of))
            .unwrap_or_else(|| Found::without_word(Status::Idle, Rule::default(), None)),
    };
    member(cells, of)
        .or_else(|| blocked(&found, cells, of))
        .or_else(|| busy(&found, cells, of))
        .or_else(|| awaited(&found, cells, of))
        .unwrap_or(found)
}

/// An agent in service that a flag calls busy.
fn busy<'m>(found: &Found<'m>, cells: &Cells<'_>, of: &'m SourceMapping) -> Option<Found<'m>> {
    let column = of
        .busy
        .iter()
        .filter(|_| found.reading.status == Status::Idle)
        .find(|name| matches!(cells.get(name), Some(Cell::Bool(true))))?;
    Some(Found::without_word(Status::Running, Rule::Flag, Some(column)))
}

/// A row that has not begun and waits for an approval.
fn awaited<'m>(found: &Found<'m>, cells: &Cells<'_>, of: &'m SourceMapping) -> Option<Found<'m>> {
    let may_be = of.kind.is_work() && found.reading.status == Status::Queued;
    let column = of
        .approval
        .iter()
        .filter(|_| may_be)
        .find(|name| is_awaited(cells, name))?;
    Some(Found {
        reading: StatusReading {
            status: Status::Waiting,
            word: found.reading.word.clone(),
            rule: Rule::Approval,
        },
        column: Some(column),
        asks_for_human: true,
    })
}

/// The state of a row that a row of a companion belongs to.
fn member<'m>(cells: &Cells<'_>, of: &'m SourceMapping) -> Option<Found<'m>> {
    of.companions.iter().find_map(|companion| {
        let status = companion.state?;
        let is_member = cells
            .get(companion.marker())
            .is_some_and(|value| !matches!(value, Cell::Null));
        is_member.then(|| Found::without_word(status, Rule::Member, Some(companion.marker())))
    })
}

/// A row that has not begun and is held up by a column of its own.
fn blocked<'m>(found: &Found<'m>, cells: &Cells<'_>, of: &'m SourceMapping) -> Option<Found<'m>> {
    let may_be = matches!(found.reading.status, Status::Queued | Status::Idle | Status::Running);
    let column = of
        .blocked
        .iter()
        .filter(|_| may_be)
        .find(|name| match cells.get(name) {
            Some(Cell::Bool(flag)) => flag,
            Some(Cell::Text(text)) => !cell::is_blank(&text) && !matches!(&*text, "false" | "no" | "0"),
            _ => false,
        })?;
    Some(Found {
        reading: StatusReading {
            status: Status::Blocked,
            word: found.reading.word.clone(),
            rule: Rule::Flag,
        },
        column: Some(column),
        asks_for_human: false,
    })
}

/// The state by the first status column that holds a word, a number or a flag.
fn said<'m>(words: &Words<'m>, cells: &Cells<'_>) -> Option<Found<'m>> {
    words.of.status.iter().find_map(|name| {
        let value = cells.get(name)?;
        if let Cell::Bool(flag) = value {
            let own = words.own(if flag { "true" } else { "false" });
            let status = own.unwrap_or_else(|| of_flag(words.of.kind, name, flag));
            let rule = if own.is_some() { Rule::OwnWord } else { Rule::Flag };
            return Some(Found::without_word(status, rule, Some(name)));
        }
        cell::text(&value).map(|word| of_word(words, name, word))
    })
}

fn of_word<'m>(words: &Words<'m>, column: &'m str, word: &str) -> Found<'m> {
    let mut buffer = words::Buffer::default();
    let known = words::normalise(word, &mut buffer);
    let kind = words.of.kind;
    let (status, rule) = known.map_or((Status::Unmapped, Rule::Unknown), |known| {
        if let Some(status) = words.own(known) {
            return (status, Rule::OwnWord);
        }
        match known {
            // A boolean stored as text.
            "true" => (of_flag(kind, column, true), Rule::Flag),
            "false" => (of_flag(kind, column, false), Rule::Flag),
            known => (words.known(known))
                .map(|status| (status, Rule::Word))
                .or_else(|| shape::guess(known).map(|status| (status, Rule::Shape)))
                .unwrap_or((Status::Unmapped, Rule::Unknown)),
        }
    });
    let shown = text::clean(word, MAX_WORD_CHARS);
    Found {
        reading: StatusReading {
            status,
            word: (!shown.is_empty()).then(|| Arc::from(&*shown)),
            rule,
        },
        column: Some(column),
        // Every word that asks for a person waits, unless the user gave it another state: then it asks for nobody.
        asks_for_human: status == Status::Waiting && known.is_some_and(words::asks_for_human),
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

type Decided<'m> = (Status, Rule, &'m str, bool);

/// How the row ended: by a word that names an end, a flag of success, or an exit code. Prose, and words for something
/// that has not ended, say nothing.
fn outcome<'m>(words: &Words<'m>, cells: &Cells<'_>) -> Option<Decided<'m>> {
    words.of.outcome.iter().find_map(|name| {
        let decided = |status, asks| Some((status, Rule::Outcome, name.as_str(), asks));
        let of_success = |is_success| if is_success { Status::Done } else { Status::Failed };
        match cells.get(name)? {
            Cell::Bool(flag) => decided(of_success(flag), false),
            Cell::Number(digits) if name.contains("code") || name.contains("exit") => {
                decided(of_success(cell::number(digits)? == 0.0), false)
            }
            Cell::Text(text) => {
                let mut buffer = words::Buffer::default();
                let word = words::normalise(&text, &mut buffer)?;
                match word {
                    "true" | "yes" => return decided(Status::Done, false),
                    "false" | "no" => return decided(Status::Failed, false),
                    _ => {}
                }
                // GitHub calls a run stale that was given up because nothing was heard of it.
                let given_up = (word == "stale").then_some(Status::Cancelled);
                let status = (words.own(word).or(given_up))
                    .or_else(|| words::built_in(Kind::Run, word))
                    .or_else(|| shape::guess(word))?;
                let asks = words::asks_for_human(word);
                let is_end = matches!(status.phase(), Phase::Failed | Phase::Over) || asks;
                is_end.then(|| decided(status, asks))?
            }
            _ => None,
        }
    })
}

/// A row that is over and has an error message failed. Columns that keep the error of an earlier attempt, or the reason of
/// a block, say nothing about the end.
fn error<'m>(cells: &Cells<'_>, names: &'m [String]) -> Option<Decided<'m>> {
    let is_of_the_end = |name: &&String| !name.starts_with("last_") && !name.contains("block");
    names.iter().filter(is_of_the_end).find_map(|name| {
        let is_error = match cells.get(name)? {
            Cell::Text(text) => {
                let text = text.trim();
                let is_none = ["none", "null", "{}", "[]", "false", "no", "ok", "n/a", "-", "0"];
                !text.is_empty() && !is_none.iter().any(|none| text.eq_ignore_ascii_case(none))
            }
            Cell::Object(fields) => fields.iter().next().is_some(),
            // A list holds the errors of earlier attempts as well.
            Cell::List(_) | Cell::Null | Cell::Bool(_) | Cell::Number(_) => false,
        };
        is_error.then_some((Status::Failed, Rule::Error, name.as_str(), false))
    })
}

/// The state of a row without a status: of the times that are written, the one that says most. One that has used up its
/// attempts and is not being worked on failed.
fn stage<'m>(cells: &Cells<'_>, of: &'m SourceMapping) -> Option<Found<'m>> {
    let stages = [
        (Status::Failed, &of.failed_at),
        (Status::Cancelled, &of.cancelled_at),
        (Status::Done, &of.finished_at),
        (Status::Running, &of.started_at),
    ];
    let written = stages.into_iter().find_map(|(status, names)| {
        let is_time = |name: &&String| time::time_ms(cells, std::slice::from_ref(*name)).is_some();
        Some((status, names.iter().find(is_time)?.as_str()))
    });
    if written.is_none_or(|(status, _)| status == Status::Running && !is_held(cells, of))
        && let Some(column) = of.attempt.iter().find(|name| details::is_last_attempt(cells, name))
    {
        return Some(Found::without_word(Status::Failed, Rule::Attempts, Some(column)));
    }
    // It was tried, nobody holds it, and it says why it failed: it waits for the next attempt.
    if written.is_none()
        && let Some(column) = of.attempt.iter().find(|name| details::is_later_attempt(cells, name))
        && of
            .error
            .iter()
            .any(|name| matches!(cells.get(name), Some(Cell::Text(text)) if !cell::is_blank(&text)))
    {
        return Some(Found::without_word(Status::Blocked, Rule::Attempts, Some(column)));
    }
    let scheduled = || {
        let is_time = |name: &&String| time::time_ms(cells, std::slice::from_ref(*name)).is_some();
        Some((Status::Queued, of.scheduled_at.iter().find(is_time)?.as_str()))
    };
    // Work that has a time for its end or begin, none of which is written, has not begun.
    let unwritten = || {
        let names = of.finished_at.iter().chain(&of.started_at);
        let column = names
            .filter(|_| of.kind.is_work())
            .find(|name| cells.get(name).is_some())?;
        Some((Status::Queued, column.as_str()))
    };
    let (status, column) = written.or_else(scheduled).or_else(unwritten)?;
    if status == Status::Done
        && let Some((status, rule, column, _)) = error(cells, &of.error)
    {
        return Some(Found::without_word(status, rule, Some(column)));
    }
    Some(Found::without_word(status, Rule::Time, Some(column)))
}

/// Whether a worker holds the row at the moment: a lock that is released when the work ends.
fn is_held(cells: &Cells<'_>, of: &SourceMapping) -> bool {
    let is_lock = |name: &&String| name.contains("lock") || name.contains("claim");
    (of.started_at.iter().filter(is_lock)).any(|name| time::time_ms(cells, std::slice::from_ref(name)).is_some())
}

/// Whether the approval of a row waits for a person.
pub(super) fn awaits_approval(cells: &Cells<'_>, names: &[String]) -> bool {
    names.iter().any(|name| is_awaited(cells, name))
}

/// Whether an approval is awaited by a column: by a word, or by a flag that is not yet set. A word like `pending` says so
/// only in a column that is named after an approval or holds the decision itself.
fn is_awaited(cells: &Cells<'_>, name: &str) -> bool {
    let value = cells.get(name);
    if let Some(Cell::Bool(flag)) = value {
        return !flag;
    }
    value.as_ref().and_then(cell::text).is_some_and(|word| {
        let mut buffer = words::Buffer::default();
        words::normalise(word, &mut buffer).is_some_and(|word| {
            let is_open = matches!(
                word,
                "pending" | "requested" | "waiting" | "awaiting" | "open" | "submitted" | "needed"
            );
            (is_open && !name.contains("verif")) || words::asks_for_human(word)
        })
    })
}

/// Whether what the row waits for is a person: `manager_approval`, `confirm`.
pub(super) fn waits_for_person(cells: &Cells<'_>, names: &[String]) -> bool {
    names.iter().any(|name| {
        let value = cells.get(name);
        let kind = match &value {
            Some(Cell::Object(fields)) => fields.get("kind").or_else(|| fields.get("type")),
            _ => None,
        };
        let value = kind.or(value);
        value.as_ref().and_then(cell::text).is_some_and(|word| {
            let mut buffer = words::Buffer::default();
            words::normalise(word, &mut buffer).is_some_and(|word| word.split('_').any(shape::is_person))
        })
    })
}

/// Whether the row says that it was deleted or archived.
pub(super) fn is_removed(cells: &Cells<'_>, names: &[String]) -> bool {
    names.iter().any(|name| match cells.get(name) {
        Some(Cell::Bool(flag)) => flag,
        Some(Cell::Number(digits)) => cell::number(digits).is_some_and(|number| number != 0.0),
        Some(Cell::Text(text)) => &*text != "0" && time::time_ms(cells, std::slice::from_ref(name)).is_some(),
        _ => false,
    })
}
