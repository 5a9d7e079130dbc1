//! The render layers of the scene.

use bevy::camera::visibility::RenderLayers;

/// The layer of the labels. Where the scene is drawn at a lower resolution, another camera draws them at the full one.
pub(crate) const LABELS: usize = 2;

/// What a camera sees that draws both the marks and the labels.
pub(crate) fn marks_and_labels() -> RenderLayers {
    RenderLayers::default().with(LABELS)
}
