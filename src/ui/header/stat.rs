//! One total of the header: a large number with its state's shape, and what it counts in small below. The totals of states
//! are buttons where there is a pointer.

use std::sync::Arc;

use egui::{
    Color32, Galley, Painter, Rect, Response, Sense, Stroke, StrokeKind, TextFormat, Ui, Vec2, WidgetInfo, WidgetType,
    pos2, text::LayoutJob, vec2,
};

use super::{fit::Part, held};
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
    choice: Option<Choice>,
    /// Exact, in words: the hover text and the accessible name.
    spoken: String,
    /// The size of number, icon and caption together, in points. It does not depend on the present number.
    pub(super) size: Vec2,
}

/// The icon before a number, or alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Icon {
    Status(Status),
    /// The picture is simplified.
    Reduced,
}

/// What the user has chosen of the states, as one of their counters shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// No state is chosen.
    Free,
    /// This state is chosen, and it alone.
    Alone,
    /// This state is chosen, and others are.
    Chosen,
    /// Only other states are chosen.
    Dimmed,
}

/// The texts of a total.
#[derive(Debug)]
pub(super) struct StatText {
    /// Which part of the header it is.
    pub(super) part: Part,
    /// The number as it is shown, shortened where it is large.
    pub(super) number: String,
    /// A number that is as wide as any that is expected: its width is kept free.
    pub(super) widest: &'static str,
    /// The colour of the number.
    pub(super) ink: Color32,
    /// Words side by side, each with its ink.
    pub(super) caption: Vec<(String, Color32)>,
    /// The caption as wide as it is expected to become; empty where it does not change.
    pub(super) widest_caption: &'static [&'static str],
    /// The icon before the number and its colour, if there is one.
    pub(super) icon: Option<(Icon, Color32)>,
    /// The choice that it offers, if it is a button.
    pub(super) choice: Option<Choice>,
    /// Exact, in words: the hover text and the accessible name.
    pub(super) spoken: String,
}

/// Between icon and number, in ems of the number.
const ICON_GAP_EMS: f32 = 0.23;
/// Between the words of a caption, in ems.
const CAPTION_GAP_EMS: f32 = 0.7;
/// Opacity of a counter whose state is dimmed.
const DIMMED: f32 = 0.38;

impl Stat {
    /// Lays out the texts.
    pub(super) fn new(ui: &Ui, text: StatText) -> Self {
        let painter = ui.painter();
        let room = Tier::Room.font(ui);
        let lay_out = |text: &str, ink| painter.layout_no_wrap(text.to_owned(), room.clone(), ink);
        let number = lay_out(&text.number, text.ink);
        let widest = lay_out(text.widest, text.ink);
        let caption = painter.layout_job(caption_job(ui, &text.caption));
        let reserved: Vec<_> = text
            .widest_caption
            .iter()
            .map(|word| ((*word).to_owned(), text.ink))
            .collect();
        let widest_caption = painter.layout_job(caption_job(ui, &reserved));
        let icon_size = match text.icon {
            Some((Icon::Status(_), _)) => (number.size().y * 0.56).round(),
            Some((Icon::Reduced, _)) => (number.size().y * 0.5).round(),
            None => 0.0,
        };
        let gap = if text.icon.is_some() && widest.size().x > 0.0 {
            icon_gap(ui)
        } else {
            0.0
        };
        let least = (widest.size().x + icon_size + gap).max(widest_caption.size().x);
        let contents = (number.size().x + icon_size + gap).max(caption.size().x);
        let size = vec2(
            held::width(ui, text.part, least, contents),
            number.size().y + caption.size().y - 2.0,
        );
        Self {
            part: text.part,
            number,
            caption,
            icon: text.icon,
            icon_size,
            choice: text.choice,
            spoken: text.spoken,
            size,
        }
    }

    /// Draws it at the left edge of `rect`. As a button it takes clicks within `margin` around it.
    pub(super) fn show(&self, ui: &Ui, rect: Rect, margin: Vec2) -> Response {
        let id = ui.id().with(("stat", self.part));
        let face = rect.expand2(margin);
        let response = match self.choice {
            Some(_) => ui.interact(face, id, Sense::click()),
            None => ui.interact(rect, id, Sense::hover()),
        };
        let spoken = self.accessible();
        response.widget_info(|| match self.choice {
            Some(choice) => {
                let is_chosen = matches!(choice, Choice::Alone | Choice::Chosen);
                WidgetInfo::selected(WidgetType::Button, ui.is_enabled(), is_chosen, &spoken)
            }
            None => WidgetInfo::labeled(WidgetType::Label, true, &spoken),
        });
        self.draw_face(ui, face, &response);
        let mut painter = ui.painter().clone();
        if self.choice == Some(Choice::Dimmed) && !response.hovered() {
            painter.multiply_opacity(DIMMED);
        }
        let middle = rect.top() + self.number.size().y * 0.5;
        let mut left = rect.left();
        if let Some((icon, ink)) = self.icon {
            let size = Vec2::splat(self.icon_size);
            let at = |y| Rect::from_center_size(pos2(left + self.icon_size * 0.5, y), size);
            match icon {
                Icon::Status(status) => status_icon::paint(&painter, at(middle), status, ink),
                Icon::Reduced => paint_reduced(&painter, at(rect.center().y), ink),
            }
            left += self.icon_size + icon_gap(ui);
        }
        painter.galley(pos2(left, rect.top()), Arc::clone(&self.number), theme::of(ui).text);
        let below = pos2(rect.left(), rect.top() + self.number.size().y - 2.0);
        painter.galley(below, Arc::clone(&self.caption), theme::of(ui).muted);
        response.on_hover_text(self.hover())
    }

    /// The face and the edge of a button: that of a chosen state is outlined.
    fn draw_face(&self, ui: &Ui, face: Rect, response: &Response) {
        let Some(choice) = self.choice else { return };
        let inks = theme::of(ui);
        let corner = face.height() * 0.14;
        if response.hovered() {
            ui.painter().rect_filled(face, corner, inks.face_hovered);
        }
        let line = 2.0 * theme::unit(ui.ctx());
        let edge = match choice {
            _ if response.has_focus() => Stroke::new(line * 1.25, inks.selection),
            Choice::Alone | Choice::Chosen => Stroke::new(line, inks.text),
            Choice::Free | Choice::Dimmed => return,
        };
        ui.painter().rect_stroke(face, corner, edge, StrokeKind::Inside);
    }

    fn accessible(&self) -> String {
        let does = match (self.choice, self.part) {
            (Some(Choice::Alone), _) => "show all".to_owned(),
            (Some(_), Part::State(status)) => format!("show only {}", status.word()),
            _ => return self.spoken.clone(),
        };
        format!("{}: {does}", self.spoken)
    }

    fn hover(&self) -> String {
        let (Some(choice), Part::State(status)) = (self.choice, self.part) else {
            return self.spoken.clone();
        };
        let word = status.word();
        let does = match choice {
            Choice::Free => format!("Click: show only {word}"),
            Choice::Alone => "Click: show all".to_owned(),
            Choice::Chosen => format!("Click: show only {word}\nShift+click: dim {word}"),
            Choice::Dimmed => format!("Click: show only {word}\nShift+click: show {word} too"),
        };
        let more = match status {
            Status::Unmapped => "\nL: the legend lists the words",
            _ => "",
        };
        format!("{}\n{does}{more}", self.spoken)
    }
}

fn icon_gap(ui: &Ui) -> f32 {
    (Tier::Room.font(ui).size * ICON_GAP_EMS).round()
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
