//! One total of the header: a large number with its state's shape, and what it counts in small below.

use std::sync::Arc;

use egui::{
    Color32, Galley, Painter, Rect, Sense, Stroke, StrokeKind, TextFormat, Ui, Vec2, WidgetInfo, WidgetType, pos2,
    text::LayoutJob, vec2,
};

use super::fit::Part;
use crate::ui::{status_icon, theme, theme::Tier};
use model::Status;

/// A total, laid out.
pub(super) struct Stat {
    /// Which part of the header it is.
    pub(super) part: Part,
    number: Arc<Galley>,
    caption: Arc<Galley>,
    icon: Option<(Icon, Color32)>,
    icon_size: f32,
    /// Exact, in words: the hover text and the accessible name.
    spoken: String,
    /// The size of number, icon and caption together, in points.
    pub(super) size: Vec2,
}

/// The icon before a number, or alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Icon {
    Status(Status),
    /// The picture is simplified.
    Reduced,
}

/// The texts of a total.
#[derive(Debug)]
pub(super) struct StatText {
    /// Which part of the header it is.
    pub(super) part: Part,
    /// The number as it is shown, shortened where it is large.
    pub(super) number: String,
    /// The colour of the number.
    pub(super) ink: Color32,
    /// Words side by side, each with its ink.
    pub(super) caption: Vec<(String, Color32)>,
    /// The icon before the number and its colour, if there is one.
    pub(super) icon: Option<(Icon, Color32)>,
    /// Exact, in words: the hover text and the accessible name.
    pub(super) spoken: String,
}

const ICON_GAP: f32 = 6.0;
/// Between the words of a caption, in ems.
const CAPTION_GAP_EMS: f32 = 0.7;

impl Stat {
    /// Lays out the texts.
    pub(super) fn new(ui: &Ui, text: StatText) -> Self {
        let painter = ui.painter();
        let number = painter.layout_no_wrap(text.number, Tier::RoomDigits.font(ui), text.ink);
        let caption = painter.layout_job(caption_job(ui, &text.caption));
        let icon_size = match text.icon {
            Some((Icon::Status(_), _)) => (number.size().y * 0.56).round(),
            Some((Icon::Reduced, _)) => (number.size().y * 0.5).round(),
            None => 0.0,
        };
        let gap = if text.icon.is_some() && number.size().x > 0.0 {
            ICON_GAP
        } else {
            0.0
        };
        let size = vec2(
            (number.size().x + icon_size + gap).max(caption.size().x).ceil(),
            number.size().y + caption.size().y - 2.0,
        );
        Self {
            part: text.part,
            number,
            caption,
            icon: text.icon,
            icon_size,
            spoken: text.spoken,
            size,
        }
    }

    /// Draws it at the left edge of `rect`.
    pub(super) fn show(&self, ui: &Ui, rect: Rect) {
        let response = ui.interact(rect, ui.id().with(("stat", self.part as u8)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &self.spoken));
        let painter = ui.painter();
        let middle = rect.top() + self.number.size().y * 0.5;
        let mut left = rect.left();
        if let Some((icon, ink)) = self.icon {
            let size = Vec2::splat(self.icon_size);
            let at = |y| Rect::from_center_size(pos2(left + self.icon_size * 0.5, y), size);
            match icon {
                Icon::Status(status) => status_icon::paint(painter, at(middle), status, ink),
                Icon::Reduced => paint_reduced(painter, at(rect.center().y), ink),
            }
            left += self.icon_size + ICON_GAP;
        }
        painter.galley(pos2(left, rect.top()), Arc::clone(&self.number), theme::of(ui).text);
        let below = pos2(rect.left(), rect.top() + self.number.size().y - 2.0);
        painter.galley(below, Arc::clone(&self.caption), theme::of(ui).muted);
        response.on_hover_text(&self.spoken);
    }
}

fn caption_job(ui: &Ui, words: &[(String, Color32)]) -> LayoutJob {
    let font = Tier::Caption.font(ui);
    let gap = font.size * CAPTION_GAP_EMS;
    let mut job = LayoutJob::default();
    for (at, (word, ink)) in words.iter().enumerate() {
        let before = if at == 0 { 0.0 } else { gap };
        job.append(word, before, TextFormat::simple(font.clone(), *ink));
    }
    job
}

/// Three rising bars, the highest one empty.
fn paint_reduced(painter: &Painter, rect: Rect, ink: Color32) {
    let width = rect.width() / 5.0;
    for (bar, height) in [(0.0, 0.4), (2.0, 0.7), (4.0, 1.0)] {
        let left = rect.left() + bar * width;
        let top = rect.bottom() - rect.height() * height;
        let bar_rect = Rect::from_min_max(pos2(left, top), pos2(left + width, rect.bottom()));
        if height < 1.0 {
            painter.rect_filled(bar_rect, 1.0, ink);
        } else {
            painter.rect_stroke(bar_rect, 1.0, Stroke::new(1.0, ink), StrokeKind::Inside);
        }
    }
}
