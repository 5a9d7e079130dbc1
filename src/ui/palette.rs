//! The palette: all commands, found by typing. It lists what `actions` defines and runs what is chosen.

use egui::{
    Align, Align2, Area, Context, Id, Key, Layout, Order, Rect, RichText, ScrollArea, TextEdit, Ui, pos2, vec2,
};

use super::{Action, theme, theme::Tier, widgets};
use crate::actions::{Command, matching};

/// Lines that are shown at once, and letters that are read.
const SHOWN: usize = 9;
const MOST_TYPED: usize = 60;
/// Width on a desk, points.
const WIDTH: f32 = 460.0;

/// What was typed, and which line is chosen.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Palette {
    /// What was typed.
    pub typed: String,
    /// The chosen line.
    pub at: usize,
    /// Whether the field has had the keyboard: it takes it once.
    is_begun: bool,
}

/// The palette near the upper edge of the scene.
pub(crate) fn palette_area(ctx: &Context, palette: &mut Palette, scene: Rect, actions: &mut Vec<Action>) {
    let corner = pos2(scene.center().x, scene.top() + scene.height() * 0.12);
    Area::new(Id::new("palette"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(corner)
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| palette_ui(ui, palette, actions));
        });
}

/// The palette's contents.
pub fn palette_ui(ui: &mut Ui, palette: &mut Palette, actions: &mut Vec<Action>) {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    let field = TextEdit::singleline(&mut palette.typed)
        .hint_text("What to do")
        .char_limit(MOST_TYPED)
        .font(Tier::Name.font(ui))
        .margin(vec2(8.0, 6.0))
        .desired_width(f32::INFINITY);
    // The arrows choose a line; they would move the cursor in the field.
    let steps = widgets::arrow_steps(ui);
    let field = ui.add(field);
    if !palette.is_begun {
        field.request_focus();
        palette.is_begun = true;
    }
    if field.changed() {
        palette.at = 0;
    }
    let found = matching(&palette.typed);
    let last = found.len().saturating_sub(1);
    palette.at = palette.at.saturating_add_signed(steps).min(last);
    let (runs, closes) = ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
    if closes {
        actions.push(Action::TogglePalette);
    } else if let Some(command) = found.get(palette.at).filter(|_| runs) {
        actions.extend([Action::TogglePalette, Action::Run(*command)]);
    } else if field.lost_focus() && palette.is_begun && !ui.input(|input| input.pointer.any_down()) {
        field.request_focus();
    }
    if found.is_empty() {
        ui.label(RichText::new("No command has these words.").color(theme::of(ui).muted));
        return;
    }
    let height = Tier::Body.font(ui).size * 1.8;
    ScrollArea::vertical()
        .max_height(height * SHOWN as f32)
        .auto_shrink([false, true])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (at, command) in found.iter().enumerate() {
                line_ui(ui, *command, height, at == palette.at, steps != 0, actions);
            }
        });
}

fn line_ui(ui: &mut Ui, command: Command, height: f32, is_chosen: bool, has_moved: bool, actions: &mut Vec<Action>) {
    let title = command.title();
    let (line, mut row) = widgets::choice(ui, height, &title, is_chosen);
    let inks = theme::of(&row);
    row.label(RichText::new(title).color(inks.text));
    row.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let keys = RichText::new(command.keys())
            .font(Tier::Mono.font(ui))
            .color(inks.muted);
        ui.label(keys);
    });
    if is_chosen && has_moved {
        line.scroll_to_me(None);
    }
    if line.clicked() {
        actions.extend([Action::TogglePalette, Action::Run(command)]);
    }
}
