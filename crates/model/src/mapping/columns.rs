//! The mapping as data: tables, columns in their order of trust, the user's own words; and the defaults that fit most
//! projects untouched.

use std::collections::HashMap;

use crate::{Kind, PerKind, Record, RowId, Status};

use super::words;

/// Where one kind lives and which of its columns mean what. Each list is tried in order; the first column that the row
/// has, with a usable value, counts. A dotted name (`record.status`) or a JSON pointer (`/record/status`) looks into
/// JSON columns, unless the row has a column of exactly that name.
#[derive(Debug, Clone, PartialEq)]
pub struct KindMapping {
    pub schema: String,
    /// Empty: the kind is not followed. So it is with runs where nobody names their table.
    pub table: String,
    /// The primary key. One column; its value is the row's id.
    pub id: String,
    pub label: Vec<String>,
    pub status: Vec<String>,
    /// A column, or a pair `done/total` of columns.
    pub progress: Vec<String>,
    /// task → agents; columns may hold one id or an array of ids.
    pub agent: Vec<String>,
    /// task → workflow, agent → workflow, run → workflow.
    pub workflow: Vec<String>,
    /// task → the run of a workflow that it is a part of.
    pub run: Vec<String>,
    /// task → the tasks that it waits for; columns may hold one id or an array of ids.
    pub depends_on: Vec<String>,
    /// task → the task that it is a part of.
    pub parent: Vec<String>,
    /// agent → task in hand.
    pub current_task: Vec<String>,
    pub subtitle: Vec<String>,
    pub heartbeat: Vec<String>,
    /// When the row was made: rows that come together are given their places in this order.
    pub created_at: Vec<String>,
    pub updated_at: Vec<String>,
    pub priority: Vec<String>,
    /// The direction of priority numbers: true when 1 is the most urgent; false when a greater number is.
    pub one_is_most_urgent: bool,
    pub error: Vec<String>,
    /// Boolean columns that say a person is waited for.
    pub needs_human: Vec<String>,
    /// Names of the table's partitions, which the stream tells changes under; `%` stands for any run of characters and
    /// `_` for one.
    pub partitions: Vec<String>,
}

/// The whole mapping: the kinds, and the user's own status words, which win over the built-in ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    pub kinds: PerKind<KindMapping>,
    /// Normalised word (lower case, `_`) → state. `Mapping::say` normalises.
    pub words: HashMap<String, Status>,
}

impl Mapping {
    /// The kinds that have a table, and what is known of it.
    pub fn followed(&self) -> impl Iterator<Item = (Kind, &KindMapping)> {
        self.kinds.iter().filter(|(_, of)| !of.table.is_empty())
    }

    /// Whether a kind has a table.
    pub fn follows(&self, kind: Kind) -> bool {
        !self.kinds[kind].table.is_empty()
    }

    /// Follows runs, in this table.
    pub fn follow_runs(&mut self, table: &str) {
        self.kinds[Kind::Run].table = table.to_owned();
        self.tell_runs_from_workflows();
    }

    /// Once runs have a table, a column that names a run names no workflow any more: with keys that are numbers, run 5
    /// would be taken for workflow 5. A list of the user's own stays as it is.
    pub fn tell_runs_from_workflows(&mut self) {
        let task = &mut self.kinds[Kind::Task];
        if task.workflow == KindMapping::of(Kind::Task).workflow {
            task.workflow.retain(|column| !task.run.contains(column));
        }
    }

    /// The row's id, if its key column holds one.
    pub fn id_of(&self, kind: Kind, record: &Record) -> Option<RowId> {
        record.get(&self.kinds[kind].id).and_then(RowId::from_value)
    }

    /// Makes a word of the user mean a state. False when nothing is left of the word, or too much
    /// ([`super::MAX_WORD_BYTES`]).
    pub fn say(&mut self, word: &str, status: Status) -> bool {
        let Some(word) = words::normalised(word) else {
            return false;
        };
        self.words.insert(word, status);
        true
    }
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            kinds: PerKind::from_fn(KindMapping::of),
            words: HashMap::new(),
        }
    }
}

