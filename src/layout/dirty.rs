//! The rows that have to be placed: observers note them when their relationships change, so that rows at rest cost
//! nothing.

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use crate::fleet::{AgentRow, PartOf, TaskRow, WorkflowRow, WorksOn};

/// Rows that appeared, went, or changed their relationships since rows were last placed. At most one entry a row.
#[derive(Resource, Debug, Default)]
pub(super) struct Dirty {
    /// Entities of workflows.
    pub(super) workflows: EntityHashSet,
    /// Entities of tasks and runs.
    pub(super) tasks: EntityHashSet,
    /// Entities of agents.
    pub(super) agents: EntityHashSet,
}

impl Dirty {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn len(&self) -> usize {
        self.workflows.len() + self.tasks.len() + self.agents.len()
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Dirty>()
        .add_observer(|row: On<Add, WorkflowRow>, mut dirty: ResMut<Dirty>| note(&mut dirty.workflows, row.entity))
        .add_observer(|row: On<Remove, WorkflowRow>, mut dirty: ResMut<Dirty>| note(&mut dirty.workflows, row.entity))
        .add_observer(|row: On<Add, TaskRow>, mut dirty: ResMut<Dirty>| note(&mut dirty.tasks, row.entity))
        .add_observer(|row: On<Remove, TaskRow>, mut dirty: ResMut<Dirty>| note(&mut dirty.tasks, row.entity))
        .add_observer(|row: On<Insert, PartOf>, mut dirty: ResMut<Dirty>| note(&mut dirty.tasks, row.entity))
        .add_observer(|row: On<Remove, PartOf>, mut dirty: ResMut<Dirty>| note(&mut dirty.tasks, row.entity))
        .add_observer(|row: On<Add, AgentRow>, mut dirty: ResMut<Dirty>| note(&mut dirty.agents, row.entity))
        .add_observer(|row: On<Remove, AgentRow>, mut dirty: ResMut<Dirty>| note(&mut dirty.agents, row.entity))
        .add_observer(|row: On<Insert, WorksOn>, mut dirty: ResMut<Dirty>| note(&mut dirty.agents, row.entity))
        .add_observer(|row: On<Remove, WorksOn>, mut dirty: ResMut<Dirty>| note(&mut dirty.agents, row.entity));
}

fn note(rows: &mut EntityHashSet, row: Entity) {
    rows.insert(row);
}
