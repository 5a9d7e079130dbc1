//! Small widgets that several panels use.

use egui::{Response, Sense, Stroke, Ui, Vec2, WidgetInfo, WidgetType, vec2};

use super::theme;

/// A cross that closes something; `label` says what to whoever cannot see it.
pub(super) fn close_button(ui: &mut Ui, label: &str) -> Response {
    let side = ui.spacing().interact_size.y;
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, label));
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
