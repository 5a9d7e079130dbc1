//! A source as data: a table, the roles of its columns in order of precedence, and its own status words. The defaults fit
//! most projects.
//!
//! A role is a field of [`SourceMapping`] with its default columns in [`SourceMapping::of`] and its name in the list `roles!`.
//! Settings, discovery and `init` take it from there; `docs/schemas.md` lists it. What the row shows of it is read in
//! `read.rs`, `status.rs` or `details.rs`, and a role that names other rows has an entry in [`super::LINKS`].

use std::collections::HashMap;

use crate::{Kind, Status};

use super::Companion;

/// One table of the user's project, what its rows are, and the roles of its columns. Each list is tried in order, and the first column with a usable
/// value counts. A dotted name (`record.status`) or a JSON pointer (`/record/status`) reads from a JSON column, unless the
/// row has a column of exactly that name.
///
/// A column that links to other rows is written `COLUMN`, or with the table that it names rows of (`COLUMN -> TABLE`), with
/// the column there that holds the same text (`COLUMN -> TABLE.COLUMN` or `COLUMN -> COLUMN`), or with several columns for
/// a key of several (`COLUMN+COLUMN -> TABLE`).
#[derive(Debug, Clone, PartialEq)]
pub struct SourceMapping {
    /// What its rows are.
    pub kind: Kind,
    /// The schema that the table is in, `public` by default.
    pub schema: String,
    /// The name of the table.
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
    /// Boolean columns that are true while a person is needed. Columns that say what must be approved one day
    /// (`requires_approval`) are none of them.
    pub needs_human: Vec<String>,
    /// How the approval of the row stands: a word like `pending` asks for a person.
    pub approval: Vec<String>,
    /// How it ended, where the status only says that it is over: a word, a flag or an exit code.
    pub outcome: Vec<String>,
    /// When it failed. These four decide the state of a row without a status.
    pub failed_at: Vec<String>,
    /// When it was called off.
    pub cancelled_at: Vec<String>,
    /// When it was finished.
    pub finished_at: Vec<String>,
    /// When it was begun, or taken by a worker.
    pub started_at: Vec<String>,
    /// A time or a flag that says that the row was deleted or archived: it is not shown.
    pub removed: Vec<String>,
    /// What it is doing at the moment, in words.
    pub activity: Vec<String>,
    /// What or whom it waits for, in words, or until when.
    pub waits_for: Vec<String>,
    /// When it is due.
    pub due: Vec<String>,
    /// What it cost, in the table's own currency.
    pub cost: Vec<String>,
    /// How many tokens it took.
    pub tokens: Vec<String>,
    /// The number of the attempt, or a pair `attempt/most` of columns.
    pub attempt: Vec<String>,
    /// Its page on the web.
    pub url: Vec<String>,
    /// A flag, a time or a text that says that something holds it up.
    pub blocked: Vec<String>,
    /// Of an agent, a flag that says that it is working.
    pub busy: Vec<String>,
    /// When it is to begin.
    pub scheduled_at: Vec<String>,
    /// Of an agent, how often it gives a sign of life: milliseconds, or seconds where the name does not end in `_ms`.
    pub heartbeat_interval: Vec<String>,
    /// Names of the table's partitions, under which the stream reports changes; `%` stands for any characters and `_` for
    /// one.
    pub partitions: Vec<String>,
    /// The status column says whether a row is in service (draft, active, archived), not what it is doing.
    pub lifecycle: bool,
    /// What a row that was deleted is counted as, for queues that delete what they have done.
    pub gone: Option<Status>,
    /// The address of a row's own page: a template ([`super::is_link_template`]).
    pub link: Option<String>,
    /// Its own words, normalised, and their states; they take precedence over all others.
    pub words: HashMap<String, Status>,
    /// Tables that complete its rows.
    pub companions: Vec<Companion>,
}

