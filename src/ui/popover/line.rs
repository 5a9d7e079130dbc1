//! Lines of the popover: cells of fixed widths in ems, so that all its blocks share the same columns at every text size.

use egui::{Align, FontId, Label, Layout, Response, RichText, Ui, vec2};

use crate::ui::{theme, theme::Tier};

/// Width of a name, in ems of the body's font, as are the other widths.
pub(super) const NAME_EMS: f32 = 7.8;
/// Width of an age.
pub(super) const AGE_EMS: f32 = 3.2;
/// Width of an icon.
pub(super) const ICON_EMS: f32 = 1.2;

/// Size of the body's font, points.
pub(super) fn em(ui: &Ui) -> f32 {
    Tier::Body.font(ui).size
}

/// Height of a line of text, points.
pub(super) fn height(ui: &Ui) -> f32 {
    (em(ui) * 1.4).round()
}

/// A cell of `ems` width whose contents begin at its left, or end at its right.
pub(super) fn cell<R>(ui: &mut Ui, ems: f32, align: Align, add: impl FnOnce(&mut Ui) -> R) -> R {
    let size = vec2(em(ui) * ems, height(ui));
    let layout = match align {
        Align::Max => Layout::right_to_left(Align::TOP),
        Align::Min | Align::Center => Layout::left_to_right(Align::TOP),
    };
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_width(size.x);
        ui.set_min_height(size.y);
        add(ui)
    })
    .inner
}

/// One line of cells, as high as its highest.
pub(super) fn line<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().interact_size.y = 0.0;
        ui.set_min_height(height(ui));
        add(ui)
    })
    .inner
}

/// A name and its value. A long value wraps within its own column.
pub(super) fn fact(ui: &mut Ui, name: &str, value: impl Into<String>) -> Response {
    line(ui, |ui| {
        cell(ui, NAME_EMS, Align::Min, |ui| muted(ui, name));
        text(ui, value)
    })
}

/// Words in the muted ink, cut at the end of the line.
pub(super) fn muted(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.add(Label::new(RichText::new(text).color(theme::of(ui).muted)).truncate())
}

/// Words, wrapped.
pub(super) fn text(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.add(Label::new(RichText::new(text).color(theme::of(ui).text)).wrap())
}

/// The heading of a block: a little larger than its text, at every text size.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(em(ui) * 0.3);
    title(ui, text);
}

/// The same, in the flow of a line.
pub(super) fn title(ui: &mut Ui, text: &str) {
    let font = FontId::proportional((em(ui) * 1.2).round());
    ui.label(RichText::new(text).font(font).color(theme::of(ui).text));
}
