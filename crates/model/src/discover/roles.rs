//! Which column of a table has which role, except for the links, which `propose.rs` adds.
//!
//! A role takes its usual columns (`SourceMapping::of`) where the table has them and they hold what the role needs. Columns
//! of other names are found by the words of their names. The name on the screen is chosen in `label.rs`, the status column
//! in `states.rs`. A new role is found by its usual columns without a change here.

use super::{
    Confidence, Evidence, label, states,
    table::{Column, Table},
};
use crate::{Kind, SourceMapping, mapping};

/// The mapping of a table with its roles, except for links.
pub(super) struct Chosen {
    pub(super) mapping: SourceMapping,
    pub(super) evidence: Vec<Evidence>,
}

impl Chosen {
    pub(super) fn note(&mut self, role: &'static str, column: &str, reason: impl Into<String>, confidence: Confidence) {
        self.evidence.push(Evidence {
            role,
            column: column.to_owned(),
            reason: reason.into(),
            confidence,
        });
    }
}

/// Roles that numbers or pairs `a/b` of numbers have.
const COUNTS: &[&str] = &["progress", "attempt"];

/// Chooses the columns of all roles but the links. `links` are the columns that name rows of other sources.
pub(super) fn choose(table: &Table<'_>, kind: Kind, key: &[String], links: &[String]) -> Chosen {
    let usual = SourceMapping::of(kind);
    let mut mapping = SourceMapping {
        schema: table.facts.schema.clone(),
        table: table.facts.table.clone(),
        id: key.to_vec(),
        ..usual.clone()
    };
    // Nothing is known of its columns: the usual names stay.
    if table.columns.is_empty() {
        return Chosen {
            mapping,
            evidence: Vec::new(),
        };
    }
    mapping.label = label::columns(table, kind, &usual.label, key, links);
    mapping.status = status(table, &usual);
    for role in SourceMapping::ROLES {
        let names = usual.columns(role).map(Vec::as_slice).unwrap_or_default();
        let found = match *role {
            "id" | "label" | "status" => continue,
            role if is_link(role) => continue,
            role if COUNTS.contains(&role) => counts(table, names),
            role => present(table, names)
                .into_iter()
                .filter(|name| fits(table, role, name))
                .collect(),
        };
        if let Some(columns) = mapping.columns_mut(role) {
            *columns = found;
        }
    }
    add_by_shape(table, &mut mapping);
    // What a column decides about the state is no detail as well.
    let status = mapping.status.clone();
    mapping.activity.retain(|name| !status.contains(name));
    Chosen {
        evidence: evidence(table, &mapping, &usual),
        mapping,
    }
}

fn is_link(role: &str) -> bool {
    !mapping::links_to(role).is_empty()
}

/// The columns of the state: one column, and where it is no flag, the usual ones after it, which count where it is empty.
fn status(table: &Table<'_>, usual: &SourceMapping) -> Vec<String> {
    let Some(column) = states::status_column(table, usual.kind) else {
        return Vec::new();
    };
    let mut columns = vec![column.name.clone()];
    if !column.is_flag() {
        let others = present(table, &usual.status).into_iter();
        columns.extend(others.filter(|name| *name != column.name));
    }
    columns
}

/// Why each role has its columns.
fn evidence(table: &Table<'_>, of: &SourceMapping, usual: &SourceMapping) -> Vec<Evidence> {
    let roles = SourceMapping::ROLES.iter().copied().filter(|role| !is_link(role));
    let found = roles.filter_map(|role| {
        let columns = of.columns(role).filter(|columns| !columns.is_empty())?;
        let is_usual = usual
            .columns(role)
            .is_some_and(|names| columns.iter().all(|column| names.contains(column)));
        let (reason, confidence) = match (role, is_usual) {
            ("id", _) if table.facts.key.is_some() => ("it is the primary key", Confidence::Certain),
            ("id", _) => ("its values are all different", Confidence::Likely),
            (_, true) => ("by its name", Confidence::Likely),
            (_, false) => ("by its name and values", Confidence::Guess),
        };
        Some(Evidence {
            role,
            column: columns.join(", "),
            reason: reason.to_owned(),
            confidence,
        })
    });
    found.collect()
}

/// Those of the named columns that the table has, in its own spelling.
fn present(table: &Table<'_>, names: &[String]) -> Vec<String> {
    names.iter().filter_map(|name| existing(table, name)).collect()
}

/// The table's own spelling of a column that exists, also at the end of a path into JSON.
fn existing(table: &Table<'_>, name: &str) -> Option<String> {
    if let Some(column) = table.column(name) {
        return Some(column.name.clone());
    }
    name.contains('.').then(|| {
        table
            .columns
            .iter()
            .find(|column| column.name == name)
            .map(|column| column.name.clone())
    })?
}

