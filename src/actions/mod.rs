//! Everything that a user can do by a key or from the palette, each defined once: `Command` names it, `bindings` gives it
//! keys, and `keyboard` reads them. The help card, the palette, tooltips and the table in README.md are made from these.

mod bindings;
mod keyboard;

use std::borrow::Cow;

use bevy::{input::keyboard::KeyboardInput, prelude::*};

pub(crate) use bindings::BINDINGS;
pub use keyboard::Keyboard;
pub(crate) use keyboard::Modifiers;

use crate::frame::PointerSystems;
use model::{Status, theme::ThemeName};

/// Something that a user can do. Written by the keyboard and the palette, carried out by the panels and the camera.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Opens or closes the palette, which lists all commands.
    TogglePalette,
    /// Opens or closes the finder.
    ToggleFinder,
    /// Opens or closes the connection details.
    ToggleConnection,
    /// Opens or closes the card that connects a project.
    ConnectProject,
    /// Connects anew; while the connection is live, nothing.
    Reconnect,
    /// Closes the connection and stays offline.
    Disconnect,
    /// Opens or closes the event log.
    ToggleLog,
    /// Opens or closes the table.
    ToggleTable,
    /// Removes the newest toast.
    DismissToast,
    /// Opens or closes the list of named views.
    ToggleViews,
    /// Shows the view of this number, 1 to 9.
    ShowView(u8),
    /// Saves what is shown as the view of this number.
    SaveView(u8),
    /// Opens or closes the settings window.
    ToggleSettings,
    /// Shows or hides the legend.
    ToggleLegend,
    /// Shows or hides the card with the keys.
    ToggleHelp,
    /// Closes what is open, the topmost first; then deselects; then shows all states.
    Close,
    /// Scrolls the connection details up,
    PageUp,
    /// or down.
    PageDown,
    /// Dims all states but this one; none, if that is so already.
    ShowOnly(Status),
    /// Dims no state.
    ShowAllStates,
    /// Selects the next row in trouble and flies to it,
    NextConcern,
    /// or the previous one.
    PreviousConcern,
    /// Selects the next blocked row, the one that is blocked for the longest time first, and flies to it,
    NextBlocked,
    /// or the next one that waits for somebody.
    NextWaiting,
    /// Selects the next match of the finder and flies to it,
    NextMatch,
    /// or the previous one.
    PreviousMatch,
    /// Hides the rows that do not match, instead of dimming them; again, no longer.
    HideOthers,
    /// Copies the id of the selected row.
    CopyId,
    /// Copies the columns of the selected row, without masked ones, as JSON.
    CopyJson,
    /// Opens the page of the selected row in a browser.
    OpenLink,
    /// Draws scene and panels in another theme until the wall is closed.
    UseTheme(ThemeName),
    /// Selects the row left of the selected one; without one, moves the view,
    StepLeft,
    /// right of it,
    StepRight,
    /// above it,
    StepUp,
    /// or below it.
    StepDown,
    /// Keeps the selected agent in the middle; again, no longer.
    Follow,
    /// Moves the view left,
    PanLeft,
    /// right,
    PanRight,
    /// up,
    PanUp,
    /// or down.
    PanDown,
    /// Zooms in,
    ZoomIn,
    /// or out.
    ZoomOut,
    /// Flies to the selected or hovered row.
    FlyTo,
    /// Shows the whole fleet.
    ShowAll,
    /// Flies to the block before the present one, in reading order,
    PreviousBlock,
    /// or after it.
    NextBlock,
    /// Flies back to the view before the last flight, and to the row that was selected there,
    Back,
    /// or forward again.
    Forward,
}

impl Command {
    /// The commands that the palette lists, in order.
    pub(crate) fn listed() -> impl Iterator<Item = Self> {
        const FIRST: &[Command] = &[
            Command::ToggleFinder,
            Command::NextMatch,
            Command::PreviousMatch,
            Command::HideOthers,
            Command::NextConcern,
            Command::PreviousConcern,
            Command::NextBlocked,
            Command::NextWaiting,
            Command::FlyTo,
            Command::Follow,
            Command::ShowAll,
            Command::Back,
            Command::Forward,
            Command::NextBlock,
            Command::PreviousBlock,
            Command::ZoomIn,
            Command::ZoomOut,
            Command::CopyId,
            Command::CopyJson,
            Command::OpenLink,
            Command::ToggleConnection,
            Command::Reconnect,
            Command::Disconnect,
            Command::ConnectProject,
            Command::ToggleLog,
            Command::ToggleTable,
            Command::DismissToast,
            Command::ToggleViews,
            Command::ToggleSettings,
            Command::ToggleLegend,
            Command::ToggleHelp,
        ];
        (FIRST.iter().copied())
            .chain(Status::ALL.into_iter().map(Self::ShowOnly))
            .chain([Self::ShowAllStates])
            .chain((1..=9).map(Self::ShowView))
            .chain(ThemeName::ALL.into_iter().map(Self::UseTheme))
    }

