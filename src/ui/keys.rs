//! What each command does in the panels, and the help card that lists all bindings (`?`).

use egui::{Area, Context, Grid, Id, Order, RichText, ScrollArea, Ui};

use super::{Action, connect::ConnectAction, theme, theme::Tier};
use crate::{
    actions::{BINDINGS, Command},
    messages::Intent,
};

/// What of the screen's height is left above and below the card with its heading, points.
const ROOM_AROUND: f32 = 120.0;

/// What commands act on.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyContext {
    /// The palette is open; `Esc` closes it first.
    pub palette_open: bool,
    /// The finder is open; `Esc` closes it with the palette.
    pub finder_open: bool,
    /// The help card is open; `Esc` closes it second.
    pub keys_open: bool,
    /// The settings window is open; `Esc` closes it with the help card.
    pub settings_open: bool,
    /// The list of named views is open; `Esc` closes it with the help card.
    pub views_open: bool,
    /// The card that connects a project is open; `Esc` closes it third.
    pub connect_open: bool,
    /// A project can be connected.
    pub can_connect: bool,
    /// A list of choices is open; `Esc` closes it and nothing else.
    pub menu_open: bool,
    /// The connection popover is open; `Esc` closes it fourth.
    pub popover_open: bool,
    /// The event log is open; `Esc` closes it after the popover.
    pub log_open: bool,
    /// The table is open; `Esc` closes it after the event log.
    pub table_open: bool,
    /// A row is selected; `Esc` ends the selection fifth.
    pub selected: bool,
    /// Rows are looked for while the finder is closed; `Esc` ends that sixth.
    pub searching: bool,
    /// Some states are dimmed; `Esc` ends that last.
    pub filtered: bool,
    /// The connection is live, so that there is nothing to reconnect.
    pub live: bool,
}

/// What a command does in the panels; `None` for one of the scene, and where there is nothing to do.
pub fn action(command: Command, state: KeyContext) -> Option<Action> {
    Some(match command {
        Command::TogglePalette => Action::TogglePalette,
        Command::ToggleFinder => Action::ToggleFinder,
        Command::ToggleConnection => Action::TogglePopover,
        Command::ConnectProject => return state.can_connect.then_some(Action::Connect(ConnectAction::Toggle)),
        Command::ToggleLog => Action::ToggleLog,
        Command::ToggleTable => Action::ToggleTable,
        Command::ToggleViews => Action::ToggleViews,
        Command::ToggleSettings => Action::ToggleSettings,
        Command::DismissToast => Action::DismissNewest,
        Command::ToggleLegend => Action::ToggleLegend,
        Command::ToggleHelp => Action::ToggleKeys,
        Command::Reconnect => return (!state.live).then_some(Action::Intent(Intent::Reconnect)),
        Command::Disconnect => Action::Intent(Intent::Disconnect),
        Command::ShowOnly(status) => Action::SoloState(status),
        Command::ShowAllStates => Action::ShowAllStates,
        Command::PageUp | Command::PageDown => {
            let pages = if command == Command::PageUp { -1 } else { 1 };
            return state.popover_open.then_some(Action::ScrollPages(pages));
        }
        Command::CopyId | Command::CopyJson => {
            return state.selected.then_some(Action::CopyRow {
                as_json: command == Command::CopyJson,
            });
        }
        Command::OpenLink => return state.selected.then_some(Action::OpenLink),
        Command::UseTheme(theme) => Action::UseTheme(theme),
        Command::Close => return close(state),
        Command::NextConcern
        | Command::PreviousConcern
        | Command::NextBlocked
        | Command::NextWaiting
        | Command::NextMatch
        | Command::PreviousMatch
        | Command::HideOthers
        | Command::ShowView(_)
        | Command::SaveView(_)
        | Command::StepLeft
        | Command::StepRight
        | Command::StepUp
        | Command::StepDown
        | Command::Follow
        | Command::Forward
        | Command::PanLeft
        | Command::PanRight
        | Command::PanUp
        | Command::PanDown
        | Command::ZoomIn
        | Command::ZoomOut
        | Command::FlyTo
        | Command::ShowAll
        | Command::PreviousBlock
        | Command::NextBlock
        | Command::Back => return None,
    })
}

/// Closes the topmost of what is open; then deselects; then shows all states.
fn close(state: KeyContext) -> Option<Action> {
    let steps = [
        // A list of choices closes itself.
        (state.menu_open, None),
        (state.palette_open, Some(Action::TogglePalette)),
        (state.finder_open, Some(Action::ToggleFinder)),
        (state.keys_open, Some(Action::ToggleKeys)),
        (state.settings_open, Some(Action::ToggleSettings)),
        (state.views_open, Some(Action::ToggleViews)),
        (state.connect_open, Some(Action::Connect(ConnectAction::Close))),
        (state.popover_open, Some(Action::ClosePopover)),
        (state.log_open, Some(Action::ToggleLog)),
        (state.table_open, Some(Action::ToggleTable)),
        (state.selected, Some(Action::Intent(Intent::Select(None)))),
        (state.searching, Some(Action::Find(String::new()))),
        (state.filtered, Some(Action::ShowAllStates)),
    ];
    let open = steps.into_iter().find(|(is_open, _)| *is_open);
    open.and_then(|(_, action)| action)
}

/// The card in the middle of the screen.
pub(crate) fn keys_area(ctx: &Context, actions: &mut Vec<Action>) {
    Area::new(Id::new("keys"))
        .order(Order::Foreground)
        .pivot(egui::Align2::CENTER_CENTER)
        .fixed_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| keys_ui(ui, actions));
        });
}

/// The card's contents.
pub(crate) fn keys_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.set_width(620.0_f32.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    ui.horizontal(|ui| {
        ui.label(
            RichText::new("Keys")
                .font(Tier::Name.font(ui))
                .color(theme::of(ui).text),
        );
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if super::close_button(ui, "Close help").clicked() {
                actions.push(Action::ToggleKeys);
            }
        });
    });
    let room = ui.ctx().content_rect().height() - ROOM_AROUND;
    ScrollArea::vertical().max_height(room).show(ui, |ui| {
        Grid::new("keys")
            .num_columns(2)
            .min_row_height(20.0)
            .spacing([24.0, 4.0])
            .show(ui, |ui| {
                for binding in BINDINGS {
                    let keys = RichText::new(binding.shown_keys()).font(Tier::Mono.font(ui));
                    ui.label(keys.color(theme::of(ui).text));
                    ui.label(RichText::new(binding.does).color(theme::of(ui).muted));
                    ui.end_row();
                }
            });
    });
}
