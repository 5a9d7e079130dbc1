//! The rows that a row is related to, by name: what holds it up, who works on it, where it belongs. A click inspects one.

use egui::{RichText, Sense, Ui, Vec2, vec2};

use super::{Action, format, status_icon, theme, theme::Tier, widgets};
use model::{RowKey, Status};

/// Letters of a name on a chip.
const MOST_NAME: usize = 40;
/// Height of a chip on a desk, points: large enough to be met with a finger.
const HEIGHT: f32 = 24.0;

/// A row that another one is related to.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedRow {
    /// Its key.
    pub key: RowKey,
    /// Its name.
    pub label: String,
    /// Its state.
    pub status: Status,
    /// Why it failed, or what it waits for; may be empty.
    pub about: String,
}

/// Rows that are related to a row in one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// In which way: `waits for`.
    pub how: &'static str,
    /// The most important of them.
    pub rows: Vec<RelatedRow>,
    /// How many more there are.
    pub more: usize,
}

/// Draws each way in a line of chips; what was clicked is inspected.
pub(super) fn related_ui(ui: &mut Ui, relations: &[Relation], growth: f32, actions: &mut Vec<Action>) {
    for relation in relations {
        widgets::named(ui, growth, relation.how, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(6.0, 4.0) * growth;
                for row in &relation.rows {
                    if chip(ui, row, growth) {
                        actions.push(Action::Inspect(row.key.clone()));
                    }
                }
                if relation.more > 0 {
                    let more = format!("{} more", format::grouped(relation.more as u64));
                    let more = RichText::new(more).font(Tier::Small.font(ui));
                    ui.label(more.color(theme::of(ui).muted));
                }
            });
        });
    }
}

/// The name of a row with its state; whether it was clicked.
fn chip(ui: &mut Ui, row: &RelatedRow, growth: f32) -> bool {
    let inks = theme::of(ui);
    let font = Tier::Small.font(ui);
    let name = format::clean(&row.label, MOST_NAME);
    let most = ui.max_rect().width();
    let icon = font.size;
    let room = most - icon - 20.0 * growth;
    let job = egui::text::LayoutJob {
        wrap: egui::text::TextWrapping::truncate_at_width(room.max(20.0)),
        ..egui::text::LayoutJob::simple_singleline(name.clone(), font.clone(), inks.text)
    };
    let galley = ui.painter().layout_job(job);
    let size = vec2(galley.size().x + icon + 18.0 * growth, HEIGHT * growth);
    let (rect, chip) = ui.allocate_exact_size(size, Sense::click());
    let said = format!("{name}, {}", row.status.word());
    chip.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &said));
    let is_lit = chip.hovered() || chip.has_focus();
    let fill = if is_lit {
        inks.line
    } else {
        inks.surface.lerp_to_gamma(inks.line, 0.45)
    };
    ui.painter().rect_filled(rect, 4.0, fill);
    if chip.has_focus() {
        let edge = egui::Stroke::new(1.5, inks.selection);
        ui.painter().rect_stroke(rect, 4.0, edge, egui::StrokeKind::Inside);
    }
    let at = egui::pos2(rect.left() + 6.0 * growth + icon / 2.0, rect.center().y);
    status_icon::paint(
        ui.painter(),
        egui::Rect::from_center_size(at, Vec2::splat(icon)),
        row.status,
        inks.status(row.status),
    );
    let text = egui::pos2(
        at.x + icon / 2.0 + 6.0 * growth,
        rect.center().y - galley.size().y / 2.0,
    );
    ui.painter().galley(text, galley, inks.text);
    let hint = if row.about.is_empty() {
        format!("{}: {}", row.label, row.status.word())
    } else {
        format!("{}: {}, {}", row.label, row.status.word(), row.about)
    };
    chip.on_hover_text(format::clean(&hint, 400)).clicked()
}
