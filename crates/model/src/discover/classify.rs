//! What the rows of a table are, by its name and its columns. [`classify`] tries one rule after the other; what it leaves open
//! (`needs_links`) is decided in `settle.rs`. The words of names are the lists below.

use super::{
    Confidence,
    states::{self, Presence, States},
    table::{Column, Table},
};
use crate::Kind;

/// Last words of the names of tables of each kind.
const AGENT: &[&str] = &[
    "agent",
    "worker",
    "bot",
    "runner",
    "robot",
    "assistant",
    "executor",
    "daemon",
];
const TASK: &[&str] = &[
    "task",
    "job",
    "mission",
    "ticket",
    "todo",
    "issue",
    "item",
    "step",
    "node",
    "card",
    "story",
    "request",
    "approval",
    "deployment",
    "work",
    "subtask",
    "assignment",
    "case",
    "order",
    "queue",
    "execution",
    "call",
    "operation",
    "action",
];
const WORKFLOW: &[&str] = &[
    "workflow",
    "flow",
    "pipeline",
    "project",
    "template",
    "team",
    "campaign",
    "process",
    "playbook",
    "sequence",
    "automation",
    "group",
    "epic",
    "loop",
    "dag",
    "crew",
    "squad",
    "session",
    "initiative",
    "program",
    "queue",
    "board",
    "camp",
    "swarm",
    "routine",
];
const RUN: &[&str] = &["run", "execution", "invocation", "build", "session"];

/// Last words of names that things have which may do work, where their columns say so.
const MACHINE: &[&str] = &[
    "device",
    "drone",
    "machine",
    "vehicle",
    "courier",
    "driver",
    "rider",
    "printer",
    "headset",
    "rover",
    "node",
    "instance",
    "scraper",
    "crawler",
    "host",
    "terminal",
    "sensor",
    "technician",
    "operator",
    "unit",
    "server",
    "client",
    "repartidor",
    "motorista",
    "fahrer",
    "livreur",
    "player",
    "helper",
];

/// Last words of names that other things have: what happened, who may do what, what was made. No column makes them work.
const OTHER: &[&str] = &[
    "log",
    "event",
    "message",
    "activity",
    "history",
    "audit",
    "memory",
    "user",
    "profile",
    "member",
    "membership",
    "organization",
    "organisation",
    "tenant",
    "account",
    "customer",
    "contact",
    "key",
    "token",
    "setting",
    "config",
    "configuration",
    "preference",
    "notification",
    "metric",
    "usage",
    "analytic",
    "learning",
    "decision",
    "handoff",
    "checkpoint",
    "artifact",
    "version",
    "connection",
    "capability",
    "tool",
    "skill",
    "comment",
    "chat",
    "attachment",
    "subscription",
    "lock",
    "migration",
    "tag",
    "role",
    "permission",
    "policy",
    "webhook",
    "credential",
    "secret",
    "column",
    "knowledge",
    "signal",
    "letter",
    "compensation",
    "feedback",
    "embedding",
    "chunk",
    "integration",
    "intervention",
    "exception",
    "cost",
    "budget",
    "snapshot",
    "output",
    "result",
    "input",
    "variable",
    "trigger",
    "persona",
    "thread",
    "participant",
    "recipe",
    "model",
    "data",
    "vote",
    "feed",
    "repository",
    "repo",
    "edge",
    "dependency",
    "meeting",
    "resource",
    "detail",
    "metadata",
    "observation",
    "memo",
    "symbol",
    "peer",
    "meta",
    "tick",
    "component",
    "type",
    "visibility",
    "connector",
    "timeline",
    "stat",
    "definition",
    "param",
    "parameter",
    "broker",
    "wallet",
    "source",
    "transaction",
    "quota",
    "command",
];
/// Last words of names that work has only where its columns leave no doubt.
const DOUBTFUL: &[&str] = &[
    "document", "review", "lead", "deal", "property", "report", "file", "payment", "plan", "product", "invoice",
    "alert", "schedule", "asset", "media", "prompt", "delivery", "record", "server",
];

/// Whether a last word names something else than agents and their work.
pub(super) fn is_other(head: &str) -> bool {
    OTHER.contains(&head)
}

/// What a table is by its name and columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub(super) kind: Kind,
    pub(super) confidence: Confidence,
    pub(super) reason: String,
    /// The name alone is not enough: something has to link to it, or it to something.
    pub(super) needs_links: bool,
}

/// What a table is, if that is known by now.
pub(super) fn class_of(classes: &[Option<Class>], table: usize) -> Option<&Class> {
    classes.get(table)?.as_ref()
}

impl Class {
    /// By the name.
    fn named(kind: Kind, confidence: Confidence, needs_links: bool) -> Self {
        Self::shown(kind, confidence, &format!("named like {}", kind.plural()), needs_links)
    }

    /// By what the columns show.
    fn shown(kind: Kind, confidence: Confidence, reason: &str, needs_links: bool) -> Self {
        Self {
            kind,
            confidence,
            reason: reason.to_owned(),
            needs_links,
        }
    }
}

/// What the columns of a table show.
struct Shown {
    states: States,
    presence: Presence,
    /// There are times at which work began or ended.
    has_times: bool,
    /// A column refers to a table of states.
    has_state_link: bool,
    /// There are attempts, a progress, or an error.
    has_effort: bool,
}

