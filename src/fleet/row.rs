//! One change applied to the world: spawn, update, or begin the exit of a row's entity.

use std::sync::Arc;

use bevy::prelude::*;

use super::{
    AgentRow, Assigned, Columns, Counts, Created, FleetIndex, Key, Label, Moment, RowState, TaskRow, TieIndex, Ties,
    Touched, WorkflowRow, assigned,
    glow::Recovered,
    relations::{self, Wants},
    retire, ties, working,
};
use model::{Change, Kind, Mapping, Op, Row, RowKey, StatusReading};

/// What a row shows, taken apart into what its entity carries.
struct Shown {
    label: Arc<str>,
    state: StatusReading,
    wants: Wants,
    ties: Ties,
    details: Details,
}

enum Details {
    Agent(AgentRow),
    Task(TaskRow, Assigned),
    Workflow(WorkflowRow),
}

pub(super) fn apply(
    world: &mut World,
    index: &mut FleetIndex,
    counts: &mut Counts,
    mapping: &Mapping,
    now: f64,
    change: Change,
) {
    let known = index.get(&change.key);
    match (change.op, known) {
        (Op::Delete, None) => {}
        (Op::Delete, Some(entity)) => {
            if let Some(state) = world.get::<RowState>(entity) {
                counts.remove(change.key.kind, state.0.status);
            }
            index.by_key.remove(&change.key);
            relations::detach(world, index, &change.key, entity);
            // The component stays until the entity goes, as all others do; the index has forgotten it.
            let said = world.get::<Assigned>(entity).cloned();
            settle(world, index, &change.key, entity, said.as_ref(), None);
            ties::set(world, entity, Ties::default());
            retire::begin(world, entity, now);
            world.resource_mut::<Touched>().note(entity);
        }
        (_, Some(entity)) => update(world, index, counts, mapping, now, entity, change),
        (_, None) => spawn(world, index, counts, mapping, now, change),
    }
}

fn spawn(world: &mut World, index: &mut FleetIndex, counts: &mut Counts, mapping: &Mapping, now: f64, change: Change) {
    if index.len() >= index.most {
        index.refused += 1;
        return;
    }
    let Shown {
        label,
        state,
        wants,
        ties,
        details,
    } = read(mapping, &change);
    let is_of_snapshot = change.committed_ms.is_none();
    let created = Created(mapping.created_ms(change.key.kind, &change.record));
    let Change { key, record, .. } = change;
    counts.add(key.kind, state.status);
    let common = (
        Key(key.clone()),
        Label(label),
        RowState(state),
        Columns(record),
        created,
        Moment {
            appeared: now,
            changed: now,
            gone: None,
        },
        Wants::default(),
    );
    let entity = match details {
        Details::Agent(agent) => world.spawn((common, agent)).id(),
        Details::Task(task, assigned) => world.spawn((common, task, assigned)).id(),
        Details::Workflow(workflow) => world.spawn((common, workflow)).id(),
    };
    if is_of_snapshot {
        world.resource_mut::<Recovered>().note(entity);
    }
    index.by_key.insert(key.clone(), entity);
    world.resource_mut::<Touched>().note(entity);
    relations::attach(world, index, entity, wants);
    relations::welcome(world, index, &key, entity);
    let says = world.get::<Assigned>(entity).cloned();
    settle(world, index, &key, entity, None, says.as_ref());
    ties::set(world, entity, ties);
    world.resource_mut::<TieIndex>().stir();
}

fn update(
    world: &mut World,
    index: &FleetIndex,
    counts: &mut Counts,
    mapping: &Mapping,
    now: f64,
    entity: Entity,
    change: Change,
) {
    let Ok(mut row) = world.get_entity_mut(entity) else {
        return;
    };
    let Some(mut columns) = row.get_mut::<Columns>() else {
        return;
    };
    if *columns.0 == *change.record {
        return;
    }
    columns.0 = change.record.clone();
    let Shown {
        label,
        state,
        wants,
        ties,
        details,
    } = read(mapping, &change);
    // Only what is seen counts as a change: a heartbeat column must not make the mark pulse.
    let mut seen = set_if_neq(&mut row, Label(label));
    let old = row.get::<RowState>().map(|state| state.0.status);
    if let Some(old) = old
        && old != state.status
    {
        counts.remove(change.key.kind, old);
        counts.add(change.key.kind, state.status);
    }
    seen |= set_if_neq(&mut row, RowState(state));
    let mut said = None;
    match details {
        Details::Agent(agent) => {
            set_if_neq(&mut row, agent);
        }
        Details::Task(task, says) => {
            seen |= set_if_neq(&mut row, task);
            said = row.get_mut::<Assigned>().and_then(|mut said| said.replace_if_neq(says));
        }
        Details::Workflow(workflow) => seen |= set_if_neq(&mut row, workflow),
    }
    if seen && let Some(mut moment) = row.get_mut::<Moment>() {
        moment.changed = now;
    }
    if seen && change.committed_ms.is_none() {
        world.resource_mut::<Recovered>().note(entity);
    }
    world.resource_mut::<Touched>().note(entity);
    relations::attach(world, index, entity, wants);
    let says = said.as_ref().and_then(|_| world.get::<Assigned>(entity).cloned());
    settle(world, index, &change.key, entity, said.as_ref(), says.as_ref());
    ties::set(world, entity, ties);
}

/// Notes whom the row concerns that may have something else in hand now: itself, where it is an agent, and those that its
/// assignment calls or called.
fn settle(
    world: &mut World,
    index: &FleetIndex,
    key: &RowKey,
    row: Entity,
    said: Option<&Assigned>,
    says: Option<&Assigned>,
) {
    if key.kind == Kind::Agent {
        working::unsettle(world, row);
    }
    assigned::say(world, index, key, row, said, says);
}

/// Writes a component only when it differs, so that change detection means change.
fn set_if_neq<C: Component<Mutability = bevy::ecs::component::Mutable> + PartialEq>(
    row: &mut EntityWorldMut,
    value: C,
) -> bool {
    match row.get_mut::<C>() {
        Some(mut old) => old.set_if_neq(value),
        None => {
            row.insert(value);
            true
        }
    }
}

fn read(mapping: &Mapping, change: &Change) -> Shown {
    match mapping.read(change.key.kind, &change.key.id, &change.record) {
        Row::Agent(agent) => Shown {
            label: agent.label,
            state: agent.status,
            wants: Wants {
                current_task: agent.current_task,
                ..Wants::default()
            },
            ties: Ties::default(),
            details: Details::Agent(AgentRow {
                subtitle: agent.subtitle,
                heartbeat_ms: agent.heartbeat_ms,
            }),
        },
        Row::Task(task) => Shown {
            label: task.label,
            wants: Wants {
                workflow: task.workflow,
                run: task.run,
                ..Wants::default()
            },
            ties: Ties {
                depends_on: task.depends_on,
                parent: task.parent,
            },
            details: Details::Task(
                TaskRow {
                    progress: task.progress,
                    priority: task.priority,
                    needs_human: task.needs_human,
                    error: task.error,
                },
                Assigned::new(task.agents, task.status.status),
            ),
            state: task.status,
        },
        Row::Workflow(workflow) => Shown {
            label: workflow.label,
            state: workflow.status,
            wants: Wants::default(),
            ties: Ties::default(),
            details: Details::Workflow(WorkflowRow {
                progress: workflow.progress,
            }),
        },
    }
}
