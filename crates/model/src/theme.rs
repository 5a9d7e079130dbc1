//! Every colour of the screen, theme by theme. The scene and the panels take theirs from here, and no other file names
//! one. Plain data: the scene and the panels have types of their own for a colour.
//!
//! The seven colours of the states are 12 apart at least (CIEDE2000), pair by pair, in every theme, for normal sight and
//! for the three kinds of colour blindness; `tests/wall/colours.rs` computes it.

use crate::{Level, Status};

/// Which colours the wall wears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum ThemeName {
    /// For dim rooms, and the default.
    #[default]
    Dark,
    /// For rooms with daylight.
    Light,
    /// Black, white and strong colours.
    HighContrast,
}

impl ThemeName {
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::HighContrast];

    /// As it is written in the settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
        }
    }

    /// The inverse of `word`, whatever the case; `high_contrast` is understood too.
    pub fn of_word(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|name| name.word() == text)
    }

    /// Its colours.
    pub const fn theme(self) -> &'static Theme {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
            Self::HighContrast => &HIGH_CONTRAST,
        }
    }
}

/// A colour in sRGB: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// The colours of one theme.
#[derive(Debug, PartialEq, Eq)]
pub struct Theme {
    /// Dark letters on a light ground.
    pub is_light: bool,
    /// Fills the screen behind everything: the one place that is large, so it is uniform.
    pub ground: Rgb,
    /// Panels, plates, the floors of districts.
    pub surface: Rgb,
    /// Hairlines, a district's ring where there is nothing to tell.
    pub line: Rgb,
    /// What a widget's face is at rest, under the pointer, and pressed.
    pub faces: [Rgb; 3],
    pub text: Rgb,
    /// Text that stands back.
    pub muted: Rgb,
    /// The badge and the header's line; between the two they are `muted`.
    pub live: Rgb,
    pub offline: Rgb,
    /// Words of warning.
    pub warn: Rgb,
    /// The ring around what is selected, the frame of what has the keyboard.
    pub selection: Rgb,
    /// Marks of states: idle, queued and unmapped.
    pub calm: Rgb,
    pub running: Rgb,
    pub waiting: Rgb,
    pub blocked: Rgb,
    pub failed: Rgb,
    pub done: Rgb,
    /// Cancelled and offline.
    pub away: Rgb,
}

impl Theme {
    /// The colour of a state's mark. Each state has a shape of its own as well: never by colour alone.
    pub const fn status(&self, status: Status) -> Rgb {
        match status {
            Status::Idle | Status::Queued | Status::Unmapped => self.calm,
            Status::Running => self.running,
            Status::Waiting => self.waiting,
            Status::Blocked => self.blocked,
            Status::Failed => self.failed,
            Status::Done => self.done,
            Status::Cancelled | Status::Offline => self.away,
        }
    }

    /// The colour for a state's word or number: the mark's own where letters in it can be read.
    pub const fn status_ink(&self, status: Status) -> Rgb {
        match status {
            Status::Idle | Status::Queued | Status::Unmapped => self.muted,
            Status::Done | Status::Cancelled | Status::Offline => self.muted,
            Status::Blocked => self.warn,
            Status::Failed => self.offline,
            other => self.status(other),
        }
    }

    /// How loud a notice is.
    pub const fn level(&self, level: Level) -> Rgb {
        match level {
            Level::Info => self.muted,
            Level::Warn => self.warn,
            Level::Error => self.offline,
        }
    }
}

const fn rgb(hex: u32) -> Rgb {
    let [_, red, green, blue] = hex.to_be_bytes();
    Rgb(red, green, blue)
}

pub const DARK: Theme = Theme {
    is_light: false,
    ground: rgb(0x0E1116),
    surface: rgb(0x171C23),
    line: rgb(0x2A323D),
    faces: [rgb(0x222933), rgb(0x2D3642), rgb(0x36414F)],
    text: rgb(0xD9DFE7),
    muted: rgb(0x8A96A6),
    live: rgb(0x2FBF8F),
    offline: rgb(0xE8432E),
    warn: rgb(0xF2B33D),
    selection: rgb(0xF5E663),
    calm: rgb(0x8E99A8),
    running: rgb(0x3F9BE8),
    waiting: rgb(0xF5F7FA),
    blocked: rgb(0xF2B33D),
    failed: rgb(0xE8432E),
    done: rgb(0x2F7560),
    away: rgb(0x424A56),
};

pub const LIGHT: Theme = Theme {
    is_light: true,
    ground: rgb(0xF2F4F7),
    surface: rgb(0xFFFFFF),
    line: rgb(0xCBD2DB),
    faces: [rgb(0xE9EDF2), rgb(0xDDE3EA), rgb(0xCFD7E0)],
    text: rgb(0x1B2129),
    muted: rgb(0x5A6573),
    live: rgb(0x0B7D57),
    offline: rgb(0xCB2718),
    warn: rgb(0x8A5D00),
    selection: rgb(0x8A1FB8),
    calm: rgb(0x76818E),
    running: rgb(0x1769C4),
    waiting: rgb(0x14181F),
    blocked: rgb(0xC98A00),
    failed: rgb(0xCB2718),
    done: rgb(0x7FB8A4),
    away: rgb(0xB9BAD5),
};

pub const HIGH_CONTRAST: Theme = Theme {
    is_light: false,
    ground: rgb(0x000000),
    surface: rgb(0x0B0D10),
    line: rgb(0x7C8898),
    faces: [rgb(0x1B2129), rgb(0x2F3945), rgb(0x445160)],
    text: rgb(0xFFFFFF),
    muted: rgb(0xC3CCD8),
    live: rgb(0x2FE0A4),
    offline: rgb(0xFF5C47),
    warn: rgb(0xFFC81A),
    selection: rgb(0xFF7AF5),
    calm: rgb(0xADB9C4),
    running: rgb(0x4FC1FF),
    waiting: rgb(0xFFFFFF),
    blocked: rgb(0xFFC81A),
    failed: rgb(0xFF4B33),
    done: rgb(0x1EA27F),
    away: rgb(0x667180),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ThemeName::ALL {
            assert_eq!(ThemeName::of_word(name.word()), Some(name));
        }
        assert_eq!(ThemeName::of_word(" High_Contrast "), Some(ThemeName::HighContrast));
        assert_eq!(ThemeName::of_word("solarized"), None);
    }
}
