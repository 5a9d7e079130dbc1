//! egui: theme, header, badge, connection popover, toasts, banner.

use bevy::prelude::*;

/// The panels, aggregated.
pub fn plugin(app: &mut App) {
    let _ = app;
}
