//! The reader of commands; `ui::keyboard` gives egui's controls their keys in the same way. Each press is judged by the
//! modifier keys that were down at that press: at few frames a second, a key and its modifier are often pressed and released
//! within one frame.

use bevy::{
    input::keyboard::{Key, KeyCode, KeyboardFocusLost, KeyboardInput},
    prelude::*,
};

use super::{Command, bindings};
use crate::messages::KeyboardInPanels;

/// Keys that count as held at the same time.
const MOST_HELD: usize = 16;

/// The modifier keys that are down.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Modifiers {
    /// Control; the command key of a Mac as well.
    pub(crate) ctrl: bool,
    /// Shift.
    pub(crate) shift: bool,
    /// Alt, without the one that types further signs.
    pub(crate) alt: bool,
}

impl Modifiers {
    /// Takes in what happened to a key, if it is one of them.
    pub(crate) fn follow(&mut self, input: &KeyboardInput) {
        let modifier = match input.key_code {
            KeyCode::ControlLeft | KeyCode::ControlRight | KeyCode::SuperLeft | KeyCode::SuperRight => &mut self.ctrl,
            KeyCode::ShiftLeft | KeyCode::ShiftRight => &mut self.shift,
            KeyCode::AltLeft => &mut self.alt,
            _ => return,
        };
        *modifier = input.state.is_pressed();
    }
}

/// A press of a key, as bindings are compared with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Press<'a> {
    /// Its place on the keyboard.
    pub(super) place: KeyCode,
    /// The sign that it types.
    pub(super) sign: Option<&'a str>,
    /// What was down then.
    pub(super) modifiers: Modifiers,
}

/// The keys that are down.
#[derive(Resource, Debug, Default)]
pub struct Keyboard {
    modifiers: Modifiers,
    held: Vec<KeyCode>,
    in_panels: bool,
}

impl Keyboard {
    /// Whether a key of this command is held down, and the scene has the keyboard.
    pub(crate) fn is_held(&self, command: Command) -> bool {
        if self.in_panels || self.modifiers.ctrl || self.modifiers.alt {
            return false;
        }
        bindings::places(command).any(|place| self.held.contains(&place))
    }

    /// Takes in what happened to a key; the command of a press.
    fn take(&mut self, input: &KeyboardInput, owner: Owner) -> Option<Command> {
        let is_down = input.state.is_pressed();
        self.modifiers.follow(input);
        self.held.retain(|held| *held != input.key_code);
        if !is_down {
            return None;
        }
        if self.held.len() < MOST_HELD {
            self.held.push(input.key_code);
        }
        let sign = match &input.logical_key {
            Key::Character(sign) => Some(sign.as_str()),
            _ => None,
        };
        let press = Press {
            place: input.key_code,
            sign,
            modifiers: self.modifiers,
        };
        bindings::command(press, owner, input.repeat)
    }
}

/// What the keyboard belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The scene: every command is valid.
    Scene,
    /// A control of a panel: arrows and the like are its own.
    Panel,
    /// A text field: no command is valid.
    Text,
}

pub(super) fn read(
    mut keyboard: ResMut<Keyboard>,
    in_panels: Res<KeyboardInPanels>,
    mut inputs: MessageReader<KeyboardInput>,
    mut lost: MessageReader<KeyboardFocusLost>,
    mut commands: MessageWriter<Command>,
) {
    let mut owner = match *in_panels {
        KeyboardInPanels { types: true, .. } => Owner::Text,
        KeyboardInPanels { focus: true, .. } => Owner::Panel,
        KeyboardInPanels { .. } => Owner::Scene,
    };
    keyboard.in_panels = owner != Owner::Scene;
    for input in inputs.read() {
        let Some(command) = keyboard.take(input, owner) else {
            continue;
        };
        commands.write(command);
        // The field that it opens has the keyboard from the next sign on.
        if command.opens_text() {
            owner = Owner::Text;
        }
    }
    if lost.read().count() > 0 {
        *keyboard = Keyboard::default();
    }
}

#[cfg(test)]
mod tests {
    use bevy::input::ButtonState;

    use super::*;

    fn input(place: KeyCode, sign: &str, state: ButtonState) -> KeyboardInput {
        KeyboardInput {
            key_code: place,
            logical_key: Key::Character(sign.into()),
            state,
            text: None,
            repeat: false,
            window: Entity::PLACEHOLDER,
        }
    }

    fn pressed(keys: &[(KeyCode, &str, bool)], owner: Owner) -> Vec<Command> {
        let mut keyboard = Keyboard::default();
        let state = |is_down: bool| match is_down {
            true => ButtonState::Pressed,
            false => ButtonState::Released,
        };
        let takes = keys
            .iter()
            .filter_map(|&(place, sign, is_down)| keyboard.take(&input(place, sign, state(is_down)), owner));
        takes.collect()
    }

    const CTRL: (KeyCode, &str) = (KeyCode::ControlLeft, "");

    #[test]
    fn a_press_has_the_modifiers_of_its_own_moment() {
        let (c, k) = (KeyCode::KeyC, KeyCode::KeyK);
        let within_a_frame = [(CTRL.0, "", true), (c, "c", true), (c, "c", false), (CTRL.0, "", false)];
        assert_eq!(pressed(&within_a_frame, Owner::Scene), [], "the copy of a text");
        let after = [(CTRL.0, "", true), (CTRL.0, "", false), (c, "c", true)];
        assert_eq!(pressed(&after, Owner::Scene), [Command::ToggleConnection]);
        let palette = [(CTRL.0, "", true), (k, "k", true), (CTRL.0, "", false), (k, "k", false)];
        assert_eq!(pressed(&palette, Owner::Scene), [Command::TogglePalette]);
        let shifted = [(KeyCode::ShiftLeft, "", true), (KeyCode::Tab, "", true)];
        assert_eq!(pressed(&shifted, Owner::Scene), [Command::PreviousConcern]);
    }

    #[test]
    fn other_layouts_have_their_signs_and_other_scripts_the_places() {
        let at = |place, sign| pressed(&[(place, sign, true)], Owner::Scene);
        assert_eq!(at(KeyCode::KeyJ, "c"), [Command::ToggleConnection], "Dvorak");
        assert_eq!(at(KeyCode::KeyC, "с"), [Command::ToggleConnection], "Cyrillic");
        assert_eq!(at(KeyCode::KeyC, "j"), []);
        assert_eq!(at(KeyCode::Minus, "?"), [Command::ToggleHelp], "with or without Shift");
    }

    #[test]
    fn what_has_the_keyboard_keeps_its_keys() {
        let keys = [(KeyCode::ArrowLeft, "", true), (KeyCode::KeyC, "c", true)];
        assert_eq!(
            pressed(&keys, Owner::Scene),
            [Command::StepLeft, Command::ToggleConnection]
        );
        assert_eq!(pressed(&keys, Owner::Panel), [Command::ToggleConnection]);
        assert_eq!(pressed(&keys, Owner::Text), []);
    }

    #[test]
    fn a_key_is_held_until_it_is_released() {
        let mut keyboard = Keyboard::default();
        keyboard.take(&input(KeyCode::ArrowUp, "", ButtonState::Pressed), Owner::Scene);
        assert!(keyboard.is_held(Command::StepUp) && !keyboard.is_held(Command::StepDown));
        keyboard.take(&input(KeyCode::ArrowUp, "", ButtonState::Released), Owner::Scene);
        assert!(!keyboard.is_held(Command::StepUp));
    }
}
