//! The rows that changed in this frame. What draws or counts rows reads only these, so that a row at rest costs nothing. (A
//! filter like `Changed` visits every row to find the few.)

use bevy::{ecs::entity::EntityIndexSet, prelude::*};

/// Rows that arrived, changed, moved, got other references or went since the frame began, in that order, each once. Written by
/// the fleet and the layout, and emptied when a frame begins.
///
/// Rows whose entity has been despawned are found by `RemovedComponents`, which costs nothing while there are none.
#[derive(Resource, Debug, Default)]
pub struct Touched(EntityIndexSet);

impl Touched {
    /// Notes a row of which something visible has changed.
    pub fn note(&mut self, row: Entity) {
        self.0.insert(row);
    }

    /// The rows, in the order in which they were noted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Entity> {
        self.0.iter().copied()
    }

    /// Whether no row has changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        /// Capacity beyond this is freed after a frame that touched nearly everything.
        const KEPT: usize = 16_384;
        self.0.clear();
        if self.0.capacity() > 2 * KEPT {
            self.0.shrink_to(KEPT);
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(First, begin);
}

fn begin(mut touched: ResMut<Touched>) {
    if !touched.is_empty() {
        touched.clear();
    }
}
