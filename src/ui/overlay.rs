//! What is drawn over the scene: how old it is, that it is offline and why, or why there is nothing to see.

use egui::{
    Align, Align2, Color32, FontId, Painter, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2,
};

use super::{
    format, header,
    link_look::Tone,
    theme,
    theme::{Inks, Tier},
};

/// What the overlay shows, as plain data.
#[derive(Debug)]
pub struct OverlayView<'a> {
    /// The look of the connection, as the badge shows it.
    pub tone: Tone,
    /// The veil, 0 (live) to 1.
    pub staleness: f32,
    /// Age of what is shown, seconds; `None` before anything was live.
    pub age_secs: Option<f64>,
    /// Why it is not connected, as a sentence, where that is known.
    pub reason: Option<&'a str>,
    /// The address of the project, without query or key.
    pub shown_url: &'a str,
    /// Rows on the wall.
    pub rows: usize,
    /// Seconds to the next automatic check, while offline.
    pub retry_in_secs: Option<f64>,
}

/// What is written over the scene, at most one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Nothing: the scene is live, or recent enough.
    None,
    /// Connecting for the first time; there is nothing to show yet.
    FirstContact,
    /// Nothing to show, and no attempt to connect is planned.
    NeverReached,
    /// Live, and the tables are empty, or hidden from this key.
    NoRows,
    /// The scene is old, and being brought up to date.
    Aging,
    /// The scene is old and is not being updated.
    Offline,
}

impl OverlayView<'_> {
    /// What to write over the scene.
    pub(crate) fn message(&self) -> Message {
        match (self.tone, self.rows) {
            (Tone::Live, 0) => Message::NoRows,
            (Tone::Live | Tone::CatchingUp, _) => Message::None,
            (Tone::Waiting, 0) if self.age_secs.is_none() => Message::FirstContact,
            (Tone::Offline, 0) if self.age_secs.is_none() => Message::NeverReached,
            (Tone::Waiting, _) if self.staleness <= 0.0 => Message::None,
            (Tone::Waiting, _) => Message::Aging,
            (Tone::Offline, _) => Message::Offline,
        }
    }

    /// Why it is not connected, where the message contains it.
    pub(crate) fn shown_reason(&self) -> Option<&str> {
        let has_reason = matches!(self.message(), Message::Offline | Message::NeverReached);
        self.reason.filter(|_| has_reason)
    }
}

/// The rectangle that is being drawn around rows, in points from the top left of the window.
pub(super) fn lasso_ui(ui: &Ui, scene: Rect, lasso: Option<bevy::math::Rect>) {
    let Some(lasso) = lasso else { return };
    let rect = Rect::from_min_max(pos2(lasso.min.x, lasso.min.y), pos2(lasso.max.x, lasso.max.y));
    let painter = ui.painter().with_clip_rect(scene);
    let ink = theme::of(ui).selection;
    painter.rect_filled(rect, 2.0, ink.gamma_multiply(0.08));
    painter.rect_stroke(rect, 2.0, Stroke::new(1.5, ink), StrokeKind::Inside);
}

/// Draws the view's message into `scene`, the part of the screen that no panel covers. Nothing of it takes the
/// pointer.
pub fn overlay_ui(ui: &Ui, scene: Rect, view: &OverlayView<'_>) {
    if scene.width() < 120.0 || scene.height() < 90.0 {
        return;
    }
    let message = view.message();
    if message == Message::Offline {
        watermark(ui.painter(), scene, view.staleness.max(0.4));
    }
    if let Some(card) = Card::of(message, view, theme::of(ui)) {
        card.show(ui, scene);
    }
}

/// A few centred lines on a plate.
struct Card {
    edge: Color32,
    /// With a spinner on top.
    busy: bool,
    /// At the lower edge, out of the way of toasts and popover; else in the middle.
    low: bool,
    opacity: f32,
    lines: Vec<(Tier, Color32, String)>,
}

