//! The key bindings: one table, from which the help card, the table in README.md and the systems that read the keyboard are
//! derived. To add a key, add its line here and the arm of its action, which the compiler requires.

use bevy::{
    ecs::system::SystemParam,
    input::keyboard::Key as PrintedKey,
    prelude::{ButtonInput, KeyCode, Res},
};
use egui::{Context, Key};

use crate::messages::KeyboardInPanels;

/// What a key does in the panels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PanelKey {
    ToggleConnection,
    ConnectProject,
    Reconnect,
    ToggleLegend,
    ToggleHelp,
    /// Closes what is open, the topmost first; then deselects; then shows all states.
    Close,
    PageUp,
    PageDown,
}

/// What a key does in the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SceneKey {
    PanLeft,
    PanRight,
    PanUp,
    PanDown,
    ZoomIn,
    ZoomOut,
    /// Flies to the selected or hovered row.
    FlyTo,
    ShowAll,
    /// Flies to the block before the present one, in reading order.
    PreviousBlock,
    /// Flies to the next block.
    NextBlock,
    /// Flies back to the view before the last flight.
    Back,
}

/// When a binding is valid. No binding is valid while text is typed or while a modifier key is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Always,
    /// While no changes arrive.
    Offline,
    /// While the connection details are open.
    Details,
    /// Unless a panel has the keyboard.
    Scene,
    /// Handled by egui's own controls.
    Controls,
    /// Not a key: a gesture of the pointer.
    Pointer,
}

/// How a key of the scene is recognised.
#[derive(Debug, Clone, Copy)]
enum SceneInput {
    /// By its place on the keyboard.
    Place(KeyCode),
    /// By the sign that it types, wherever the layout has it.
    Sign(&'static str),
}
use SceneInput::{Place, Sign};

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The keys, each between backticks, and the gestures that do the same.
    keys: &'static str,
    /// What they do, for the help card and README.md.
    pub(crate) does: &'static str,
    /// What README.md adds to it; may be empty.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only the test that compares README.md reads it")
    )]
    more: &'static str,
    /// Where its keys are read.
    pub(crate) scope: Scope,
    panel: &'static [(Key, PanelKey)],
    scene: &'static [(SceneInput, SceneKey)],
}

