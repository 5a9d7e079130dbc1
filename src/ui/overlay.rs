//! What stands over the scene itself: how old it is, that it is offline and why, or why there is nothing to see.

use egui::{
    Align, Align2, Area, Color32, Context, FontId, Frame, Id, Layout, Margin, Order, Painter, Rect, RichText, Stroke,
    Ui, Vec2, pos2, vec2,
};

use super::{format, header, link_look::Tone, theme, theme::Tier};

/// What the scene's overlay needs to know.
#[derive(Debug)]
pub struct OverlayView<'a> {
    pub tone: Tone,
    /// The veil, 0 (live) to 1.
    pub staleness: f32,
    /// Age of what is shown, seconds; `None` before anything was live.
    pub age_secs: Option<f64>,
    pub reason: Option<&'a str>,
    pub shown_url: &'a str,
    /// Rows on the wall.
    pub rows: usize,
}

/// What is said over the scene. At most one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    None,
    /// On its way for the first time, nothing to show yet.
    FirstContact,
    /// Nothing to show, and nothing coming.
    NeverReached,
    /// Live, and the tables are empty, or hidden from this key.
    NoRows,
    /// The scene is old, and being brought up to date.
    Aging,
    /// The scene is old and stays so.
    Offline,
}

impl OverlayView<'_> {
    pub fn message(&self) -> Message {
        match (self.tone, self.rows) {
            (Tone::Live, 0) => Message::NoRows,
            (Tone::Live, _) => Message::None,
            (Tone::Waiting, 0) if self.age_secs.is_none() => Message::FirstContact,
            (Tone::Offline, 0) if self.age_secs.is_none() => Message::NeverReached,
            (Tone::Waiting, _) if self.staleness <= 0.0 => Message::None,
            (Tone::Waiting, _) => Message::Aging,
            (Tone::Offline, _) => Message::Offline,
        }
    }
}

/// Draws the overlay into `scene`, the part of the screen that no panel covers. Nothing in it takes the pointer.
pub fn overlay_area(ctx: &Context, painter: &Painter, scene: Rect, view: &OverlayView<'_>) {
    if scene.width() < 120.0 || scene.height() < 90.0 {
        return;
    }
    let message = view.message();
    if message == Message::Offline {
        watermark(painter, scene, view.staleness.max(0.4));
    }
    let (place, pivot) = match message {
        Message::None => return,
        Message::Aging | Message::Offline => (
            pos2(scene.center().x, scene.top() + theme::GAP * 2.0),
            Align2::CENTER_TOP,
        ),
        _ => (scene.center(), Align2::CENTER_CENTER),
    };
    // One area for each, so that none is drawn for a frame at another's size.
    Area::new(Id::new(("overlay", message as u8)))
        .order(Order::Background)
        .interactable(false)
        .pivot(pivot)
        .fixed_pos(place)
        .constrain_to(scene)
        .show(ctx, |ui| {
            ui.set_max_width((scene.width() - 48.0).min(760.0));
            overlay_ui(ui, message, view);
        });
}

/// The message's card.
pub fn overlay_ui(ui: &mut Ui, message: Message, view: &OverlayView<'_>) {
    let url = format::clean(view.shown_url, 90);
    let age = view.age_secs.map(format::span);
    let reason = view.reason.map(|reason| format::clean(reason, 240));
    match message {
        Message::None => {}
        Message::FirstContact => card(ui, theme::LINE, |ui| {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(34.0), egui::Sense::hover());
            header::spinner(ui, rect.center(), 14.0, Stroke::new(3.5, theme::TEXT));
            title(ui, format!("Connecting to {url}"), theme::TEXT);
            hint(ui, "The first rows appear as soon as they are read.");
        }),
        Message::NeverReached => card(ui, theme::OFFLINE, |ui| {
            title(ui, format!("Not connected to {url}"), theme::OFFLINE);
            line(ui, reason.unwrap_or_else(|| "Disconnected by hand.".to_owned()));
            hint(
                ui,
                "Press R or use Reconnect behind the badge. `opswall doctor` checks each step of the connection.",
            );
        }),
        Message::NoRows => card(ui, theme::LINE, |ui| {
            title(ui, "Connected: no rows yet".to_owned(), theme::TEXT);
            hint(
                ui,
                "If the tables have rows, row-level security hides them from this key: \
                 sign in, or add a SELECT policy for its role.",
            );
        }),
        Message::Aging => card(ui, theme::LINE, |ui| {
            ui.multiply_opacity(view.staleness);
            title(ui, aged(age), theme::TEXT);
        }),
        Message::Offline => card(ui, theme::OFFLINE, |ui| {
            title(ui, format!("Offline: {}", aged(age)), theme::TEXT);
            line(ui, reason.unwrap_or_else(|| "Disconnected by hand.".to_owned()));
            hint(ui, "Press R or use Reconnect behind the badge.");
        }),
    }
}

fn aged(age: Option<String>) -> String {
    match age {
        Some(age) => format!("{age} old"),
        None => "never complete".to_owned(),
    }
}

fn card(ui: &mut Ui, edge: Color32, contents: impl FnOnce(&mut Ui)) {
    Frame::new()
        .fill(theme::GROUND.gamma_multiply(0.88))
        .stroke(Stroke::new(1.5, edge))
        .corner_radius(10)
        .inner_margin(Margin::symmetric(26, 14))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            ui.with_layout(Layout::top_down(Align::Center), contents);
        });
}

fn title(ui: &mut Ui, text: String, ink: Color32) {
    ui.label(RichText::new(text).font(Tier::Room.font(ui)).color(ink));
}

fn line(ui: &mut Ui, text: String) {
    ui.label(RichText::new(text).font(Tier::Name.font(ui)).color(theme::TEXT));
}

fn hint(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(Tier::Body.font(ui)).color(theme::MUTED));
}

/// The word across the scene. Its size moves in coarse steps: each size of a glyph stays in the font atlas for ever.
fn watermark(painter: &Painter, scene: Rect, strength: f32) {
    const WORD: &str = "OFFLINE";
    const STEP: f32 = 32.0;
    const TILT: f32 = -0.2;
    // A letter of the font is about 0.62 of its size wide.
    let fitting = scene.width() * 0.8 / (WORD.len() as f32 * 0.62);
    let size = (fitting.min(scene.height() * 0.45) / STEP).floor().clamp(2.0, 9.0) * STEP;
    let ink = theme::OFFLINE.gamma_multiply(0.30 * strength.clamp(0.0, 1.0));
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
        }
    }

    #[test]
    fn an_old_scene_is_never_silent_and_a_live_one_is_never_in_the_way() {
        assert_eq!(view(Tone::Live, Some(0.0), 9).message(), Message::None);
        assert_eq!(view(Tone::Live, Some(0.0), 0).message(), Message::NoRows);
        assert_eq!(view(Tone::Waiting, None, 0).message(), Message::FirstContact);
        assert_eq!(view(Tone::Waiting, Some(4.0), 9).message(), Message::Aging);
        assert_eq!(view(Tone::Waiting, Some(4.0), 0).message(), Message::Aging);
        assert_eq!(view(Tone::Offline, None, 0).message(), Message::NeverReached);
        assert_eq!(view(Tone::Offline, Some(4.0), 0).message(), Message::Offline);
        assert_eq!(view(Tone::Offline, None, 9).message(), Message::Offline);
    }
}