impl Card {
    fn of(message: Message, view: &OverlayView<'_>, inks: &Inks) -> Option<Self> {
        let lines = match message {
            Message::None => return None,
            Message::FirstContact => vec![
                title(inks, format!("Connecting to {}", host(view.shown_url))),
                hint(inks, "The first rows appear as soon as they are read."),
            ],
            Message::NeverReached => vec![
                title(inks, format!("Not connected to {}", host(view.shown_url))),
                line(inks, reason(view)),
                hint(
                    inks,
                    &format!("{} “opswall doctor” checks each step of the connection.", remedy(view)),
                ),
            ],
            Message::NoRows => vec![
                title(inks, "Connected: no rows yet".to_owned()),
                line(
                    inks,
                    "Agents, tasks and workflows appear here as soon as they are inserted.".to_owned(),
                ),
                hint(
                    inks,
                    "If the tables have rows already, row-level security hides them from this key: sign in, or add a \
                     SELECT policy for its role.",
                ),
                hint(inks, "“opswall doctor” checks each table and prints the SQL."),
            ],
            Message::Aging => vec![title(
                inks,
                match view.age_secs {
                    Some(age) => format!("{} old", format::span(age)),
                    None => "Not complete yet".to_owned(),
                },
            )],
            Message::Offline => vec![
                title(
                    inks,
                    match view.age_secs {
                        Some(age) => format!("Offline: data is {} old", format::span(age)),
                        None => "Offline: data was never complete".to_owned(),
                    },
                ),
                line(inks, reason(view)),
                hint(inks, &remedy(view)),
            ],
        };
        Some(Self {
            edge: match message {
                Message::NeverReached | Message::Offline => inks.offline,
                _ => inks.line,
            },
            busy: message == Message::FirstContact,
            low: matches!(message, Message::Aging | Message::Offline),
            opacity: if message == Message::Aging { view.staleness } else { 1.0 },
            lines,
        })
    }

    fn show(&self, ui: &Ui, scene: Rect) {
        const PAD: egui::Vec2 = vec2(26.0, 14.0);
        const GAP: f32 = 6.0;
        const SPINNER: f32 = 34.0;
        const WIDEST: f32 = 680.0;
        let room = ui.ctx().content_rect().width().min(scene.width()) - PAD.x * 2.0 - theme::GAP * 2.0;
        let painter = ui.painter().with_clip_rect(scene);
        let fade = |color: Color32| color.gamma_multiply(self.opacity.clamp(0.0, 1.0));
        let galleys: Vec<_> = self
            .lines
            .iter()
            .map(|(tier, ink, text)| {
                let font = tier.font(ui);
                // Large text needs a wider plate.
                let width = room.min(WIDEST.max(font.size * 18.0));
                let mut job = egui::text::LayoutJob::simple(text.clone(), font, fade(*ink), width);
                job.halign = Align::Center;
                painter.layout_job(job)
            })
            .collect();
        let spinner = if self.busy { SPINNER + GAP } else { 0.0 };
        let width = galleys.iter().map(|galley| galley.size().x).fold(0.0, f32::max);
        let height: f32 = galleys.iter().map(|galley| galley.size().y + GAP).sum::<f32>() - GAP + spinner;
        let size = vec2(width, height) + PAD * 2.0;
        let plate = if self.low {
            Align2::CENTER_BOTTOM.anchor_size(pos2(scene.center().x, scene.bottom() - theme::GAP * 2.0), size)
        } else {
            Align2::CENTER_CENTER.anchor_size(scene.center(), size)
        };
        painter.rect_filled(plate, 10.0, theme::of(ui).ground.gamma_multiply(0.92 * self.opacity));
        painter.rect_stroke(plate, 10.0, Stroke::new(1.5, fade(self.edge)), StrokeKind::Inside);
        let mut at = pos2(plate.center().x, plate.top() + PAD.y);
        if self.busy {
            let middle = at + vec2(0.0, SPINNER * 0.5);
            header::spinner(ui, middle, SPINNER * 0.42, Stroke::new(3.5, theme::of(ui).text));
            at.y += spinner;
        }
        for (slot, ((_, _, text), galley)) in self.lines.iter().zip(galleys).enumerate() {
            let size = galley.size();
            let rect = Rect::from_min_size(pos2(at.x - size.x * 0.5, at.y), size);
            let label = ui.interact(rect, ui.id().with(("overlay", slot)), Sense::hover());
            label.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, text));
            painter.galley(at, galley, theme::of(ui).text);
            at.y += size.y + GAP;
        }
    }
}

