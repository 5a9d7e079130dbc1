//! The hovered and the selected row.

use bevy::prelude::*;

/// The row under the pointer and the row in the inspector.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub struct Selection {
    /// The row under the pointer.
    pub hovered: Option<Entity>,
    /// The row that was clicked, or selected by an intent.
    pub selected: Option<Entity>,
}
