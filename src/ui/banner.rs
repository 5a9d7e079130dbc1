//! The demo's banner: simulated data must not be mistaken for real data.

use egui::{Align, Frame, Layout, Panel, RichText, Ui};

use super::{theme, theme::Tier};

/// Its text.
pub(crate) const DEMO_TEXT: &str = "Demo data. To connect, press P, or set SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY.";

/// Its height as a share of the size of its text.
const HEIGHT_EMS: f32 = 1.86;

/// A slim panel at the bottom edge. It is read from the viewing distance.
pub(super) fn demo_banner(ui: &mut Ui) {
    let font = Tier::Notice.font(ui);
    Panel::bottom("demo banner")
        .exact_size((font.size * HEIGHT_EMS).round())
        .frame(Frame::new().fill(theme::of(ui).surface))
        .show(ui, |ui| {
            ui.with_layout(
                Layout::centered_and_justified(egui::Direction::LeftToRight).with_cross_align(Align::Center),
                |ui| {
                    let text = RichText::new(DEMO_TEXT).font(font).color(theme::of(ui).warn);
                    ui.add(egui::Label::new(text).truncate());
                },
            );
        });
}
