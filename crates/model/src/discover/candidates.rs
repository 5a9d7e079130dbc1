//! The table names that are asked for where a project's tables cannot be listed. They come from the counts over public
//! projects in docs/schemas.md, the most frequent of each kind first.

use super::Candidate;
use crate::Kind;

const AGENTS: &str = "agents ai_agents workers sessions bots devices runners agent_instances assistants \
                      robots";
const TASKS: &str = "tasks agent_tasks jobs task_queue missions work_items todos agent_jobs workflow_tasks pipeline_items \
                     execution_nodes workflow_steps step_tasks task_group_members approval_requests agent_approvals \
                     approvals tickets issues tool_executions workflow_jobs deployments job_queue items \
                     requests orders cases";
const WORKFLOWS: &str = "workflows projects pipelines flows missions teams agent_workflows task_groups flow_templates \
                         campaigns automations crews \
                         processes playbooks";
const RUNS: &str = "workflow_runs workflow_executions runs agent_runs executions agent_executions task_runs pipeline_runs \
                    flow_runs job_runs builds";
const COMPANIONS: &str = "agent_presence agent_heartbeats agent_status agent_state presence heartbeats task_assignees \
                          task_assignments task_dependencies workflow_statuses task_statuses job_assignments statuses \
                          ";

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