/// Single columns and pairs `a/b` that exist and hold numbers.
fn counts(table: &Table<'_>, names: &[String]) -> Vec<String> {
    let number = |name: &str| {
        let column = table.column(name)?;
        let is_number = column.filled == 0
            || column.is_number()
            || column
                .values
                .keys()
                .all(|value| value.ends_with('%') || value.parse::<f64>().is_ok());
        is_number.then(|| column.name.clone())
    };
    let found = names.iter().filter_map(|name| match name.split_once('/') {
        Some((part, whole)) => Some(format!("{}/{}", number(part)?, number(whole)?)),
        None => number(name),
    });
    found.collect()
}

/// Whether what a column holds fits the role.
fn fits(table: &Table<'_>, role: &str, name: &str) -> bool {
    let Some(column) = table.column(name) else {
        return true;
    };
    if column.filled == 0 {
        return !(role == "needs_human" && !column.is_flag() && !column.type_name().is_empty());
    }
    match role {
        "created_at" | "updated_at" | "failed_at" | "cancelled_at" | "finished_at" | "started_at" | "due"
        | "heartbeat" | "scheduled_at" => column.is_time() || column.is_number(),
        "needs_human" | "blocked" | "busy" => column.is_flag(),
        "removed" => column.is_flag() || column.is_time(),
        "cost" | "tokens" => column.is_number() || column.values.keys().all(|value| value.parse::<f64>().is_ok()),
        "subtitle" => column.is_text(),
        _ => true,
    }
}

/// Adds columns that the usual names do not cover: the time of an end or a failure, an error, an outcome, a heartbeat.
fn add_by_shape(table: &Table<'_>, of: &mut SourceMapping) {
    let kind = of.kind;
    for column in table.columns.iter().filter(|column| !column.name.contains('.')) {
        let is_status = of.status.contains(&column.name);
        let found = [
            time_role(column, kind),
            approval_role(column, kind, is_status),
            text_role(column, kind),
        ];
        for role in found.into_iter().flatten() {
            if let Some(columns) = of.columns_mut(role)
                && !columns.contains(&column.name)
            {
                columns.push(column.name.clone());
            }
        }
    }
}

/// Whether the name of a column has one of these words.
fn has(column: &Column<'_>, wanted: &[&str]) -> bool {
    column.words().iter().any(|word| wanted.contains(&word.as_str()))
}

/// The role of a time by the words of its name.
fn time_role(column: &Column<'_>, kind: Kind) -> Option<&'static str> {
    let has = |wanted: &[&str]| has(column, wanted);
    if !column.is_time() {
        return None;
    }
    if kind == Kind::Agent && has(&["heartbeat", "ping", "seen"]) {
        return Some("heartbeat");
    }
    if has(&["deleted", "archived"]) && !has(&["will", "scheduled"]) {
        return Some("removed");
    }
    if !kind.is_work() {
        return None;
    }
    if has(&["failed", "errored"]) {
        Some("failed_at")
    } else if has(&["cancelled", "canceled"]) {
        Some("cancelled_at")
    } else if has(&["started", "begun", "claimed", "accepted"]) && !has(&["first"]) {
        Some("started_at")
    } else if has(&["completed", "finished", "ended"]) && !has(&["expected", "estimated"]) {
        Some("finished_at")
    } else {
        has(&["deadline", "due"]).then_some("due")
    }
}

/// Whether a flag or a second status says how the approval of a row stands.
fn approval_role(column: &Column<'_>, kind: Kind, is_status: bool) -> Option<&'static str> {
    if column.is_time() || !kind.is_work() {
        return None;
    }
    let is_approval = if column.is_flag() {
        // Where most rows are not approved, approval is a matter of policy.
        let approved = column.values.get("true").copied().unwrap_or_default();
        has(column, &["approved"]) && approved * 2 >= column.filled && column.filled > 0
    } else {
        let is_state = (column.words().last()).is_some_and(|word| matches!(word.as_str(), "status" | "state"));
        let asks = || column.vocabulary().iter().any(|word| mapping::asks_for_human(word));
        column.is_text() && is_state && !is_status && asks()
    };
    is_approval.then_some("approval")
}

/// The role of a text by the words of its name.
fn text_role(column: &Column<'_>, kind: Kind) -> Option<&'static str> {
    if column.is_time() || !column.is_text() || !kind.is_work() {
        return None;
    }
    if has(column, &["error", "failure"]) && !has(column, &["count", "code", "policy", "rate", "last"]) {
        return Some("error");
    }
    (has(column, &["conclusion", "outcome"]) && states::holds_words(column)).then_some("outcome")
}
