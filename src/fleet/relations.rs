//! Who belongs to whom: task → agent, task → workflow, task → run, run → workflow, agent → task in hand. Rows arrive in any order, so a link whose
//! other end is not here yet waits until it comes; when an end leaves, the link waits again.

use std::collections::HashMap;

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{
    AssignedTo, Assignments, FleetIndex, InRun, PartOf, Parts, RunParts, TieIndex, Touched,
    working::{self, InHandOf, Unsettled},
};
use crate::domain::{Kind, RowId, RowKey};

/// Most links that wait for their other end. One more is not kept: it shows when its row changes next.
const MAX_WAITING: usize = 1_000_000;

/// What a row says it belongs to, whether that exists or not.
#[derive(Component, Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub agent: Option<RowId>,
    pub workflow: Option<RowId>,
    pub run: Option<RowId>,
    pub current_task: Option<RowId>,
}

impl Wants {
    fn targets(&self) -> impl Iterator<Item = RowKey> {
        [
            (Kind::Agent, &self.agent),
            (Kind::Workflow, &self.workflow),
            (Kind::Run, &self.run),
            (Kind::Task, &self.current_task),
        ]
        .into_iter()
        .filter_map(|(kind, id)| id.clone().map(|id| RowKey::new(kind, id)))
    }
}

/// Links whose other end is not here: target → the rows that want it.
#[derive(Resource, Debug, Default)]
pub(super) struct Waiting {
    by_target: HashMap<RowKey, EntityHashSet>,
    links: usize,
}

impl Waiting {
    fn add(&mut self, target: RowKey, source: Entity) {
        if self.links < MAX_WAITING && self.by_target.entry(target).or_default().insert(source) {
            self.links += 1;
        }
    }

    fn remove(&mut self, target: &RowKey, source: Entity) {
        let Some(sources) = self.by_target.get_mut(target) else {
            return;
        };
        if sources.remove(&source) {
            self.links -= 1;
        }
        if sources.is_empty() {
            self.by_target.remove(target);
        }
    }

    fn take(&mut self, target: &RowKey) -> EntityHashSet {
        let sources = self.by_target.remove(target).unwrap_or_default();
        self.links -= sources.len();
        sources
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Waiting>();
}

/// Makes `source` belong to what it says now.
pub(super) fn attach(world: &mut World, index: &FleetIndex, source: Entity, wants: Wants) {
    let Some(old) = world.get::<Wants>(source).cloned() else {
        return;
    };
    // Even with the same links, the row's own state may have changed who works on what.
    working::touch_neighbours(world, source);
    if old == wants {
        return;
    }
    world.resource_mut::<TieIndex>().stir();
    world.resource_scope(|world, mut waiting: Mut<Waiting>| {
        for target in old.targets() {
            waiting.remove(&target, source);
        }
        for target in wants.targets() {
            if index.get(&target).is_none() {
                waiting.add(target, source);
            }
        }
        let agent = find(index, Kind::Agent, wants.agent.as_ref());
        let run = find(index, Kind::Run, wants.run.as_ref());
        if let Ok(mut row) = world.get_entity_mut(source) {
            relate(&mut row, agent.map(AssignedTo));
            relate(&mut row, run.map(InRun));
            row.insert(wants);
        }
    });
    stand(world, index, source);
    working::touch_neighbours(world, source);
}

fn find(index: &FleetIndex, kind: Kind, id: Option<&RowId>) -> Option<Entity> {
    index.get(&RowKey::new(kind, id?.clone()))
}

/// Sets or clears a relationship, touching only what differs. Says whether it did.
fn relate<R: Component + Copy + PartialEq>(row: &mut EntityWorldMut, to: Option<R>) -> bool {
    if row.get::<R>().copied() == to {
        return false;
    }
    match to {
        Some(to) => row.insert(to),
        None => row.remove::<R>(),
    };
    true
}

/// Puts a row into the workflow that it names, else into that of its run; and where it is a run itself, its tasks after
/// it.
fn stand(world: &mut World, index: &FleetIndex, row: Entity) {
    let named = world
        .get::<Wants>(row)
        .and_then(|wants| find(index, Kind::Workflow, wants.workflow.as_ref()));
    let of_run = || world.get::<PartOf>(world.get::<InRun>(row)?.0).copied();
    let workflow = named.map(PartOf).or_else(of_run);
    let moved = world
        .get_entity_mut(row)
        .is_ok_and(|mut row| relate(&mut row, workflow));
    if moved {
        world.resource_mut::<Touched>().note(row);
        // A run names no run: this goes no deeper.
        for task in members::<RunParts>(world, row) {
            stand(world, index, task);
        }
    }
}

/// Who points at a row in one of the relationships.
fn members<T: RelationshipTarget>(world: &World, of: Entity) -> Vec<Entity> {
    world.get::<T>(of).map(|rows| rows.iter().collect()).unwrap_or_default()
}

/// A row has come: the links that waited for it are made.
pub(super) fn welcome(world: &mut World, index: &FleetIndex, key: &RowKey, entity: Entity) {
    let sources = world.resource_mut::<Waiting>().take(key);
    for source in sources {
        if let Ok(mut row) = world.get_entity_mut(source) {
            match key.kind {
                Kind::Agent => {
                    row.insert(AssignedTo(entity));
                }
                Kind::Workflow => stand(world, index, source),
                Kind::Run => {
                    row.insert(InRun(entity));
                    stand(world, index, source);
                }
                Kind::Task => {
                    world.resource_mut::<Unsettled>().0.insert(source);
                }
            }
        }
        world.resource_mut::<Touched>().note(source);
        working::touch_neighbours(world, source);
    }
    working::touch_neighbours(world, entity);
}

/// A row goes: its own links are cut, and those that pointed at it wait for it to come back.
pub(super) fn detach(world: &mut World, index: &FleetIndex, key: &RowKey, entity: Entity) {
    working::touch_neighbours(world, entity);
    world.resource_mut::<TieIndex>().stir();
    world.resource_scope(|world, mut waiting: Mut<Waiting>| {
        if let Some(wants) = world.get::<Wants>(entity).cloned() {
            for target in wants.targets() {
                waiting.remove(&target, entity);
            }
        }
        let sources = match key.kind {
            Kind::Agent => members::<Assignments>(world, entity),
            Kind::Workflow => members::<Parts>(world, entity),
            Kind::Run => members::<RunParts>(world, entity),
            Kind::Task => members::<InHandOf>(world, entity),
        };
        for source in sources {
            let Ok(mut row) = world.get_entity_mut(source) else {
                continue;
            };
            match key.kind {
                Kind::Agent => {
                    row.remove::<AssignedTo>();
                }
                Kind::Run => {
                    row.remove::<InRun>();
                    stand(world, index, source);
                }
                // A run goes with its workflow, and so do the tasks that stood there because it did.
                Kind::Workflow => stand(world, index, source),
                Kind::Task => {}
            }
            let Ok(row) = world.get_entity(source) else {
                continue;
            };
            if row
                .get::<Wants>()
                .is_some_and(|wants| wants.targets().any(|target| target == *key))
            {
                waiting.add(key.clone(), source);
            }
            world.resource_mut::<Touched>().note(source);
        }
        if let Ok(mut row) = world.get_entity_mut(entity) {
            row.remove::<(AssignedTo, InRun)>();
            // A leaving task keeps its workflow so that its mark fades where it stood.
            row.insert(Wants::default());
        }
    });
}
