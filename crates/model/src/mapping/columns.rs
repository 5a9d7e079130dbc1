//! The mapping as data: tables, columns in order of precedence, and the user's own status words. The defaults fit most
//! projects.

use std::collections::HashMap;

use crate::{Kind, PerKind, Record, RowId, Status};

use super::words;

/// The table of one kind, and the roles of its columns. Each list is tried in order, and the first column with a usable
/// value counts. A dotted name (`record.status`) or a JSON pointer (`/record/status`) reads from a JSON column, unless the
/// row has a column of exactly that name.
#[derive(Debug, Clone, PartialEq)]
pub struct KindMapping {
    /// The schema that the table is in, `public` by default.
    pub schema: String,
    /// The name of the table. If it is empty, the kind is not followed, which is the default for runs.
    pub table: String,
    /// The columns of the primary key, in its order: one in most tables. Their values are the row's id.
    pub id: Vec<String>,
    /// The name on the screen.
    pub label: Vec<String>,
    /// The status word or flag.
    pub status: Vec<String>,
    /// The share done: a column, or a pair `done/total` of columns.
    pub progress: Vec<String>,
    /// Of a task or run, its agents; a column may hold one id or an array of ids.
    pub agent: Vec<String>,
    /// Of a task, an agent or a run, its workflow.
    pub workflow: Vec<String>,
    /// Of a task, the run it is a part of.
    pub run: Vec<String>,
    /// Of a task, the tasks it waits for; a column may hold one id or an array of ids.
    pub depends_on: Vec<String>,
    /// Of a task, the task it is a part of.
    pub parent: Vec<String>,
    /// Of an agent, the task it is working on.
    pub current_task: Vec<String>,
    /// Of an agent, its role or model.
    pub subtitle: Vec<String>,
    /// Of an agent, the time of its last sign of life.
    pub heartbeat: Vec<String>,
    /// The time of the row's creation. Rows that appear together are laid out in this order.
    pub created_at: Vec<String>,
    /// The time of the row's last change.
    pub updated_at: Vec<String>,
    /// Of a task, how urgent it is: a word or a number.
    pub priority: Vec<String>,
    /// The direction of priority numbers: true when 1 is the most urgent, false when greater numbers are more urgent.
    pub one_is_most_urgent: bool,
    /// Of a task or run, why it failed.
    pub error: Vec<String>,
    /// Boolean columns that are true while a person is needed.
    pub needs_human: Vec<String>,
    /// Names of the table's partitions, under which the stream reports changes; `%` stands for any characters and `_` for
    /// one.
    pub partitions: Vec<String>,
}

/// The mapping of all kinds, and the user's own status words, which take precedence over the built-in ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// The table and columns of each kind.
    pub kinds: PerKind<KindMapping>,
    /// The user's words, normalised (lower case, `_`), and their states. [`Mapping::add_word`] normalises.
    pub words: HashMap<String, Status>,
}

impl Mapping {
    /// The kinds that have a table, with their mappings.
    pub fn followed(&self) -> impl Iterator<Item = (Kind, &KindMapping)> {
        self.kinds.iter().filter(|(_, of)| !of.table.is_empty())
    }

    /// Whether a kind has a table.
    pub fn follows(&self, kind: Kind) -> bool {
        !self.kinds[kind].table.is_empty()
    }

    /// Names the table of the runs, so that they are followed, and removes run columns from the workflow columns.
    pub fn follow_runs(&mut self, table: &str) {
        self.kinds[Kind::Run].table = table.to_owned();
        self.separate_runs_from_workflows();
    }

    /// Removes the columns that name a run from the columns that name a workflow. It is needed once runs have a table:
    /// with numeric keys, run 5 would be read as workflow 5. A list that the user set stays unchanged.
    pub fn separate_runs_from_workflows(&mut self) {
        let task = &mut self.kinds[Kind::Task];
        if task.workflow == KindMapping::of(Kind::Task).workflow {
            task.workflow.retain(|column| !task.run.contains(column));
        }
    }

    /// The row's id, if its key columns hold one.
    pub fn id_of(&self, kind: Kind, record: &Record) -> Option<RowId> {
        RowId::of_key(&self.kinds[kind].id, |column| record.get(column))
    }

    /// Gives a status word of the user a state. Returns false when the normalised word is empty or too long
    /// ([`super::MAX_WORD_BYTES`]).
    pub fn add_word(&mut self, word: &str, status: Status) -> bool {
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
    /// The default mapping of a kind: the column names found in public projects, the most specific first.
    pub fn of(kind: Kind) -> Self {
        let base = Self {
            schema: "public".into(),
            table: if kind == Kind::Run {
                String::new()
            } else {
                kind.plural().into()
            },
            id: list(&["id"]),
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
