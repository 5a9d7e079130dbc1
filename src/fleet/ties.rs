//! Which tasks depend on others or are parts of others. Ties are looked up only for the hovered and the selected row: a task
//! keeps the ids that it refers to, and an index finds the tasks that refer to an id. A row that never arrives costs one entry.

use bevy::prelude::*;

use super::references::References;
use model::RowKey;

/// The maximum number of references in the index. Those of later tasks are found from their source only.
const MAX_REFERENCES: usize = 2_000_000;

/// The tasks that a task refers to. Only tasks with references have this.
#[derive(Component, Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ties {
    /// What it waits for; bounded by the mapping.
    pub(crate) depends_on: Vec<RowKey>,
    /// What it is a part of.
    pub(crate) parent: Option<RowKey>,
}

impl Ties {
    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.depends_on.is_empty() && self.parent.is_none()
    }

    fn targets(&self) -> impl Iterator<Item = &RowKey> {
        self.depends_on.iter().chain(&self.parent)
    }
}

/// The tasks that refer to each task, and a revision of everything that ties are looked up from.
#[derive(Resource, Debug, Default)]
pub(crate) struct TieIndex {
    by_target: References<RowKey>,
    references: usize,
    revision: u64,
}

impl TieIndex {
    /// The tasks that refer to a task, in no order.
    pub(crate) fn referring_to(&self, target: &RowKey) -> impl Iterator<Item = Entity> {
        self.by_target.to(target)
    }

    /// A number that changes whenever a row arrives, goes or changes its references, and when work begins or ends.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn bump(&mut self) {
        self.revision = self.revision.wrapping_add(1);
    }

    fn add(&mut self, ties: &Ties, source: Entity) {
        for target in ties.targets() {
            if self.references < MAX_REFERENCES && self.by_target.add(target.clone(), source) {
                self.references += 1;
            }
        }
    }

    fn remove(&mut self, ties: &Ties, source: Entity) {
        for target in ties.targets() {
            if self.by_target.remove(target, source) {
                self.references -= 1;
            }
        }
    }
}

/// Replaces the references of a task; nothing is written when they are the same.
pub(super) fn set(world: &mut World, task: Entity, ties: Ties) {
    let old = world.get::<Ties>(task).cloned().unwrap_or_default();
    if old == ties {
        return;
    }
    let mut index = world.resource_mut::<TieIndex>();
    index.remove(&old, task);
    index.add(&ties, task);
    index.bump();
    if let Ok(mut row) = world.get_entity_mut(task) {
        if ties.is_empty() {
            row.remove::<Ties>();
        } else {
            row.insert(ties);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Kind, SourceId};

    #[test]
    fn nothing_remains_of_removed_ties() {
        let mut world = World::new();
        world.init_resource::<TieIndex>();
        let task = world.spawn_empty().id();
        let key = |id: &str| RowKey::new(Kind::Task, SourceId::new(1), id.into());
        let ties = |depends_on: &[&str], parent: Option<&str>| Ties {
            depends_on: depends_on.iter().map(|id| key(id)).collect(),
            parent: parent.map(key),
        };
        let naming = |world: &World, id: &str| {
            let index = world.resource::<TieIndex>();
            index.referring_to(&key(id)).collect::<Vec<_>>()
        };
        // A task that is a part of what it waits for refers to it once.
        set(&mut world, task, ties(&["a", "b"], Some("a")));
        assert_eq!((naming(&world, "a"), naming(&world, "b")), (vec![task], vec![task]));
        let revision = world.resource::<TieIndex>().revision();
        set(&mut world, task, ties(&["a", "b"], Some("a")));
        assert_eq!(world.resource::<TieIndex>().revision(), revision);
        set(&mut world, task, ties(&["b"], None));
        assert_eq!((naming(&world, "a"), naming(&world, "b")), (vec![], vec![task]));
        set(&mut world, task, Ties::default());
        let index = world.resource::<TieIndex>();
        assert!(index.by_target.is_empty() && index.references == 0 && world.get::<Ties>(task).is_none());
    }
}
