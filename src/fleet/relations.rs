//! The relationships task → workflow, task → run, run → workflow. Rows arrive in any order: a reference whose target does not
//! exist yet waits for it, and waits again when the target goes. (Agents are looked up by id: `assignments`.)

use bevy::prelude::*;

use super::{FleetIndex, InRun, PartOf, Parts, RunParts, TieIndex, Touched, references::References, task_in_hand};
use model::{Kind, RowKey};

/// The rows that a row refers to, whether their rows exist or not.
#[derive(Component, Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// The workflow that it is part of.
    pub(super) workflow: Option<RowKey>,
    /// The run that it is part of.
    pub(super) run: Option<RowKey>,
    /// Of an agent, the task that it has in hand.
    pub(super) current_task: Option<RowKey>,
}

impl Wants {
    /// The rows that become relationships.
    fn targets(&self) -> impl Iterator<Item = &RowKey> {
        self.workflow.iter().chain(&self.run)
    }
}

/// References whose target does not exist. Bounded by the two targets of each of `FleetIndex::MAX_ROWS` rows.
#[derive(Resource, Debug, Default)]
pub(super) struct Dangling(References<RowKey>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Dangling>();
}

/// Replaces what a row refers to.
pub(super) fn attach(world: &mut World, index: &FleetIndex, source: Entity, wants: Wants) {
    let Some(old) = world.get::<Wants>(source).filter(|old| **old != wants).cloned() else {
        return;
    };
    world.resource_mut::<TieIndex>().bump();
    task_in_hand::replace_reference(world, source, old.current_task.as_ref(), wants.current_task.as_ref());
    world.resource_scope(|world, mut dangling: Mut<Dangling>| {
        for target in old.targets() {
            dangling.0.remove(target, source);
        }
        for target in wants.targets() {
            if index.get(target).is_none() {
                dangling.0.add(target.clone(), source);
            }
        }
        let run = wants.run.as_ref().and_then(|run| index.get(run));
        if let Ok(mut row) = world.get_entity_mut(source) {
            relate(&mut row, run.map(InRun));
            row.insert(wants);
        }
    });
    relate_to_workflow(world, index, source);
}

/// Sets or removes a relationship. Returns whether it changed.
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

/// Relates a row to the workflow that it refers to, or else to that of its run, and then the tasks of a run.
fn relate_to_workflow(world: &mut World, index: &FleetIndex, row: Entity) {
    let named = world
        .get::<Wants>(row)
        .and_then(|wants| index.get(wants.workflow.as_ref()?));
    let of_run = || world.get::<PartOf>(world.get::<InRun>(row)?.0).copied();
    let workflow = named.map(PartOf).or_else(of_run);
    let moved = world
        .get_entity_mut(row)
        .is_ok_and(|mut row| relate(&mut row, workflow));
    if moved {
        world.resource_mut::<Touched>().note(row);
        // A run has no run, so that this recurses only once.
        for task in members::<RunParts>(world, row) {
            relate_to_workflow(world, index, task);
        }
    }
}

/// The rows of one of a row's relationships.
fn members<T: RelationshipTarget>(world: &World, of: Entity) -> Vec<Entity> {
    world.get::<T>(of).map(|rows| rows.iter().collect()).unwrap_or_default()
}

/// Resolves the references that waited for a new row.
pub(super) fn resolve(world: &mut World, index: &FleetIndex, key: &RowKey, entity: Entity) {
    let sources = world.resource_mut::<Dangling>().0.take(key);
    for source in sources {
        if key.kind == Kind::Run
            && let Ok(mut row) = world.get_entity_mut(source)
        {
            row.insert(InRun(entity));
        }
        relate_to_workflow(world, index, source);
        world.resource_mut::<Touched>().note(source);
    }
}

/// Removes the references of a row that goes; references to it wait for it again.
pub(super) fn detach(world: &mut World, index: &FleetIndex, key: &RowKey, entity: Entity) {
    world.resource_mut::<TieIndex>().bump();
    let wants = world.get::<Wants>(entity).cloned().unwrap_or_default();
    task_in_hand::replace_reference(world, entity, wants.current_task.as_ref(), None);
    world.resource_scope(|world, mut dangling: Mut<Dangling>| {
        for target in wants.targets() {
            dangling.0.remove(target, entity);
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
            // A run leaves with its workflow, and so do the tasks that belonged to it through the run.
            relate_to_workflow(world, index, source);
            let wants = world.get::<Wants>(source);
            if wants.is_some_and(|wants| wants.targets().any(|target| target == key)) {
                dangling.0.add(key.clone(), source);
            }
            world.resource_mut::<Touched>().note(source);
        }
        if let Ok(mut row) = world.get_entity_mut(entity) {
            row.remove::<InRun>();
            // A task that goes keeps its workflow, so that its mark fades in place.
            row.insert(Wants::default());
        }
    });
}
