//! Why a row is read as it is: the same reading as on the wall, with the rule and the column of each part.

use serde::Serialize;

use crate::{Record, Row, RowKey, Rule, Silence, SourceId, Status, text};

use super::{
    Mapping,
    cell::{self, Cells},
    read, status,
};

/// Most characters of a cell in an explanation.
const MAX_CELL_CHARS: usize = 60;

/// The reading of a row's state, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The state.
    pub state: Status,
    /// The rule that gave it.
    pub rule: Rule,
    /// The column that decided, if one did.
    pub column: Option<String>,
    /// What is in that column, cut to one line; only for columns that a rule of the state reads. Of an overdue heartbeat
    /// how old it is.
    pub value: Option<String>,
    /// The state is a guess.
    pub guessed: bool,
    /// A person is asked.
    pub needs_person: bool,
    /// Why the row is not shown, if it is not: it was deleted or archived by a column of its own.
    pub removed: bool,
}

impl Explanation {
    /// Takes into account that the row's heartbeat is overdue.
    pub fn apply(&mut self, silence: &Silence) {
        if Silence::overrides(self.state) {
            self.state = Status::Offline;
            self.rule = Rule::Heartbeat;
            self.column = Some(silence.column.to_string());
            self.value = Some(silence.words());
            self.guessed = false;
        }
    }

    /// One sentence: "failed, because `conclusion` is `failure` (rule: outcome)".
    pub fn sentence(&self) -> String {
        let state = self.state.word();
        let reason = match (&self.column, &self.value) {
            (Some(column), Some(value)) if self.rule == Rule::Time => {
                format!("because no column has a status and `{column}` is {value}")
            }
            (Some(column), Some(value)) if self.rule == Rule::Heartbeat => format!("because `{column}` is {value}"),
            (Some(column), Some(value)) if self.rule == Rule::Error => {
                format!("because it is over and `{column}` is `{value}`")
            }
            (Some(column), Some(value)) => format!("because `{column}` is `{value}`"),
            _ if self.rule == Rule::Gone => "because the row was deleted".to_owned(),
            _ => "because no column says how it stands".to_owned(),
        };
        let guess = if self.guessed { ", a guess" } else { "" };
        let person = if self.needs_person {
            "; it asks for a person"
        } else {
            ""
        };
        let removed = if self.removed {
            "; it is not shown, because it was deleted or archived"
        } else {
            ""
        };
        format!("{state}, {reason} (rule: {}{guess}){person}{removed}", self.rule.word())
    }
}

impl Mapping {
    /// Why a row of a source has its state.
    pub fn explain(&self, source: SourceId, record: &Record) -> Explanation {
        let (cells, columns) = (&Cells::of(record), self.of(source));
        let found = status::status(&self.words, cells, columns);
        let value = found.column.and_then(|name| cells.get(name)).map(|value| match &value {
            crate::Cell::Bool(flag) => flag.to_string(),
            crate::Cell::Object(_) => "an object".to_owned(),
            crate::Cell::List(_) => "a list".to_owned(),
            value => text::clean(cell::text(value).unwrap_or_default(), MAX_CELL_CHARS).into_owned(),
        });
        Explanation {
            state: found.reading.status,
            rule: found.reading.rule,
            column: found.column.map(str::to_owned),
            value,
            guessed: found.reading.rule.is_guess(),
            needs_person: columns.kind.is_work() && read::asks_for_human(&found, cells, columns),
            removed: self.is_removed(source, record),
        }
    }

    /// As [`Self::explain`], of a row that was deleted; `None` where the source does not say what that means.
    pub fn explain_gone(&self, source: SourceId) -> Option<Explanation> {
        Some(Explanation {
            state: self.source(source)?.gone?,
            rule: Rule::Gone,
            column: None,
            value: None,
            guessed: false,
            needs_person: false,
            removed: false,
        })
    }

    /// As [`Self::reading`], of a row that was deleted; `None` where the source does not say what that means.
    pub fn reading_gone(&self, key: &RowKey, record: &Record) -> Option<Reading> {
        Some(Reading {
            state: self.source(key.source)?.gone?,
            needs_person: false,
            guessed: false,
            ..self.reading(key, record)
        })
    }

    /// The reading of a row as programs get it.
    pub fn reading(&self, key: &RowKey, record: &Record) -> Reading {
        let activity = self.details(key.source, record).activity.map(|line| line.to_string());
        let (label, status, needs_person, agent, workflow) = match self.read(key, record) {
            Row::Agent(row) => (row.label, row.status, false, None, row.workflow),
            Row::Task(row) => (
                row.label,
                row.status,
                row.needs_human,
                row.agents.into_iter().next(),
                row.workflow,
            ),
            Row::Workflow(row) => (row.label, row.status, false, None, None),
        };
        Reading {
            kind: key.kind.singular(),
            label: label.to_string(),
            state: status.status,
            needs_person,
            guessed: status.rule.is_guess(),
            agent: agent.map(|key| key.id.as_str().to_owned()),
            workflow: workflow.map(|key| key.id.as_str().to_owned()),
            activity,
        }
    }
}

/// A row's reading in `tail --json` and `--dump`. The names are a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// The kind, in the singular.
    pub kind: &'static str,
    /// The name on the screen.
    pub label: String,
    /// The state.
    pub state: Status,
    /// It waits for a person's decision.
    pub needs_person: bool,
    /// The state is a guess.
    pub guessed: bool,
    /// The key of its first agent.
    pub agent: Option<String>,
    /// The key of its workflow.
    pub workflow: Option<String>,
    /// What it is doing.
    pub activity: Option<String>,
}

impl Reading {
    /// Takes into account that the row's heartbeat is overdue.
    pub fn set_silent(&mut self) {
        if Silence::overrides(self.state) {
            self.state = Status::Offline;
            self.guessed = false;
        }
    }
}
