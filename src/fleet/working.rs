//! Which task each agent has in hand: the one it names itself, else the first of its running ones.

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{
    AgentRow, Assigned, Assignments, FleetIndex, Key, Moment, RowState, Touched, WorksOn, assigned::Phase,
    pointers::Pointers, relations::Wants,
};
use model::{Kind, RowId, RowKey, Status};

/// task → the agents that have it in hand. Kept by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = WorksOn)]
pub struct InHandOf(EntityHashSet);

/// Task → the agents that name it as the one in hand, whether they have it or rest. At most one entry an agent.
#[derive(Resource, Debug, Default)]
pub(super) struct Naming(Pointers<RowId>);

/// Agents whose task in hand may have changed this frame.
#[derive(Resource, Debug, Default)]
pub(super) struct Unsettled(EntityHashSet);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Unsettled>().init_resource::<Naming>();
}

/// The agent may have another task in hand, or none.
pub(super) fn unsettle(world: &mut World, agent: Entity) {
    world.resource_mut::<Unsettled>().0.insert(agent);
}

/// A row came, went, began, ended or was reopened: the agents that name it look again.
pub(super) fn unsettle_naming(world: &mut World, key: &RowKey) {
    // An agent names a task, never a run.
    if key.kind == Kind::Task {
        let agents: Vec<Entity> = world.resource::<Naming>().0.at(&key.id).collect();
        if !agents.is_empty() {
            world.resource_mut::<Unsettled>().0.extend(agents);
        }
    }
}

/// The agent names another task from now on.
pub(super) fn rename(world: &mut World, agent: Entity, old: Option<&RowId>, new: Option<&RowId>) {
    if old == new {
        return;
    }
    let mut naming = world.resource_mut::<Naming>();
    if let Some(old) = old {
        naming.0.remove(old, agent);
    }
    if let Some(new) = new {
        naming.0.add(new.clone(), agent);
    }
}

/// Settles who works on what, once a frame, for the agents concerned.
pub(super) fn assign(
    mut unsettled: ResMut<Unsettled>,
    mut touched: ResMut<Touched>,
    index: Res<FleetIndex>,
    assignments: Res<Assignments>,
    agents: Query<(&Key, &Wants, &RowState, &Moment, Option<&WorksOn>), With<AgentRow>>,
    work: Query<&Assigned>,
    mut commands: Commands,
) {
    if unsettled.0.is_empty() {
        return;
    }
    for agent in unsettled.0.drain() {
        let Ok((key, wants, state, moment, current)) = agents.get(agent) else {
            continue;
        };
        let at_rest = moment.gone.is_some() || state.0.status == Status::Offline;
        let in_hand = if at_rest {
            None
        } else {
            named(&index, &work, wants).or_else(|| assignments.first_running(&key.0.id))
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

/// The task that the agent itself names, unless it is over.
fn named(index: &FleetIndex, work: &Query<&Assigned>, wants: &Wants) -> Option<Entity> {
    let task = index.get(&RowKey::new(Kind::Task, wants.current_task.clone()?))?;
    (work.get(task).ok()?.phase != Phase::Over).then_some(task)
}
