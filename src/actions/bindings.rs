//! The key bindings: one table, from which the help card, the table in README.md and the reader of the keyboard are made. To
//! add a key, add it here to the line of its command.

use bevy::prelude::KeyCode;

use model::Status;

use super::{
    Command,
    keyboard::{Owner, Press},
};

/// When the keys of a line are valid. None is valid while text is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Whatever has the keyboard.
    Always,
    /// Unless a control of a panel has the keyboard.
    Scene,
    /// Handled by egui's own controls.
    Controls,
    /// Not a key: a gesture of the pointer.
    Pointer,
}

/// How a key is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// By its place on the keyboard.
    Place(KeyCode),
    /// By the sign that it types, wherever the layout has it.
    Sign(&'static str),
    /// By its letter; on a layout of another script, by the place of that letter.
    Letter(&'static str, KeyCode),
}
use Key::{Letter, Place, Sign};

/// A key with the modifiers that must be down with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chord {
    key: Key,
    has_ctrl: bool,
    has_shift: bool,
    /// Whether it acts again while it is held.
    repeats: bool,
}

const fn key(key: Key) -> Chord {
    Chord {
        key,
        has_ctrl: false,
        has_shift: false,
        repeats: false,
    }
}

const fn letter(letter: &'static str, place: KeyCode) -> Chord {
    key(Letter(letter, place))
}

impl Chord {
    const fn with_ctrl(self) -> Self {
        Self { has_ctrl: true, ..self }
    }

    const fn with_shift(self) -> Self {
        Self {
            has_shift: true,
            ..self
        }
    }

    const fn repeating(self) -> Self {
        Self { repeats: true, ..self }
    }

    fn is(self, press: Press, is_repeat: bool) -> bool {
        let is_key = match self.key {
            Place(place) => press.place == place,
            Sign(sign) => press.sign == Some(sign),
            Letter(letter, place) => match press.sign.filter(|sign| sign.is_ascii()) {
                Some(sign) => sign.eq_ignore_ascii_case(letter),
                None => press.place == place,
            },
        };
        // A sign may need Shift on one layout and not on another.
        let is_shifted = press.modifiers.shift == self.has_shift || matches!(self.key, Sign(_));
        let has_others = press.modifiers.ctrl != self.has_ctrl || press.modifiers.alt;
        is_key && is_shifted && !has_others && (!is_repeat || self.repeats)
    }

    /// As the palette and tooltips show it; empty for a key that they do not name.
    pub(super) fn shown(self) -> String {
        let key = match self.key {
            Letter(letter, _) => letter.to_uppercase(),
            Sign(sign) => sign.to_owned(),
            Place(KeyCode::Tab) => "Tab".to_owned(),
            Place(KeyCode::Escape) => "Esc".to_owned(),
            Place(KeyCode::Home) => "Home".to_owned(),
            Place(KeyCode::Digit0) => "0".to_owned(),
            Place(KeyCode::Digit1) => "1".to_owned(),
            Place(KeyCode::Digit2) => "2".to_owned(),
            Place(KeyCode::Digit3) => "3".to_owned(),
            Place(KeyCode::Digit4) => "4".to_owned(),
            Place(KeyCode::Digit5) => "5".to_owned(),
            Place(KeyCode::Digit6) => "6".to_owned(),
            Place(KeyCode::Digit7) => "7".to_owned(),
            Place(KeyCode::Digit8) => "8".to_owned(),
            Place(KeyCode::Digit9) => "9".to_owned(),
            Place(KeyCode::Backspace) => "Backspace".to_owned(),
            // Twins of the others, and keys of commands that neither shows.
            Place(_) => return String::new(),
        };
        let ctrl = if self.has_ctrl { "Ctrl+" } else { "" };
        let shift = if self.has_shift { "Shift+" } else { "" };
        format!("{ctrl}{shift}{key}")
    }
}

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
    /// When its keys are valid.
    scope: Scope,
    commands: &'static [(Chord, Command)],
}

