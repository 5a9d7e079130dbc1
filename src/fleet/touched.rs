//! The rows that something happened to in this frame: whoever draws or counts rows looks at these alone, so that a row at
//! rest costs nothing. (A filter like `Changed` looks at every row to find the few.)

use bevy::{ecs::entity::EntityIndexSet, prelude::*};

/// Rows that came, changed, moved, were linked otherwise or began to leave since the frame began, in that order, each
/// once. Written by the fleet and the layout, emptied as a frame begins: at most one entry a row, whoever reads it.
///
/// Rows whose entity has gone are told by `RemovedComponents`, which costs nothing while nobody goes.
#[derive(Resource, Debug, Default)]
pub struct Touched(EntityIndexSet);

impl Touched {
    /// Something about the row that can be seen is different now.
    pub fn note(&mut self, row: Entity) {
        self.0.insert(row);
    }

    pub fn iter(&self) -> impl Iterator<Item = Entity> {
        self.0.iter().copied()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has been noted so far has been seen by all.
    pub fn clear(&mut self) {
        /// Room beyond this is given back after a frame that touched nearly everything.
        const KEPT: usize = 16_384;
        self.0.clear();
        if self.0.capacity() > 2 * KEPT {
            self.0.shrink_to(KEPT);
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Touched>().add_systems(First, begin);
}

fn begin(mut touched: ResMut<Touched>) {
    if !touched.is_empty() {
        touched.clear();
    }
}
