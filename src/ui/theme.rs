//! The theme of the panels: its colours for egui, the sizes, and egui's own style. The colours are defined in
//! `model::theme`.

use std::sync::LazyLock;

use bevy::color::{ColorToPacked as _, Oklaba, Srgba};
use egui::{
    Color32, CornerRadius, FontData, FontFamily, FontId, Id, Margin, Painter, Stroke, TextStyle, Ui, Visuals,
    epaint::text::{FontInsert, FontPriority, InsertFontFamily},
    style::WidgetVisuals,
};

use super::TypeScale;
use model::theme::{Colors, Rgb, Theme, ThemeName};

/// The colours of one theme.
pub(crate) type Inks = Colors<Color32>;

static INKS: LazyLock<[Inks; ThemeName::ALL.len()]> =
    LazyLock::new(|| ThemeName::ALL.map(|name| name.theme().colors.map(ink)));

fn ink(Rgb(red, green, blue): Rgb) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// The colours of a theme.
pub fn inks(name: ThemeName) -> &'static Inks {
    &INKS[name as usize]
}

/// What has an egui context, and so a theme.
pub trait Themed {
    /// The context whose theme is used.
    fn context(&self) -> &egui::Context;
}

impl Themed for egui::Context {
    fn context(&self) -> &egui::Context {
        self
    }
}

impl Themed for Ui {
    fn context(&self) -> &egui::Context {
        self.ctx()
    }
}

impl Themed for Painter {
    fn context(&self) -> &egui::Context {
        self.ctx()
    }
}

/// The colours of the context's theme; the dark ones where none was applied.
pub fn of(on: &impl Themed) -> &'static Inks {
    inks(
        on.context()
            .data(|data| data.get_temp::<ThemeName>(worn()))
            .unwrap_or_default(),
    )
}

/// Adds a font for letters that the embedded fonts lack.
pub(crate) fn add_font(ctx: &egui::Context, name: &str, bytes: &[u8], index: u32) {
    let mut data = FontData::from_owned(bytes.to_vec());
    data.index = index;
    let families = [FontFamily::Proportional, FontFamily::Monospace].map(|family| InsertFontFamily {
        family,
        priority: FontPriority::Lowest,
    });
    ctx.add_font(FontInsert::new(name, data, families.into()));
}

/// The key under which a context stores its theme.
fn worn() -> Id {
    Id::new("opswall theme")
}

/// Distance of floating panels from the edge of the scene.
pub(crate) const GAP: f32 = 12.0;

/// A colour in the space that transitions are mixed in.
pub(crate) fn oklab(color: Color32) -> Oklaba {
    Srgba::from_u8_array(color.to_srgba_unmultiplied()).into()
}

/// Back from the space of transitions.
pub(crate) fn color32(color: Oklaba) -> Color32 {
    let [red, green, blue, alpha] = Srgba::from(color).to_u8_array();
    Color32::from_rgba_unmultiplied(red, green, blue, alpha)
}

/// From where a text is read: across the room, close by, or at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// Badge, totals, age of the data.
    Room,
    /// The captions of the totals.
    Caption,
    /// Toasts, the banner, advice over the scene.
    Notice,
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
            Self::Caption => TextStyle::Name("caption".into()),
            Self::Notice => TextStyle::Name("notice".into()),
            Self::Name => TextStyle::Heading,
            Self::Body => TextStyle::Body,
            Self::Small => TextStyle::Small,
            Self::Mono => TextStyle::Monospace,
        }
    }

    /// The font of this tier; the body's where no theme was applied.
    pub(crate) fn font(self, ui: &Ui) -> FontId {
        self.font_in(ui.style())
    }

    /// The font of this tier in a style.
    pub(crate) fn font_in(self, style: &egui::Style) -> FontId {
        style.text_styles.get(&self.style()).cloned().unwrap_or_default()
    }
}

