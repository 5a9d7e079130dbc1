//! Rows that have to be laid out become a batch for the floor plan, in an order that is the same on every wall.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    prelude::*,
};

use super::{
    dirty::Dirty,
    floor::Batch,
    order::{Rank, in_order},
};
use crate::fleet::{AgentRow, Created, Key, Moment, PartOf, TaskRow, WorkflowRow, WorksOn};

/// Reads what the places of rows depend on.
#[derive(SystemParam)]
pub(super) struct RowReader<'w, 's> {
    workflows: Query<'w, 's, (Entity, &'static Key, &'static Created), With<WorkflowRow>>,
    tasks: Query<
        'w,
        's,
        (
            Entity,
            &'static Key,
            &'static Created,
            Option<&'static PartOf>,
            &'static Moment,
        ),
        With<TaskRow>,
    >,
    agents: Query<
        'w,
        's,
        (
            Entity,
            &'static Key,
            &'static Created,
            Option<&'static WorksOn>,
            &'static Moment,
        ),
        With<AgentRow>,
    >,
}

impl RowReader<'_, '_> {
    /// Notes every row.
    pub(super) fn note_all(&self, dirty: &mut Dirty) {
        dirty.workflows.extend(self.workflows.iter().map(|(row, ..)| row));
        dirty.tasks.extend(self.tasks.iter().map(|(row, ..)| row));
        dirty.agents.extend(self.agents.iter().map(|(row, ..)| row));
    }

    /// The batch of the noted rows.
    pub(super) fn batch(&self, dirty: &Dirty) -> Batch<Entity> {
        let Self {
            workflows,
            tasks,
            agents,
        } = self;
        Batch {
            gone_workflows: gone(&dirty.workflows, |row| workflows.contains(row)),
            gone_tasks: gone(&dirty.tasks, |row| tasks.contains(row)),
            gone_agents: gone(&dirty.agents, |row| agents.contains(row)),
            workflows: in_order(
                workflows
                    .iter_many(&dirty.workflows)
                    .map(|(row, key, created)| (row, Rank::of(key, created))),
            ),
            tasks: in_order(
                tasks
                    .iter_many(&dirty.tasks)
                    .filter(|(.., moment)| !is_leaving(moment))
                    .map(|(row, key, created, part_of, _)| ((row, part_of.map(|link| link.0)), Rank::of(key, created))),
            ),
            agents: in_order(
                agents
                    .iter_many(&dirty.agents)
                    .filter(|(.., moment)| !is_leaving(moment))
                    .map(|(row, key, created, works_on, _)| {
                        ((row, works_on.map(|link| link.0)), Rank::of(key, created))
                    }),
            ),
        }
    }
}

fn gone(rows: &EntityHashSet, is_there: impl Fn(Entity) -> bool) -> Vec<Entity> {
    let mut gone: Vec<Entity> = rows.iter().copied().filter(|row| !is_there(*row)).collect();
    gone.sort_unstable();
    gone
}

/// A row that is gone is in no index any more, but keeps its place until its entity is despawned.
fn is_leaving(moment: &Moment) -> bool {
    moment.gone.is_some()
}
