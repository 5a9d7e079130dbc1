//! The demo's tables. Their columns resemble those of real projects.

use std::sync::LazyLock;

use model::schema::PULSE_TABLE;

use super::{Type, jsonb};

/// One of the demo's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableId {
    /// The table `agents`.
    Agents,
    /// The table `tasks`.
    Tasks,
    /// The table `workflows`.
    Workflows,
    /// The table `workflow_runs`; empty unless the demo keeps runs.
    Runs,
    /// The table of the pulse, which exists only where the demo has one ([`crate::Options::pulse`]).
    Pulse,
}

impl TableId {
    /// Every table of the organisation.
    pub const ALL: [Self; 4] = [Self::Agents, Self::Tasks, Self::Workflows, Self::Runs];
    /// Every table of the database.
    pub(crate) const EVERY: [Self; 5] = [Self::Agents, Self::Tasks, Self::Workflows, Self::Runs, Self::Pulse];

    /// The name of the table in the database, without its schema.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Tasks => "tasks",
            Self::Workflows => "workflows",
            Self::Runs => "workflow_runs",
            Self::Pulse => PULSE_TABLE,
        }
    }

    /// The table with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|table| table.name() == name)
    }

    /// Its position among the tables of the database, which begin with those of [`TableId::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The names of its columns, in order.
    pub fn columns(self) -> impl Iterator<Item = &'static str> {
        self.schema().columns.iter().map(|(name, _)| *name)
    }

    /// Its columns with their types.
    pub(crate) fn schema(self) -> &'static Schema {
        static ALL: LazyLock<[Schema; 5]> = LazyLock::new(|| [AGENTS, TASKS, WORKFLOWS, RUNS, PULSE].map(Schema::new));
        match self {
            Self::Agents => &ALL[0],
            Self::Tasks => &ALL[1],
            Self::Workflows => &ALL[2],
            Self::Runs => &ALL[3],
            Self::Pulse => &ALL[4],
        }
    }
}

/// The columns of a table. The first one is the primary key, a uuid.
#[derive(Debug)]
pub(crate) struct Schema {
    /// The names and types of the columns, in the order of a row's cells.
    pub(crate) columns: &'static [(&'static str, Type)],
    /// Positions of the columns in the order of jsonb's keys.
    pub(crate) jsonb_order: Vec<usize>,
    /// The `columns` list of a change frame.
    pub(crate) columns_json: String,
}

impl Schema {
    fn new(columns: &'static [(&'static str, Type)]) -> Self {
        let mut order: Vec<(usize, &str)> = columns.iter().map(|(name, _)| *name).enumerate().collect();
        order.sort_by(|(_, a), (_, b)| jsonb::key_order(a, b));
        let list: Vec<String> = columns
            .iter()
            .map(|(name, kind)| format!(r#"{{"name": "{name}", "type": "{}"}}"#, kind.name()))
            .collect();
        Self {
            columns,
            jsonb_order: order.into_iter().map(|(at, _)| at).collect(),
            columns_json: format!("[{}]", list.join(", ")),
        }
    }

    /// Position and type of a column.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, Type)> {
        let at = self.columns.iter().position(|(column, _)| *column == name)?;
        self.columns.get(at).map(|(_, kind)| (at, *kind))
    }
}

const AGENTS: &[(&str, Type)] = &[
    ("id", Type::Uuid),
    ("name", Type::Text),
    ("role", Type::Text),
    ("model", Type::Text),
    ("status", Type::Text),
    ("current_task_id", Type::Uuid),
    ("tasks_completed", Type::Int4),
    ("error_message", Type::Text),
    ("metadata", Type::Jsonb),
    ("last_heartbeat_at", Type::Timestamptz),
    ("created_at", Type::Timestamptz),
    ("updated_at", Type::Timestamptz),
];

const TASKS: &[(&str, Type)] = &[
    ("id", Type::Uuid),
    ("title", Type::Text),
    ("status", Type::Text),
    ("priority", Type::Text),
    ("progress", Type::Int4),
    ("attempt", Type::Int4),
    ("agent_id", Type::Uuid),
    ("workflow_id", Type::Uuid),
    ("parent_task_id", Type::Uuid),
    ("depends_on", Type::Uuids),
    ("error_message", Type::Text),
    ("metadata", Type::Jsonb),
    ("created_at", Type::Timestamptz),
    ("updated_at", Type::Timestamptz),
    ("started_at", Type::Timestamptz),
    ("completed_at", Type::Timestamptz),
];

const WORKFLOWS: &[(&str, Type)] = &[
    ("id", Type::Uuid),
    ("name", Type::Text),
    ("status", Type::Text),
    ("current_step", Type::Text),
    ("steps_completed", Type::Int4),
    ("steps_total", Type::Int4),
    ("owner", Type::Text),
    ("error_message", Type::Text),
    ("metadata", Type::Jsonb),
    ("created_at", Type::Timestamptz),
    ("updated_at", Type::Timestamptz),
    ("started_at", Type::Timestamptz),
    ("completed_at", Type::Timestamptz),
];

const RUNS: &[(&str, Type)] = &[
    ("id", Type::Uuid),
    ("workflow_id", Type::Uuid),
    ("status", Type::Text),
    ("current_step", Type::Text),
    ("steps_completed", Type::Int4),
    ("steps_total", Type::Int4),
    ("error_message", Type::Text),
    ("created_at", Type::Timestamptz),
    ("updated_at", Type::Timestamptz),
    ("started_at", Type::Timestamptz),
    ("completed_at", Type::Timestamptz),
];

const PULSE: &[(&str, Type)] = &[("id", Type::Uuid), ("seq", Type::Int4), ("at", Type::Timestamptz)];
