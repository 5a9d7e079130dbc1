//! One total of the header: a large number with its state's shape, and what it counts in small below.

use std::sync::Arc;

use egui::{Color32, Galley, Rect, Sense, Ui, Vec2, WidgetInfo, WidgetType, pos2, vec2};

use super::fit::Part;
use crate::ui::{status_icon, theme, theme::Tier};
use model::Status;

/// A total, laid out.
pub struct Stat {
    pub part: Part,
    number: Arc<Galley>,
    caption: Arc<Galley>,
    icon: Option<(Status, Color32)>,
    icon_size: f32,
    /// Exact, in words: for the tooltip and for whoever cannot see it.
    spoken: String,
    pub size: Vec2,
}

/// What a total says.
#[derive(Debug)]
pub struct StatText {
    pub part: Part,
    pub number: String,
    pub caption: String,
    pub caption_ink: Color32,
    pub icon: Option<Status>,
    pub ink: Color32,
    pub icon_ink: Color32,
    pub spoken: String,
}

const ICON_GAP: f32 = 6.0;

impl Stat {
    pub fn new(ui: &Ui, text: StatText) -> Self {
        let painter = ui.painter();
        let number = painter.layout_no_wrap(text.number, Tier::RoomDigits.font(ui), text.ink);
        let caption = painter.layout_no_wrap(text.caption, Tier::Caption.font(ui), text.caption_ink);
        let icon_size = if text.icon.is_some() {
            (number.size().y * 0.56).round()
        } else {
            0.0
        };
        let icon_room = if text.icon.is_some() { icon_size + ICON_GAP } else { 0.0 };
        let size = vec2(
            (number.size().x + icon_room).max(caption.size().x).ceil(),
            number.size().y + caption.size().y - 2.0,
        );
        Self {
            part: text.part,
            number,
            caption,
            icon: text.icon.map(|status| (status, text.icon_ink)),
            icon_size,
            spoken: text.spoken,
            size,
        }
    }

    /// Draws it at the left edge of `rect`, and says it.
    pub fn show(&self, ui: &Ui, rect: Rect) {
        let response = ui.interact(rect, ui.id().with(("stat", self.part as u8)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, &self.spoken));
        let painter = ui.painter();
        let middle = rect.top() + self.number.size().y * 0.5;
        let mut left = rect.left();
        if let Some((status, ink)) = self.icon {
            let icon = Rect::from_center_size(pos2(left + self.icon_size * 0.5, middle), Vec2::splat(self.icon_size));
            status_icon::paint(painter, icon, status, ink);
            left += self.icon_size + ICON_GAP;
        }
        painter.galley(pos2(left, rect.top()), Arc::clone(&self.number), theme::of(ui).text);
        let below = pos2(rect.left(), rect.top() + self.number.size().y - 2.0);
        painter.galley(below, Arc::clone(&self.caption), theme::of(ui).muted);
        response.on_hover_text(&self.spoken);
    }
}