impl SourceMapping {
    /// The default mapping of a kind: the column names found in public projects, the most specific first.
    pub fn of(kind: Kind) -> Self {
        let base = Self {
            kind,
            schema: "public".into(),
            table: if kind == Kind::Run {
                "workflow_runs".into()
            } else {
                kind.plural().into()
            },
            id: list(&["id"]),
            label: Vec::new(),
            status: list(&[
                "status",
                "state",
                "current_status",
                "phase",
                "readable_status",
                "state_type",
                "run_state",
            ]),
            progress: Vec::new(),
            agent: Vec::new(),
            workflow: Vec::new(),
            run: Vec::new(),
            depends_on: Vec::new(),
            parent: Vec::new(),
            current_task: Vec::new(),
            subtitle: Vec::new(),
            heartbeat: Vec::new(),
            created_at: list(&[
                "created_at",
                "inserted_at",
                "created",
                "created_on",
                "queued_at",
                "enqueued_at",
            ]),
            updated_at: list(&["updated_at", "modified_at", "last_updated", "updated_on"]),
            priority: Vec::new(),
            one_is_most_urgent: false,
            error: Vec::new(),
            needs_human: Vec::new(),
            approval: Vec::new(),
            outcome: Vec::new(),
            failed_at: Vec::new(),
            cancelled_at: Vec::new(),
            finished_at: Vec::new(),
            started_at: Vec::new(),
            removed: list(REMOVED),
            activity: list(ACTIVITY),
            waits_for: Vec::new(),
            due: Vec::new(),
            cost: list(COST),
            tokens: list(TOKENS),
            attempt: Vec::new(),
            url: list(URL),
            blocked: Vec::new(),
            busy: Vec::new(),
            scheduled_at: Vec::new(),
            heartbeat_interval: Vec::new(),
            partitions: Vec::new(),
            lifecycle: false,
            gone: None,
            link: None,
            words: HashMap::new(),
            companions: Vec::new(),
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
        self.workflow = list(&["workflow_id", "team_id", "project_id", "workspace_id", "crew_id"]);
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
            "last_ping",
            "last_connected_at",
            "seen_at",
        ]);
        self.busy = list(&["busy", "is_busy"]);
        self.heartbeat_interval = list(&[
            "heartbeat_interval_ms",
            "ping_interval_ms",
            "heartbeat_interval",
            "heartbeat_interval_seconds",
            "ping_interval",
        ]);
        self.waits_for = list(&["waiting_on", "waiting_for", "blocked_on", "blocked_reason"]);
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
            "objective",
            "description",
            "task_description",
            "task",
            "brief",
            "tool_name",
            "message",
            "summary",
            "input",
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
            "target_agent_id",
            "executor_id",
            "claimed_by_agent_id",
            "last_worker_id",
            "locked_by",
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
            "group_id",
            "batch_id",
            "execution_id",
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
        self.work()
    }

    /// The roles that tasks and runs share.
    fn work(mut self) -> Self {
        self.error = list(ERROR);
        self.needs_human = list(NEEDS_HUMAN);
        self.approval = list(&["approval_status", "approval_state", "review_status"]);
        self.outcome = list(&[
            "conclusion",
            "outcome",
            "result_status",
            "success",
            "is_success",
            "succeeded",
            "exit_code",
        ]);
        self.failed_at = list(&["failed_at", "errored_at", "discarded_at", "crashed_at"]);
        self.cancelled_at = list(&["cancelled_at", "canceled_at", "aborted_at", "skipped_at"]);
        self.finished_at = list(&[
            "completed_at",
            "finished_at",
            "ended_at",
            "done_at",
            "processed_at",
            "stopped_at",
        ]);
        self.started_at = list(&["started_at", "locked_at", "claimed_at", "picked_up_at", "attempted_at"]);
        self.blocked = list(&["blocked", "is_blocked"]);
        self.scheduled_at = list(&["scheduled_for", "scheduled_at", "run_at", "run_after"]);
        self.waits_for = list(&[
            "waiting_on",
            "waiting_for",
            "awaiting_signal",
            "blocked_on",
            "blocked_reason",
            "next_retry_at",
        ]);
        self.due = list(&["due_at", "due_date", "deadline_at", "deadline", "estimated_completion"]);
        self.attempt = list(&[
            "attempt/max_attempts",
            "attempts/max_attempts",
            "retry_count/max_retries",
            "attempt",
            "attempts",
            "retry_count",
        ]);
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
            "topic",
            "pipeline_name",
            "agent_name",
            "kind",
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
        self.work()
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

const NEEDS_HUMAN: &[&str] = &[
    "needs_human",
    "waiting_for_user",
    "waiting_for_human",
    "needs_attention",
];

const REMOVED: &[&str] = &[
    "deleted_at",
    "archived_at",
    "is_deleted",
    "is_archived",
    "deleted",
    "archived",
];

const ACTIVITY: &[&str] = &[
    "current_activity",
    "activity",
    "status_message",
    "current_task",
    "current_step",
    "step_name",
    "last_line",
    "output_preview",
    "current_file",
    "progress_messages",
    "result_summary",
];

const COST: &[&str] = &["cost_usd", "total_cost_usd", "total_cost", "cost", "cost_estimate"];

const TOKENS: &[&str] = &["tokens_used", "total_tokens", "token_count", "tokens"];

const URL: &[&str] = &["html_url", "web_url", "url", "pr_url", "github_pr_url"];

const PROGRESS: &[&str] = &[
    "progress",
    "completion_percentage",
    "progress_percentage",
    "percent_complete",
    "progress_pct",
    "progress_percent",
    "steps_completed/steps_total",
    "completed_steps/total_steps",
    "items_done/items_total",
    "current_step/total_steps",
];

impl SourceMapping {
    /// `schema.table`, or the table alone where it is in `public`.
    pub fn name(&self) -> String {
        match self.schema.as_str() {
            "public" => self.table.clone(),
            schema => format!("{schema}.{}", self.table),
        }
    }

    /// Gives a status word of this source a state. Returns false when the normalised word is empty or too long
    /// ([`super::MAX_WORD_BYTES`]).
    pub fn add_word(&mut self, word: &str, status: Status) -> bool {
        let Some(word) = super::normalised(word) else {
            return false;
        };
        self.words.insert(word, status);
        true
    }
}

/// Defines access to the roles by their names, which are those of the settings.
macro_rules! roles {
    ($($role:ident)*) => {
        impl SourceMapping {
            /// The roles that are lists of columns, by name.
            pub const ROLES: &[&str] = &[$(stringify!($role)),*];

            /// The columns of a role; `None`: there is no such role.
            pub fn columns(&self, role: &str) -> Option<&Vec<String>> {
                // Every field is named here, so that a new role that is missing in the list does not compile.
                let Self {
                    kind: _,
                    schema: _,
                    table: _,
                    one_is_most_urgent: _,
                    lifecycle: _,
                    gone: _,
                    link: _,
                    words: _,
                    companions: _,
                    $($role,)*
                } = self;
                match role {
                    $(stringify!($role) => Some($role),)*
                    _ => None,
                }
            }

            /// The columns of a role, to be set.
            pub fn columns_mut(&mut self, role: &str) -> Option<&mut Vec<String>> {
                match role {
                    $(stringify!($role) => Some(&mut self.$role),)*
                    _ => None,
                }
            }
        }
    };
}

roles! {
    id label status progress agent workflow run depends_on parent current_task subtitle heartbeat created_at updated_at
    priority error needs_human approval outcome failed_at cancelled_at finished_at started_at removed activity waits_for
    due cost tokens attempt url blocked busy scheduled_at heartbeat_interval partitions
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
