//! What a status word means where the other words of the same column change it: in a column without a word for running, a
//! task that was claimed is running.
//!
//! What a word means in every table is defined elsewhere: English words in `status.rs`, what differs between kinds in
//! `mapping/words.rs`, other languages in `assets/words.txt`.

use std::collections::HashSet;

use super::{
    Confidence,
    roles::Chosen,
    table::{Column, Table},
};
use crate::{Kind, Phase, SourceMapping, Status, mapping};

/// Words of an agent that say what it does. Beside them `active` says the same; without them, that it is in service.
const AT_WORK: &[&str] = &[
    "idle",
    "busy",
    "working",
    "thinking",
    "running",
    "executing",
    "processing",
    "blocked",
    "waiting",
    "training",
    "writing",
    "starting",
    "sleeping",
    "planning",
];

/// Words for what comes after an approval.
const AFTER_APPROVAL: &[&str] = &[
    "executed",
    "applied",
    "published",
    "executing",
    "completed",
    "done",
    "in_progress",
    "deployed",
    "live",
];

/// Words for work that is over, beside which `delivered` only says that somebody has to look at it.
const AFTER_DELIVERY: &[&str] = &["done", "completed", "finished", "succeeded", "success"];

/// Words for work that nobody has taken yet, beside which `pending` means that somebody has.
const NOT_TAKEN: &[&str] = &[
    "enqueued",
    "queued",
    "delayed",
    "created",
    "scheduled",
    "backlog",
    "available",
    "open",
    "todo",
    "new",
];

/// Words for work that somebody has taken.
const TAKEN: &[&str] = &[
    "claimed",
    "assigned",
    "accepted",
    "taken",
    "picked_up",
    "reserved",
    "locked",
];

/// Columns with the person who settled a row.
const RESOLVED_BY: &[&str] = &["resolved_by", "reviewed_by", "decided_by", "answered_by", "handled_by"];

/// Adds to a mapping the words that mean something else in its table than usually, and whether its status says that the
/// rows are in service.
pub(super) fn add(table: &Table<'_>, chosen: &mut Chosen) {
    let Some(column) = status(table, &chosen.mapping).filter(|column| !column.is_flag()) else {
        return;
    };
    let status = StatusWords {
        column: column.name.clone(),
        words: column.vocabulary(),
        kind: chosen.mapping.kind,
    };
    if status.kind == Kind::Agent {
        status.lifecycle(chosen);
    } else if status.kind.is_work() {
        status.approved_and_delivered(table, chosen);
        if !status.runs() {
            status.pending_and_taken(table, chosen);
        }
    }
}

/// The words of a status column.
struct StatusWords {
    column: String,
    words: HashSet<String>,
    kind: Kind,
}

impl StatusWords {
    fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    /// Whether a word says that something is being done.
    fn runs(&self) -> bool {
        self.words
            .iter()
            .any(|word| mapping::known_word(self.kind, word).is_some_and(|status| status.phase() == Phase::Running))
    }

    /// Without a word for what an agent does, `active` says that it is in service: draft, active, archived.
    fn lifecycle(&self, chosen: &mut Chosen) {
        if self.has("active") && !self.has_any(AT_WORK) {
            chosen.mapping.lifecycle = true;
            let reason = "its words say that an agent is in service, not what it does";
            chosen.note("lifecycle", &self.column, reason, Confidence::Likely);
        }
    }

    /// `approved` and `delivered` are not the end where other words come after them.
    fn approved_and_delivered(&self, table: &Table<'_>, chosen: &mut Chosen) {
        if self.has("approved") && !is_of_decisions(table) && self.has_any(AFTER_APPROVAL) {
            let reason = "what was approved is still to be done";
            set(chosen, "approved", Status::Queued, reason);
        }
        let is_sent = ["delivery", "order", "package", "shipment"]
            .iter()
            .any(|word| table.has_word(word));
        if self.has("delivered") && !is_sent && self.has_any(AFTER_DELIVERY) {
            let reason = "another word says that it is done";
            set(chosen, "delivered", Status::Waiting, reason);
        }
    }

    /// Without a word for running: who `pending` waits for, and which word says that something is being done.
    fn pending_and_taken(&self, table: &Table<'_>, chosen: &mut Chosen) {
        let is_pending = self.has("pending");
        let is_resolved_by_people = (table.columns.iter()).any(|column| RESOLVED_BY.contains(&column.snake.as_str()));
        if is_pending && is_resolved_by_people {
            self.pending_for_a_person("a person resolves it", chosen);
            return;
        }
        let has_both_ends =
            self.has_any(&["approved", "accepted"]) && self.has_any(&["rejected", "denied", "declined"]);
        let has_an_end = self.has_any(&["approved", "rejected", "denied"]);
        if is_pending && (has_both_ends || (is_of_decisions(table) && has_an_end)) {
            self.pending_for_a_person("it waits for a decision", chosen);
        }
        let reason = "no other word says that something is being done";
        if let Some(word) = TAKEN.iter().find(|word| self.has(word)) {
            set(chosen, word, Status::Running, reason);
        } else if is_pending && (self.kind == Kind::Run || self.has_any(NOT_TAKEN)) {
            set(chosen, "pending", Status::Running, reason);
        }
    }

    fn pending_for_a_person(&self, reason: &str, chosen: &mut Chosen) {
        set(chosen, "pending", Status::Waiting, reason);
        if !chosen.mapping.approval.contains(&self.column) {
            chosen.mapping.approval.push(self.column.clone());
        }
    }
}

/// Whether the table is named after what people decide.
fn is_of_decisions(table: &Table<'_>) -> bool {
    ["approval", "request", "review"]
        .iter()
        .any(|word| table.has_word(word))
}

/// Gives a word a state in this table.
fn set(chosen: &mut Chosen, word: &str, status: Status, reason: &str) {
    if chosen.mapping.add_word(word, status) {
        let written = format!("{word} = {}", status.word());
        chosen.note("words", &written, reason, Confidence::Likely);
    }
}

/// The column of a mapping's state.
fn status<'t, 'f>(table: &'t Table<'f>, mapping: &SourceMapping) -> Option<&'t Column<'f>> {
    let name = mapping.status.first()?;
    table.columns.iter().find(|column| column.name == *name)
}

/// Status words of which nothing is known, with the rows that have them, the most frequent first.
pub(super) fn unknown(table: &Table<'_>, mapping: &SourceMapping) -> Vec<(String, usize)> {
    let Some(column) = status(table, mapping).filter(|column| !column.is_flag()) else {
        return Vec::new();
    };
    let is_unknown = |word: &str| {
        mapping::normalised(word).is_some_and(|word| {
            !mapping.words.contains_key(&word) && mapping::known_word(mapping.kind, &word).is_none()
        })
    };
    let mut unknown: Vec<(String, usize)> = (column.values.iter())
        .filter(|(word, _)| is_unknown(word))
        .map(|(word, rows)| (word.clone(), *rows))
        .collect();
    unknown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    unknown
}
