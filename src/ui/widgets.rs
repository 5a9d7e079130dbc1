//! Small widgets that several panels use.

use egui::{
    Align, Context, Id, Key, Label, Layout, Modifiers, Rect, Response, RichText, Sense, Shape, Stroke, Ui, UiBuilder,
    Vec2, WidgetInfo, WidgetType, pos2, vec2,
};

use super::{format, theme, theme::Tier};
use crate::actions::Command;

/// A cross that closes something; `label` is its hover text and accessible name.
pub(super) fn close_button(ui: &mut Ui, label: &str) -> Response {
    let side = ui.spacing().interact_size.y;
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, label));
    if ui.data(|data| data.get_temp::<&'static str>(wanted_id())) == Some(label) {
        ui.data_mut(|data| data.remove::<&'static str>(wanted_id()));
        response.request_focus();
    }
    let ink = if response.hovered() || response.has_focus() {
        theme::of(ui).text
    } else {
        theme::of(ui).muted
    };
    if response.has_focus() {
        let edge = Stroke::new(1.5, theme::of(ui).selection);
        ui.painter()
            .rect_stroke(rect.shrink(2.0), 4.0, edge, egui::StrokeKind::Inside);
    }
    let arm = side * 0.2;
    for arm in [vec2(arm, arm), vec2(arm, -arm)] {
        ui.painter()
            .line_segment([rect.center() - arm, rect.center() + arm], Stroke::new(1.8, ink));
    }
    response.on_hover_text(label)
}

/// Lets the panel whose close button has this label take the keyboard when it is drawn next.
pub(super) fn focus_panel(ctx: &Context, close_label: &'static str) {
    ctx.data_mut(|data| data.insert_temp(wanted_id(), close_label));
}

/// Where the label of the close button is kept that takes the keyboard next.
fn wanted_id() -> Id {
    Id::new("close button to be focused")
}

/// Width of a name on a desk, points: it grows with the type.
const NAME_WIDTH: f32 = 104.0;

/// A name, and beside it what `contents` draws.
pub(super) fn named(ui: &mut Ui, growth: f32, name: &str, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        let width = NAME_WIDTH * growth;
        ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::left_to_right(Align::TOP), |ui| {
            ui.set_width(width);
            let name = RichText::new(name)
                .font(Tier::Small.font(ui))
                .color(theme::of(ui).muted);
            let label = ui.add(Label::new(name.clone()).truncate());
            label.on_hover_text(name);
        });
        let rest = ui.available_width().max(60.0);
        ui.allocate_ui_with_layout(vec2(rest, 0.0), Layout::top_down(Align::Min), |ui| {
            ui.set_width(rest);
            contents(ui);
        });
    });
}

/// What a button does, and the keys that do the same.
pub(super) fn hint(command: Command) -> String {
    let title = format::sentence(&command.title());
    let title = title.trim_end_matches('.');
    match command.keys() {
        keys if keys.is_empty() => title.to_owned(),
        keys => format!("{title} ({keys})"),
    }
}

/// How many lines down the arrow keys move a choice in this frame; up, if negative. A text field does not get them then.
pub(super) fn arrow_steps(ui: &mut Ui) -> isize {
    ui.input_mut(|input| {
        let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
        let up = input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp);
        down as isize - up as isize
    })
}

/// A line of a list of which one is chosen, and the room for its contents from the left. `said` is its accessible name.
pub(super) fn choice(ui: &mut Ui, height: f32, said: &str, is_chosen: bool) -> (Response, Ui) {
    let (rect, line) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    line.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, is_chosen, said));
    if is_chosen || line.hovered() {
        let inks = theme::of(ui);
        let fill = inks.surface.lerp_to_gamma(inks.line, if is_chosen { 1.0 } else { 0.5 });
        ui.painter().rect_filled(rect, 4.0, fill);
    }
    let room = UiBuilder::new()
        .max_rect(rect.shrink2(vec2(8.0, 0.0)))
        .layout(Layout::left_to_right(Align::Center));
    (line, ui.new_child(room))
}

/// The last samples of something in `rect`, newest at the right: a line over a faint fill, scaled to their own peak (never
/// below `least_peak`). `span` samples fill the width.
pub(super) fn spark_line(ui: &Ui, rect: Rect, samples: &[f32], span: usize, least_peak: f32, quiet: bool) {
    let painter = ui.painter();
    let line = if quiet { theme::of(ui).line } else { theme::of(ui).muted };
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme::of(ui).line));
    let peak = samples.iter().copied().fold(least_peak, f32::max);
    let thickness = (rect.height() / 18.0).max(1.5);
    let step = rect.width() / span.saturating_sub(1).max(1) as f32;
    let points: Vec<_> = samples
        .iter()
        .rev()
        .take(span)
        .enumerate()
        .map(|(age, sample)| {
            let share = (sample / peak).clamp(0.0, 1.0);
            pos2(
                rect.right() - age as f32 * step,
                rect.bottom() - share * (rect.height() - 2.0),
            )
        })
        .collect();
    let [newest, ..] = points.as_slice() else { return };
    if points.len() == 1 {
        painter.circle_filled(*newest, thickness, line);
        return;
    }
    // Bars of the fill first: a concave polygon cannot be filled in one piece.
    for at in &points {
        let bar = Rect::from_min_max(pos2(at.x - step, at.y), pos2(at.x, rect.bottom()));
        painter.rect_filled(bar.intersect(rect), 0.0, line.gamma_multiply(0.18));
    }
    painter.add(Shape::line(points, Stroke::new(thickness, line)));
}
