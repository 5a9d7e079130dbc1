//! One value for each kind.

use std::ops::{Index, IndexMut};

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::Kind;

/// One `T` for agents, tasks, workflows and runs each; serialized as an object with the kinds' plurals as keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerKind<T>([T; 4]);

impl<T> PerKind<T> {
    /// Builds each value from its kind.
    pub fn from_fn(mut make: impl FnMut(Kind) -> T) -> Self {
        Self(Kind::ALL.map(&mut make))
    }

    pub fn iter(&self) -> impl Iterator<Item = (Kind, &T)> {
        Kind::ALL.into_iter().zip(self.0.iter())
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Kind, &mut T)> {
        Kind::ALL.into_iter().zip(self.0.iter_mut())
    }
}

impl<T> Index<Kind> for PerKind<T> {
    type Output = T;

    fn index(&self, kind: Kind) -> &T {
        let [agent, task, workflow, run] = &self.0;
        match kind {
            Kind::Agent => agent,
            Kind::Task => task,
            Kind::Workflow => workflow,
            Kind::Run => run,
        }
    }
}

impl<T> IndexMut<Kind> for PerKind<T> {
    fn index_mut(&mut self, kind: Kind) -> &mut T {
        let [agent, task, workflow, run] = &mut self.0;
        match kind {
            Kind::Agent => agent,
            Kind::Task => task,
            Kind::Workflow => workflow,
            Kind::Run => run,
        }
    }
}

impl<T: Serialize> Serialize for PerKind<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (kind, value) in self.iter() {
            map.serialize_entry(kind.plural(), value)?;
        }
        map.end()
    }
}
