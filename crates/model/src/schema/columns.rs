//! Which columns a table of a kind has: the mapping's names where the user gave some, those of the demo feed otherwise.

use super::{SchemaError, names};
use crate::{Kind, KindMapping, Mapping};

/// One column of `create table`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Type, default and constraints, as they stand after the name.
    pub kind: &'static str,
}

const ID: &str = "uuid primary key default gen_random_uuid()";
const LABEL: &str = "text not null";
const TEXT: &str = "text";
const LINK: &str = "uuid";
const LINKS: &str = "uuid[]";
const COUNT: &str = "integer";
const FLAG: &str = "boolean not null default false";
const JSON: &str = "jsonb not null default '{}'";
const MOMENT: &str = "timestamptz";
const STAMP: &str = "timestamptz not null default clock_timestamp()";

/// The columns of a kind's table, the key first, each name once.
///
/// # Errors
/// When PostgreSQL could not keep a name as it is.
pub fn columns(mapping: &Mapping, kind: Kind) -> Result<Vec<Column>, SchemaError> {
    let of = &mapping.kinds[kind];
    let usual = KindMapping::of(kind);
    let mut list = List {
        kind: kind.plural(),
        columns: Vec::new(),
    };
    // What the user named first, or of the default list the name that the demo feed has.
    let pick = |own: &Vec<String>, default: &Vec<String>, preferred: &str| match own == default {
        true => default.iter().find(|name| *name == preferred).cloned(),
        false => own.first().cloned(),
    };
    list.add(&of.id, ID)?;
    let label = if kind == Kind::Task { "title" } else { "name" };
    list.role(pick(&of.label, &usual.label, label), LABEL)?;
    list.role(pick(&of.subtitle, &usual.subtitle, "role"), TEXT)?;
    if kind == Kind::Agent {
        list.add("model", TEXT)?;
    }
    let status = pick(&of.status, &usual.status, "status");
    let status_kind = match status.as_deref() {
        Some(name) if is_flag(name) => FLAG,
        _ if kind == Kind::Agent => "text not null default 'idle'",
        _ => "text not null default 'queued'",
    };
    list.role(status, status_kind)?;
    let priority = if of.one_is_most_urgent { COUNT } else { TEXT };
    list.role(pick(&of.priority, &usual.priority, "priority"), priority)?;
    list.role(pick(&of.current_task, &usual.current_task, "current_task_id"), LINK)?;
    let progress = if matches!(kind, Kind::Workflow | Kind::Run) {
        list.add("current_step", TEXT)?;
        "steps_completed/steps_total"
    } else {
        "progress"
    };
    list.progress(pick(&of.progress, &usual.progress, progress))?;
    let agent = pick(&of.agent, &usual.agent, "agent_id");
    let agent_kind = if agent.as_deref().is_some_and(holds_several) {
        LINKS
    } else {
        LINK
    };
    list.role(agent, agent_kind)?;
    // An agent belongs to a workflow only where somebody says so.
    list.role(
        pick(
            &of.workflow,
            &usual.workflow,
            if Kind::WORK.contains(&kind) { "workflow_id" } else { "" },
        ),
        LINK,
    )?;
    let depends_on = pick(&of.depends_on, &usual.depends_on, "depends_on");
    list.role(depends_on, LINKS)?;
    list.role(pick(&of.parent, &usual.parent, "parent_task_id"), LINK)?;
    match kind {
        Kind::Agent => list.add("tasks_completed", "integer not null default 0")?,
        Kind::Task => list.add("attempt", "integer not null default 1")?,
        Kind::Workflow => list.add("owner", TEXT)?,
        Kind::Run => list.add("trigger", TEXT)?,
    }
    match pick(&of.error, &usual.error, "error_message") {
        Some(name) => list.role(Some(name), TEXT)?,
        // Agents and workflows show theirs in the inspector.
        None => list.add("error_message", TEXT)?,
    }
    list.role(pick(&of.needs_human, &usual.needs_human, "needs_human"), FLAG)?;
    list.add("metadata", JSON)?;
    list.role(pick(&of.heartbeat, &usual.heartbeat, "last_heartbeat_at"), MOMENT)?;
    list.role(pick(&of.created_at, &usual.created_at, "created_at"), STAMP)?;
    list.role(updated_at(of), STAMP)?;
    if kind != Kind::Agent {
        list.add("started_at", MOMENT)?;
        list.add("completed_at", MOMENT)?;
    }
    Ok(list.columns)
}

/// The column that a trigger keeps; `None` when the mapping has none that is a column.
pub(super) fn updated_at(of: &KindMapping) -> Option<String> {
    of.updated_at.iter().find(|name| root(name).is_none()).cloned()
}

struct List {
    kind: &'static str,
    columns: Vec<Column>,
}

impl List {
    /// Of a name that two roles share the first type counts.
    fn add(&mut self, name: &str, kind: &'static str) -> Result<(), SchemaError> {
        names::check("column", name, self.kind)?;
        if !self.columns.iter().any(|column| column.name == name) {
            self.columns.push(Column {
                name: name.to_owned(),
                kind,
            });
        }
        Ok(())
    }

    /// A path into JSON (`record.status`, `/record/status`) needs the column that it begins at.
    fn role(&mut self, name: Option<String>, kind: &'static str) -> Result<(), SchemaError> {
        match name.as_deref().map(|name| (name, root(name))) {
            None => Ok(()),
            Some((_, Some(column))) => self.add(column, JSON),
            Some((name, None)) => self.add(name, kind),
        }
    }

    /// A column, or a pair `done/total`.
    fn progress(&mut self, name: Option<String>) -> Result<(), SchemaError> {
        if let Some((done, total)) = name.as_deref().and_then(|name| name.split_once('/'))
            && !done.is_empty()
            && !total.is_empty()
        {
            self.add(done, COUNT)?;
            return self.add(total, COUNT);
        }
        self.role(name, COUNT)
    }
}

/// The column in which a path begins.
fn root(name: &str) -> Option<&str> {
    let column = match name.strip_prefix('/') {
        Some(pointer) => pointer.split('/').next(),
        None => name.split_once('.').map(|(column, _)| column),
    };
    column.filter(|column| !column.is_empty())
}

/// Columns that are called after a yes or no.
fn is_flag(name: &str) -> bool {
    name.starts_with("is_") || matches!(name, "enabled" | "active" | "completed" | "done")
}

/// Columns that are called after several agents.
fn holds_several(name: &str) -> bool {
    name.ends_with("_ids") || matches!(name, "assignees" | "assigned_agents" | "agents")
}
