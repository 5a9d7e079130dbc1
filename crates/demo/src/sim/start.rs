//! The state at the start: an organisation in the middle of its work, created directly rather than by simulating its past.

use super::{
    Simulation,
    model::{AgentStatus, SimAgent, TaskStatus, WorkflowStatus},
    pool::{Pool, any},
};
use crate::{Options, Population, names};

/// Weight of the giant workflow for each other workflow. Those weigh 4 to 16.
const GIANT_WEIGHT: usize = 60;
/// A number that leaves an agent without work.
const IDLE: u8 = 99;
const MINUTE: i64 = 60_000_000;

impl Simulation {
    /// Creates everything.
    pub(super) fn populate(&mut self, options: &Options) {
        let now = self.now;
        self.start_workflows(options);
        self.start_tasks(options.tasks, options.population);
        self.start_agents(options.agents, options.population);
        self.now = now;
    }

    /// Creates the workflows. Their sizes differ by a factor of four and add up to the number of tasks.
    fn start_workflows(&mut self, options: &Options) {
        let (count, end) = (options.workflows, self.now);
        let mut weights: Vec<usize> = (0..count).map(|_| self.rng.usize(4..=16)).collect();
        if let (Population::Giant, Some(giant)) = (options.population, weights.first_mut()) {
            *giant = GIANT_WEIGHT * count;
        }
        let sum = weights.iter().sum::<usize>().max(1);
        for (at, weight) in weights.iter().enumerate() {
            self.now = end - self.rng.i64(30..=600) * MINUTE;
            let size = (options.tasks * weight).div_ceil(sum).max(1) as u32;
            let mut workflow = self.new_workflow(size);
            workflow.status = match at % 9 {
                slot if options.population == Population::Idle && slot < 6 => WorkflowStatus::Draft,
                _ if options.population == Population::Idle => WorkflowStatus::Completed,
                0 | 3 | 5 if options.population == Population::Storm => WorkflowStatus::Failed,
                0 => WorkflowStatus::Running,
                // Of a few workflows most run; among many every status occurs.
                4 => WorkflowStatus::Paused,
                7 => WorkflowStatus::WaitingApproval,
                8 if at % 18 == 8 => WorkflowStatus::Completed,
                8 => WorkflowStatus::Draft,
                _ => WorkflowStatus::Running,
            };
            if workflow.status != WorkflowStatus::Draft {
                workflow.started = Some(self.now + 2 * MINUTE);
            }
            if workflow.status == WorkflowStatus::Completed {
                workflow.completed = Some(end - self.rng.i64(1..=20) * MINUTE);
            }
            workflow.updated = end - self.rng.i64(0..=20) * MINUTE;
            self.workflows.push(workflow);
        }
        self.now = end;
    }

    /// Creates the tasks and the progress of their workflows.
    fn start_tasks(&mut self, tasks: usize, population: Population) {
        let is_calm = matches!(population, Population::Calm | Population::Giant);
        let end = self.now;
        let Some(last) = self.workflows.len().checked_sub(1) else {
            return;
        };
        let mut at = 0;
        let mut left = self.workflows.first().map_or(0, |workflow| workflow.size);
        for _ in 0..tasks {
            while left == 0 && at < last {
                at += 1;
                left = self.workflows.get(at).map_or(0, |workflow| workflow.size);
            }
            left = left.saturating_sub(1);
            let state = self
                .workflows
                .get(at)
                .map(|workflow| (workflow.status, workflow.created));
            let Some((state, born)) = state else { return };
            let status = match (state, self.rng.u8(0..100)) {
                (WorkflowStatus::Draft, 0..70) if population == Population::Idle => TaskStatus::Backlog,
                (_, 0..98) if population == Population::Idle => TaskStatus::Completed,
                (_, _) if population == Population::Idle => TaskStatus::Cancelled,
                (WorkflowStatus::Draft, _) => continue,
                // In a calm population nine tenths of these are completed instead.
                (_, 56..77) if is_calm && self.rng.u8(0..10) > 0 => TaskStatus::Completed,
                (_, 0..46) if population == Population::Storm => TaskStatus::Failed,
                (_, 46..58) if population == Population::Storm => TaskStatus::Blocked,
                (status, _) if status.is_finished() => TaskStatus::Completed,
                (_, 0..34) => TaskStatus::Queued,
                (_, 34..56) => TaskStatus::Backlog,
                (_, 56..63) => TaskStatus::Review,
                (_, 63..66) => TaskStatus::WaitingApproval,
                (_, 66..70) => TaskStatus::Blocked,
                (_, 70..73) => TaskStatus::Failed,
                (_, 73..75) => TaskStatus::Cancelled,
                (_, 75..77) => TaskStatus::Retrying,
                _ => TaskStatus::Completed,
            };
            self.now = self.rng.i64(born..=end - MINUTE);
            let task = self.insert_task(at as u32, status);
            self.out.clear();
            self.age_task(task, end);
        }
        self.now = end;
        if population == Population::Usual
            && let Some(task) = self.pools.any(Pool::Stuck, &mut self.rng)
        {
            // One task has a status word that no mapping has.
            self.set_task(task, TaskStatus::Parked, |_| {});
        }
        for workflow in &mut self.workflows {
            // A workflow that has run for a while has had tasks that are deleted by now.
            let gone = (workflow.steps_total / 3).min(workflow.steps_total.saturating_sub(workflow.planned));
            let done = workflow.planned - workflow.open.min(workflow.planned);
            match workflow.status {
                WorkflowStatus::Draft => {}
                WorkflowStatus::Completed => {
                    workflow.steps_completed = workflow.steps_total;
                    workflow.planned = workflow.steps_total;
                }
                _ => {
                    workflow.planned += gone;
                    workflow.steps_completed = (done + gone).min(workflow.steps_total);
                }
            }
        }
        self.out.clear();
    }

