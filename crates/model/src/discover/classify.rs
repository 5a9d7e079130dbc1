//! What the rows of a table are, by its name and its columns.

use super::{Confidence, roles, table::Table};
use crate::{Kind, Phase, Status};

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
    let Some(column) = roles::status_column(table, Kind::Task) else {
        return States::default();
    };
    let mut states = States::default();
    for word in column.vocabulary() {
        states.words += 1;
        if let Some(status) = crate::mapping::known_word(Kind::Task, &word) {
            states.known += 1;
            let is_of_work = matches!(status.phase(), Phase::Running | Phase::Over | Phase::Failed);
            states.of_work += usize::from(is_of_work && status != Status::Cancelled);
        }
    }
    states
}

/// The kind of a table's rows; `None`: they are none of the kinds, as far as its name and columns show.
pub(super) fn classify(table: &Table<'_>) -> Option<Class> {
    let head = table.head();
    let states = states(table);
    let class = |kind: Kind, confidence, needs_links| {
        Some(Class {
            kind,
            confidence,
            reason: format!("named like {}", kind.plural()),
            needs_links,
        })
    };
    let first = table.words.first().map_or("", String::as_str);
    // `tool_calls`, `workflow_steps` and the like are work only where they have states of work.
    let has_states = states.of_work >= 1 && states.known * 2 >= states.words;
    let is_full_of_work = states.of_work >= 2 && states.known * 10 >= states.words * 6;
    let has_times = table.columns.iter().any(|column| roles::is_time_of_work(column));
    let has_state_link = table.columns.iter().any(|column| {
        ["status_id", "state_id", "stage_id", "column_id", "phase_id"]
            .iter()
            .any(|name| column.snake.ends_with(name))
    });
    let has_effort = table.columns.iter().any(|column| {
        let words = column.words();
        words.iter().any(|word| {
            matches!(
                word.as_str(),
                "attempt" | "retry" | "retrie" | "progress" | "error" | "exit"
            )
        })
    });
    match head {
        "agent" | "worker" | "bot" | "runner" | "robot" => return class(Kind::Agent, Confidence::Certain, false),
        "task" | "job" | "mission" | "todo" | "ticket" | "subtask" => {
            return class(Kind::Task, Confidence::Certain, false);
        }
        "workflow" => return class(Kind::Workflow, Confidence::Certain, false),
        "run" => return class(Kind::Run, Confidence::Certain, false),
        "execution" if matches!(first, "tool" | "step" | "node" | "action" | "command") => {
            return class(Kind::Task, Confidence::Likely, !has_states);
        }
        "execution" => return class(Kind::Run, Confidence::Certain, false),
        "queue" if first != head && (has_states || has_times) => return class(Kind::Task, Confidence::Likely, false),
        _ => {}
    }
    // A member of a group with a state of work is a piece of its work.
    if matches!(head, "member" | "participant" | "assignment") && has_states && states.of_work >= 2 {
        return class(Kind::Task, Confidence::Likely, true);
    }
    if OTHER.contains(&head) {
        return None;
    }
    let made = |kind: Kind, confidence, reason: &str, needs_links| {
        Some(Class {
            kind,
            confidence,
            reason: reason.to_owned(),
            needs_links,
        })
    };
    let presence = roles::presence(table);
    if AGENT.contains(&head) {
        return class(Kind::Agent, Confidence::Likely, false);
    }
    if MACHINE.contains(&head) && (presence.has_words || presence.has_sign) {
        return made(
            Kind::Agent,
            Confidence::Likely,
            "it has a presence or a sign of life",
            false,
        );
    }
    if RUN.contains(&head) && head != "session" {
        return class(Kind::Run, Confidence::Likely, !has_states);
    }
    let is_work = has_states || has_times || has_state_link;
    if head == "item" && !is_work {
        return None;
    }
    let is_doubtful = DOUBTFUL.contains(&head);
    if TASK.contains(&head) && is_work && head != "queue" && !is_doubtful {
        return class(Kind::Task, Confidence::Likely, !(has_states || has_state_link));
    }
    // What goes on with the rows is said by their states whatever the table is called.
    if is_full_of_work && !presence.has_words && !WORKFLOW.contains(&head) {
        let is_sure = has_times || has_effort;
        return made(
            Kind::Task,
            if is_sure && !is_doubtful {
                Confidence::Likely
            } else {
                Confidence::Guess
            },
            "its status has words of work",
            !is_sure || is_doubtful,
        );
    }
    // Templates of other things than flows are a catalogue.
    let is_of_flows = head != "template"
        || table
            .words
            .iter()
            .any(|word| matches!(word.as_str(), "flow" | "workflow" | "pipeline" | "process"));
    if WORKFLOW.contains(&head) && head != "queue" && is_of_flows {
        return class(Kind::Workflow, Confidence::Likely, true);
    }
    if presence.has_words && presence.has_sign {
        return made(
            Kind::Agent,
            Confidence::Guess,
            "it has a presence and a sign of life",
            true,
        );
    }
    if presence.has_words {
        return made(Kind::Agent, Confidence::Guess, "it has a presence", true);
    }
    if has_times && !is_doubtful && table.columns.iter().any(roles::is_time_of_end) {
        return made(Kind::Task, Confidence::Guess, "it has times of begin and end", true);
    }
    None
}
