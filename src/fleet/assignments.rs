//! The agents that each piece of work is assigned to. As with ties, entities are looked up when they are needed: a task keeps
//! the ids of its agents, and an index maps each agent to its tasks. So rows may arrive in any order, and an agent that never
//! arrives costs one entry.

use std::collections::{BTreeMap, HashMap};

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{FleetIndex, TieIndex, task_in_hand};
use model::{Kind, Phase, RowId, RowKey, SourceId, Status};

/// The agents that a piece of work is assigned to. Every task and run has this.
#[derive(Component, Debug, Clone, PartialEq, Eq, Default)]
pub struct Assigned {
    /// In the row's order, whether their rows exist or not; bounded by the mapping.
    pub(crate) agents: Vec<RowKey>,
    phase: Option<Phase>,
}

impl Assigned {
    pub(super) fn new(agents: Vec<RowKey>, status: Status) -> Self {
        Self {
            agents,
            phase: Some(status.phase()),
        }
    }

    fn is_running(&self) -> bool {
        self.phase == Some(Phase::Running)
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Some(Phase::Over)
    }
}

/// The work of each agent. At most `mapping::MAX_AGENTS_PER_TASK` entries for each of `FleetIndex::MAX_ROWS` rows.
#[derive(Resource, Debug, Default)]
pub(crate) struct Assignments {
    by_agent: HashMap<RowKey, Load>,
}

/// The work of one agent.
#[derive(Debug, Default)]
struct Load {
    all: EntityHashSet,
    /// The running part of it, in order: an agent may have very many tasks.
    running: BTreeMap<WorkOrder, Entity>,
}

/// The order in which running work is taken in hand: tasks before runs, then by id, numbers by value. There is no column for
/// the start of work that all projects have, and the time at which this wall first saw a row differs from wall to wall.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct WorkOrder {
    kind: Kind,
    length: usize,
    id: RowId,
    source: SourceId,
}

impl WorkOrder {
    fn of(key: &RowKey) -> Self {
        Self {
            kind: key.kind,
            length: key.id.as_str().len(),
            id: key.id.clone(),
            source: key.source,
        }
    }
}

impl Assignments {
    /// The work of an agent, in no order.
    pub(crate) fn of(&self, agent: &RowKey) -> impl Iterator<Item = Entity> {
        self.by_agent.get(agent).into_iter().flat_map(|load| &load.all).copied()
    }

    /// The running work that an agent takes in hand. Every wall chooses the same.
    pub(super) fn first_running(&self, agent: &RowKey) -> Option<Entity> {
        let load = self.by_agent.get(agent)?;
        load.running.first_key_value().map(|(_, work)| *work)
    }

    fn add(&mut self, assigned: &Assigned, key: &RowKey, work: Entity) {
        for agent in &assigned.agents {
            let load = self.by_agent.entry(agent.clone()).or_default();
            load.all.insert(work);
            if assigned.is_running() {
                load.running.insert(WorkOrder::of(key), work);
            }
        }
    }

    fn remove(&mut self, assigned: &Assigned, key: &RowKey, work: Entity) {
        for agent in &assigned.agents {
            let Some(load) = self.by_agent.get_mut(agent) else {
                continue;
            };
            load.all.remove(&work);
            if assigned.is_running() {
                load.running.remove(&WorkOrder::of(key));
            }
            if load.all.is_empty() {
                self.by_agent.remove(agent);
            }
        }
    }
}

/// Replaces a row's assignment in the index; `None` when the row goes. Agents whose task in hand may have changed are marked.
/// Costs nothing when nothing changed.
pub(super) fn replace(
    world: &mut World,
    index: &FleetIndex,
    key: &RowKey,
    row: Entity,
    old: Option<&Assigned>,
    now: Option<&Assigned>,
) {
    if old == now {
        return;
    }
    let mut assignments = world.resource_mut::<Assignments>();
    if let Some(old) = old {
        assignments.remove(old, key, row);
    }
    if let Some(now) = now {
        assignments.add(now, key, row);
    }
    world.resource_mut::<TieIndex>().bump();
    for agent in [old, now].into_iter().flatten().flat_map(|assigned| &assigned.agents) {
        if let Some(agent) = index.get(agent) {
            task_in_hand::mark(world, agent);
        }
    }
    if old.map(|old| old.phase) != now.map(|now| now.phase) {
        task_in_hand::mark_referring(world, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_work_is_kept_in_order_and_nothing_remains_of_what_is_removed() {
        let mut world = World::new();
        let mut assignments = Assignments::default();
        let agent = |id: &str| RowKey::new(Kind::Agent, SourceId::new(0), id.into());
        let assigned = |status| Assigned::new(["a", "b", "a"].map(agent).to_vec(), status);
        let agent = agent("a");
        let rows: Vec<(RowKey, Entity)> = (0..1_000)
            .map(|n: u32| RowKey::new(Kind::Task, SourceId::new(1), n.to_string().as_str().into()))
            .map(|key| (key, world.spawn_empty().id()))
            .collect();
        for (key, row) in &rows {
            assignments.add(&assigned(Status::Queued), key, *row);
        }
        assert_eq!(assignments.of(&agent).count(), rows.len());
        assert_eq!(assignments.first_running(&agent), None);
        for at in [100, 99, 300] {
            let (key, row) = &rows[at];
            assignments.remove(&assigned(Status::Queued), key, *row);
            assignments.add(&assigned(Status::Running), key, *row);
        }
        // Only running work is searched.
        assert_eq!(assignments.by_agent[&agent].running.len(), 3);
        assert_eq!(assignments.first_running(&agent), Some(rows[99].1));
        let (run, at_run) = (
            RowKey::new(Kind::Run, SourceId::new(3), "1".into()),
            world.spawn_empty().id(),
        );
        assignments.add(&assigned(Status::Running), &run, at_run);
        assert_eq!(assignments.first_running(&agent), Some(rows[99].1), "tasks before runs");
        assignments.remove(&assigned(Status::Running), &run, at_run);
        for (at, (key, row)) in rows.iter().enumerate() {
            let status = if [99, 100, 300].contains(&at) {
                Status::Running
            } else {
                Status::Queued
            };
            assignments.remove(&assigned(status), key, *row);
        }
        assert!(assignments.by_agent.is_empty());
    }
}
