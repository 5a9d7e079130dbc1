//! The keyboard: what each key asks for, and the card that lists them (`?`).

use egui::{Area, Context, Grid, Id, Key, Order, RichText, Ui};

use super::{Action, theme, theme::Tier};
use crate::messages::Intent;

/// What the keys act on.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyContext {
    pub keys_open: bool,
    pub popover_open: bool,
    pub selected: bool,
    pub live: bool,
}

/// Every key and what it does, the scene's included.
pub const KEYS: [(&str, &str); 13] = [
    ("C", "connection details"),
    ("R", "reconnect, while nothing flows"),
    ("L", "legend"),
    ("?", "this card"),
    ("Esc", "close, then deselect"),
    ("click", "inspect a row"),
    ("double click, F", "fly to it"),
    ("0, Home", "show the whole fleet"),
    ("Backspace", "back to where you were"),
    ("drag, arrows", "move"),
    ("wheel, + −", "zoom"),
    ("Page ↑ ↓", "scroll the details"),
    ("Tab, Enter", "walk the panels, use one"),
];

/// Reads the keys of this frame. None of them while text is typed, or with a modifier held.
pub fn read_keys(ctx: &Context, state: KeyContext, actions: &mut Vec<Action>) {
    if ctx.text_edit_focused() {
        return;
    }
    let pressed = |key: Key| ctx.input(|input| input.key_pressed(key) && !input.modifiers.any());
    if pressed(Key::C) {
        actions.push(Action::TogglePopover);
    }
    if pressed(Key::L) {
        actions.push(Action::ToggleLegend);
    }
    if pressed(Key::R) && !state.live {
        actions.push(Action::Intent(Intent::Reconnect));
    }
    // Shift is part of it on most keyboards.
    if ctx.input(|input| input.key_pressed(Key::Questionmark)) {
        actions.push(Action::ToggleKeys);
    }
    if pressed(Key::Escape) {
        if state.keys_open {
            actions.push(Action::ToggleKeys);
        } else if state.popover_open {
            actions.push(Action::ClosePopover);
        } else if state.selected {
            actions.push(Action::Intent(Intent::Select(None)));
        }
    }
}

/// The card in the middle of the screen.
pub fn keys_area(ctx: &Context, actions: &mut Vec<Action>) {
    Area::new(Id::new("keys"))
        .order(Order::Foreground)
        .pivot(egui::Align2::CENTER_CENTER)
        .fixed_pos(ctx.content_rect().center())
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| keys_ui(ui, actions));
        });
}

/// The card's contents.
pub fn keys_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.set_width(330.0);
    ui.horizontal(|ui| {
        ui.label(
            RichText::new("Keys")
                .font(Tier::Name.font(ui))
                .color(theme::of(ui).text),
        );
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if super::close_button(ui, "Close keys").clicked() {
                actions.push(Action::ToggleKeys);
            }
        });
    });
    Grid::new("keys")
        .num_columns(2)
        .min_row_height(20.0)
        .spacing([24.0, 4.0])
        .show(ui, |ui| {
            for (key, does) in KEYS {
                ui.label(RichText::new(key).font(Tier::Mono.font(ui)).color(theme::of(ui).text));
                ui.label(RichText::new(does).color(theme::of(ui).muted));
                ui.end_row();
            }
        });
}