impl KindMapping {
    /// The default of a kind: the column names found in public projects, the most telling first.
    pub fn of(kind: Kind) -> Self {
        let base = Self {
            schema: "public".into(),
            table: if kind == Kind::Run {
                String::new()
            } else {
                kind.plural().into()
            },
            id: "id".into(),
            label: Vec::new(),
            status: list(&["status", "state", "current_status", "phase"]),
            progress: Vec::new(),
            agent: Vec::new(),
            workflow: Vec::new(),
            run: Vec::new(),
            depends_on: Vec::new(),
            parent: Vec::new(),
            current_task: Vec::new(),
            subtitle: Vec::new(),
            heartbeat: Vec::new(),
            created_at: list(&["created_at", "inserted_at", "created"]),
            updated_at: list(&["updated_at", "modified_at"]),
            priority: Vec::new(),
            one_is_most_urgent: false,
            error: Vec::new(),
            needs_human: Vec::new(),
            partitions: Vec::new(),
        };
        match kind {
            Kind::Agent => base.agent(),
            Kind::Task => base.task(),
            Kind::Workflow => base.workflow(),
            Kind::Run => base.run(),
        }
    }

    fn agent(mut self) -> Self {
        self.label = list(&[
            "display_name",
            "name",
            "human_name",
            "agent_name",
            "title",
            "slug",
            "handle",
        ]);
        self.status
            .extend(list(&["agent_status", "is_active", "enabled", "active"]));
        self.workflow = list(&["workflow_id", "team_id", "workspace_id"]);
        self.current_task = list(&["current_task_id", "current_task", "task_id"]);
        self.subtitle = list(&["role", "agent_type", "type", "kind", "model"]);
        self.heartbeat = list(&[
            "last_heartbeat_at",
            "last_heartbeat",
            "heartbeat_at",
            "last_seen_at",
            "last_seen",
            "last_active_at",
            "last_active",
            "last_checkin",
        ]);
        self
    }

    fn task(mut self) -> Self {
        self.label = list(&[
            "title",
            "name",
            "task_name",
            "goal",
            "instruction",
            "intent",
            "prompt",
            "description",
            "task",
        ]);
        self.status.extend(list(&[
            "task_status",
            "is_active",
            "enabled",
            "active",
            "is_completed",
            "is_complete",
            "completed",
            "is_done",
            "done",
        ]));
        self.progress = list(PROGRESS);
        self.agent = list(&[
            "agent_id",
            "assigned_agent_id",
            "assigned_to",
            "assignee",
            "assignee_id",
            "assigned_agent",
            "worker_id",
            "claimed_by",
            "owner_agent_id",
            "assignee_ids",
            "assignees",
            "assigned_agents",
            "agent_ids",
        ]);
        self.workflow = list(&[
            "workflow_id",
            "workflow_run_id",
            "run_id",
            "project_id",
            "project",
            "mission_id",
            "session_id",
            "team_id",
        ]);
        self.run = list(RUN);
        self.depends_on = list(&[
            "depends_on",
            "dependencies",
            "depends_on_ids",
            "dependency_ids",
            "blocked_by",
            "prerequisites",
        ]);
        self.parent = list(&["parent_task_id", "parent_id", "parent_task"]);
        self.priority = list(&["priority", "urgency"]);
        self.error = list(ERROR);
        self.needs_human = list(NEEDS_HUMAN);
        self
    }

    fn workflow(mut self) -> Self {
        self.label = list(&["display_name", "name", "title", "workflow_name", "topic"]);
        self.status
            .extend(list(&["workflow_status", "is_active", "enabled", "active"]));
        self.progress = list(PROGRESS);
        self
    }

    fn run(mut self) -> Self {
        self.label = list(&[
            "display_name",
            "name",
            "title",
            "run_name",
            "workflow_name",
            "current_step",
            "trigger",
        ]);
        self.status.extend(list(&["run_status", "execution_status"]));
        self.progress = list(PROGRESS);
        self.agent = list(&["agent_id", "assigned_agent_id", "worker_id", "claimed_by"]);
        self.workflow = list(&[
            "workflow_id",
            "workflow",
            "pipeline_id",
            "project_id",
            "definition_id",
            "mission_id",
        ]);
        self.error = list(ERROR);
        self.needs_human = list(NEEDS_HUMAN);
        self
    }
}

const RUN: &[&str] = &["workflow_run_id", "run_id", "workflow_execution_id", "execution_id"];

const ERROR: &[&str] = &[
    "error",
    "error.message",
    "error_message",
    "last_error",
    "blocked_reason",
    "blocker_description",
];

const NEEDS_HUMAN: &[&str] = &["requires_approval", "needs_approval", "needs_human", "waiting_for_user"];

const PROGRESS: &[&str] = &[
    "progress",
    "completion_percentage",
    "progress_percentage",
    "percent_complete",
    "steps_completed/steps_total",
    "completed_steps/total_steps",
];

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