/// All bindings and gestures, in the order in which they are listed.
pub(crate) const BINDINGS: &[Binding] = &[
    Binding {
        keys: "`/`",
        does: "find rows",
        more: " by a few letters, or by a query (`state:failed age>10m`, [crates/query](crates/query/README.md)): matches stay lit, the camera flies to the best; `↑` `↓` choose, `Enter` inspects, `Tab` completes",
        scope: Scope::Always,
        commands: &[(key(Sign("/")), Command::ToggleFinder)],
    },
    Binding {
        keys: "`N`, `Shift+N`, `H`",
        does: "next, previous match of the finder; hide the others",
        more: "; `Esc` ends the search",
        scope: Scope::Always,
        commands: &[
            (letter("n", KeyCode::KeyN).repeating(), Command::NextMatch),
            (
                letter("n", KeyCode::KeyN).with_shift().repeating(),
                Command::PreviousMatch,
            ),
            (letter("h", KeyCode::KeyH), Command::HideOthers),
        ],
    },
    Binding {
        keys: "`Ctrl+K`",
        does: "all commands",
        more: ": what is typed finds one, `↑` `↓` choose, `Enter` runs it",
        scope: Scope::Always,
        commands: &[(letter("k", KeyCode::KeyK).with_ctrl(), Command::TogglePalette)],
    },
    Binding {
        keys: "`C`",
        does: "connection details",
        more: ", also by a click on the badge: state, tables, checks, events, **Reconnect**, **Disconnect**, the backoff",
        scope: Scope::Always,
        commands: &[(letter("c", KeyCode::KeyC), Command::ToggleConnection)],
    },
    Binding {
        keys: "`P`",
        does: "connect a project",
        more: ": its URL and key are entered, its tables found and shown, and `opswall.toml` written; not in a kiosk",
        scope: Scope::Always,
        commands: &[(letter("p", KeyCode::KeyP), Command::ConnectProject)],
    },
    Binding {
        keys: "`R`",
        does: "reconnect (when offline)",
        more: "",
        scope: Scope::Always,
        commands: &[(letter("r", KeyCode::KeyR), Command::Reconnect)],
    },
    Binding {
        keys: "`E`",
        does: "event log",
        more: ": what happened to rows and to the connection, newest first; a click inspects the row",
        scope: Scope::Always,
        commands: &[(letter("e", KeyCode::KeyE), Command::ToggleLog)],
    },
    Binding {
        keys: "`T`",
        does: "table of the rows",
        more: ": what the finder found, or all, sorted by a click on a heading; copied for a spreadsheet, saved as CSV or JSON lines",
        scope: Scope::Always,
        commands: &[(letter("t", KeyCode::KeyT), Command::ToggleTable)],
    },
    Binding {
        keys: "`1` to `9`, `Ctrl+1` to `Ctrl+9`, `V`",
        does: "show a named view, save one, list them",
        more: ": the camera, the chosen states, the search and the table; `--view NAME` begins with one",
        scope: Scope::Scene,
        commands: &[
            (letter("v", KeyCode::KeyV), Command::ToggleViews),
            (key(Place(KeyCode::Digit1)), Command::ShowView(1)),
            (key(Place(KeyCode::Digit2)), Command::ShowView(2)),
            (key(Place(KeyCode::Digit3)), Command::ShowView(3)),
            (key(Place(KeyCode::Digit4)), Command::ShowView(4)),
            (key(Place(KeyCode::Digit5)), Command::ShowView(5)),
            (key(Place(KeyCode::Digit6)), Command::ShowView(6)),
            (key(Place(KeyCode::Digit7)), Command::ShowView(7)),
            (key(Place(KeyCode::Digit8)), Command::ShowView(8)),
            (key(Place(KeyCode::Digit9)), Command::ShowView(9)),
            (key(Place(KeyCode::Digit1)).with_ctrl(), Command::SaveView(1)),
            (key(Place(KeyCode::Digit2)).with_ctrl(), Command::SaveView(2)),
            (key(Place(KeyCode::Digit3)).with_ctrl(), Command::SaveView(3)),
            (key(Place(KeyCode::Digit4)).with_ctrl(), Command::SaveView(4)),
            (key(Place(KeyCode::Digit5)).with_ctrl(), Command::SaveView(5)),
            (key(Place(KeyCode::Digit6)).with_ctrl(), Command::SaveView(6)),
            (key(Place(KeyCode::Digit7)).with_ctrl(), Command::SaveView(7)),
            (key(Place(KeyCode::Digit8)).with_ctrl(), Command::SaveView(8)),
            (key(Place(KeyCode::Digit9)).with_ctrl(), Command::SaveView(9)),
        ],
    },
    Binding {
        keys: "`,`",
        does: "settings",
        more: ": theme, motion, quality, type size, finished workflows, reconnecting; a change counts at once, **Save** writes it into `opswall.toml`; not in a kiosk",
        scope: Scope::Always,
        commands: &[(key(Sign(",")), Command::ToggleSettings)],
    },
    Binding {
        keys: "`X`",
        does: "close the newest message",
        more: "",
        scope: Scope::Always,
        commands: &[(letter("x", KeyCode::KeyX), Command::DismissToast)],
    },
    Binding {
        keys: "`L`",
        does: "show or hide the legend",
        more: "",
        scope: Scope::Always,
        commands: &[(letter("l", KeyCode::KeyL), Command::ToggleLegend)],
    },
    Binding {
        keys: "`?`",
        does: "this help",
        more: "",
        scope: Scope::Always,
        commands: &[(key(Sign("?")), Command::ToggleHelp)],
    },
    Binding {
        keys: "`Esc`",
        does: "close, deselect, then show all states",
        more: "",
        scope: Scope::Always,
        commands: &[(key(Place(KeyCode::Escape)), Command::Close)],
    },
    Binding {
        keys: "click a counter, `!`",
        does: "show only this state, only what failed",
        more: ": the others are dimmed; again: all. With `Shift`: add this state, or remove it",
        scope: Scope::Always,
        commands: &[(key(Sign("!")), Command::ShowOnly(Status::Failed))],
    },
    Binding {
        keys: "click",
        does: "inspect a row",
        more: "; what it waits for, what waits for it, its whole and its parts stay lit, everything else is dimmed",
        scope: Scope::Pointer,
        commands: &[],
    },
    Binding {
        keys: "`Shift`+click, `Shift`+drag",
        does: "select several rows",
        more: ": one by one, or all in a rectangle; the inspector shows what they have in common",
        scope: Scope::Pointer,
        commands: &[],
    },
    Binding {
        keys: "arrows",
        does: "select the row beside the selected one",
        more: "; without one, move the view",
        scope: Scope::Scene,
        commands: &[
            (key(Place(KeyCode::ArrowLeft)).repeating(), Command::StepLeft),
            (key(Place(KeyCode::ArrowRight)).repeating(), Command::StepRight),
            (key(Place(KeyCode::ArrowUp)).repeating(), Command::StepUp),
            (key(Place(KeyCode::ArrowDown)).repeating(), Command::StepDown),
        ],
    },
    Binding {
        keys: "`Tab`, `Shift+Tab`",
        does: "inspect the next, the previous row in trouble",
        more: ": what failed first, then what is blocked, then what waits for a person; of each, the one that changed last first",
        scope: Scope::Scene,
        commands: &[
            (key(Place(KeyCode::Tab)).repeating(), Command::NextConcern),
            (
                key(Place(KeyCode::Tab)).with_shift().repeating(),
                Command::PreviousConcern,
            ),
        ],
    },
    Binding {
        keys: "`B`, `M`",
        does: "inspect the next row that is blocked, that waits for somebody",
        more: "; the one that does so for the longest time first",
        scope: Scope::Always,
        commands: &[
            (letter("b", KeyCode::KeyB).repeating(), Command::NextBlocked),
            (letter("m", KeyCode::KeyM).repeating(), Command::NextWaiting),
        ],
    },
    Binding {
        keys: "`Y`, `Shift+Y`",
        does: "copy the id of the selected row, its columns as JSON",
        more: "; masked columns are left out",
        scope: Scope::Always,
        commands: &[
            (letter("y", KeyCode::KeyY), Command::CopyId),
            (letter("y", KeyCode::KeyY).with_shift(), Command::CopyJson),
        ],
    },
    Binding {
        keys: "`O`",
        does: "open the selected row in a browser",
        more: ", where its source has a `link` or it has a `url` column ([docs/schemas.md](docs/schemas.md))",
        scope: Scope::Always,
        commands: &[(letter("o", KeyCode::KeyO), Command::OpenLink)],
    },
    Binding {
        keys: "double click, `F`",
        does: "fly to the row",
        more: "; to a block so that its tiles can be read",
        scope: Scope::Scene,
        commands: &[(letter("f", KeyCode::KeyF), Command::FlyTo)],
    },
    Binding {
        keys: "`Shift+F`",
        does: "follow the selected agent",
        more: ": it stays in the middle until the view is moved; again: no longer",
        scope: Scope::Scene,
        commands: &[(letter("f", KeyCode::KeyF).with_shift(), Command::Follow)],
    },
    Binding {
        keys: "`[`, `]`",
        does: "fly to the previous, the next block",
        more: "",
        scope: Scope::Scene,
        commands: &[
            (key(Sign("[")).repeating(), Command::PreviousBlock),
            (key(Place(KeyCode::BracketLeft)).repeating(), Command::PreviousBlock),
            (key(Sign("]")).repeating(), Command::NextBlock),
            (key(Place(KeyCode::BracketRight)).repeating(), Command::NextBlock),
        ],
    },
    Binding {
        keys: "`0`, `Home`",
        does: "show the whole fleet",
        more: "; another view is restored after a restart",
        scope: Scope::Scene,
        commands: &[
            (key(Place(KeyCode::Digit0)), Command::ShowAll),
            (key(Place(KeyCode::Numpad0)), Command::ShowAll),
            (key(Place(KeyCode::Home)), Command::ShowAll),
        ],
    },
    Binding {
        keys: "`Backspace`, `Shift+Backspace`",
        does: "back to what was looked at before, forward again",
        more: ": the view and the selected row",
        scope: Scope::Scene,
        commands: &[
            (key(Place(KeyCode::Backspace)), Command::Back),
            (key(Place(KeyCode::Backspace)).with_shift(), Command::Forward),
        ],
    },
    Binding {
        keys: "drag, `WASD`",
        does: "move",
        more: "",
        scope: Scope::Scene,
        commands: &[
            (key(Place(KeyCode::KeyA)), Command::PanLeft),
            (key(Place(KeyCode::KeyD)), Command::PanRight),
            (key(Place(KeyCode::KeyW)), Command::PanUp),
            (key(Place(KeyCode::KeyS)), Command::PanDown),
        ],
    },
    Binding {
        keys: "wheel, `+`, `-`",
        does: "zoom",
        more: "; the wheel at the pointer, the keys at the middle",
        scope: Scope::Scene,
        commands: &[
            (key(Sign("+")).repeating(), Command::ZoomIn),
            (key(Place(KeyCode::Equal)).repeating(), Command::ZoomIn),
            (key(Place(KeyCode::NumpadAdd)).repeating(), Command::ZoomIn),
            (key(Sign("-")).repeating(), Command::ZoomOut),
            (key(Place(KeyCode::Minus)).repeating(), Command::ZoomOut),
            (key(Place(KeyCode::NumpadSubtract)).repeating(), Command::ZoomOut),
        ],
    },
    Binding {
        keys: "`Page ↑`, `Page ↓`",
        does: "scroll the connection details",
        more: "",
        scope: Scope::Always,
        commands: &[
            (key(Place(KeyCode::PageUp)).repeating(), Command::PageUp),
            (key(Place(KeyCode::PageDown)).repeating(), Command::PageDown),
        ],
    },
    Binding {
        keys: "`F6`, `Tab`, `Enter`",
        does: "move into the panels, between controls, activate",
        more: "; `Esc` moves out",
        scope: Scope::Controls,
        commands: &[],
    },
];

