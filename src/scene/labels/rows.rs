//! What labels need of the rows.

use std::sync::Arc;

use bevy::{ecs::system::SystemParam, prelude::*};

use crate::{
    fleet::{
        AgentRow, Columns, FleetClock, FleetMapping, InHandOf, Key, Moment, RowLabel, RowState, TaskRow, WorkflowRow,
        WorksOn,
    },
    layout::{Block, CityPlan, Ground, Place, Tallies, block_name},
};
use model::{Status, StatusReading, Trouble};

/// A task, a run or an agent as labels see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowFacts<'a> {
    pub(super) entity: Entity,
    pub(super) name: &'a str,
    pub(super) reading: &'a StatusReading,
    pub(super) place: &'a Place,
    pub(super) moment: &'a Moment,
    /// What only tasks and runs have.
    pub(super) task: Option<&'a TaskRow>,
}

impl RowFacts<'_> {
    pub(super) fn status(&self) -> Status {
        self.reading.status
    }

    /// Why somebody should look at it.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        let asks = self.task.is_some_and(|task| task.needs_human);
        self.status().trouble().or(asks.then_some(Trouble::Waiting))
    }

    /// The word for its status: its own where that is not mapped.
    pub(super) fn word(&self) -> &str {
        match (self.reading.status, &self.reading.word) {
            (Status::Unmapped, Some(word)) => word,
            (status, _) => status.word(),
        }
    }
}

/// Reads what labels need of the rows.
#[derive(SystemParam)]
pub(super) struct LabelRows<'w, 's> {
    rows: Query<
        'w,
        's,
        (
            Entity,
            &'static RowLabel,
            &'static RowState,
            &'static Place,
            &'static Moment,
            Option<&'static TaskRow>,
        ),
    >,
    agents: Query<'w, 's, Entity, (With<AgentRow>, With<Place>)>,
    blocks: Query<
        'w,
        's,
        (
            Entity,
            &'static Block,
            Option<&'static RowLabel>,
            Option<&'static Ground>,
            Option<&'static Moment>,
        ),
        Or<(With<WorkflowRow>, With<Ground>)>,
    >,
    in_hand: Query<'w, 's, &'static InHandOf>,
    works_on: Query<'w, 's, &'static WorksOn>,
    names: Query<'w, 's, &'static RowLabel>,
    columns: Query<'w, 's, (&'static Key, &'static Columns, &'static Moment)>,
    mapping: Res<'w, FleetMapping>,
    clock: Res<'w, FleetClock>,
    /// The counts of each block.
    pub(super) tallies: Res<'w, Tallies>,
    plan: Res<'w, CityPlan>,
}

/// A block as labels see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockFacts<'a> {
    pub(super) entity: Entity,
    pub(super) block: &'a Block,
    pub(super) name: &'a str,
}

impl LabelRows<'_, '_> {
    /// Blocks that are on this part of the world, now or after their move.
    pub(super) fn blocks_in(&self, world: Rect) -> impl Iterator<Item = BlockFacts<'_>> {
        self.blocks
            .iter()
            .filter(move |(_, block, _, _, moment)| {
                moment.is_none_or(|moment| moment.gone.is_none()) && !world.intersect(block.rect()).is_empty()
            })
            .filter_map(|(entity, block, label, ground, _)| {
                let name = block_name(label, ground)?;
                Some(BlockFacts { entity, block, name })
            })
    }

    /// Rows whose cell has its middle in this part of the world.
    pub(super) fn cells_in(&self, world: Rect) -> impl Iterator<Item = RowFacts<'_>> {
        let cells = self.plan.cells_in(world).into_iter();
        cells.filter_map(|(row, _)| self.row(row))
    }

    /// A row that has a place and is not gone.
    pub(super) fn row(&self, row: Entity) -> Option<RowFacts<'_>> {
        let (entity, label, state, place, moment, task) = self.rows.get(row).ok()?;
        moment.gone.is_none().then_some(RowFacts {
            entity,
            name: &label.0,
            reading: &state.0,
            place,
            moment,
            task,
        })
    }

    /// Whether a row is an agent.
    pub(super) fn is_agent(&self, row: Entity) -> bool {
        self.agents.contains(row)
    }

    /// Agents on this part of the world.
    pub(super) fn agents_in(&self, world: Rect) -> impl Iterator<Item = RowFacts<'_>> {
        let agents = self.agents.iter().filter_map(|agent| self.row(agent));
        agents.filter(move |agent| world.contains(agent.place.at))
    }

    /// The agent that has a task in hand: of several, the one whose entity comes first.
    pub(super) fn agent_of(&self, task: Entity) -> Option<Entity> {
        let agents = self.in_hand.get(task).ok()?;
        agents.iter().min()
    }

    /// The task that an agent has in hand.
    pub(super) fn task_of(&self, agent: Entity) -> Option<Entity> {
        self.works_on.get(agent).ok().map(|works_on| works_on.0)
    }

    /// The name of a row, whether it has a place or not.
    pub(super) fn name(&self, row: Entity) -> Option<&str> {
        self.names.get(row).ok().map(|label| &*label.0)
    }

    /// Seconds since a row changed; `None` where nothing says so.
    pub(super) fn age_secs(&self, row: Entity, epoch_ms: i64) -> Option<f64> {
        let (key, columns, moment) = self.columns.get(row).ok()?;
        self.mapping.age_secs(&key.0, &columns.0, moment, *self.clock, epoch_ms)
    }

    /// The block of a row and when the row changed, seconds of `FleetClock`; `None` for one that has not since it appeared.
    pub(super) fn last_change(&self, row: Entity) -> Option<(Entity, f64)> {
        let facts = self.row(row)?;
        let Moment { appeared, changed, .. } = *facts.moment;
        let block = (changed > appeared).then(|| self.plan.block_of(row)).flatten()?;
        Some((block, changed))
    }

    /// Whether an agent is in a street or in the dock, and not a cell of a block.
    pub(super) fn is_in_street(&self, agent: &RowFacts) -> bool {
        self.plan.block_of(agent.entity).is_none()
    }

    /// One line about what goes on in a row: why it failed, what it waits for, or what is being done.
    pub(super) fn detail(&self, row: &RowFacts) -> Option<Arc<str>> {
        let error = row.task.and_then(|task| task.error.clone());
        if row.trouble() == Some(Trouble::Failed) && error.is_some() {
            return error;
        }
        let (key, columns, _) = self.columns.get(row.entity).ok()?;
        let details = self.mapping.0.details(key.0.source, &columns.0);
        let waits = details.waits_for.filter(|_| row.trouble().is_some());
        waits.or(details.activity)
    }
}
