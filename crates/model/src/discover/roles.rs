//! Which column of a table has which role.

use super::{
    Confidence, Evidence,
    table::{Column, Table},
};
use crate::{Kind, Phase, SourceMapping, Status, mapping};

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
    by_name.or_else(|| {
        let is_named = |column: &&Column<'_>| {
            let words = column.words();
            let is_state = words
                .iter()
                .any(|word| matches!(word.as_str(), "status" | "state" | "stage" | "phase"));
            // `last_status` is the state; `status_message` is not.
            let is_end = words
                .last()
                .is_some_and(|word| matches!(word.as_str(), "status" | "state" | "stage" | "phase"));
            is_state && is_end && !column.is_flag() && holds_words(column) && column.filled > 0
        };
        table
            .columns
            .iter()
            .filter(is_named)
            .max_by_key(|column| known_words(column, kind))
    })
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
    const WORDS: &[&str] = &[
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
    let has_words = status_column(table, Kind::Agent).is_some_and(|column| {
        let vocabulary = column.vocabulary();
        WORDS.iter().filter(|word| vocabulary.contains(**word)).count() >= 2
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
fn holds_words(column: &Column<'_>) -> bool {
    let is_text = column.flags + column.lists + column.objects + column.times == 0;
    let few = column.values.len() <= 40;
    let short = column.values.keys().all(|value| value.len() <= 40);
    is_text && few && short
}

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

/// Roles whose usual columns are taken as they are, when the table has them.
const PLAIN: &[&str] = &[
    "created_at",
    "updated_at",
    "priority",
    "error",
    "needs_human",
    "approval",
    "outcome",
    "failed_at",
    "cancelled_at",
    "finished_at",
    "started_at",
    "removed",
    "waits_for",
    "due",
    "cost",
    "tokens",
    "url",
    "subtitle",
    "heartbeat",
    "heartbeat_interval",
    "blocked",
    "busy",
    "scheduled_at",
    "activity",
];

/// Chooses the columns of all roles but the links. `links` are the columns that name rows of other sources.
pub(super) fn choose(table: &Table<'_>, kind: Kind, key: &[String], links: &[String]) -> Chosen {
    let usual = SourceMapping::of(kind);
    let mut mapping = SourceMapping {
        schema: table.facts.schema.clone(),
        table: table.facts.table.clone(),
        id: key.to_vec(),
        ..usual.clone()
    };
    let mut chosen = Chosen {
        evidence: Vec::new(),
        mapping: mapping.clone(),
    };
    // Nothing is known of its columns: the usual names stay.
    if table.columns.is_empty() {
        return chosen;
    }
    let present = |names: &[String]| -> Vec<String> { names.iter().filter_map(|name| existing(table, name)).collect() };
    mapping.label = label(table, kind, &usual.label, key, links);
    mapping.status = match status_column(table, kind) {
        Some(column) => {
            let flags = present(&usual.status).into_iter().filter(|name| *name != column.name);
            // A second flag counts where the first column is empty.
            std::iter::once(column.name.clone())
                .chain(flags.filter(|_| !column.is_flag()))
                .collect()
        }
        None => Vec::new(),
    };
    for role in PLAIN {
        let names = usual.columns(role).map(|names| present(names)).unwrap_or_default();
        let names: Vec<String> = names.into_iter().filter(|name| fits(table, role, name)).collect();
        if let Some(columns) = mapping.columns_mut(role) {
            *columns = names;
        }
    }
    for role in ["progress", "attempt"] {
        let names = usual.columns(role).map(|names| pairs(table, names)).unwrap_or_default();
        if let Some(columns) = mapping.columns_mut(role) {
            *columns = names;
        }
    }
    by_shape(table, &mut mapping);
    // What a column decides about the state is no detail as well.
    let status = mapping.status.clone();
    mapping.activity.retain(|name| !status.contains(name));
    for role in SourceMapping::ROLES {
        let columns = mapping.columns(role).cloned().unwrap_or_default();
        if !crate::mapping::links_to(role).is_empty() || columns.is_empty() {
            continue;
        }
        let is_usual = usual
            .columns(role)
            .is_some_and(|names| columns.iter().all(|column| names.contains(column)));
        let (reason, confidence) = match (*role, is_usual) {
            ("id", _) if table.facts.key.is_some() => ("it is the primary key", Confidence::Certain),
            ("id", _) => ("its values are all different", Confidence::Likely),
            (_, true) => ("by its name", Confidence::Likely),
            (_, false) => ("by its name and values", Confidence::Guess),
        };
        chosen.evidence.push(Evidence {
            role,
            column: columns.join(", "),
            reason: reason.to_owned(),
            confidence,
        });
    }
    chosen.mapping = mapping;
    chosen
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
fn pairs(table: &Table<'_>, names: &[String]) -> Vec<String> {
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

/// Columns that the usual names do not cover: the time of an end or a failure, an error, an outcome, a heartbeat.
fn by_shape(table: &Table<'_>, of: &mut SourceMapping) {
    let kind = of.kind;
    let is_work = kind.is_work();
    let status = of.status.clone();
    for column in table.columns.iter().filter(|column| !column.name.contains('.')) {
        let is_status = status.contains(&column.name);
        let words = column.words();
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        let mut add = |role: &str| {
            if let Some(columns) = of.columns_mut(role)
                && !columns.contains(&column.name)
            {
                columns.push(column.name.clone());
            }
        };
        if column.is_time() {
            if has(&["heartbeat", "ping", "seen"]) && kind == Kind::Agent {
                add("heartbeat");
            } else if has(&["deleted", "archived"]) && !has(&["will", "scheduled"]) {
                add("removed");
            } else if is_work && has(&["failed", "errored"]) {
                add("failed_at");
            } else if is_work && has(&["cancelled", "canceled"]) {
                add("cancelled_at");
            } else if is_work && has(&["started", "begun", "claimed", "accepted"]) && !has(&["first"]) {
                add("started_at");
            } else if is_work && has(&["completed", "finished", "ended"]) && !has(&["expected", "estimated"]) {
                add("finished_at");
            } else if has(&["deadline", "due"]) && is_work {
                add("due");
            }
        } else if is_work && column.is_flag() && has(&["approved"]) {
            // Where most rows are not approved, approval is a matter of policy.
            let approved = column.values.get("true").copied().unwrap_or_default();
            if approved * 2 >= column.filled && column.filled > 0 {
                add("approval");
            }
        } else if is_work && column.is_text() {
            let is_state = words
                .last()
                .is_some_and(|word| matches!(word.as_str(), "status" | "state"));
            if is_state && !is_status && column.vocabulary().iter().any(|word| mapping::asks_for_human(word)) {
                add("approval");
            }
            if has(&["error", "failure"]) && !has(&["count", "code", "policy", "rate", "last"]) {
                add("error");
            } else if has(&["conclusion", "outcome"]) && holds_words(column) {
                add("outcome");
            }
        }
    }
}

/// Words that end the name of a column with the name of a row, also in other languages.
const NAMES: &[&str] = &[
    "name",
    "title",
    "subject",
    "label",
    "headline",
    "objective",
    "slug",
    "identifier",
    "topic",
    "goal",
    "question",
    "titulo",
    "título",
    "nome",
    "nombre",
    "asunto",
    "assunto",
    "titel",
    "bezeichnung",
    "betreff",
    "username",
    "hostname",
    "prompt",
    "body",
    "text",
    "content",
    "summary",
    "description",
    "descricao",
    "descripción",
    "beschreibung",
];
/// Words that end the name of a column that says of which sort a row is.
const SORTS: &[&str] = &[
    "type",
    "kind",
    "action",
    "handler",
    "worker",
    "queue",
    "function",
    "job",
    "task",
    "operation",
    "event",
    "command",
    "category",
    "version",
    "node",
    "step",
    "sort",
    "runbook",
    "flow",
    "pipeline",
    "trigger",
];
/// Words that name something else than the row.
const ELSE: &[&str] = &[
    "user", "owner", "creator", "contact", "client", "file", "repo", "model", "host", "table", "schema", "branch",
    "customer", "company", "brand", "result", "error", "output", "response",
];

/// The columns of the name on the screen, the best first: the usual names that most rows fill, columns named like one, and
/// where rows have no name of their own, what sort they are.
fn label(table: &Table<'_>, kind: Kind, usual: &[String], key: &[String], links: &[String]) -> Vec<String> {
    let is_usable = |column: &&Column<'_>| {
        let is_key = matches!(key, [only] if *only == column.name) && column.name != "name";
        column.flags + column.objects + column.lists == 0
            && (column.filled > 0 || table.rows() == 0)
            && !column.is_time()
            && !is_uuid(column)
            && !is_key
            && !links.contains(&column.name)
            && !column
                .words()
                .last()
                .is_some_and(|word| matches!(word.as_str(), "status" | "state" | "stage" | "phase"))
    };
    let is_mostly_filled = |column: &Column<'_>| table.rows() == 0 || column.filled * 2 >= table.rows();
    let is_various = |column: &Column<'_>| {
        let is_few = table.rows() < 4 || column.values.len() * 2 >= column.filled;
        column.filled == 0 || is_few
    };
    let last = |column: &Column<'_>| column.words().last().cloned().unwrap_or_default();
    let named = usual.iter().filter_map(|name| table.column(name)).filter(is_usable);
    let named = named.filter(|column| !is_number_only(column));
    // Where it is and what began it is no name of a run.
    let is_weak = |column: &&Column<'_>| {
        matches!(
            column.snake.as_str(),
            "current_step" | "trigger" | "kind" | "agent_name" | "input"
        )
    };
    let (weak, named): (Vec<&Column<'_>>, Vec<&Column<'_>>) = named.partition(is_weak);
    let shaped = table.columns.iter().filter(is_usable).filter(|column| {
        let words = column.words();
        column.is_text()
            && NAMES.contains(&last(column).as_str())
            && !words.iter().any(|word| ELSE.contains(&word.as_str()))
    });
    let mut shaped: Vec<&Column<'_>> = shaped.collect();
    let rank = |column: &&Column<'_>| {
        let is_own = column
            .words()
            .iter()
            .any(|word| word == table.head() || word == "display");
        let place = NAMES
            .iter()
            .position(|name| *name == last(column))
            .unwrap_or(NAMES.len());
        (column.name.contains('.'), !is_own, place)
    };
    shaped.sort_by_key(rank);
    let sorts = table.columns.iter().filter(is_usable).filter(|column| {
        column.is_text() && column.prose == 0 && SORTS.contains(&last(column).as_str()) && !column.name.contains('.')
    });
    // A text that identifies a row otherwise than its key: `workflow_id`, `external_ref`.
    let second = table.columns.iter().filter(is_usable).filter(|column| {
        let is_of_row = column
            .words()
            .iter()
            .any(|word| word == table.head() || matches!(word.as_str(), "external" | "ref" | "run"));
        column.is_text()
            && column.is_distinct()
            && is_of_row
            && table.rows() > 1
            && column.values.keys().any(|value| value.len() > 6)
    });
    let good = |column: &&&Column<'_>| is_mostly_filled(column) && is_various(column);
    let mut list: Vec<&Column<'_>> = named.iter().filter(good).copied().collect();
    let is_work = kind.is_work();
    if list.is_empty() {
        list.extend(shaped.iter().filter(good).copied());
    }
    if list.is_empty() && is_work {
        list.extend(second);
    }
    list.extend(named.iter().copied());
    list.extend(shaped.iter().copied());
    list.extend(weak);
    if is_work {
        list.extend(sorts.filter(|column| is_mostly_filled(column)));
    }
    // Whatever text is different in most rows is better than a key.
    let telling = table.columns.iter().filter(is_usable).filter(|column| {
        let is_long = column.values.keys().any(|value| value.len() > 120);
        let is_address = column
            .values
            .keys()
            .any(|value| value.contains("://") || value.contains('@'));
        column.is_text()
            && !column.name.contains('.')
            && !column.snake.ends_with("_id")
            && !is_long
            && !is_address
            && column.filled > 1
            && column.filled * 10 >= table.rows() * 8
            && column.values.len() * 10 >= column.filled * 8
            && !column.words().iter().any(|word| ELSE.contains(&word.as_str()))
    });
    let mut telling: Vec<&Column<'_>> = telling.collect();
    telling.sort_by_key(|column| column.prose == 0);
    list.extend(telling);
    let mut names: Vec<String> = Vec::new();
    for column in list {
        if !names.contains(&column.name) {
            names.push(column.name.clone());
        }
    }
    names.truncate(6);
    names
}

/// Whether a column that may hold a name holds numbers only.
fn is_number_only(column: &Column<'_>) -> bool {
    column.is_number()
        || (column.filled > 0
            && column
                .values
                .keys()
                .all(|value| value.bytes().all(|byte| byte.is_ascii_digit())))
}

fn is_uuid(column: &Column<'_>) -> bool {
    column.type_name() == "uuid"
        || (column.filled > 0
            && column
                .values
                .keys()
                .all(|value| value.len() == 36 && value.bytes().filter(|byte| *byte == b'-').count() == 4))
}

/// Words of the status column that mean something else in this table than usually, and whether the column says that the
/// rows are in service.
pub(super) fn words(table: &Table<'_>, chosen: &mut Chosen) {
    let kind = chosen.mapping.kind;
    let Some(column) = chosen
        .mapping
        .status
        .first()
        .and_then(|name| table.columns.iter().find(|column| column.name == *name))
    else {
        return;
    };
    if column.is_flag() {
        return;
    }
    let vocabulary = column.vocabulary();
    let has = |words: &[&str]| words.iter().any(|word| vocabulary.contains(*word));
    let name = column.name.clone();
    if kind == Kind::Agent {
        // Without a word for what it does, `active` says that it is in service: draft, active, archived.
        let at_work = [
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
        if vocabulary.contains("active") && !has(&at_work) {
            chosen.mapping.lifecycle = true;
            let reason = "its words say that an agent is in service, not what it does";
            chosen.note("lifecycle", &name, reason, Confidence::Likely);
        }
        return;
    }
    if !kind.is_work() {
        return;
    }
    let state = |word: &str| mapping::known_word(kind, word);
    let runs = vocabulary
        .iter()
        .any(|word| state(word).is_some_and(|status| status.phase() == Phase::Running));
    let say = |chosen: &mut Chosen, word: &str, status: Status, reason: &str| {
        if chosen.mapping.add_word(word, status) {
            chosen.note(
                "words",
                &format!("{word} = {}", status.word()),
                reason,
                Confidence::Likely,
            );
        }
    };
    let later = [
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
    let is_decision = table
        .words
        .iter()
        .any(|word| matches!(word.as_str(), "approval" | "request" | "review"));
    if vocabulary.contains("approved") && !is_decision && has(&later) {
        say(
            chosen,
            "approved",
            Status::Queued,
            "what was approved is still to be done",
        );
    }
    let is_sent = table
        .words
        .iter()
        .any(|word| matches!(word.as_str(), "delivery" | "order" | "package" | "shipment"));
    if vocabulary.contains("delivered") && !is_sent && has(&["done", "completed", "finished", "succeeded", "success"]) {
        say(
            chosen,
            "delivered",
            Status::Waiting,
            "another word says that it is done",
        );
    }
    let is_resolved_by_people = !runs
        && table.columns.iter().any(|column| {
            matches!(
                column.snake.as_str(),
                "resolved_by" | "reviewed_by" | "decided_by" | "answered_by" | "handled_by"
            )
        });
    if is_resolved_by_people && vocabulary.contains("pending") {
        say(chosen, "pending", Status::Waiting, "a person resolves it");
        if !chosen.mapping.approval.contains(&name) {
            chosen.mapping.approval.push(name.clone());
        }
        return;
    }
    let is_decided = has(&["approved", "accepted"]) && has(&["rejected", "denied", "declined"]);
    if vocabulary.contains("pending")
        && !runs
        && (is_decided || (is_decision && has(&["approved", "rejected", "denied"])))
    {
        say(chosen, "pending", Status::Waiting, "it waits for a decision");
        if !chosen.mapping.approval.contains(&name) {
            chosen.mapping.approval.push(name.clone());
        }
    }
    if !runs {
        let queued = [
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
        let taken = [
            "claimed",
            "assigned",
            "accepted",
            "taken",
            "picked_up",
            "reserved",
            "locked",
        ];
        if let Some(word) = taken.iter().find(|word| vocabulary.contains(**word)) {
            say(
                chosen,
                word,
                Status::Running,
                "no other word says that something is being done",
            );
        } else if vocabulary.contains("pending") && (has(&queued) || kind == Kind::Run) {
            say(
                chosen,
                "pending",
                Status::Running,
                "no other word says that something is being done",
            );
        }
    }
}

/// Status words of which nothing is known, with the rows that have them.
pub(super) fn unknown_words(table: &Table<'_>, mapping: &SourceMapping) -> Vec<(String, usize)> {
    let column = mapping
        .status
        .first()
        .and_then(|name| table.columns.iter().find(|column| column.name == *name));
    let Some(column) = column.filter(|column| !column.is_flag()) else {
        return Vec::new();
    };
    let mut unknown: Vec<(String, usize)> = column
        .values
        .iter()
        .filter(|(word, _)| {
            crate::mapping::normalised(word).is_some_and(|word| {
                !mapping.words.contains_key(&word) && crate::mapping::known_word(mapping.kind, &word).is_none()
            })
        })
        .map(|(word, rows)| (word.clone(), *rows))
        .collect();
    unknown.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    unknown
}
