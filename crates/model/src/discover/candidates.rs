//! The table names that are asked for where a project's tables cannot be listed. They come from the counts over public
//! projects in docs/schemas.md, the most frequent of each kind first. The lists are the order in which names are asked for,
//! and nothing else; what the rows of a table that is found are is decided in `classify.rs`.

use super::{Candidate, TableFacts, table::singular_words};
use crate::Kind;

const AGENTS: &str = "agents ai_agents workers sessions bots devices runners agent_instances assistants robots \
                      agent_registry printers";
const TASKS: &str = "tasks agent_tasks jobs tickets actions items missions requests task_queue work_items approvals pending_approvals todos \
                     orders steps issues agent_jobs workflow_tasks pipeline_items execution_nodes workflow_steps step_tasks \
                     task_group_members approval_requests tool_executions workflow_jobs deployments \
                     job_queue cases";
const WORKFLOWS: &str = "workflows projects pipelines automations flows campaigns teams agent_workflows task_groups \
                         flow_templates crews routines processes playbooks";
const RUNS: &str = "workflow_runs runs executions workflow_executions agent_runs agent_executions task_runs \
                    automation_runs pipeline_runs flow_runs job_runs builds";
const COMPANIONS: &str = "agent_presence agent_status task_assignees task_dependencies agent_heartbeats agent_state \
                          presence heartbeats task_assignments workflow_statuses task_statuses job_assignments statuses";

/// The names in the order in which they are asked for: the most frequent of each kind in turn.
pub fn candidates() -> impl Iterator<Item = Candidate> {
    let lists = [
        (AGENTS, Some(Kind::Agent)),
        (TASKS, Some(Kind::Task)),
        (WORKFLOWS, Some(Kind::Workflow)),
        (RUNS, Some(Kind::Run)),
        (COMPANIONS, None),
    ];
    let longest = lists
        .iter()
        .map(|(names, _)| names.split_ascii_whitespace().count())
        .max();
    let mut seen = std::collections::HashSet::new();
    (0..longest.unwrap_or_default())
        .flat_map(move |at| lists.map(|(names, kind)| (names.split_ascii_whitespace().nth(at), kind)))
        .filter_map(|(table, kind)| Some(Candidate { table: table?, kind }))
        .filter(move |candidate| seen.insert(candidate.table))
}

/// Most names that are proposed in one go.
const MAX_FURTHER: usize = 40;
/// First words of a column's name that say how another table is referred to, not which.
const PREFIXES: &[&str] = &[
    "current", "active", "assigned", "parent", "last", "owner", "target", "source", "claimed", "by", "primary",
    "default",
];
/// What columns refer to that is no work: people, tenants, other services.
const ELSEWHERE: &[&str] = &[
    "user",
    "owner",
    "workspace",
    "organization",
    "organisation",
    "org",
    "tenant",
    "account",
    "customer",
    "company",
    "external",
    "request",
    "correlation",
    "trace",
    "chat",
    "message",
    "stripe",
    "session",
    "file",
    "created",
    "idempotency",
];

/// Names of tables that the tables found so far refer to, or usually come with: worth asking for next, the most likely
/// first. A name that was asked for already may be among them.
pub fn further(facts: &[TableFacts]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if names.len() < MAX_FURTHER && !names.contains(&name) && !facts.iter().any(|of| of.table == name) {
            names.push(name);
        }
    };
    for of in facts.iter().filter(|of| of.refusal.is_none()) {
        let spelling = Spelling::of(&of.table);
        for column in &of.columns {
            let words = singular_words(&column.name);
            let Some((last, stem)) = words.split_last() else {
                continue;
            };
            if !matches!(last.as_str(), "id" | "ids") || stem.is_empty() {
                continue;
            }
            let stem: Vec<&str> = stem
                .iter()
                .map(String::as_str)
                .skip_while(|word| PREFIXES.contains(word))
                .collect();
            if stem.is_empty() || stem.iter().any(|word| ELSEWHERE.contains(word)) {
                continue;
            }
            add(spelling.spell(&stem));
        }
    }
    for of in facts.iter().filter(|of| of.refusal.is_none()) {
        let spelling = Spelling::of(&of.table);
        let words = singular_words(&of.table);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some((last, stem)) = words.split_last() else {
            continue;
        };
        let with: &[&str] = match *last {
            "agent" | "worker" | "bot" | "device" | "runner" | "robot" => {
                &["presence", "heartbeat", "state", "task", "run", "job"]
            }
            "run" | "execution" => &["step", "stage", "task", "node"],
            "task" | "job" | "item" | "ticket" | "mission" | "card" => &["assignee", "dependency", "status", "run"],
            "workflow" | "flow" | "pipeline" | "project" => &["run", "step", "task", "execution"],
            _ => &[],
        };
        for word in with {
            let base = if matches!(*last, "run" | "execution") && !stem.is_empty() {
                stem
            } else {
                words.as_slice()
            };
            add(spelling.spell(&[base, &[*word]].concat()));
        }
    }
    // Where one table is named in the singular, so are the others.
    for of in facts {
        let spelling = Spelling::of(&of.table);
        if spelling != Spelling::PLURAL {
            for word in ["agent", "task", "job", "workflow", "project", "run", "worker"] {
                add(spelling.spell(&[word]));
            }
        }
    }
    names
}

