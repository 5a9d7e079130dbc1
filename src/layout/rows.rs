//! What the places of rows depend on, and the batch that the plan takes.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    prelude::*,
};
use plan::{Agent, Batch, NameWidth, Task, Workflow};

use super::{
    dirty::Dirty,
    homes::{self, Blocks, Grounds, UNASSIGNED},
    rank::Rank,
    tally::Tallies,
    text_width,
};
use crate::fleet::{
    AgentRow, Columns, Created, FleetClock, FleetMapping, InRun, Key, Moment, PartOf, RowLabel, RowState, TaskRow,
    Vitals, WorkflowRow, WorksOn,
};
use model::{Kind, Phase, Status};

/// Room at both ends of a header, and for the counts beside a name in it, in letter sizes.
const ENDS_EM: f32 = 1.24;
const COUNTS_EM: f32 = 3.76;
/// The longest name for which blocks are widened, in letter sizes; a longer one is shortened.
const WIDEST_EM: f32 = 40.0;

type TaskData = (
    Entity,
    &'static Key,
    &'static Created,
    &'static RowLabel,
    &'static RowState,
    &'static Moment,
    Option<&'static PartOf>,
    Option<&'static InRun>,
);
type AgentData = (
    Entity,
    &'static Key,
    &'static Created,
    &'static RowState,
    &'static AgentRow,
    &'static Columns,
    &'static Moment,
    Option<&'static WorksOn>,
);
type WorkflowData = (
    Entity,
    &'static Key,
    &'static Created,
    &'static RowLabel,
    &'static RowState,
    &'static Columns,
    &'static Moment,
);

/// What the plan depends on of a workflow besides its rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WorkflowFacts {
    /// When it finished, seconds of `FleetClock`.
    finished: Option<f64>,
    /// The width of its header's text.
    name: NameWidth,
}

/// Reads what the places of rows depend on.
#[derive(SystemParam)]
pub(super) struct RowReader<'w, 's> {
    workflows: Query<'w, 's, WorkflowData, With<WorkflowRow>>,
    tasks: Query<'w, 's, TaskData, With<TaskRow>>,
    agents: Query<'w, 's, AgentData>,
    mapping: Res<'w, FleetMapping>,
    clock: Res<'w, FleetClock>,
    vitals: Res<'w, Vitals>,
}

/// A row that is gone is in no index any more, but keeps its place until its entity is despawned.
fn is_leaving(moment: &Moment) -> bool {
    moment.gone.is_some()
}

impl RowReader<'_, '_> {
    /// Notes every row.
    pub(super) fn note_all(&self, dirty: &mut Dirty) {
        dirty.workflows.extend(self.workflows.iter().map(|(row, ..)| row));
        dirty.tasks.extend(self.tasks.iter().map(|(row, ..)| row));
        dirty.agents.extend(self.agents.iter().map(|(row, ..)| row));
    }

    /// What the blocks of these rows are. Whether runs are grouped by their names is `before` unless it is `anew`.
    pub(super) fn blocks(&self, before: Blocks, anew: bool) -> Blocks {
        if !self.workflows.is_empty() {
            return Blocks::Workflows;
        }
        if self.tasks.is_empty() {
            return if self.agents.is_empty() { before } else { Blocks::Agents };
        }
        match before {
            Blocks::Runs { .. } if !anew => before,
            _ => {
                let runs = self.tasks.iter().filter(|(_, key, ..)| key.0.kind == Kind::Run);
                let by_name = homes::repeat(runs.map(|(_, _, _, label, ..)| &*label.0));
                Blocks::Runs { by_name }
            }
        }
    }

    /// The block of a task, and the status that it is counted under; `None` for rows that are no tasks, or leave.
    pub(super) fn task_home(
        &self,
        row: Entity,
        blocks: Blocks,
        grounds: &mut Grounds,
        commands: &mut Commands,
    ) -> Option<(Entity, Status)> {
        let (_, key, created, label, state, moment, part_of, in_run) = self.tasks.get(row).ok()?;
        if is_leaving(moment) {
            return None;
        }
        let block = match (blocks, part_of) {
            (_, Some(part_of)) => part_of.0,
            (Blocks::Runs { by_name }, None) => {
                let run = in_run.and_then(|run| self.tasks.get(run.0).ok());
                let name = match (key.0.kind, run) {
                    (Kind::Run, _) => homes::group_of_run(by_name, &label.0, created.0),
                    (_, Some((_, _, created, label, ..))) => homes::group_of_run(by_name, &label.0, created.0),
                    _ => homes::group_of_task(),
                };
                grounds.group(&name, commands)
            }
            _ => grounds.unassigned(commands),
        };
        Some((block, state.0.status))
    }

