//! Applies one change: spawns or updates a row's entity, or begins its exit.

use std::sync::Arc;

use bevy::prelude::*;
use journal::Origin;

use super::{
    AgentRow, Arrival, Assigned, Columns, Counts, Created, FleetIndex, Hidden, Key, Moment, RowLabel, RowState,
    TaskRow, TieIndex, Ties, Touched, Vitals, WorkflowRow, assignments,
    history::{History, Shown},
    relations::{self, Wants},
    resync_pulse::Recovered,
    retire, task_in_hand, ties,
};
use model::{Change, Kind, Mapping, Op, Row, RowKey, Rule, StatusReading};

/// What a row was read as, by component.
struct Reading {
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
    // A row that its own columns call deleted or archived is not shown; it comes back when they no longer do.
    let is_removed = change.op != Op::Delete && mapping.is_removed(change.key.source, &change.record);
    let op = if is_removed { Op::Delete } else { change.op };
    let mut hidden = world.resource_mut::<Hidden>();
    if is_removed {
        hidden.keep(&change.key, &change.record, index.most);
    } else {
        hidden.forget(&change.key);
    }
    match (op, known) {
        (Op::Delete, None) => {}
        (Op::Delete, Some(entity)) => {
            let before = Shown::of(world, entity);
            note(world, &change, Cause::Feed, before.as_ref(), None);
            if let Some(state) = world.get::<RowState>(entity) {
                counts.remove(change.key.kind, state.0.status);
            }
            index.by_key.remove(&change.key);
            relations::detach(world, index, &change.key, entity);
            // The components stay until the entity is despawned, but the indexes no longer contain the row.
            let assigned = world.get::<Assigned>(entity).cloned();
            reassign(world, index, &change.key, entity, assigned.as_ref(), None);
            ties::set(world, entity, Ties::default());
            if change.op == Op::Delete {
                show_gone(world, mapping, &change.key, entity);
            }
            if change.key.kind == Kind::Agent {
                world.resource_mut::<Vitals>().forget(&change.key);
            }
            retire::begin(world, entity, now);
            world.resource_mut::<Touched>().note(entity);
        }
        (_, Some(entity)) => update(world, index, counts, mapping, now, entity, change),
        (_, None) => spawn(world, index, counts, mapping, now, change),
    }
}

/// Gives a row that was deleted the state that its source says it has then, for its exit.
fn show_gone(world: &mut World, mapping: &Mapping, key: &RowKey, entity: Entity) {
    let gone = mapping.source(key.source).and_then(|source| source.gone);
    if let Some(status) = gone
        && let Some(mut state) = world.get_mut::<RowState>(entity)
    {
        state.0 = StatusReading {
            status,
            word: None,
            rule: Rule::Gone,
        };
    }
}

fn spawn(world: &mut World, index: &mut FleetIndex, counts: &mut Counts, mapping: &Mapping, now: f64, change: Change) {
    if index.len() >= index.most {
        index.refused += 1;
        return;
    }
    let Reading {
        label,
        state,
        wants,
        ties,
        details,
    } = read(world, mapping, &change);
    let is_of_snapshot = change.committed_ms.is_none();
    let created = Created(mapping.created_ms(change.key.source, &change.record));
    let arrival = arrival(world, &change);
    let (key, record) = (change.key.clone(), change.record.clone());
    counts.add(key.kind, state.status);
    let common = (
        Key(key.clone()),
        RowLabel(label),
        RowState(state),
        Columns(record),
        created,
        arrival,
        Moment {
            appeared: now,
            changed: now,
            gone: None,
        },
    );
    // The remaining components of a row are required by its details.
    let entity = match details {
        Details::Agent(agent) => world.spawn((common, agent)).id(),
        Details::Task(task, assigned) => world.spawn((common, task, assigned)).id(),
        Details::Workflow(workflow) => world.spawn((common, workflow)).id(),
    };
    note(world, &change, Cause::Feed, None, Some(entity));
    #[cfg(feature = "dev")]
    world.entity_mut(entity).insert(Name::new(key.to_string()));
    if is_of_snapshot {
        world.resource_mut::<Recovered>().note(entity);
    }
    index.by_key.insert(key.clone(), entity);
    world.resource_mut::<Touched>().note(entity);
    relations::attach(world, index, entity, wants);
    relations::resolve(world, index, &key, entity);
    let assigned = world.get::<Assigned>(entity).cloned();
    reassign(world, index, &key, entity, None, assigned.as_ref());
    ties::set(world, entity, ties);
    world.resource_mut::<TieIndex>().bump();
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
    let before = Shown::of(world, entity);
    let Some(mut columns) = world.get_mut::<Columns>(entity) else {
        return;
    };
    if columns.0 == change.record {
        return;
    }
    columns.0 = change.record.clone();
    let arrival = arrival(world, &change);
    if let Some(mut before) = world.get_mut::<Arrival>(entity) {
        *before = arrival;
    }
    write(world, index, counts, mapping, now, entity, &change, Cause::Feed);
    note(world, &change, Cause::Feed, before.as_ref(), Some(entity));
}