    /// Sets the times, the agent and the error that the status of a new task implies.
    fn age_task(&mut self, at: u32, end: i64) {
        let agents = self.agent_count;
        let agent = (agents > 0).then(|| self.rng.usize(0..agents) as u32);
        let (blocker, failure) = (names::blocker(&mut self.rng), names::failure(&mut self.rng));
        let progress = self.rng.u8(10..=80);
        let Some(created) = self.task(at).map(|task| task.created) else {
            return;
        };
        let started = self.rng.i64(created..=end);
        let updated = self.rng.i64(started..=end);
        let Some(task) = self.tasks.get_mut(at as usize).and_then(Option::as_mut) else {
            return;
        };
        match task.status {
            TaskStatus::Backlog | TaskStatus::Queued => return,
            TaskStatus::Retrying => task.attempt = 2,
            TaskStatus::Completed | TaskStatus::Review => (task.progress, task.agent) = (100, agent),
            TaskStatus::Failed => (task.progress, task.agent, task.error) = (progress, agent, Some(failure)),
            TaskStatus::Blocked => (task.progress, task.agent, task.error) = (progress, agent, Some(blocker)),
            _ => (task.progress, task.agent) = (progress, agent),
        }
        (task.started, task.updated) = (Some(started), updated);
        task.completed = task.status.is_finished().then_some(updated);
    }

    /// Creates the agents and the work that they do.
    fn start_agents(&mut self, agents: usize, population: Population) {
        let end = self.now;
        for number in 0..agents {
            let home = self.rng.usize(0..self.workflows.len().max(1)) as u32;
            let agent = SimAgent {
                id: self.uuid(),
                name: names::agent(number),
                role: names::role(number).name,
                model: names::model(&mut self.rng),
                status: AgentStatus::Idle,
                task: None,
                home,
                completed: self.rng.u32(0..400),
                error: None,
                metadata: names::agent_metadata(&mut self.rng),
                created: end - self.rng.i64(24 * 60..=90 * 24 * 60) * MINUTE,
                updated: end - self.rng.i64(0..=3_000_000),
                // Five minutes at most: an agent that is silent for half an hour is offline.
                heartbeat: end - self.rng.i64(0..=3_000_000) / 10,
            };
            self.agents.push(agent);
            let state = match (population, self.rng.u8(0..100)) {
                (Population::Idle, _) => IDLE,
                (Population::Storm, state) => state.saturating_add(40),
                (_, state) => state,
            };
            match state {
                0..76 => self.start_work(number),
                76..80 => {
                    let silent = self.rng.i64(3..=90) * MINUTE;
                    if let Some(agent) = self.agents.last_mut() {
                        agent.status = AgentStatus::Offline;
                        (agent.updated, agent.heartbeat) = (end - silent, end - silent);
                    }
                }
                80.. if population == Population::Storm => {
                    let reason = names::failure(&mut self.rng);
                    self.set_agent(number, AgentStatus::Error, None, Some(reason));
                }
                80..84 => {
                    let reason = names::failure(&mut self.rng);
                    self.set_agent(number, AgentStatus::Error, None, Some(reason));
                }
                _ => {}
            }
        }
        self.now = end;
    }

    /// Lets a new agent work on a ready task.
    fn start_work(&mut self, at: usize) {
        let home = self.agents.get(at).map_or(0, |agent| agent.home as usize);
        let near = self
            .workflows
            .get(home)
            .and_then(|workflow| any(&workflow.tasks, &mut self.rng));
        let near = near.filter(|&task| {
            self.task(task)
                .is_some_and(|task| task.status.pool() == Some(Pool::Ready))
        });
        let Some(task) = near.or_else(|| self.pools.any(Pool::Ready, &mut self.rng)) else {
            return;
        };
        self.drop_unmet(task);
        let progress = self.rng.u8(5..=90);
        let started = self.now - self.rng.i64(10..=20 * 60) * 1_000_000;
        self.set_task(task, TaskStatus::InProgress, |task| {
            (task.agent, task.progress) = (Some(at as u32), progress);
            task.started = Some(started.max(task.created));
        });
        let status = match self.rng.u8(0..10) {
            0 => AgentStatus::Thinking,
            1 => AgentStatus::Planning,
            _ => AgentStatus::Working,
        };
        self.set_agent(at, status, Some(task), None);
    }
}