fn title(inks: &Inks, text: String) -> (Tier, Color32, String) {
    (Tier::Room, inks.text, text)
}

fn line(inks: &Inks, text: String) -> (Tier, Color32, String) {
    (Tier::Name, inks.text, text)
}

fn hint(inks: &Inks, text: &str) -> (Tier, Color32, String) {
    (Tier::Notice, inks.muted, text.to_owned())
}

/// Why it is offline, as a sentence.
fn reason(view: &OverlayView<'_>) -> String {
    match view.reason {
        Some(reason) => format::sentence(&format::clean(reason, 240)),
        None => "Disconnected from this screen.".to_owned(),
    }
}

/// What brings the connection back.
fn remedy(view: &OverlayView<'_>) -> String {
    match view.retry_in_secs {
        Some(left) => format!(
            "Checks again in {}. Press R to reconnect now.",
            format::span(left.max(0.0).ceil())
        ),
        None => "Press R to reconnect.".to_owned(),
    }
}

/// The address without scheme and path.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    format::clean(host, 60)
}

/// The word across the scene. Its size changes in coarse steps, because each size of a glyph stays in the font atlas.
fn watermark(painter: &Painter, scene: Rect, strength: f32) {
    const WORD: &str = "OFFLINE";
    const STEP: f32 = 32.0;
    const TILT: f32 = -0.2;
    // A letter of the font is about 0.62 of its size wide.
    let fitting = scene.width() * 0.8 / (WORD.len() as f32 * 0.62);
    let size = (fitting.min(scene.height() * 0.45) / STEP).floor().clamp(2.0, 9.0) * STEP;
    let ink = theme::of(painter)
        .offline
        .gamma_multiply(0.30 * strength.clamp(0.0, 1.0));
    let galley = painter.layout_no_wrap(WORD.to_owned(), FontId::monospace(size), ink);
    let (sin, cos) = TILT.sin_cos();
    let half = galley.size() * 0.5;
    let turned = vec2(half.x * cos - half.y * sin, half.x * sin + half.y * cos);
    let shape = egui::epaint::TextShape::new(scene.center() - turned, galley, ink).with_angle(TILT);
    painter.with_clip_rect(scene).add(shape);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(tone: Tone, age_secs: Option<f64>, rows: usize) -> OverlayView<'static> {
        OverlayView {
            tone,
            staleness: 1.0,
            age_secs,
            reason: None,
            shown_url: "",
            rows,
            retry_in_secs: None,
        }
    }

    #[test]
    fn a_server_is_called_by_its_host() {
        assert_eq!(
            host("wss://abc.supabase.co/realtime/v1/websocket?x=1"),
            "abc.supabase.co"
        );
        assert_eq!(host("127.0.0.1:54321"), "127.0.0.1:54321");
        assert_eq!(host(""), "");
    }

    #[test]
    fn an_old_scene_is_never_silent_and_a_live_one_is_never_in_the_way() {
        assert_eq!(view(Tone::Live, Some(0.0), 9).message(), Message::None);
        assert_eq!(view(Tone::Live, Some(0.0), 0).message(), Message::NoRows);
        assert_eq!(view(Tone::CatchingUp, Some(0.0), 9).message(), Message::None);
        assert_eq!(view(Tone::CatchingUp, Some(0.0), 0).message(), Message::None);
        assert_eq!(view(Tone::Waiting, None, 0).message(), Message::FirstContact);
        assert_eq!(view(Tone::Waiting, Some(4.0), 9).message(), Message::Aging);
        assert_eq!(view(Tone::Waiting, Some(4.0), 0).message(), Message::Aging);
        assert_eq!(view(Tone::Offline, None, 0).message(), Message::NeverReached);
        assert_eq!(view(Tone::Offline, Some(4.0), 0).message(), Message::Offline);
        assert_eq!(view(Tone::Offline, None, 9).message(), Message::Offline);
    }
}
