//! `bevy_egui` tells egui the modifier keys anew in every frame, and egui wants another frame after every event: a window
//! would be drawn without end. What says nothing new is taken out.
//!
//! Seen in `bevy_egui` 0.42.0 (`write_egui_input_system`) with egui 0.36.2; obsolete when it writes them on change.

use bevy::prelude::*;
use bevy_egui::{EguiInput, EguiPreUpdateSet, egui};

/// What egui was told last.
#[derive(Component, Debug, Default, Clone, Copy)]
struct Told(egui::Modifiers);

pub(super) fn plugin(app: &mut App) {
    app.register_required_components::<EguiInput, Told>().add_systems(
        PreUpdate,
        tell_changes_only
            .after(EguiPreUpdateSet::ProcessInput)
            .before(EguiPreUpdateSet::BeginPass),
    );
}

fn tell_changes_only(mut contexts: Query<(&mut EguiInput, &mut Told)>) {
    for (mut input, mut told) in &mut contexts {
        only_changes(&mut input.events, &mut told.0);
    }
}

fn only_changes(events: &mut Vec<egui::Event>, told: &mut egui::Modifiers) {
    events.retain(|event| match event {
        egui::Event::ModifiersChanged(now) => std::mem::replace(told, *now) != *now,
        // Egui forgets them with the focus.
        egui::Event::WindowFocused(_) => {
            *told = egui::Modifiers::NONE;
            true
        }
        _ => true,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_told_once_and_nothing_else_is_lost() {
        let mut told = egui::Modifiers::NONE;
        let mut pass = |mut events: Vec<egui::Event>| {
            only_changes(&mut events, &mut told);
            events
        };
        let held = || egui::Event::ModifiersChanged(egui::Modifiers::SHIFT);
        let none = || egui::Event::ModifiersChanged(egui::Modifiers::NONE);
        assert!(pass(vec![none()]).is_empty(), "nothing is held at first");
        assert_eq!(pass(vec![egui::Event::Copy, held()]), [egui::Event::Copy, held()]);
        assert!(pass(vec![held()]).is_empty());
        assert_eq!(pass(vec![none()]), [none()]);
        assert_eq!(pass(vec![held()]), [held()]);
        let focus = || egui::Event::WindowFocused(false);
        assert_eq!(pass(vec![focus(), none()]), [focus()]);
        assert_eq!(pass(vec![held()]), [held()], "held again after the focus came back");
    }
}