    /// What it does, as the palette and tooltips say it.
    pub(crate) fn title(self) -> Cow<'static, str> {
        match self {
            Self::TogglePalette => "all commands".into(),
            Self::ToggleFinder => "find rows".into(),
            Self::ToggleConnection => "connection details".into(),
            Self::ConnectProject => "connect a project".into(),
            Self::Reconnect => "reconnect".into(),
            Self::Disconnect => "disconnect".into(),
            Self::ToggleLog => "event log".into(),
            Self::ToggleTable => "table of the rows".into(),
            Self::ToggleViews => "named views".into(),
            Self::ShowView(number) => format!("show view {number}").into(),
            Self::SaveView(number) => format!("save view {number}").into(),
            Self::DismissToast => "close the newest message".into(),
            Self::ToggleSettings => "settings".into(),
            Self::ToggleLegend => "show or hide the legend".into(),
            Self::ToggleHelp => "keys".into(),
            Self::Close => "close".into(),
            Self::PageUp => "scroll up".into(),
            Self::PageDown => "scroll down".into(),
            Self::ShowOnly(status) => format!("show only {}", status.word()).into(),
            Self::ShowAllStates => "show all states".into(),
            Self::NextConcern => "next row in trouble".into(),
            Self::PreviousConcern => "previous row in trouble".into(),
            Self::NextBlocked => "next blocked row".into(),
            Self::NextWaiting => "next row that waits for somebody".into(),
            Self::NextMatch => "next match of the finder".into(),
            Self::PreviousMatch => "previous match of the finder".into(),
            Self::HideOthers => "hide what does not match".into(),
            Self::CopyId => "copy the id of the selected row".into(),
            Self::CopyJson => "copy the selected row as JSON".into(),
            Self::OpenLink => "open the selected row in a browser".into(),
            Self::UseTheme(theme) => format!("theme: {}", theme.word()).into(),
            Self::StepLeft => "select the row at the left".into(),
            Self::StepRight => "select the row at the right".into(),
            Self::StepUp => "select the row above".into(),
            Self::StepDown => "select the row below".into(),
            Self::Follow => "follow the selected agent".into(),
            Self::PanLeft => "move left".into(),
            Self::PanRight => "move right".into(),
            Self::PanUp => "move up".into(),
            Self::PanDown => "move down".into(),
            Self::ZoomIn => "zoom in".into(),
            Self::ZoomOut => "zoom out".into(),
            Self::FlyTo => "fly to the selected row".into(),
            Self::ShowAll => "show the whole fleet".into(),
            Self::PreviousBlock => "previous block".into(),
            Self::NextBlock => "next block".into(),
            Self::Back => "back to the previous view".into(),
            Self::Forward => "forward to the next view".into(),
        }
    }

    /// Whether it opens a text field.
    fn opens_text(self) -> bool {
        matches!(self, Self::TogglePalette | Self::ToggleFinder)
    }

    /// Its keys as the palette and tooltips show them; empty without one.
    pub(crate) fn keys(self) -> String {
        let mut keys: Vec<String> = Vec::new();
        for key in bindings::chords(self).map(|chord| chord.shown()) {
            if !key.is_empty() && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys.join(", ")
    }
}

/// Commands whose title has the typed words in it, or their letters in order; the best first, and listed ones in their order.
pub(crate) fn matching(typed: &str) -> Vec<Command> {
    let typed = typed.trim().to_lowercase();
    let mut found: Vec<(u32, Command)> = Command::listed()
        .filter_map(|command| Some((closeness(&typed, &command.title().to_lowercase())?, command)))
        .collect();
    found.sort_by_key(|(closeness, _)| *closeness);
    found.into_iter().map(|(_, command)| command).collect()
}

/// How far a title is from what was typed: less is closer. `None` where a letter is missing.
fn closeness(typed: &str, title: &str) -> Option<u32> {
    if title.starts_with(typed) {
        return Some(0);
    }
    if title.split(' ').any(|word| word.starts_with(typed)) {
        return Some(1);
    }
    if title.contains(typed) || typed.split(' ').all(|word| title.contains(word)) {
        return Some(2);
    }
    let mut rest = title.chars();
    let mut skipped = 0;
    for letter in typed.chars().filter(|letter| *letter != ' ') {
        skipped += rest.by_ref().position(|other| other == letter)? as u32;
    }
    Some(3 + skipped)
}

/// Commands, and the keyboard that writes them. Scene and panels add it, whichever is there first.
pub(crate) struct ActionsPlugin;

impl Plugin for ActionsPlugin {
    fn build(&self, app: &mut App) {
        let has_keyboard = resource_exists::<Messages<KeyboardInput>>;
        app.add_message::<Command>()
            .init_resource::<Keyboard>()
            .add_systems(Update, keyboard::read.in_set(PointerSystems::Read).run_if(has_keyboard));
    }
}

/// Adds the plugin, unless it is there.
pub(crate) fn add(app: &mut App) {
    if !app.is_plugin_added::<ActionsPlugin>() {
        app.add_plugins(ActionsPlugin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_palette_finds_commands_by_words_and_by_letters() {
        assert_eq!(matching("").len(), Command::listed().count());
        assert_eq!(matching("reco").first(), Some(&Command::Reconnect));
        assert_eq!(matching("trouble next").first(), Some(&Command::NextConcern));
        assert_eq!(matching("only fail").first(), Some(&Command::ShowOnly(Status::Failed)));
        assert_eq!(matching("cjson").first(), Some(&Command::CopyJson));
        assert!(matching("xyz").is_empty());
    }

    #[test]
    fn titles_are_unlike_and_keys_are_shown() {
        let mut titles: Vec<_> = Command::listed().map(Command::title).collect();
        titles.sort();
        let count = titles.len();
        titles.dedup();
        assert_eq!(titles.len(), count);
        assert_eq!(Command::Reconnect.keys(), "R");
        assert_eq!(Command::TogglePalette.keys(), "Ctrl+K");
        assert_eq!(Command::PreviousConcern.keys(), "Shift+Tab");
        assert_eq!(Command::Disconnect.keys(), "");
    }
}
