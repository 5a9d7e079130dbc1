//! The columns of a source's table: the names from the mapping where the user set them, otherwise those of the demo feed.

use super::{SchemaError, names};
use crate::{Kind, SourceMapping};

/// One column of `create table`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, not yet quoted.
    pub name: String,
    /// Type, default and constraints, as they are written after the name.
    pub definition: &'static str,
}

const ID: &str = "uuid primary key default gen_random_uuid()";
/// One of several columns of a key, which is declared beside the columns.
const KEY_PART: &str = "text not null";
const LABEL: &str = "text not null";
const TEXT: &str = "text";
const LINK: &str = "uuid";
const LINKS: &str = "uuid[]";
const COUNT: &str = "integer";
const FLAG: &str = "boolean not null default false";
const JSON: &str = "jsonb not null default '{}'";
const TIME: &str = "timestamptz";
const CHANGE_TIME: &str = "timestamptz not null default clock_timestamp()";

/// The columns of a source's table, the key first, each name once. A key of several columns is no part of their
/// definitions.
///
/// # Errors
/// When PostgreSQL would cut or refuse a name.
pub fn columns(of: &SourceMapping) -> Result<Vec<Column>, SchemaError> {
    let kind = of.kind;
    let usual = SourceMapping::of(kind);
    let mut list = List {
        table: &of.table,
        columns: Vec::new(),
    };
    // The first name that the user set, or the one of the default list that the demo feed uses.
    let pick = |own: &Vec<String>, default: &Vec<String>, preferred: &str| match own == default {
        true => default.iter().find(|name| *name == preferred).cloned(),
        false => own.first().cloned(),
    };
    match of.id.as_slice() {
        [column] => list.add(column, ID)?,
        several => several.iter().try_for_each(|column| list.add(column, KEY_PART))?,
    }
    let label = if kind == Kind::Task { "title" } else { "name" };
    list.role(pick(&of.label, &usual.label, label), LABEL)?;
    list.role(pick(&of.subtitle, &usual.subtitle, "role"), TEXT)?;
    if kind == Kind::Agent {
        list.add("model", TEXT)?;
    }
    let status = pick(&of.status, &usual.status, "status");
    let status_type = match status.as_deref() {
        Some(name) if is_flag(name) => FLAG,
        _ if kind == Kind::Agent => "text not null default 'idle'",
        _ => "text not null default 'queued'",
    };
    list.role(status, status_type)?;
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
    let agent_type = if agent.as_deref().is_some_and(holds_several) {
        LINKS
    } else {
        LINK
    };
    list.role(agent, agent_type)?;
    // An agent belongs to a workflow only where the user names the column.
    list.role(
        pick(
            &of.workflow,
            &usual.workflow,
            if kind.is_work() { "workflow_id" } else { "" },
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
        // The inspector shows that of agents and workflows.
        None => list.add("error_message", TEXT)?,
    }
    list.role(pick(&of.needs_human, &usual.needs_human, "needs_human"), FLAG)?;
    list.add("metadata", JSON)?;
    list.role(pick(&of.heartbeat, &usual.heartbeat, "last_heartbeat_at"), TIME)?;
    list.role(pick(&of.created_at, &usual.created_at, "created_at"), CHANGE_TIME)?;
    list.role(updated_at(of), CHANGE_TIME)?;
    if kind != Kind::Agent {
        list.add("started_at", TIME)?;
        list.add("completed_at", TIME)?;
    }
    Ok(list.columns)
}

/// The column that the trigger sets; `None` when the mapping names only paths into JSON.
pub(super) fn updated_at(of: &SourceMapping) -> Option<String> {
    of.updated_at.iter().find(|name| root(name).is_none()).cloned()
}

struct List<'m> {
    table: &'m str,
    columns: Vec<Column>,
}

impl List<'_> {
    /// Adds a column. If two roles share a name, the type of the first one counts.
    fn add(&mut self, name: &str, definition: &'static str) -> Result<(), SchemaError> {
        names::check("column", name, self.table)?;
        if !self.columns.iter().any(|column| column.name == name) {
            self.columns.push(Column {
                name: name.to_owned(),
                definition,
            });
        }
        Ok(())
    }

    /// Adds the column of a role. A path into JSON (`record.status`, `/record/status`) needs only the column it begins in.
    fn role(&mut self, name: Option<String>, definition: &'static str) -> Result<(), SchemaError> {
        match name.as_deref().map(|name| (name, root(name))) {
            None => Ok(()),
            Some((_, Some(column))) => self.add(column, JSON),
            Some((name, None)) => self.add(name, definition),
        }
    }

    /// Adds the column of the progress, or both of a pair `done/total`.
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

/// The column in which a path into JSON begins; `None` for a plain column.
fn root(name: &str) -> Option<&str> {
    let column = match name.strip_prefix('/') {
        Some(pointer) => pointer.split('/').next(),
        None => name.split_once('.').map(|(column, _)| column),
    };
    column.filter(|column| !column.is_empty())
}

/// Whether a column's name suggests a boolean.
fn is_flag(name: &str) -> bool {
    name.starts_with("is_") || matches!(name, "enabled" | "active" | "completed" | "done")
}

/// Whether a column's name suggests several agents.
fn holds_several(name: &str) -> bool {
    name.ends_with("_ids") || matches!(name, "assignees" | "assigned_agents" | "agents")
}