    /// The group of an agent that is a cell, and its status.
    pub(super) fn agent_home(
        &self,
        row: Entity,
        grounds: &mut Grounds,
        commands: &mut Commands,
    ) -> Option<(Entity, Status)> {
        let (_, _, _, state, agent, columns, moment, _) = self.agents.get(row).ok()?;
        if is_leaving(moment) {
            return None;
        }
        let name = homes::group_of_agent(&columns.0, agent.subtitle.as_deref());
        Some((grounds.group(&name, commands), state.0.status))
    }

    /// What the plan depends on of a workflow.
    pub(super) fn workflow_facts(&self, row: Entity, tallies: &Tallies, text: f32) -> Option<WorkflowFacts> {
        let (_, key, _, label, state, columns, moment) = self.workflows.get(row).ok()?;
        let status = state.0.status;
        let is_quiet = status.phase() == Phase::Over && tallies.of(row).is_quiet();
        let finished = is_quiet.then(|| {
            let age = self
                .mapping
                .age_secs(&key.0, &columns.0, moment, *self.clock, self.vitals.now_ms);
            age.map_or(moment.appeared, |age| self.clock.0 - age)
        });
        let name = name_width(&label.0, text);
        Some(WorkflowFacts { finished, name })
    }

    /// In which part of the dock an agent rests; `None` for rows that are no agents.
    pub(super) fn dock_group(&self, row: Entity) -> Option<u8> {
        let status = self.agents.get(row).ok()?.3.0.status;
        let rank = match status.trouble() {
            Some(trouble) => trouble as u8,
            None => 8 + status.index() as u8,
        };
        Some(rank)
    }

    /// The batch of the noted rows.
    pub(super) fn batch(
        &self,
        dirty: &Dirty,
        blocks: Blocks,
        tallies: &Tallies,
        grounds: &Grounds,
        text: f32,
    ) -> Batch<Entity, Rank> {
        let mut batch = Batch {
            unassigned: Some(name_width(UNASSIGNED, text)),
            ..Batch::default()
        };
        let mut groups = EntityHashSet::default();
        let mut cell = |row: Entity, rank: Rank| {
            let block = tallies.block_of(row)?;
            if let Some(name) = grounds.group_name(block)
                && groups.insert(block)
            {
                batch.workflows.push(Workflow {
                    row: block,
                    order: Rank::group(name),
                    finished: None,
                    name: name_width(name, text),
                });
            }
            Some(Task {
                row,
                order: rank,
                workflow: (!grounds.is_unassigned(block)).then_some(block),
            })
        };
        let mut cells = Vec::with_capacity(dirty.tasks.len());
        for &row in &dirty.tasks {
            match self.tasks.get(row) {
                Ok((_, _, _, _, _, moment, ..)) if is_leaving(moment) => {}
                Ok((_, key, created, ..)) => cells.extend(cell(row, Rank::of(key, created))),
                Err(_) => batch.gone_tasks.push(row),
            }
        }
        let are_cells = blocks == Blocks::Agents;
        for &row in &dirty.agents {
            match self.agents.get(row) {
                Ok((.., moment, _)) if is_leaving(moment) => {}
                Ok((_, key, created, ..)) if are_cells => cells.extend(cell(row, Rank::of(key, created))),
                Ok((_, key, created, .., works_on)) => batch.agents.push(Agent {
                    row,
                    order: Rank::of(key, created),
                    task: works_on.map(|link| link.0),
                    group: self.dock_group(row).unwrap_or_default(),
                }),
                Err(_) if are_cells => batch.gone_tasks.push(row),
                Err(_) => batch.gone_agents.push(row),
            }
        }
        batch.tasks = cells;
        for &row in &dirty.workflows {
            match self.workflows.get(row) {
                Ok((_, key, created, ..)) => {
                    let facts = self.workflow_facts(row, tallies, text);
                    batch.workflows.push(Workflow {
                        row,
                        order: Rank::of(key, created),
                        finished: facts.and_then(|facts| facts.finished),
                        name: facts.map_or(NameWidth::default(), |facts| facts.name),
                    });
                }
                Err(_) => batch.gone_workflows.push(row),
            }
        }
        batch
    }
}

/// The width of a header's text at the size of the smallest readable text.
fn name_width(name: &str, text: f32) -> NameWidth {
    let alone = text_width::width(name, text).min(WIDEST_EM * text) + ENDS_EM * text;
    NameWidth {
        alone,
        with_counts: alone + COUNTS_EM * text,
    }
}