fn arrival(world: &World, change: &Change) -> Arrival {
    Arrival {
        shown_ms: world.resource::<Vitals>().now_ms,
        committed_ms: change.committed_ms,
    }
}

/// Notes what a change made of a row, which is shown now unless it went.
fn note(world: &mut World, change: &Change, cause: Cause, before: Option<&Shown>, row: Option<Entity>) {
    let after = row.and_then(|row| Shown::of(world, row));
    let now_ms = world.resource::<Vitals>().now_ms;
    let mut history = world.resource_mut::<History>();
    let origin = match cause {
        Cause::Feed => history.origin(change.committed_ms.is_some()),
        Cause::Mapping => Origin::Settings,
    };
    history.note(now_ms, &change.key, origin, before, after.as_ref());
}

/// Reads a shown row again, because the mapping changed: it may look different, or may not be shown any more.
pub(super) fn reread(
    world: &mut World,
    index: &mut FleetIndex,
    counts: &mut Counts,
    mapping: &Mapping,
    now: f64,
    key: RowKey,
) {
    let Some(entity) = index.get(&key) else { return };
    let Some(Columns(record)) = world.get::<Columns>(entity).cloned() else {
        return;
    };
    let change = Change {
        key,
        op: Op::Update,
        record,
        committed_ms: None,
    };
    if mapping.is_removed(change.key.source, &change.record) {
        apply(world, index, counts, mapping, now, change);
    } else {
        let before = Shown::of(world, entity);
        write(world, index, counts, mapping, now, entity, &change, Cause::Mapping);
        note(world, &change, Cause::Mapping, before.as_ref(), Some(entity));
    }
}

/// Why a row is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Its columns changed.
    Feed,
    /// The mapping changed.
    Mapping,
}

/// Reads a row and writes the components that differ.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of the fleet, taken out of the world for the whole batch"
)]
fn write(
    world: &mut World,
    index: &FleetIndex,
    counts: &mut Counts,
    mapping: &Mapping,
    now: f64,
    entity: Entity,
    change: &Change,
    cause: Cause,
) {
    let Reading {
        label,
        state,
        wants,
        ties,
        details,
    } = read(world, mapping, change);
    let Ok(mut row) = world.get_entity_mut(entity) else {
        return;
    };
    // Only visible changes count: a heartbeat must not make the mark pulse.
    let mut is_visible = set_if_neq(&mut row, RowLabel(label));
    let old = row.get::<RowState>().map(|state| state.0.status);
    if let Some(old) = old
        && old != state.status
    {
        counts.remove(change.key.kind, old);
        counts.add(change.key.kind, state.status);
    }
    is_visible |= set_if_neq(&mut row, RowState(state));
    let mut before = None;
    match details {
        Details::Agent(agent) => {
            set_if_neq(&mut row, agent);
        }
        Details::Task(task, assigned) => {
            is_visible |= set_if_neq(&mut row, task);
            before = row
                .get_mut::<Assigned>()
                .and_then(|mut old| old.replace_if_neq(assigned));
        }
        Details::Workflow(workflow) => is_visible |= set_if_neq(&mut row, workflow),
    }
    if is_visible && let Some(mut moment) = row.get_mut::<Moment>() {
        moment.changed = now;
    }
    if is_visible && change.committed_ms.is_none() && cause == Cause::Feed {
        world.resource_mut::<Recovered>().note(entity);
    }
    world.resource_mut::<Touched>().note(entity);
    relations::attach(world, index, entity, wants);
    let after = before.as_ref().and_then(|_| world.get::<Assigned>(entity).cloned());
    reassign(world, index, &change.key, entity, before.as_ref(), after.as_ref());
    ties::set(world, entity, ties);
}

/// Replaces a row's assignment, and marks the agents whose task in hand may have changed: the row itself, if it is an agent,
/// and the agents of both assignments.
fn reassign(
    world: &mut World,
    index: &FleetIndex,
    key: &RowKey,
    row: Entity,
    before: Option<&Assigned>,
    after: Option<&Assigned>,
) {
    if key.kind == Kind::Agent {
        task_in_hand::mark(world, row);
    }
    assignments::replace(world, index, key, row, before, after);
}

/// Writes a component only if it differs, so that change detection reports real changes only. Returns whether it did.
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

fn read(world: &mut World, mapping: &Mapping, change: &Change) -> Reading {
    match mapping.read(&change.key, &change.record) {
        Row::Agent(agent) => Reading {
            label: agent.label,
            state: match mapping.heartbeats_of(change.key.source) {
                [] => agent.status,
                _ => (world.resource_mut::<Vitals>()).judge(mapping, &change.key, &change.record, agent.status),
            },
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
        Row::Task(task) => Reading {
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
        Row::Workflow(workflow) => Reading {
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
