//! Who points at what, found by what is pointed at, whether that is there or not.

use std::{collections::HashMap, hash::Hash};

use bevy::{ecs::entity::EntityHashSet, prelude::*};

/// Target → the rows that point at it. A target that nobody points at costs nothing.
#[derive(Debug)]
pub(super) struct Pointers<T>(HashMap<T, EntityHashSet>);

impl<T> Default for Pointers<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Pointers<T> {
    /// Says whether it is news.
    pub fn add(&mut self, target: T, source: Entity) -> bool {
        self.0.entry(target).or_default().insert(source)
    }

    /// Says whether it was there.
    pub fn remove(&mut self, target: &T, source: Entity) -> bool {
        let Some(sources) = self.0.get_mut(target) else {
            return false;
        };
        let was_there = sources.remove(&source);
        if sources.is_empty() {
            self.0.remove(target);
        }
        was_there
    }

    /// Who points at it, in no order.
    pub fn at(&self, target: &T) -> impl Iterator<Item = Entity> {
        self.0.get(target).into_iter().flatten().copied()
    }

    /// Forgets who points at it, and says who did.
    pub fn take(&mut self, target: &T) -> EntityHashSet {
        self.0.remove(target).unwrap_or_default()
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_points_is_found_once_and_nothing_is_kept_of_those_that_look_away() {
        let mut world = World::new();
        let [one, other] = [world.spawn_empty().id(), world.spawn_empty().id()];
        let mut pointers = Pointers::default();
        assert!(pointers.add("a", one) && pointers.add("a", other) && !pointers.add("a", one));
        assert_eq!(pointers.at(&"a").count(), 2);
        assert!(pointers.remove(&"a", one) && !pointers.remove(&"a", one) && !pointers.remove(&"b", one));
        assert_eq!(pointers.take(&"a").into_iter().collect::<Vec<_>>(), [other]);
        pointers.add("b", one);
        pointers.remove(&"b", one);
        assert!(pointers.is_empty());
    }
}