impl Binding {
    /// The keys as the help card shows them.
    pub(crate) fn shown_keys(&self) -> String {
        self.keys.replace('`', "")
    }
}

/// The command of a press, where one is valid for what has the keyboard.
pub(super) fn command(press: Press, owner: Owner, is_repeat: bool) -> Option<Command> {
    let is_valid = |scope: Scope| match owner {
        Owner::Scene => true,
        Owner::Panel => scope == Scope::Always,
        Owner::Text => false,
    };
    let valid = BINDINGS.iter().filter(|binding| is_valid(binding.scope));
    let mut all = valid.flat_map(|binding| binding.commands);
    let found = all.find(|(chord, _)| chord.is(press, is_repeat));
    found.map(|(_, command)| *command)
}

/// The keys of a command.
pub(super) fn chords(command: Command) -> impl Iterator<Item = Chord> {
    let all = BINDINGS.iter().flat_map(|binding| binding.commands);
    all.filter(move |(_, other)| *other == command).map(|(chord, _)| *chord)
}

/// The places of the keys of a command that are recognised by them.
pub(super) fn places(command: Command) -> impl Iterator<Item = KeyCode> {
    chords(command).filter_map(|chord| match chord.key {
        Place(place) | Letter(_, place) => Some(place),
        Sign(_) => None,
    })
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
        let readme = include_str!("../../README.md");
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
    fn no_key_has_two_commands() {
        let all: Vec<_> = BINDINGS.iter().flat_map(|binding| binding.commands).collect();
        let chords: HashSet<String> = all
            .iter()
            .map(|(chord, _)| format!("{:?} {} {}", chord.key, chord.has_ctrl, chord.has_shift))
            .collect();
        assert_eq!(chords.len(), all.len());
    }
}