/// How a project spells the names of its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spelling {
    is_pascal: bool,
    is_plural: bool,
}

impl Spelling {
    const PLURAL: Self = Self {
        is_pascal: false,
        is_plural: true,
    };

    fn of(table: &str) -> Self {
        let singular = singular_words(table);
        let last = singular.last().map_or("", String::as_str);
        Self {
            is_pascal: table.starts_with(char::is_uppercase),
            is_plural: !table.to_lowercase().ends_with(last),
        }
    }

    fn spell(self, words: &[&str]) -> String {
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if self.is_plural
            && let Some(last) = words.last_mut()
        {
            *last = plural(last);
        }
        match self.is_pascal {
            true => words.iter().map(|word| capital(word)).collect(),
            false => words.join("_"),
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn plural(word: &str) -> String {
    if word == "presence" {
        return word.to_owned();
    }
    if let Some(stem) = word.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o'])) {
        return format!("{stem}ies");
    }
    match word.ends_with(['s', 'x']) || word.ends_with("ch") {
        true => format!("{word}es"),
        false => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::{ColumnFacts, classify::classify, table::Table};

    fn table(name: &str, columns: &[&str]) -> TableFacts {
        TableFacts {
            table: name.to_owned(),
            columns: columns
                .iter()
                .map(|name| ColumnFacts {
                    name: (*name).to_owned(),
                    ..ColumnFacts::default()
                })
                .collect(),
            ..TableFacts::default()
        }
    }

    #[test]
    fn names_follow_from_links_and_from_the_spelling_of_the_project() {
        let names = further(&[table(
            "robots",
            &["id", "current_delivery_id", "owner_id", "user_id", "team_ids"],
        )]);
        assert_eq!(names.get(..2), Some(&["deliveries".to_owned(), "teams".to_owned()][..]));
        assert!(names.contains(&"robot_heartbeats".to_owned()) && !names.contains(&"users".to_owned()));
        let names = further(&[table("AgentRun", &["agentId", "cardId"])]);
        assert!(
            names.starts_with(&["Agent".to_owned(), "Card".to_owned(), "AgentStep".to_owned()]),
            "{names:?}"
        );
        assert!(names.contains(&"Task".to_owned()) && names.len() <= MAX_FURTHER);
        assert!(further(&[]).is_empty());
    }

    /// A name whose rows can never be a source would cost a request for nothing.
    #[test]
    fn each_name_of_a_kind_can_become_a_source() {
        for candidate in candidates().filter(|candidate| candidate.kind.is_some()) {
            let mut facts = table(candidate.table, &["id", "status", "started_at", "last_seen_at"]);
            for column in facts.columns.iter_mut().filter(|column| column.name == "status") {
                column.words = ["queued", "running", "done", "failed"].map(str::to_owned).into();
            }
            assert!(classify(&Table::of(&facts)).is_some(), "{}", candidate.table);
        }
    }

    #[test]
    fn each_name_is_asked_for_once_and_there_are_not_too_many() {
        let names: Vec<&str> = candidates().map(|candidate| candidate.table).collect();
        let different: std::collections::HashSet<&&str> = names.iter().collect();
        assert_eq!(names.len(), different.len());
        assert!((40..=80).contains(&names.len()), "{}", names.len());
    }
}
