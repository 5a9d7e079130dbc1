//! The theme's colours as the scene takes them.

use bevy::prelude::*;

use model::Status;
use model::theme::{Rgb, Theme, ThemeName};

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Palette {
    theme: &'static Theme,
    /// Background of the scene.
    pub ground: Color,
    /// Quiet fills: a district's floor.
    pub surface: Color,
    /// Hairlines: a district's ring where no progress is.
    pub line: Color,
    /// Text that is read, and the ring around what the pointer is over.
    pub text: Color,
    /// Text that stands back: tallies, subtitles, calm states.
    pub muted: Color,
    /// Ring around what is selected.
    pub selection: Color,
}

impl Palette {
    pub const DARK: Self = Self::of(ThemeName::Dark);

    pub const fn of(name: ThemeName) -> Self {
        let theme = name.theme();
        Self {
            theme,
            ground: color(theme.ground),
            surface: color(theme.surface),
            line: color(theme.line),
            text: color(theme.text),
            muted: color(theme.muted),
            selection: color(theme.selection),
        }
    }

    /// The colour of a state's mark.
    pub const fn status(&self, status: Status) -> Color {
        color(self.theme.status(status))
    }

    /// The colour for a state's word or number.
    pub const fn status_ink(&self, status: Status) -> Color {
        color(self.theme.status_ink(status))
    }
}

const fn color(Rgb(red, green, blue): Rgb) -> Color {
    Color::srgb_u8(red, green, blue)
}