/// Points of one point on a desk, of what is read across the room ([`TypeScale::unit`]).
pub(crate) fn unit(ctx: &egui::Context) -> f32 {
    ctx.data(|data| data.get_temp(unit_id())).unwrap_or(1.0)
}

/// The key under which a context stores its unit.
fn unit_id() -> Id {
    Id::new("opswall unit")
}

/// Applies the theme to a context.
pub fn apply(ctx: &egui::Context, scale: &TypeScale, name: ThemeName) {
    let theme = name.theme();
    ctx.data_mut(|data| {
        data.insert_temp(worn(), name);
        data.insert_temp(unit_id(), scale.unit());
    });
    ctx.set_theme(if theme.is_light {
        egui::Theme::Light
    } else {
        egui::Theme::Dark
    });
    let fonts = |tier: Tier| {
        let (size, family) = match tier {
            Tier::Room => (scale.room, FontFamily::Proportional),
            Tier::Caption => (scale.caption(), FontFamily::Proportional),
            Tier::Notice => (scale.notice(), FontFamily::Proportional),
            Tier::Name => (scale.name, FontFamily::Proportional),
            Tier::Body => (scale.body, FontFamily::Proportional),
            Tier::Small => (scale.small, FontFamily::Proportional),
            Tier::Mono => (scale.small, FontFamily::Monospace),
        };
        (tier.style(), FontId::new(size, family))
    };
    let mut text_styles: std::collections::BTreeMap<_, _> = [
        Tier::Room,
        Tier::Caption,
        Tier::Notice,
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
        style.visuals = visuals(theme, inks(name));
        style.spacing.item_spacing = egui::vec2(8.0, 6.0);
        style.spacing.button_padding = egui::vec2(12.0, 5.0);
        style.spacing.interact_size.y = (scale.body * 1.9).round();
        style.spacing.window_margin = Margin::same(14);
        if theme.is_light {
            // The fade at the edge of a list is a grey bar over a light ground.
            style.spacing.scroll.fade.strength = 0.0;
        }
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.25;
    });
}

fn visuals(theme: &Theme, inks: &Inks) -> Visuals {
    let mut visuals = if theme.is_light {
        Visuals::light()
    } else {
        Visuals::dark()
    };
    let (rest, over, pressed) = (inks.face_rest, inks.face_hovered, inks.face_pressed);
    visuals.panel_fill = inks.surface;
    visuals.window_fill = inks.surface;
    visuals.window_stroke = Stroke::new(1.0, inks.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = inks.ground;
    // Opaque: what is half transparent comes out grey over a light ground.
    visuals.faint_bg_color = inks.surface.lerp_to_gamma(inks.line, 0.3);
    visuals.warn_fg_color = inks.warn;
    visuals.error_fg_color = inks.offline;
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(inks.muted);
    visuals.selection.bg_fill = inks.live.gamma_multiply(0.45);
    visuals.selection.stroke = Stroke::new(1.5, inks.text);
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    let face = |widget: &mut WidgetVisuals, fill: Color32, ink: Color32, edge: Color32| {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, edge);
        widget.fg_stroke = Stroke::new(1.0, ink);
        widget.corner_radius = CornerRadius::same(5);
        widget.expansion = 0.0;
    };
    face(&mut visuals.widgets.noninteractive, inks.surface, inks.text, inks.line);
    face(&mut visuals.widgets.inactive, rest, inks.text, inks.line);
    face(&mut visuals.widgets.hovered, over, inks.text, inks.muted);
    face(&mut visuals.widgets.active, pressed, inks.text, inks.text);
    face(&mut visuals.widgets.open, over, inks.text, inks.muted);
    visuals
}

/// The frame of plates that float over the scene.
pub(crate) fn plate(inks: &Inks) -> egui::Frame {
    egui::Frame::new()
        .fill(inks.surface)
        .stroke(Stroke::new(1.0, inks.line))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(12))
}
