//! Who belongs to whom: task → workflow, task → run, run → workflow. Rows arrive in any order, so a link whose other end
//! is not here yet waits until it comes; when an end leaves, the link waits again. (Agents are found by id: `assigned`.)

use bevy::prelude::*;

use super::{FleetIndex, InRun, PartOf, Parts, RunParts, TieIndex, Touched, pointers::Pointers, working};
use model::{Kind, RowId, RowKey};

/// What a row says it belongs to, whether that exists or not.
#[derive(Component, Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub workflow: Option<RowId>,
    pub run: Option<RowId>,
    pub current_task: Option<RowId>,
}

impl Wants {
    /// What it waits for where it is not here.
    fn targets(&self) -> impl Iterator<Item = RowKey> {
        [(Kind::Workflow, &self.workflow), (Kind::Run, &self.run)]
            .into_iter()
            .filter_map(|(kind, id)| id.clone().map(|id| RowKey::new(kind, id)))
    }
}

/// Links whose other end is not here: target → the rows that want it. No bound of its own, so that none is lost: at most
/// the two targets of each of `FleetIndex::MAX_ROWS` rows.
#[derive(Resource, Debug, Default)]
pub(super) struct Waiting(Pointers<RowKey>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Waiting>();
}

/// Makes `source` belong to what it says now.
pub(super) fn attach(world: &mut World, index: &FleetIndex, source: Entity, wants: Wants) {
    let Some(old) = world.get::<Wants>(source).filter(|old| **old != wants).cloned() else {
        return;
    };
    world.resource_mut::<TieIndex>().stir();
    working::rename(world, source, old.current_task.as_ref(), wants.current_task.as_ref());
    world.resource_scope(|world, mut waiting: Mut<Waiting>| {
        for target in old.targets() {
            waiting.0.remove(&target, source);
        }
        for target in wants.targets() {
            if index.get(&target).is_none() {
                waiting.0.add(target, source);
            }
        }
        let run = find(index, Kind::Run, wants.run.as_ref());
        if let Ok(mut row) = world.get_entity_mut(source) {
            relate(&mut row, run.map(InRun));
            row.insert(wants);
        }
    });
    stand(world, index, source);
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
    let sources = world.resource_mut::<Waiting>().0.take(key);
    for source in sources {
        if key.kind == Kind::Run
            && let Ok(mut row) = world.get_entity_mut(source)
        {
            row.insert(InRun(entity));
        }
        stand(world, index, source);
        world.resource_mut::<Touched>().note(source);
    }
}

/// A row goes: its own links are cut, and those that pointed at it wait for it to come back.
pub(super) fn detach(world: &mut World, index: &FleetIndex, key: &RowKey, entity: Entity) {
    world.resource_mut::<TieIndex>().stir();
    let wants = world.get::<Wants>(entity).cloned().unwrap_or_default();
    working::rename(world, entity, wants.current_task.as_ref(), None);
    world.resource_scope(|world, mut waiting: Mut<Waiting>| {
        for target in wants.targets() {
            waiting.0.remove(&target, entity);
        }
        let sources = match key.kind {
            Kind::Workflow => members::<Parts>(world, entity),
            Kind::Run => members::<RunParts>(world, entity),
            Kind::Agent | Kind::Task => Vec::new(),
        };
        for source in sources {
            if key.kind == Kind::Run
                && let Ok(mut row) = world.get_entity_mut(source)
            {
                row.remove::<InRun>();
            }
            // A run goes with its workflow, and so do the tasks that stood there because it did.
            stand(world, index, source);
            let wants = world.get::<Wants>(source);
            if wants.is_some_and(|wants| wants.targets().any(|target| target == *key)) {
                waiting.0.add(key.clone(), source);
            }
            world.resource_mut::<Touched>().note(source);
        }
        if let Ok(mut row) = world.get_entity_mut(entity) {
            row.remove::<InRun>();
            // A leaving task keeps its workflow so that its mark fades where it stood.
            row.insert(Wants::default());
        }
    });
}
