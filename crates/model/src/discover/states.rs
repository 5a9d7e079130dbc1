//! From which columns the state of a table's rows can be read, and what their words show about the table. The kind of a
//! table and its roles are decided with it.

use super::table::{Column, Table};
use crate::{Kind, Phase, SourceMapping, Status, mapping};

/// Words of a state that say whether something is there. Each has a state of an agent as well, in `status.rs` or
/// `assets/words.txt`.
const PRESENCE: &[&str] = &[
    "online",
    "offline",
    "available",
    "busy",
    "idle",
    "connected",
    "disconnected",
    "charging",
    "unreachable",
    "maintenance",
    "away",
    "disponible",
    "ocupado",
    "disponivel",
    "disponível",
    "libre",
    "livre",
    "verfügbar",
    "beschäftigt",
    "standby",
];

/// The column of the state, by its name, or by its words.
pub(super) fn status_column<'t, 'f>(table: &'t Table<'f>, kind: Kind) -> Option<&'t Column<'f>> {
    let usual = SourceMapping::of(kind).status;
    let by_name = usual.iter().filter_map(|name| table.column(name)).find(|column| {
        // A stage of something else than work has words of its own.
        let is_weak = matches!(column.snake.as_str(), "phase" | "stage");
        let is_known = !is_weak || column.filled == 0 || known_words(column, kind) * 2 >= column.vocabulary().len();
        let is_word = (column.filled == 0 || column.is_flag() || column.is_number() || holds_words(column)) && is_known;
        // A flag and a time beside it are no state: `completed` may be a time.
        is_word && !column.is_time() && column.lists + column.objects == 0
    });
    match by_name {
        // `execution_status` says more than `enabled` beside it; `payment_status` does not.
        Some(flag) if flag.is_flag() => like_named(table, kind, |column| {
            let words = column.words();
            let of_execution = words
                .first()
                .is_some_and(|word| table.words.contains(word) || OF_EXECUTION.contains(&word.as_str()));
            of_execution && known_words(column, kind) * 2 >= column.vocabulary().len()
        })
        .or(Some(flag)),
        by_name => by_name.or_else(|| like_named(table, kind, |_| true)),
    }
}

/// First words of the names of columns that say how an execution goes on.
const OF_EXECUTION: &[&str] = &[
    "execution",
    "run",
    "runtime",
    "work",
    "live",
    "current",
    "operational",
    "process",
    "processing",
];

/// The column whose name ends in a word for a state and whose words are best known.
fn like_named<'t, 'f>(
    table: &'t Table<'f>,
    kind: Kind,
    is_meant: impl Fn(&Column<'_>) -> bool,
) -> Option<&'t Column<'f>> {
    let is_named = |column: &&Column<'_>| {
        // `last_status` is the state; `status_message` is not.
        let is_end = column
            .words()
            .last()
            .is_some_and(|word| matches!(word.as_str(), "status" | "state" | "stage" | "phase"));
        is_end && !column.is_flag() && holds_words(column) && column.filled > 0
    };
    let named = table.columns.iter().filter(is_named);
    named
        .filter(|column| is_meant(column))
        .max_by_key(|column| known_words(column, kind))
}

/// What says that something is there and answers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Presence {
    /// Its status has words like online, offline, available, busy.
    pub(super) has_words: bool,
    /// It has a time of a heartbeat, or when it was last seen.
    pub(super) has_sign: bool,
}

/// The signs of presence of a table.
pub(super) fn presence(table: &Table<'_>) -> Presence {
    let has_words = status_column(table, Kind::Agent).is_some_and(|column| {
        let vocabulary = column.vocabulary();
        PRESENCE.iter().filter(|word| vocabulary.contains(**word)).count() >= 2
    });
    let has_sign = table.columns.iter().any(|column| {
        let words = column.words();
        let is_sign = words
            .iter()
            .any(|word| matches!(word.as_str(), "heartbeat" | "ping" | "seen" | "checkin"));
        is_sign && (column.is_time() || column.filled == 0)
    });
    Presence { has_words, has_sign }
}

/// Whether a column is a time at which work began or ended.
pub(super) fn is_time_of_work(column: &Column<'_>) -> bool {
    is_time_of_end(column)
        || has_time_word(
            column,
            &["started", "begun", "locked", "claimed", "picked", "dispatched"],
        )
}

/// Whether a column is a time at which work ended.
pub(super) fn is_time_of_end(column: &Column<'_>) -> bool {
    has_time_word(
        column,
        &[
            "finished",
            "completed",
            "processed",
            "ended",
            "failed",
            "closed",
            "resolved",
            "delivered",
        ],
    )
}

fn has_time_word(column: &Column<'_>, wanted: &[&str]) -> bool {
    let is_time = column.is_time() || (column.filled == 0 && column.snake.ends_with("_at"));
    is_time && !column.name.contains('.') && column.words().iter().any(|word| wanted.contains(&word.as_str()))
}

/// How many of its words are known.
fn known_words(column: &Column<'_>, kind: Kind) -> usize {
    let words = column.vocabulary();
    words
        .iter()
        .filter(|word| mapping::known_word(kind, word).is_some())
        .count()
}

/// Few different short texts, mostly single words.
pub(super) fn holds_words(column: &Column<'_>) -> bool {
    let is_text = column.flags + column.lists + column.objects + column.times == 0;
    let few = column.values.len() <= 40;
    let short = column.values.keys().all(|value| value.len() <= 40);
    is_text && few && short
}

/// What a status column shows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct States {
    /// Different words.
    pub(super) words: usize,
    /// Words that are known for work.
    pub(super) known: usize,
    /// Words for something that runs, ended or failed.
    pub(super) of_work: usize,
}

/// The states that the words of the table's status column are for a task.
pub(super) fn states(table: &Table<'_>) -> States {
    let Some(column) = status_column(table, Kind::Task) else {
        return States::default();
    };
    let mut states = States::default();
    for word in column.vocabulary() {
        states.words += 1;
        if let Some(status) = mapping::known_word(Kind::Task, &word) {
            states.known += 1;
            let is_of_work = matches!(status.phase(), Phase::Running | Phase::Over | Phase::Failed);
            states.of_work += usize::from(is_of_work && status != Status::Cancelled);
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_a_presence_has_a_state_of_an_agent() {
        for word in PRESENCE {
            assert!(mapping::known_word(Kind::Agent, word).is_some(), "{word}");
        }
    }
}
