//! The list of named views: shown by a click or its number, renamed, removed.

use egui::{Align, Align2, Area, Context, Id, Layout, Order, Rect, RichText, TextEdit, Ui, vec2};
use settings::saved_views::{MOST_NAME, NUMBERS, NamedView};

use super::{Action, format, theme, theme::Tier, widgets};
use crate::{
    actions::Command,
    views::{ViewChange, described},
};

/// Width on a desk, points.
const WIDTH: f32 = 420.0;

/// The list while it is open.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ViewList {
    /// The names as they are typed, by number.
    typed: Vec<(u8, String)>,
}

/// The list in the middle of the scene.
pub(crate) fn views_area(
    ctx: &Context,
    list: &mut ViewList,
    views: &dyn Fn(u8) -> Option<NamedView>,
    scene: Rect,
    actions: &mut Vec<Action>,
) {
    Area::new(Id::new("views"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_CENTER)
        .fixed_pos(scene.center())
        .constrain_to(scene)
        .show(ctx, |ui| {
            theme::plate(theme::of(ctx)).show(ui, |ui| views_ui(ui, list, views, actions));
        });
}

/// The list's contents.
pub fn views_ui(ui: &mut Ui, list: &mut ViewList, views: &dyn Fn(u8) -> Option<NamedView>, actions: &mut Vec<Action>) {
    ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 4.0 * theme::GAP));
    ui.horizontal(|ui| {
        ui.label(
            RichText::new("Views")
                .font(Tier::Name.font(ui))
                .color(theme::of(ui).text),
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if super::close_button(ui, "Close views").clicked() {
                actions.push(Action::ToggleViews);
            }
        });
    });
    for number in NUMBERS {
        ui.horizontal(|ui| {
            let key = RichText::new(number.to_string()).font(Tier::Mono.font(ui));
            ui.label(key.color(theme::of(ui).muted));
            match views(number) {
                Some(view) => view_ui(ui, list, number, &view, actions),
                None => {
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        save_ui(ui, number, "Save here", actions);
                    });
                }
            }
        });
    }
    let hint =
        "A view is where the camera looks, the states and the search, and the table. --view NAME begins with one.";
    let hint = RichText::new(hint).font(Tier::Small.font(ui));
    ui.add(egui::Label::new(hint.color(theme::of(ui).muted)).wrap());
}

fn save_ui(ui: &mut Ui, number: u8, word: &str, actions: &mut Vec<Action>) {
    let command = Command::SaveView(number);
    if ui.button(word).on_hover_text(widgets::hint(command)).clicked() {
        actions.push(Action::Run(command));
    }
}

fn view_ui(ui: &mut Ui, list: &mut ViewList, number: u8, view: &NamedView, actions: &mut Vec<Action>) {
    if !list.typed.iter().any(|(other, _)| *other == number) {
        list.typed.push((number, view.name.clone()));
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if super::close_button(ui, &format!("Remove view {number}")).clicked() {
            actions.push(Action::View(ViewChange::Remove(number)));
        }
        save_ui(ui, number, "Save anew", actions);
        let show = Command::ShowView(number);
        if ui.button("Show").on_hover_text(widgets::hint(show)).clicked() {
            actions.push(Action::Run(show));
        }
        let Some((_, typed)) = list.typed.iter_mut().find(|(other, _)| *other == number) else {
            return;
        };
        let field = TextEdit::singleline(typed)
            .hint_text(format::clean(&described(view), 40))
            .char_limit(MOST_NAME)
            .desired_width(ui.available_width());
        let field = ui.add(field.margin(vec2(6.0, 4.0)));
        if field.lost_focus() && *typed != view.name {
            actions.push(Action::View(ViewChange::Rename(number, typed.clone())));
        }
    });
}