/// All bindings and gestures, in the order in which they are listed.
pub(crate) const BINDINGS: [Binding; 16] = [
    Binding {
        keys: "`C`",
        does: "connection details",
        more: ", also by a click on the badge: state, tables, checks, events, **Reconnect**, **Disconnect**, the backoff",
        scope: Scope::Always,
        panel: &[(Key::C, PanelKey::ToggleConnection)],
        scene: &[],
    },
    Binding {
        keys: "`P`",
        does: "connect a project",
        more: ": its URL and key are entered, its tables found and shown, and `opswall.toml` written; not in a kiosk",
        scope: Scope::Always,
        panel: &[(Key::P, PanelKey::ConnectProject)],
        scene: &[],
    },
    Binding {
        keys: "`R`",
        does: "reconnect (when offline)",
        more: "",
        scope: Scope::Offline,
        panel: &[(Key::R, PanelKey::Reconnect)],
        scene: &[],
    },
    Binding {
        keys: "`L`",
        does: "show or hide the legend",
        more: "",
        scope: Scope::Always,
        panel: &[(Key::L, PanelKey::ToggleLegend)],
        scene: &[],
    },
    Binding {
        keys: "`?`",
        does: "this help",
        more: "",
        scope: Scope::Always,
        panel: &[(Key::Questionmark, PanelKey::ToggleHelp)],
        scene: &[],
    },
    Binding {
        keys: "`Esc`",
        does: "close, deselect, then show all states",
        more: "",
        scope: Scope::Always,
        panel: &[(Key::Escape, PanelKey::Close)],
        scene: &[],
    },
    Binding {
        keys: "click a counter",
        does: "show only this state",
        more: ", all others are dimmed; again: all. With `Shift`: add this state, or remove it",
        scope: Scope::Pointer,
        panel: &[],
        scene: &[],
    },
    Binding {
        keys: "click",
        does: "inspect a row",
        more: "; what it waits for, what waits for it, its whole and its parts stay lit, everything else is dimmed",
        scope: Scope::Pointer,
        panel: &[],
        scene: &[],
    },
    Binding {
        keys: "double click, `F`",
        does: "fly to the row",
        more: "; to a block so that its tiles can be read",
        scope: Scope::Scene,
        panel: &[],
        scene: &[(Place(KeyCode::KeyF), SceneKey::FlyTo)],
    },
    Binding {
        keys: "`[`, `]`",
        does: "fly to the previous, the next block",
        more: "",
        scope: Scope::Scene,
        panel: &[],
        scene: &[
            (Sign("["), SceneKey::PreviousBlock),
            (Place(KeyCode::BracketLeft), SceneKey::PreviousBlock),
            (Sign("]"), SceneKey::NextBlock),
            (Place(KeyCode::BracketRight), SceneKey::NextBlock),
        ],
    },
    Binding {
        keys: "`0`, `Home`",
        does: "show the whole fleet",
        more: "; another view is restored after a restart",
        scope: Scope::Scene,
        panel: &[],
        scene: &[
            (Place(KeyCode::Digit0), SceneKey::ShowAll),
            (Place(KeyCode::Numpad0), SceneKey::ShowAll),
            (Place(KeyCode::Home), SceneKey::ShowAll),
        ],
    },
    Binding {
        keys: "`Backspace`",
        does: "back to the previous view",
        more: "",
        scope: Scope::Scene,
        panel: &[],
        scene: &[(Place(KeyCode::Backspace), SceneKey::Back)],
    },
    Binding {
        keys: "drag, arrows, `WASD`",
        does: "move",
        more: "",
        scope: Scope::Scene,
        panel: &[],
        scene: &[
            (Place(KeyCode::ArrowLeft), SceneKey::PanLeft),
            (Place(KeyCode::KeyA), SceneKey::PanLeft),
            (Place(KeyCode::ArrowRight), SceneKey::PanRight),
            (Place(KeyCode::KeyD), SceneKey::PanRight),
            (Place(KeyCode::ArrowUp), SceneKey::PanUp),
            (Place(KeyCode::KeyW), SceneKey::PanUp),
            (Place(KeyCode::ArrowDown), SceneKey::PanDown),
            (Place(KeyCode::KeyS), SceneKey::PanDown),
        ],
    },
    Binding {
        keys: "wheel, `+`, `-`",
        does: "zoom",
        more: "; the wheel at the pointer, the keys at the middle",
        scope: Scope::Scene,
        panel: &[],
        scene: &[
            (Place(KeyCode::Equal), SceneKey::ZoomIn),
            (Place(KeyCode::NumpadAdd), SceneKey::ZoomIn),
            (Sign("+"), SceneKey::ZoomIn),
            (Place(KeyCode::Minus), SceneKey::ZoomOut),
            (Place(KeyCode::NumpadSubtract), SceneKey::ZoomOut),
            (Sign("-"), SceneKey::ZoomOut),
        ],
    },
    Binding {
        keys: "`Page ↑`, `Page ↓`",
        does: "scroll the connection details",
        more: "",
        scope: Scope::Details,
        panel: &[(Key::PageUp, PanelKey::PageUp), (Key::PageDown, PanelKey::PageDown)],
        scene: &[],
    },
    Binding {
        keys: "`Tab`, `Enter`",
        does: "move between controls, activate",
        more: "",
        scope: Scope::Controls,
        panel: &[],
        scene: &[],
    },
];

impl Binding {
    /// The keys as the help card shows them.
    pub(crate) fn shown_keys(&self) -> String {
        self.keys.replace('`', "")
    }
}

/// The panels' keys that were pressed in this frame, of the scopes that are valid now.
pub(crate) fn pressed_in_panels(ctx: &Context, is_valid: impl Fn(Scope) -> bool) -> Vec<PanelKey> {
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    let valid = BINDINGS.iter().filter(|binding| is_valid(binding.scope));
    valid
        .flat_map(|binding| binding.panel)
        .filter(|(key, _)| presses(ctx, *key) > 0)
        .map(|(_, action)| *action)
        .collect()
}

impl PanelKey {
    /// How often its key was pressed in this frame; a key that is held repeats.
    pub(crate) fn presses(self, ctx: &Context) -> usize {
        let all = BINDINGS.iter().flat_map(|binding| binding.panel);
        let own = all.filter(|(_, action)| *action == self);
        own.map(|(key, _)| presses(ctx, *key)).sum()
    }
}

