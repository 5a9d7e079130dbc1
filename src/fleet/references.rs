//! References between rows, found by their target, whether the target exists or not.

use std::{collections::HashMap, hash::Hash};

use bevy::{ecs::entity::EntityHashSet, prelude::*};

/// Target → the rows that refer to it. A target without references costs nothing.
#[derive(Debug)]
pub(super) struct References<T>(HashMap<T, EntityHashSet>);

impl<T> Default for References<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> References<T> {
    /// Returns whether the reference is new.
    pub(super) fn add(&mut self, target: T, source: Entity) -> bool {
        self.0.entry(target).or_default().insert(source)
    }

    /// Returns whether the reference existed.
    pub(super) fn remove(&mut self, target: &T, source: Entity) -> bool {
        let Some(sources) = self.0.get_mut(target) else {
            return false;
        };
        let was_there = sources.remove(&source);
        if sources.is_empty() {
            self.0.remove(target);
        }
        was_there
    }

    /// The rows that refer to a target, in no order.
    pub(super) fn to(&self, target: &T) -> impl Iterator<Item = Entity> {
        self.0.get(target).into_iter().flatten().copied()
    }

    /// Removes and returns the rows that refer to a target.
    pub(super) fn take(&mut self, target: &T) -> EntityHashSet {
        self.0.remove(target).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_found_once_and_nothing_remains_of_removed_ones() {
        let mut world = World::new();
        let [one, other] = [world.spawn_empty().id(), world.spawn_empty().id()];
        let mut references = References::default();
        assert!(references.add("a", one) && references.add("a", other) && !references.add("a", one));
        assert_eq!(references.to(&"a").count(), 2);
        assert!(references.remove(&"a", one) && !references.remove(&"a", one) && !references.remove(&"b", one));
        assert_eq!(references.take(&"a").into_iter().collect::<Vec<_>>(), [other]);
        references.add("b", one);
        references.remove(&"b", one);
        assert!(references.is_empty());
    }
}
