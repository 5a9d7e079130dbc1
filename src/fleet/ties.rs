//! Which tasks wait for which and are parts of which. Looked up when somebody points at a row, so nothing is linked ahead:
//! a task keeps the ids that it names, and an index says who names whom. Rows that never come cost an entry.

use bevy::prelude::*;

use super::pointers::Pointers;
use model::RowId;

/// Most names in the index. A task that comes later still tells whom it names, but is not found by them.
const MAX_NAMED: usize = 2_000_000;

/// The tasks that a task names. Only tasks that name any have this.
#[derive(Component, Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// What it waits for; bounded by the mapping.
    pub depends_on: Vec<RowId>,
    /// What it is a part of.
    pub parent: Option<RowId>,
}

impl Ties {
    pub fn is_empty(&self) -> bool {
        self.depends_on.is_empty() && self.parent.is_none()
    }

    fn names(&self) -> impl Iterator<Item = &RowId> {
        self.depends_on.iter().chain(&self.parent)
    }
}

/// Who names which task, and how often anything changed that ties are looked up by.
#[derive(Resource, Debug, Default)]
pub struct TieIndex {
    by_target: Pointers<RowId>,
    named: usize,
    edition: u64,
}

impl TieIndex {
    /// The tasks that name this one, in no order.
    pub fn naming(&self, target: &RowId) -> impl Iterator<Item = Entity> {
        self.by_target.at(target)
    }

    /// Changes with every row that comes, goes or is linked otherwise, and with work that begins or ends.
    pub fn edition(&self) -> u64 {
        self.edition
    }

    pub(super) fn stir(&mut self) {
        self.edition = self.edition.wrapping_add(1);
    }

    fn add(&mut self, ties: &Ties, source: Entity) {
        for target in ties.names() {
            if self.named < MAX_NAMED && self.by_target.add(target.clone(), source) {
                self.named += 1;
            }
        }
    }

    fn remove(&mut self, ties: &Ties, source: Entity) {
        for target in ties.names() {
            if self.by_target.remove(target, source) {
                self.named -= 1;
            }
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<TieIndex>();
}

/// The task names these from now on; nothing is touched when it did before.
pub(super) fn set(world: &mut World, task: Entity, ties: Ties) {
    let old = world.get::<Ties>(task).cloned().unwrap_or_default();
    if old == ties {
        return;
    }
    let mut index = world.resource_mut::<TieIndex>();
    index.remove(&old, task);
    index.add(&ties, task);
    index.stir();
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

    #[test]
    fn nothing_is_kept_of_ties_that_are_cut() {
        let mut world = World::new();
        world.init_resource::<TieIndex>();
        let task = world.spawn_empty().id();
        let ties = |depends_on: &[&str], parent: Option<&str>| Ties {
            depends_on: depends_on.iter().map(|id| RowId::from(*id)).collect(),
            parent: parent.map(RowId::from),
        };
        let naming = |world: &World, id: &str| {
            let index = world.resource::<TieIndex>();
            index.naming(&RowId::from(id)).collect::<Vec<_>>()
        };
        // One that is a part of what it waits for names it once.
        set(&mut world, task, ties(&["a", "b"], Some("a")));
        assert_eq!((naming(&world, "a"), naming(&world, "b")), (vec![task], vec![task]));
        let edition = world.resource::<TieIndex>().edition();
        set(&mut world, task, ties(&["a", "b"], Some("a")));
        assert_eq!(world.resource::<TieIndex>().edition(), edition);
        set(&mut world, task, ties(&["b"], None));
        assert_eq!((naming(&world, "a"), naming(&world, "b")), (vec![], vec![task]));
        set(&mut world, task, Ties::default());
        let index = world.resource::<TieIndex>();
        assert!(index.by_target.is_empty() && index.named == 0 && world.get::<Ties>(task).is_none());
    }
}