fn presses(ctx: &Context, key: Key) -> usize {
    ctx.input(|input| {
        // Most keyboards need Shift for the question mark.
        let is_bare = !input.modifiers.any() || key == Key::Questionmark;
        if is_bare { input.num_presses(key) } else { 0 }
    })
}

impl SceneKey {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::PanLeft,
        Self::PanRight,
        Self::PanUp,
        Self::PanDown,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::FlyTo,
        Self::ShowAll,
        Self::PreviousBlock,
        Self::NextBlock,
        Self::Back,
    ];

    fn inputs(self) -> impl Iterator<Item = SceneInput> {
        let all = BINDINGS.iter().flat_map(|binding| binding.scene);
        all.filter(move |(_, action)| *action == self).map(|(input, _)| *input)
    }
}

/// The keyboard as the scene reads it.
#[derive(Debug, SystemParam)]
pub(crate) struct SceneKeyboard<'w> {
    places: Option<Res<'w, ButtonInput<KeyCode>>>,
    signs: Option<Res<'w, ButtonInput<PrintedKey>>>,
    in_panels: Res<'w, KeyboardInPanels>,
}

const MODIFIERS: [KeyCode; 6] = [
    KeyCode::ControlLeft,
    KeyCode::ControlRight,
    KeyCode::AltLeft,
    KeyCode::AltRight,
    KeyCode::SuperLeft,
    KeyCode::SuperRight,
];

impl SceneKeyboard<'_> {
    /// The keyboard, unless it belongs to the panels or to the desktop at this moment.
    fn own(&self) -> Option<&ButtonInput<KeyCode>> {
        let places = self.places.as_deref().filter(|_| !self.in_panels.0)?;
        (!places.any_pressed(MODIFIERS)).then_some(places)
    }

    /// The actions whose keys went down in this frame, each once.
    pub(crate) fn just_pressed(&self) -> impl Iterator<Item = SceneKey> {
        let places = self.own();
        SceneKey::ALL.into_iter().filter(move |action| {
            places.is_some_and(|places| {
                action.inputs().any(|input| match input {
                    Place(code) => places.just_pressed(code),
                    Sign(sign) => self.just_typed(sign),
                })
            })
        })
    }

    /// Whether a key of this action is held down.
    pub(crate) fn is_held(&self, action: SceneKey) -> bool {
        self.own().is_some_and(|places| {
            action
                .inputs()
                .any(|input| matches!(input, Place(code) if places.pressed(code)))
        })
    }

    fn just_typed(&self, sign: &str) -> bool {
        let is_sign = |key: &PrintedKey| matches!(key, PrintedKey::Character(text) if text == sign);
        self.signs.iter().any(|signs| signs.get_just_pressed().any(is_sign))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The line of the table in README.md.
    fn readme_line(binding: &Binding) -> String {
        format!("| {} | {}{} |", binding.keys, binding.does, binding.more)
    }

    #[test]
    fn the_readme_lists_every_binding_in_this_order() {
        let readme = include_str!("../README.md");
        let (_, section) = readme.split_once("## On the wall").expect("the section");
        let listed: Vec<&str> = section
            .lines()
            .skip_while(|line| !line.starts_with("|--"))
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .collect();
        let expected: Vec<String> = BINDINGS.iter().map(readme_line).collect();
        assert_eq!(
            listed,
            expected,
            "write the table of README.md as:\n{}",
            expected.join("\n")
        );
    }

    #[test]
    fn no_key_has_two_actions_and_every_action_has_a_key() {
        let panel: Vec<_> = BINDINGS.iter().flat_map(|binding| binding.panel).collect();
        let keys: HashSet<_> = panel.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), panel.len());
        for action in SceneKey::ALL {
            assert!(action.inputs().count() > 0, "{action:?}");
        }
        let scene = BINDINGS.iter().flat_map(|binding| binding.scene);
        let inputs: Vec<_> = scene.map(|(input, _)| format!("{input:?}")).collect();
        assert_eq!(inputs.iter().collect::<HashSet<_>>().len(), inputs.len());
    }
}
