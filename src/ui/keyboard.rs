//! What the keyboard gives egui. It takes the place of the reader of bevy_egui, which gives all keys of a frame the modifiers
//! that are down at its end: at few frames a second, Ctrl+A would type an "a".

use bevy::{
    input::keyboard::{Key, KeyCode, KeyboardFocusLost, KeyboardInput},
    prelude::*,
};
use bevy_egui::{
    EguiClipboard, EguiContextSettings, EguiInputSet, PrimaryEguiContext,
    helpers::{bevy_to_egui_key, bevy_to_egui_physical_key},
    input::EguiInputEvent,
};
use egui::Event;

use crate::{actions::Modifiers, messages::KeyboardInPanels};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        PreUpdate,
        (take_over, write.run_if(resource_exists::<Messages<KeyboardInput>>)).in_set(EguiInputSet::ReadBevyMessages),
    );
}

fn take_over(mut contexts: Query<&mut EguiContextSettings, Added<EguiContextSettings>>) {
    for mut settings in &mut contexts {
        settings.input_system_settings.run_write_keyboard_input_messages_system = false;
    }
}

fn write(
    contexts: Query<Entity, With<PrimaryEguiContext>>,
    in_panels: Res<KeyboardInPanels>,
    mut inputs: MessageReader<KeyboardInput>,
    mut lost: MessageReader<KeyboardFocusLost>,
    mut modifiers: Local<Modifiers>,
    mut clipboard: ResMut<EguiClipboard>,
    mut events: MessageWriter<EguiInputEvent>,
) {
    for input in inputs.read() {
        modifiers.follow(input);
        let pasted = is_paste(input, *modifiers).then(|| clipboard.get_text()).flatten();
        for context in &contexts {
            let of_key = events_of(input, *modifiers, *in_panels).into_iter();
            let event = |event: Event| EguiInputEvent { context, event };
            events.write_batch(of_key.chain(pasted.clone().map(Event::Paste)).map(event));
        }
    }
    if lost.read().count() > 0 {
        *modifiers = Modifiers::default();
    }
}

fn is_paste(input: &KeyboardInput, modifiers: Modifiers) -> bool {
    input.state.is_pressed() && modifiers.ctrl && egui_key(input) == Some(egui::Key::V)
}

/// Its key; on a layout without Latin letters, that of its place.
fn egui_key(input: &KeyboardInput) -> Option<egui::Key> {
    bevy_to_egui_key(&input.logical_key).or_else(|| bevy_to_egui_physical_key(&input.key_code))
}

/// The events of a key. While the scene has the keyboard, Tab walks its rows, and F6 moves into the panels in its place.
fn events_of(input: &KeyboardInput, modifiers: Modifiers, in_panels: KeyboardInPanels) -> Vec<Event> {
    let mut events = Vec::new();
    let is_down = input.state.is_pressed();
    if is_down && !modifiers.ctrl && !modifiers.alt {
        match &input.logical_key {
            Key::Character(text) if !text.contains(char::is_control) => events.push(Event::Text(text.to_string())),
            Key::Space => events.push(Event::Text(" ".to_owned())),
            _ => {}
        }
    }
    let mut key = egui_key(input);
    let has_scene = !in_panels.focus && !in_panels.types;
    if has_scene && input.key_code == KeyCode::Tab {
        key = None;
    } else if input.key_code == KeyCode::F6 {
        key = Some(egui::Key::Tab);
    }
    let Some(key) = key else { return events };
    events.push(Event::Key {
        key,
        physical_key: bevy_to_egui_physical_key(&input.key_code),
        pressed: is_down,
        repeat: input.repeat,
        modifiers: egui::Modifiers {
            alt: modifiers.alt,
            ctrl: modifiers.ctrl,
            shift: modifiers.shift,
            mac_cmd: false,
            command: modifiers.ctrl,
        },
    });
    match key {
        egui::Key::C if is_down && modifiers.ctrl => events.push(Event::Copy),
        egui::Key::X if is_down && modifiers.ctrl => events.push(Event::Cut),
        _ => {}
    }
    events
}

#[cfg(test)]
mod tests {
    use bevy::input::ButtonState;

    use super::*;

    fn press(key_code: KeyCode, logical_key: Key) -> KeyboardInput {
        KeyboardInput {
            key_code,
            logical_key,
            state: ButtonState::Pressed,
            text: None,
            repeat: false,
            window: Entity::PLACEHOLDER,
        }
    }

    #[test]
    fn a_key_with_control_types_nothing_also_if_control_is_up_at_the_end_of_the_frame() {
        let mut modifiers = Modifiers::default();
        let control = press(KeyCode::ControlLeft, Key::Control);
        let up = KeyboardInput {
            state: ButtonState::Released,
            ..control.clone()
        };
        let letter = press(KeyCode::KeyA, Key::Character("a".into()));
        let within_a_frame = [control, letter.clone(), up, letter];
        let mut events = Vec::new();
        for input in &within_a_frame {
            modifiers.follow(input);
            events.push(events_of(input, modifiers, KeyboardInPanels::default()));
        }
        let is_text = |event: &Event| matches!(event, Event::Text(_));
        let is_with_control = |event: &Event| matches!(event, Event::Key { modifiers, .. } if modifiers.command);
        let [_, with, _, without] = events.try_into().expect("four");
        assert!(
            with.iter().any(is_with_control) && !with.iter().any(is_text),
            "{with:?}"
        );
        assert!(
            !without.iter().any(is_with_control) && without.iter().any(is_text),
            "{without:?}"
        );
    }

    #[test]
    fn tab_is_the_scenes_until_f6_moves_into_the_panels() {
        let is_tab = |event: &Event| {
            matches!(
                event,
                Event::Key {
                    key: egui::Key::Tab,
                    ..
                }
            )
        };
        let moves = |key_code, key, focus| {
            let in_panels = KeyboardInPanels { focus, types: false };
            let events = events_of(&press(key_code, key), Modifiers::default(), in_panels);
            events.iter().any(is_tab)
        };
        assert!(!moves(KeyCode::Tab, Key::Tab, false));
        assert!(moves(KeyCode::Tab, Key::Tab, true));
        assert!(moves(KeyCode::F6, Key::F6, false));
    }
}
