//! Which task each agent has in hand: the one it names itself, else the first of its running ones.

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{
    AgentRow, AssignedTo, Assignments, FleetIndex, Key, Moment, RowState, TaskRow, Touched, WorksOn, relations::Wants,
};
use crate::domain::{Kind, RowKey, Status};

/// task → the agents that have it in hand. Kept by Bevy.
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = WorksOn)]
pub struct InHandOf(EntityHashSet);

/// Agents whose task in hand may have changed this frame.
#[derive(Resource, Debug, Default)]
pub(super) struct Unsettled(pub EntityHashSet);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Unsettled>();
}

/// Notes the agents that a change of `entity` may concern: itself, its agent, the agents that hold it.
pub(super) fn touch_neighbours(world: &mut World, entity: Entity) {
    let Ok(row) = world.get_entity(entity) else { return };
    let mut agents: Vec<Entity> = Vec::new();
    if row.contains::<AgentRow>() {
        agents.push(entity);
    }
    agents.extend(row.get::<AssignedTo>().map(|assigned| assigned.0));
    agents.extend(row.get::<InHandOf>().into_iter().flat_map(|agents| agents.iter()));
    if !agents.is_empty() {
        world.resource_mut::<Unsettled>().0.extend(agents);
    }
}

/// Settles who works on what, once a frame, for the agents concerned.
pub(super) fn assign(
    mut unsettled: ResMut<Unsettled>,
    mut touched: ResMut<Touched>,
    index: Res<FleetIndex>,
    agents: Query<(&Wants, &RowState, &Moment, Option<&Assignments>, Option<&WorksOn>), With<AgentRow>>,
    tasks: Query<(&Key, &RowState, &Moment), With<TaskRow>>,
    mut commands: Commands,
) {
    if unsettled.0.is_empty() {
        return;
    }
    for agent in unsettled.0.drain() {
        let Ok((wants, state, moment, assignments, current)) = agents.get(agent) else {
            continue;
        };
        let at_rest = moment.gone.is_some() || state.0.status == Status::Offline;
        let in_hand = if at_rest {
            None
        } else {
            named(&index, &tasks, wants).or_else(|| first_running(&tasks, assignments))
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
fn named(
    index: &FleetIndex,
    tasks: &Query<(&Key, &RowState, &Moment), With<TaskRow>>,
    wants: &Wants,
) -> Option<Entity> {
    let task = index.get(&RowKey::new(Kind::Task, wants.current_task.clone()?))?;
    let (_, state, moment) = tasks.get(task).ok()?;
    let over = matches!(state.0.status, Status::Done | Status::Cancelled) || moment.gone.is_some();
    (!over).then_some(task)
}

/// The running task that came first; of equals the one with the smallest key, so that every wall agrees.
fn first_running(
    tasks: &Query<(&Key, &RowState, &Moment), With<TaskRow>>,
    assignments: Option<&Assignments>,
) -> Option<Entity> {
    assignments?
        .iter()
        .filter_map(|task| tasks.get(task).ok().map(|row| (task, row)))
        .filter(|(_, (_, state, moment))| state.0.status == Status::Running && moment.gone.is_none())
        .min_by(|(_, (a_key, _, a)), (_, (b_key, _, b))| {
            a.appeared.total_cmp(&b.appeared).then_with(|| a_key.0.cmp(&b_key.0))
        })
        .map(|(task, _)| task)
}
