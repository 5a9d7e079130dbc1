//! The task that each agent has in hand: the one that its own row refers to, or else the first of its running ones.

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{
    AgentRow, Assigned, Assignments, FleetIndex, Key, Moment, RowState, Touched, WorksOn, references::References,
    relations::Wants,
};
use model::{RowKey, Status};

/// Task → the agents whose rows refer to it as their task in hand, whether they have it or rest. At most one entry an agent.
#[derive(Resource, Debug, Default)]
struct CurrentTasks(References<RowKey>);

/// Agents whose task in hand may have changed in this frame.
#[derive(Resource, Debug, Default)]
pub(super) struct Marked(EntityHashSet);

impl Marked {
    /// Marks an agent that may have another task in hand, or none.
    pub(super) fn mark(&mut self, agent: Entity) {
        self.0.insert(agent);
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Marked>().init_resource::<CurrentTasks>();
}

/// Marks an agent that may have another task in hand, or none.
pub(super) fn mark(world: &mut World, agent: Entity) {
    world.resource_mut::<Marked>().mark(agent);
}

/// Marks the agents that refer to a row that arrived, went, began, ended or was reopened.
pub(super) fn mark_referring(world: &mut World, key: &RowKey) {
    // Agents refer to work only.
    if key.kind.is_work() {
        let agents: Vec<Entity> = world.resource::<CurrentTasks>().0.to(key).collect();
        if !agents.is_empty() {
            world.resource_mut::<Marked>().0.extend(agents);
        }
    }
}

/// Replaces the task that an agent's row refers to.
pub(super) fn replace_reference(world: &mut World, agent: Entity, old: Option<&RowKey>, new: Option<&RowKey>) {
    if old == new {
        return;
    }
    let mut tasks = world.resource_mut::<CurrentTasks>();
    if let Some(old) = old {
        tasks.0.remove(old, agent);
    }
    if let Some(new) = new {
        tasks.0.add(new.clone(), agent);
    }
}

/// Assigns the task in hand of the marked agents, once a frame.
pub(super) fn assign(
    mut marked: ResMut<Marked>,
    mut touched: ResMut<Touched>,
    index: Res<FleetIndex>,
    assignments: Res<Assignments>,
    agents: Query<(&Key, &Wants, &RowState, &Moment, Option<&WorksOn>), With<AgentRow>>,
    work: Query<&Assigned>,
    mut commands: Commands,
) {
    if marked.0.is_empty() {
        return;
    }
    for agent in marked.0.drain() {
        let Ok((key, wants, state, moment, current)) = agents.get(agent) else {
            continue;
        };
        let at_rest = moment.gone.is_some() || state.0.status == Status::Offline;
        let in_hand = if at_rest {
            None
        } else {
            own_task(&index, &work, wants).or_else(|| assignments.first_running(&key.0))
        };
        if in_hand == current.map(|works_on| works_on.0) {
            continue;
        }
        touched.note(agent);
        match in_hand {
            Some(task) => commands.entity(agent).try_insert(WorksOn(task)),
            None => commands.entity(agent).try_remove::<WorksOn>(),
        };
    }
}

/// The task that an agent's row refers to, unless it is over.
fn own_task(index: &FleetIndex, work: &Query<&Assigned>, wants: &Wants) -> Option<Entity> {
    let task = index.get(wants.current_task.as_ref()?)?;
    (!work.get(task).ok()?.is_over()).then_some(task)
}
