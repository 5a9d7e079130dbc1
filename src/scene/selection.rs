//! What the pointer is over and what is selected.

use bevy::prelude::*;

/// Rows under the pointer and in the inspector.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    pub hovered: Option<Entity>,
    pub selected: Option<Entity>,
}
