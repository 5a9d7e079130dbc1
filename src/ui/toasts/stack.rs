//! The toasts on the screen: a stack under the header's right end. A click removes one.

use egui::{
    Align, Area, Context, CornerRadius, Id, Layout, Margin, Order, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo,
    WidgetType, pos2, vec2,
};

use super::{Toast, Toasts};
use crate::ui::{Action, TypeScale, format, status_icon, theme, theme::Tier};

/// On a desk, points: space in a toast's frame around its text, the coloured edge, and the distance between toasts. All of
/// them grow with the type.
const PAD: Vec2 = vec2(13.0, 8.0);
const EDGE: f32 = 4.0;
const APART: f32 = 8.0;
/// Width of the text on a desk, points.
const TEXT_WIDTH: f32 = 340.0;
/// Widest text as a share of the screen's width.
const WIDEST: f32 = 0.4;

/// How much larger the type of toasts is than on a desk: they are read from the viewing distance.
fn growth(ctx: &Context) -> f32 {
    let size = Tier::Notice.font_in(&ctx.global_style()).size;
    (size / TypeScale::default().notice()).max(1.0)
}

fn text_width(ctx: &Context) -> f32 {
    let most = (ctx.content_rect().width() * WIDEST).max(TEXT_WIDTH);
    (TEXT_WIDTH * growth(ctx)).min(most)
}

/// Width of the stack, points.
pub(crate) fn width(ctx: &Context) -> f32 {
    text_width(ctx) + PAD.x * 2.0 * growth(ctx) + 2.0
}

/// Draws the stack with its upper right corner at `corner`, as an area, so that the scene gets no click on it.
pub(crate) fn toasts_area(
    ctx: &Context,
    toasts: &Toasts,
    corner: egui::Pos2,
    now: f64,
    said: Option<&str>,
    actions: &mut Vec<Action>,
) {
    if toasts.shown().all(|toast| repeats(toast, said)) {
        return;
    }
    Area::new(Id::new("toasts"))
        .order(Order::Foreground)
        .pivot(egui::Align2::RIGHT_TOP)
        .fixed_pos(corner)
        .show(ctx, |ui| toasts_ui(ui, toasts, now, said, actions));
}

/// The stack itself, newest on top. A toast that repeats the sentence `said`, which stands elsewhere on the screen, is left
/// out.
pub fn toasts_ui(ui: &mut Ui, toasts: &Toasts, now: f64, said: Option<&str>, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing.y = APART * growth(ui.ctx());
    let shown = toasts.shown().rev().filter(|toast| !repeats(toast, said));
    for (slot, toast) in shown.enumerate() {
        toast_ui(ui, slot, toast, now, actions);
    }
}

/// Whether a toast has the beginning of this sentence in its text.
fn repeats(toast: &Toast, said: Option<&str>) -> bool {
    /// Both may be shortened at different lengths.
    const LETTERS: usize = 60;
    said.map(|said| format::clean(said, LETTERS).trim_end_matches('…').to_lowercase())
        .is_some_and(|said| !said.is_empty() && toast.text.to_lowercase().contains(&said))
}

fn toast_ui(ui: &mut Ui, slot: usize, toast: &Toast, now: f64, actions: &mut Vec<Action>) {
    let growth = growth(ui.ctx());
    let pad = PAD * growth;
    let frame = theme::plate(theme::of(ui)).inner_margin(Margin::symmetric(pad.x as i8, pad.y as i8));
    let shown = ui.scope(|ui| {
        ui.multiply_opacity(toast.opacity(now));
        frame
            .show(ui, |ui| {
                ui.set_width(text_width(ui.ctx()));
                ui.with_layout(Layout::left_to_right(Align::TOP), |ui| contents(ui, toast));
            })
            .response
            .rect
    });
    let rect = shown.inner;
    let edge = Rect::from_min_max(rect.left_top(), pos2(rect.left() + EDGE * growth, rect.bottom()));
    let corner = CornerRadius {
        nw: 8,
        sw: 8,
        ne: 0,
        se: 0,
    };
    let color = theme::of(ui)
        .level(toast.kind.level())
        .gamma_multiply(toast.opacity(now));
    ui.painter().rect_filled(edge, corner, color);
    let response = ui.interact(rect, ui.id().with(("toast", slot)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, spoken(toast)));
    if response.hovered() || response.has_focus() {
        let line = Stroke::new(1.0, theme::of(ui).muted);
        ui.painter()
            .rect_stroke(rect, CornerRadius::same(8), line, egui::StrokeKind::Inside);
    }
    if response.clicked() {
        actions.push(Action::Dismiss(toast.number));
    }
}

fn contents(ui: &mut Ui, toast: &Toast) {
    let font = Tier::Notice.font(ui);
    let size = ui.ctx().fonts_mut(|fonts| fonts.row_height(&font));
    let (icon, _) = ui.allocate_exact_size(Vec2::splat(size), Sense::hover());
    status_icon::paint_level(ui.painter(), icon.shrink(size * 0.13), toast.kind.level());
    if toast.count > 1 {
        // The count is laid out first, so that a long text wraps beside it.
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            let count = egui::RichText::new(format!("×{}", toast.count)).font(font);
            ui.label(count.color(theme::of(ui).muted));
            ui.with_layout(Layout::left_to_right(Align::TOP), |ui| text(ui, toast));
        });
    } else {
        text(ui, toast);
    }
}

fn text(ui: &mut Ui, toast: &Toast) {
    let text = egui::RichText::new(&toast.text)
        .color(theme::of(ui).text)
        .font(Tier::Notice.font(ui));
    ui.add(egui::Label::new(text).wrap());
}

fn spoken(toast: &Toast) -> String {
    let level = toast.kind.level().word();
    match toast.count {
        1 => format!("{level}: {}", toast.text),
        count => format!("{level}: {} ×{count}", toast.text),
    }
}
