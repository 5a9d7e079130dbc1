//! `bevy_egui` sends egui the modifier keys in every frame, and egui requests another frame after every event: a window
//! would be drawn without end. Repeated events are removed.
//!
//! Seen in `bevy_egui` 0.42.0 (`write_egui_input_system`) with egui 0.36.2; obsolete when it writes them on change.

use bevy::prelude::*;
use bevy_egui::{EguiInput, EguiPreUpdateSet, egui};

/// The modifiers that egui received last.
#[derive(Component, Debug, Default, Clone, Copy)]
struct LastModifiers(egui::Modifiers);

pub(super) fn plugin(app: &mut App) {
    app.register_required_components::<EguiInput, LastModifiers>()
        .add_systems(
            PreUpdate,
            remove_repeated
                .after(EguiPreUpdateSet::ProcessInput)
                .before(EguiPreUpdateSet::BeginPass),
        );
}

fn remove_repeated(mut contexts: Query<(&mut EguiInput, &mut LastModifiers)>) {
    for (mut input, mut last) in &mut contexts {
        retain_changes(&mut input.events, &mut last.0);
    }
}

fn retain_changes(events: &mut Vec<egui::Event>, last: &mut egui::Modifiers) {
    events.retain(|event| match event {
        egui::Event::ModifiersChanged(now) => std::mem::replace(last, *now) != *now,
        // egui resets the modifiers when the focus changes.
        egui::Event::WindowFocused(_) => {
            *last = egui::Modifiers::NONE;
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
        let mut last = egui::Modifiers::NONE;
        let mut pass = |mut events: Vec<egui::Event>| {
            retain_changes(&mut events, &mut last);
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
