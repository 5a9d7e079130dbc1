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
];
const RUN: &[&str] = &["run", "execution", "invocation", "build", "session"];

/// Last words of names that other things have: what happened, who may do what, what was made.
const OTHER: &[&str] = &[
    "log",
    "event",
    "message",
    "activity",
    "history",
    "audit",
    "document",
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
    "review",
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
    "lead",
    "deal",
    "property",
    "report",
    "comment",
    "chat",
    "file",
    "attachment",
    "subscription",
    "payment",
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
    "plan",
    "product",
    "invoice",
    "intervention",
    "exception",
    "alert",
    "cost",
    "budget",
    "snapshot",
    "output",
    "result",
    "input",
    "variable",
    "trigger",
    "schedule",
    "asset",
    "media",
    "persona",
    "thread",
    "participant",
    "recipe",
    "prompt",
    "model",
    "data",
    "vote",
    "feed",
    "repository",
    "repo",
    "delivery",
    "edge",
    "dependency",
    "meeting",
    "resource",
    "detail",
    "metadata",
    "record",
    "observation",
    "memo",
    "symbol",
    "peer",
    "meta",
    "tick",
    "component",
    "type",
    "visibility",
    "server",
    "connector",
    "timeline",
    "stat",
    "definition",
    "param",
    "parameter",
    "broker",
    "wallet",
    "transaction",
    "quota",
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
    let has_times = table.columns.iter().any(|column| {
        matches!(
            column.snake.as_str(),
            "started_at" | "finished_at" | "completed_at" | "processed_at" | "ended_at" | "failed_at" | "locked_at"
        )
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
    if AGENT.contains(&head) {
        return class(Kind::Agent, Confidence::Likely, false);
    }
    if RUN.contains(&head) && head != "session" {
        return class(Kind::Run, Confidence::Likely, !has_states);
    }
    let is_work = has_states || has_times;
    if head == "item" && !is_work {
        return None;
    }
    if TASK.contains(&head) && is_work && head != "queue" {
        return class(Kind::Task, Confidence::Likely, !has_states);
    }
    if WORKFLOW.contains(&head) && head != "queue" {
        return class(Kind::Workflow, Confidence::Likely, true);
    }
    if has_states && states.of_work >= 2 && states.known * 10 >= states.words * 6 {
        let reason = "its status has words of work".to_owned();
        return Some(Class {
            kind: Kind::Task,
            confidence: Confidence::Guess,
            reason,
            needs_links: true,
        });
    }
    if has_times
        && table
            .columns
            .iter()
            .any(|column| column.snake == "processed_at" || column.snake == "completed_at")
    {
        return Some(Class {
            kind: Kind::Task,
            confidence: Confidence::Guess,
            reason: "it has times of begin and end".to_owned(),
            needs_links: true,
        });
    }
    None
}