impl Shown {
    fn of(table: &Table<'_>) -> Self {
        const STATE_LINKS: &[&str] = &["status_id", "state_id", "stage_id", "column_id", "phase_id"];
        const EFFORT: &[&str] = &["attempt", "retry", "retrie", "progress", "error", "exit"];
        let is_state_link = |column: &Column<'_>| STATE_LINKS.iter().any(|name| column.snake.ends_with(name));
        let is_effort = |column: &Column<'_>| column.words().iter().any(|word| EFFORT.contains(&word.as_str()));
        Self {
            states: states::states(table),
            presence: states::presence(table),
            has_times: table.columns.iter().any(states::is_time_of_work),
            has_state_link: table.columns.iter().any(is_state_link),
            has_effort: table.columns.iter().any(is_effort),
        }
    }

    /// Some of the status words are those of work. `tool_calls`, `workflow_steps` and the like are work only then.
    fn has_states(&self) -> bool {
        self.states.of_work >= 1 && self.states.known * 2 >= self.states.words
    }

    /// Most of the status words are known, and several are those of work.
    fn is_full_of_work(&self) -> bool {
        self.states.of_work >= 2 && self.states.known * 10 >= self.states.words * 6
    }

    fn is_work(&self) -> bool {
        self.has_states() || self.has_times || self.has_state_link
    }
}

/// The kind of a table's rows; `None`: they are none of the kinds, as far as its name and columns show.
pub(super) fn classify(table: &Table<'_>) -> Option<Class> {
    let shown = Shown::of(table);
    let certain = by_certain_name(table, &shown);
    if certain.is_some() {
        return certain;
    }
    let head = table.head();
    if is_other(head) || (head == "item" && !shown.is_work()) {
        return None;
    }
    by_likely_name(head, &shown)
        .or_else(|| by_states(head, &shown))
        .or_else(|| by_name_of_workflows(table))
        .or_else(|| by_presence(&shown))
        .or_else(|| by_times(table, &shown))
}

/// By a name that means nothing else, whatever the other words of the name are.
fn by_certain_name(table: &Table<'_>, shown: &Shown) -> Option<Class> {
    let head = table.head();
    let first = table.words.first().map_or("", String::as_str);
    let certain = |kind| Some(Class::named(kind, Confidence::Certain, false));
    let likely_task = |needs_links| Some(Class::named(Kind::Task, Confidence::Likely, needs_links));
    match head {
        "agent" | "worker" | "bot" | "runner" | "robot" => certain(Kind::Agent),
        "task" | "job" | "mission" | "todo" | "ticket" | "subtask" => certain(Kind::Task),
        "workflow" => certain(Kind::Workflow),
        "run" => certain(Kind::Run),
        "execution" if matches!(first, "tool" | "step" | "node" | "action" | "command") => {
            likely_task(!shown.has_states())
        }
        "execution" => certain(Kind::Run),
        "queue" if first != head && (shown.has_states() || shown.has_times) => likely_task(false),
        // A member of a group with a state of work is a piece of its work.
        "member" | "participant" | "assignment" if shown.has_states() && shown.states.of_work >= 2 => likely_task(true),
        _ => None,
    }
}

/// By a name that is usual for agents, runs or tasks, where the columns agree with it.
fn by_likely_name(head: &str, shown: &Shown) -> Option<Class> {
    if AGENT.contains(&head) {
        return Some(Class::named(Kind::Agent, Confidence::Likely, false));
    }
    if MACHINE.contains(&head) && (shown.presence.has_words || shown.presence.has_sign) {
        let reason = "it has a presence or a sign of life";
        return Some(Class::shown(Kind::Agent, Confidence::Likely, reason, false));
    }
    if RUN.contains(&head) && head != "session" {
        return Some(Class::named(Kind::Run, Confidence::Likely, !shown.has_states()));
    }
    if TASK.contains(&head) && shown.is_work() && head != "queue" && !DOUBTFUL.contains(&head) {
        let needs_links = !(shown.has_states() || shown.has_state_link);
        return Some(Class::named(Kind::Task, Confidence::Likely, needs_links));
    }
    None
}

/// By the words of the state: they say that work is done with the rows, whatever the table is called.
fn by_states(head: &str, shown: &Shown) -> Option<Class> {
    if !shown.is_full_of_work() || shown.presence.has_words || WORKFLOW.contains(&head) {
        return None;
    }
    let is_sure = (shown.has_times || shown.has_effort) && !DOUBTFUL.contains(&head);
    let confidence = match is_sure {
        true => Confidence::Likely,
        false => Confidence::Guess,
    };
    let reason = "its status has words of work";
    Some(Class::shown(Kind::Task, confidence, reason, !is_sure))
}

/// By a name that is usual for workflows. Templates of other things than flows are a catalogue.
fn by_name_of_workflows(table: &Table<'_>) -> Option<Class> {
    let head = table.head();
    let is_of_flows = head != "template"
        || ["flow", "workflow", "pipeline", "process"]
            .iter()
            .any(|word| table.has_word(word));
    (WORKFLOW.contains(&head) && head != "queue" && is_of_flows)
        .then(|| Class::named(Kind::Workflow, Confidence::Likely, true))
}

/// By status words like online and busy.
fn by_presence(shown: &Shown) -> Option<Class> {
    let reason = match (shown.presence.has_words, shown.presence.has_sign) {
        (true, true) => "it has a presence and a sign of life",
        (true, false) => "it has a presence",
        (false, _) => return None,
    };
    Some(Class::shown(Kind::Agent, Confidence::Guess, reason, true))
}

/// By times at which work ended.
fn by_times(table: &Table<'_>, shown: &Shown) -> Option<Class> {
    let has_end = || table.columns.iter().any(states::is_time_of_end);
    let is_work = shown.has_times && !DOUBTFUL.contains(&table.head()) && has_end();
    is_work.then(|| Class::shown(Kind::Task, Confidence::Guess, "it has times of begin and end", true))
}
