//! The order of one frame. The only place that orders across features: a system elsewhere says which set it is in,
//! never what it comes after.

use bevy::prelude::*;

/// The stages of one frame, in order (`Update`).
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameSystems {
    /// The worker's channels become messages.
    Receive,
    /// Messages become entities and components.
    Apply,
    /// Entities get their places.
    Place,
    /// Camera, flights, transitions.
    Animate,
    /// What is to be drawn is packed and handed to the renderer.
    Draw,
}

pub fn plugin(app: &mut App) {
    app.configure_sets(
        Update,
        (
            FrameSystems::Receive,
            FrameSystems::Apply,
            FrameSystems::Place,
            FrameSystems::Animate,
            FrameSystems::Draw,
        )
            .chain(),
    );
}
