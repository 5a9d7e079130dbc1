//! Which agents each piece of work is assigned to. As with ties, nothing is linked ahead: a task keeps the ids that it
//! names, and an index says who has what. So rows come in any order, and an agent that never comes costs an entry.

use std::collections::{BTreeMap, HashMap};

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{FleetIndex, TieIndex, working};
use model::{Kind, RowId, RowKey, Status};

/// The agents that a piece of work is assigned to. Every task and run has this.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// In the row's order, whether they are there or not; bounded by the mapping.
    pub agents: Vec<RowId>,
    pub(super) phase: Phase,
}

impl Assigned {
    pub(super) fn new(agents: Vec<RowId>, status: Status) -> Self {
        let phase = match status {
            Status::Running => Phase::Running,
            Status::Done | Status::Cancelled => Phase::Over,
            _ => Phase::Open,
        };
        Self { agents, phase }
    }
}

/// How far a piece of work is, as far as it matters to whoever may have it in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Running,
    Over,
}

/// Who has what. At most `mapping::MAX_AGENTS_PER_TASK` entries for each of `FleetIndex::MAX_ROWS` rows.
#[derive(Resource, Debug, Default)]
pub struct Assignments {
    by_agent: HashMap<RowId, Load>,
}

/// What one agent has.
#[derive(Debug, Default)]
struct Load {
    all: EntityHashSet,
    /// Those that run. An agent may have very many tasks, so that these are kept apart.
    running: BTreeMap<Turn, Entity>,
}

/// The order in which running work is taken in hand: tasks before runs, then the smallest id, of which numbers go by
/// value. Rows do not say when they began in a column that all projects have, and the moment at which this wall first saw
/// them is another on the next wall.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    kind: Kind,
    length: usize,
    id: RowId,
}

impl Turn {
    fn of(key: &RowKey) -> Self {
        Self {
            kind: key.kind,
            length: key.id.as_str().len(),
            id: key.id.clone(),
        }
    }
}

impl Assignments {
    /// What an agent has, in no order.
    pub fn of(&self, agent: &RowId) -> impl Iterator<Item = Entity> {
        self.by_agent.get(agent).into_iter().flat_map(|load| &load.all).copied()
    }

    /// The running one that it takes in hand. Every wall chooses the same.
    pub(super) fn first_running(&self, agent: &RowId) -> Option<Entity> {
        let load = self.by_agent.get(agent)?;
        load.running.first_key_value().map(|(_, work)| *work)
    }

    fn add(&mut self, assigned: &Assigned, key: &RowKey, work: Entity) {
        for agent in &assigned.agents {
            let load = self.by_agent.entry(agent.clone()).or_default();
            load.all.insert(work);
            if assigned.phase == Phase::Running {
                load.running.insert(Turn::of(key), work);
            }
        }
    }

    fn remove(&mut self, assigned: &Assigned, key: &RowKey, work: Entity) {
        for agent in &assigned.agents {
            let Some(load) = self.by_agent.get_mut(agent) else {
                continue;
            };
            load.all.remove(&work);
            if assigned.phase == Phase::Running {
                load.running.remove(&Turn::of(key));
            }
            if load.all.is_empty() {
                self.by_agent.remove(agent);
            }
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Assignments>();
}

/// A row says this from now on, nothing when it goes: `old` is what it said before. Calls the agents that may have
/// something else in hand now; costs nothing when it says the same as before.
pub(super) fn say(
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
    world.resource_mut::<TieIndex>().stir();
    for agent in [old, now].into_iter().flatten().flat_map(|assigned| &assigned.agents) {
        if let Some(agent) = index.get(&RowKey::new(Kind::Agent, agent.clone())) {
            working::unsettle(world, agent);
        }
    }
    if old.map(|old| old.phase) != now.map(|now| now.phase) {
        working::unsettle_naming(world, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_kept_apart_in_turn_and_nothing_is_kept_of_what_goes() {
        let mut world = World::new();
        let mut assignments = Assignments::default();
        let agent = RowId::from("a");
        let say = |status| Assigned::new(vec!["a".into(), "b".into(), "a".into()], status);
        let rows: Vec<(RowKey, Entity)> = (0..1_000)
            .map(|n: u32| RowKey::new(Kind::Task, n.to_string().as_str().into()))
            .map(|key| (key, world.spawn_empty().id()))
            .collect();
        for (key, row) in &rows {
            assignments.add(&say(Status::Queued), key, *row);
        }
        assert_eq!(assignments.of(&agent).count(), rows.len());
        assert_eq!(assignments.first_running(&agent), None);
        for at in [100, 99, 300] {
            let (key, row) = &rows[at];
            assignments.remove(&say(Status::Queued), key, *row);
            assignments.add(&say(Status::Running), key, *row);
        }
        // However many there are, the choice is among those that run.
        assert_eq!(assignments.by_agent[&agent].running.len(), 3);
        assert_eq!(assignments.first_running(&agent), Some(rows[99].1));
        let (run, at_run) = (RowKey::new(Kind::Run, "1".into()), world.spawn_empty().id());
        assignments.add(&say(Status::Running), &run, at_run);
        assert_eq!(assignments.first_running(&agent), Some(rows[99].1), "tasks before runs");
        assignments.remove(&say(Status::Running), &run, at_run);
        for (at, (key, row)) in rows.iter().enumerate() {
            let status = if [99, 100, 300].contains(&at) {
                Status::Running
            } else {
                Status::Queued
            };
            assignments.remove(&say(status), key, *row);
        }
        assert!(assignments.by_agent.is_empty());
    }
}
