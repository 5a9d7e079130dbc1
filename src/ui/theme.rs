//! Every colour and size of the panels, and the style that egui wears. No other file of the panels names a colour.

use bevy::color::{ColorToPacked as _, Oklaba, Srgba};
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Ui, Visuals, style::WidgetVisuals};

use super::TypeScale;
use crate::domain::{Level, Status};

/// Fills the screen behind everything.
pub const GROUND: Color32 = Color32::from_rgb(0x0E, 0x11, 0x16);
/// Panels and plates.
pub const SURFACE: Color32 = Color32::from_rgb(0x17, 0x1C, 0x23);
/// Hairlines and quiet frames.
pub const LINE: Color32 = Color32::from_rgb(0x2A, 0x32, 0x3D);
/// What a widget's face is at rest, under the pointer, and pressed.
const FACES: [Color32; 3] = [
    Color32::from_rgb(0x22, 0x29, 0x33),
    Color32::from_rgb(0x2D, 0x36, 0x42),
    Color32::from_rgb(0x36, 0x41, 0x4F),
];
pub const TEXT: Color32 = Color32::from_rgb(0xD9, 0xDF, 0xE7);
pub const MUTED: Color32 = Color32::from_rgb(0x8A, 0x96, 0xA6);
/// The badge and the header's line: live, waiting, offline.
pub const LIVE: Color32 = Color32::from_rgb(0x2F, 0xBF, 0x8F);
pub const WAITING: Color32 = MUTED;
pub const OFFLINE: Color32 = Color32::from_rgb(0xE8, 0x43, 0x2E);
/// Something to look at, not yet wrong: warnings, the demo's banner.
pub const WARN: Color32 = Color32::from_rgb(0xF2, 0xB3, 0x3D);
pub const SELECTION: Color32 = Color32::from_rgb(0xF5, 0xE6, 0x63);

/// Height of the demo's banner, the inspector's width, a toast's: points.
pub const BANNER_HEIGHT: f32 = 26.0;
pub const INSPECTOR_WIDTH: f32 = 360.0;
pub const TOAST_WIDTH: f32 = 340.0;
/// Distance of floating things from the edge that they hang on.
pub const GAP: f32 = 12.0;

/// The colour of a state's mark. The two dark ones are for marks, never for words.
pub fn status_color(status: Status) -> Color32 {
    match status {
        Status::Running => Color32::from_rgb(0x3F, 0x9B, 0xE8),
        Status::Idle | Status::Queued | Status::Unmapped => Color32::from_rgb(0x8E, 0x99, 0xA8),
        Status::Waiting => Color32::from_rgb(0xF5, 0xF7, 0xFA),
        Status::Blocked => WARN,
        Status::Failed => OFFLINE,
        Status::Done => Color32::from_rgb(0x2F, 0x75, 0x60),
        Status::Cancelled | Status::Offline => Color32::from_rgb(0x42, 0x4A, 0x56),
    }
}

/// The colour of a toast's edge.
pub fn level_color(level: Level) -> Color32 {
    match level {
        Level::Info => MUTED,
        Level::Warn => WARN,
        Level::Error => OFFLINE,
    }
}

/// A colour in the space that transitions are mixed in.
pub fn oklab(color: Color32) -> Oklaba {
    Srgba::from_u8_array(color.to_srgba_unmultiplied()).into()
}

/// Back from the space of transitions.
pub fn color32(color: Oklaba) -> Color32 {
    let [red, green, blue, alpha] = Srgba::from(color).to_u8_array();
    Color32::from_rgba_unmultiplied(red, green, blue, alpha)
}

/// Who reads a text: across the room, walking up, or at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Badge, totals, age of the data.
    Room,
    /// The same in digits of one width, so that a count does not jump about.
    RoomDigits,
    /// What the totals are called.
    Caption,
    /// Headings and names.
    Name,
    Body,
    Small,
    /// Digits and values at the desk.
    Mono,
}

impl Tier {
    fn style(self) -> TextStyle {
        match self {
            Self::Room => TextStyle::Name("room".into()),
            Self::RoomDigits => TextStyle::Name("room digits".into()),
            Self::Caption => TextStyle::Name("caption".into()),
            Self::Name => TextStyle::Heading,
            Self::Body => TextStyle::Body,
            Self::Small => TextStyle::Small,
            Self::Mono => TextStyle::Monospace,
        }
    }

    /// The font of this tier; the body's where the theme has not been put on.
    pub fn font(self, ui: &Ui) -> FontId {
        let styles = &ui.style().text_styles;
        styles.get(&self.style()).cloned().unwrap_or_default()
    }
}

/// Puts the theme on. Once when a context appears, and when the type scale changes.
pub fn apply(ctx: &egui::Context, scale: &TypeScale) {
    ctx.set_theme(egui::Theme::Dark);
    let fonts = |tier: Tier| {
        let (size, family) = match tier {
            Tier::Room => (scale.room, FontFamily::Proportional),
            Tier::RoomDigits => (scale.room, FontFamily::Monospace),
            Tier::Caption => (scale.caption(), FontFamily::Proportional),
            Tier::Name => (scale.name, FontFamily::Proportional),
            Tier::Body => (scale.body, FontFamily::Proportional),
            Tier::Small => (scale.small, FontFamily::Proportional),
            Tier::Mono => (scale.small, FontFamily::Monospace),
        };
        (tier.style(), FontId::new(size, family))
    };
    let mut text_styles: std::collections::BTreeMap<_, _> = [
        Tier::Room,
        Tier::RoomDigits,
        Tier::Caption,
        Tier::Name,
        Tier::Body,
        Tier::Small,
        Tier::Mono,
    ]
    .map(fonts)
    .into();
    text_styles.insert(TextStyle::Button, FontId::proportional(scale.body));
    ctx.all_styles_mut(|style| {
        style.text_styles = text_styles.clone();
        style.visuals = visuals();
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(12.0, 5.0);
        style.spacing.interact_size.y = (scale.body * 1.9).round();
        style.spacing.window_margin = Margin::same(14);
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.25;
    });
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = SURFACE;
    visuals.window_fill = SURFACE;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = GROUND;
    visuals.faint_bg_color = FACES[0].gamma_multiply(0.5);
    visuals.warn_fg_color = WARN;
    visuals.error_fg_color = OFFLINE;
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(MUTED);
    visuals.selection.bg_fill = LIVE.gamma_multiply(0.45);
    visuals.selection.stroke = Stroke::new(1.5, TEXT);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    let [rest, over, pressed] = FACES;
    let face = |widget: &mut WidgetVisuals, fill: Color32, ink: Color32, edge: Color32| {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, edge);
        widget.fg_stroke = Stroke::new(1.0, ink);
        widget.corner_radius = CornerRadius::same(5);
        widget.expansion = 0.0;
    };
    face(&mut visuals.widgets.noninteractive, SURFACE, TEXT, LINE);
    face(&mut visuals.widgets.inactive, rest, TEXT, LINE);
    face(&mut visuals.widgets.hovered, over, TEXT, MUTED);
    face(&mut visuals.widgets.active, pressed, TEXT, TEXT);
    face(&mut visuals.widgets.open, over, TEXT, MUTED);
    visuals
}

/// The frame of plates that float over the scene.
pub fn plate() -> egui::Frame {
    egui::Frame::new()
        .fill(SURFACE)
        .stroke(Stroke::new(1.0, LINE))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(12))
}
