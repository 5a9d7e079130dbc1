//! The panels' part of the keyboard: the action of each key, and the help card that lists all bindings (`?`).

use egui::{Area, Context, Grid, Id, Order, RichText, Ui};

use super::{Action, connect::ConnectAction, theme, theme::Tier};
use crate::{
    key_bindings::{BINDINGS, PanelKey, Scope, pressed_in_panels},
    messages::Intent,
};

/// What the keys act on.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyContext {
    /// The help card is open; `Esc` closes it first.
    pub keys_open: bool,
    /// The card that connects a project is open; `Esc` closes it second.
    pub connect_open: bool,
    /// A project can be connected.
    pub can_connect: bool,
    /// A list of choices is open; `Esc` closes it and nothing else.
    pub menu_open: bool,
    /// The connection popover is open; `Esc` closes it third.
    pub popover_open: bool,
    /// A row is selected; `Esc` ends the selection fourth.
    pub selected: bool,
    /// Some states are dimmed; `Esc` ends that last.
    pub filtered: bool,
    /// The connection is live, so that there is nothing to reconnect.
    pub live: bool,
}

impl KeyContext {
    fn is_valid(self, scope: Scope) -> bool {
        match scope {
            Scope::Always => true,
            Scope::Offline => !self.live,
            Scope::Details => self.popover_open,
            Scope::Scene | Scope::Controls | Scope::Pointer => false,
        }
    }
}

/// Pushes the action of each binding whose key was pressed in this frame. Nothing while a text field has the focus.
pub fn read_keys(ctx: &Context, state: KeyContext, actions: &mut Vec<Action>) {
    for key in pressed_in_panels(ctx, |scope| state.is_valid(scope)) {
        let action = match key {
            PanelKey::ToggleConnection => Action::TogglePopover,
            PanelKey::ConnectProject if state.can_connect => Action::Connect(ConnectAction::Toggle),
            PanelKey::ConnectProject => continue,
            PanelKey::ToggleLegend => Action::ToggleLegend,
            PanelKey::ToggleHelp => Action::ToggleKeys,
            PanelKey::Reconnect => Action::Intent(Intent::Reconnect),
            PanelKey::Close if state.menu_open => continue,
            PanelKey::Close if state.keys_open => Action::ToggleKeys,
            PanelKey::Close if state.connect_open => Action::Connect(ConnectAction::Close),
            PanelKey::Close if state.popover_open => Action::ClosePopover,
            PanelKey::Close if state.selected => Action::Intent(Intent::Select(None)),
            PanelKey::Close if state.filtered => Action::ShowAllStates,
            // The popover's scroll area reads the page keys itself.
            PanelKey::Close | PanelKey::PageUp | PanelKey::PageDown => continue,
        };
        actions.push(action);
    }
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
    ui.set_width(400.0);
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
    Grid::new("keys")
        .num_columns(2)
        .min_row_height(20.0)
        .spacing([24.0, 4.0])
        .show(ui, |ui| {
            for binding in &BINDINGS {
                let keys = RichText::new(binding.shown_keys()).font(Tier::Mono.font(ui));
                ui.label(keys.color(theme::of(ui).text));
                ui.label(RichText::new(binding.does).color(theme::of(ui).muted));
                ui.end_row();
            }
        });
}
