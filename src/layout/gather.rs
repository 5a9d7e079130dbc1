//! Rows that have to be looked at become a batch for the floor plan, in an order that every wall agrees on.

use bevy::{
    ecs::{entity::EntityHashSet, system::SystemParam},
    prelude::*,
};

use super::{
    dirty::Dirty,
    floor::Batch,
    order::{Turn, in_order},
};
use crate::fleet::{AgentRow, Created, Key, Moment, PartOf, TaskRow, WorkflowRow, WorksOn};

/// The rows as far as their places depend on them.
#[derive(SystemParam)]
pub(super) struct Rows<'w, 's> {
    workflows: Query<'w, 's, (Entity, &'static Key, Option<&'static Created>), With<WorkflowRow>>,
    tasks: Query<
        'w,
        's,
        (
            Entity,
            &'static Key,
            Option<&'static Created>,
            Option<&'static PartOf>,
            Option<&'static Moment>,
        ),
        With<TaskRow>,
    >,
    agents: Query<
        'w,
        's,
        (
            Entity,
            &'static Key,
            Option<&'static Created>,
            Option<&'static WorksOn>,
            Option<&'static Moment>,
        ),
        With<AgentRow>,
    >,
}

impl Rows<'_, '_> {
    /// Notes every row that there is.
    pub fn note_all(&self, dirty: &mut Dirty) {
        dirty.workflows.extend(self.workflows.iter().map(|(row, ..)| row));
        dirty.tasks.extend(self.tasks.iter().map(|(row, ..)| row));
        dirty.agents.extend(self.agents.iter().map(|(row, ..)| row));
    }

    /// What is to be said of the rows that were noted.
    pub fn batch(&self, dirty: &Dirty) -> Batch<Entity> {
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
                    .map(|(row, key, created)| (row, Turn::of(key, created))),
            ),
            tasks: in_order(
                tasks
                    .iter_many(&dirty.tasks)
                    .filter(|(.., moment)| !is_leaving(*moment))
                    .map(|(row, key, created, part_of, _)| ((row, part_of.map(|link| link.0)), Turn::of(key, created))),
            ),
            agents: in_order(
                agents
                    .iter_many(&dirty.agents)
                    .filter(|(.., moment)| !is_leaving(*moment))
                    .map(|(row, key, created, works_on, _)| {
                        ((row, works_on.map(|link| link.0)), Turn::of(key, created))
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

/// A row on its way out is in no index any more, but keeps its place until its entity goes.
fn is_leaving(moment: Option<&Moment>) -> bool {
    moment.is_some_and(|moment| moment.gone.is_some())
}
