//! The theme's colours in Bevy's type.

use std::sync::LazyLock;

use bevy::prelude::*;

use model::theme::{Colors, Rgb, ThemeName};

/// The colours of one theme.
pub(crate) type Palette = Colors<Color>;

static PALETTES: LazyLock<[Palette; ThemeName::ALL.len()]> =
    LazyLock::new(|| ThemeName::ALL.map(|name| name.theme().colors.map(color)));

/// The colours of a theme.
pub fn palette(name: ThemeName) -> &'static Palette {
    &PALETTES[name as usize]
}

fn color(Rgb(red, green, blue): Rgb) -> Color {
    Color::srgb_u8(red, green, blue)
}
