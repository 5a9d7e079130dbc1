//! The actions that panels return. A panel only pushes them; the shell carries them out.

use super::connect::ConnectAction;
use crate::{
    actions::Command,
    editor::SettingsRequest,
    messages::Intent,
    table::{ExportFormat, TableChange},
    views::ViewChange,
};
use model::{Backoff, RowKey, Status, theme::ThemeName};

/// An action that the user chose in a panel.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Passed on unchanged.
    Intent(Intent),
    /// A backoff set in the panel; passed on as `Intent::Tune`, at most once in `TuneDraft::PACE_SECS`.
    Tuned(Backoff),
    /// Opens or closes the connection popover.
    TogglePopover,
    /// Closes the connection popover.
    ClosePopover,
    /// Shows or hides the legend.
    ToggleLegend,
    /// Dims all states but this one; none, if that is so already.
    SoloState(Status),
    /// Adds a state to those that are not dimmed, or removes it from them.
    ToggleState(Status),
    /// Dims no state.
    ShowAllStates,
    /// Opens or closes the help card with the key bindings.
    ToggleKeys,
    /// Opens or closes the palette.
    TogglePalette,
    /// Opens or closes the finder.
    ToggleFinder,
    /// Closes the finder; what it found stays lit.
    CloseFinder,
    /// Opens or closes the table.
    ToggleTable,
    /// Changes what the table shows.
    Table(TableChange),
    /// Copies the selected rows of the table, or all, as text for a spreadsheet.
    CopyTable,
    /// Saves the same rows in a file.
    Export(ExportFormat),
    /// Opens or closes the list of named views.
    ToggleViews,
    /// Renames or removes a named view.
    View(ViewChange),
    /// Opens or closes the settings window.
    ToggleSettings,
    /// Changes or saves settings.
    Settings(SettingsRequest),
    /// Shows the legend.
    ShowLegend,
    /// Removes the newest toast.
    DismissNewest,
    /// Opens or closes the event log.
    ToggleLog,
    /// Looks for rows by this text.
    Find(String),
    /// Selects a row and flies to it.
    Inspect(RowKey),
    /// Runs a command that was chosen in the palette, or by a button.
    Run(Command),
    /// Scrolls the connection details by so many pages, down if positive.
    ScrollPages(i32),
    /// Copies the selected row: its id, or its columns as JSON.
    CopyRow {
        /// All columns that are not masked.
        as_json: bool,
    },
    /// Opens the page of the selected row in a browser.
    OpenLink,
    /// Draws everything in another theme.
    UseTheme(ThemeName),
    /// An action on the card that connects a project.
    Connect(ConnectAction),
    /// Removes the toast with this number.
    Dismiss(u64),
}
