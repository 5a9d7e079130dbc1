//! Every colour of the screen, theme by theme: one table. A colour token is added by one entry below, a theme by one
//! column. The scene and the panels convert the table to their own colour types; no other file contains a colour.
//!
//! Any two status colours are at least 12 apart (CIEDE2000) in every theme, for normal sight and for the
//! three kinds of colour blindness; `tests/wall/colours.rs` computes it.

use crate::{Level, Status};

/// A set of colours for the whole screen.
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
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::HighContrast];

    /// As it is written in the settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
        }
    }

    /// The inverse of `word`, in any case; `high_contrast` is accepted too.
    pub fn of_word(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase().replace('_', "-");
        Self::ALL.into_iter().find(|name| name.word() == text)
    }

    /// The colours that belong to this name.
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

/// The colours in which the scene and the panels are drawn.
#[derive(Debug, PartialEq, Eq)]
pub struct Theme {
    /// Whether text is dark on a light background.
    pub is_light: bool,
    /// One colour for each token.
    pub colors: Colors<Rgb>,
}

const fn rgb(hex: u32) -> Rgb {
    let [_, red, green, blue] = hex.to_be_bytes();
    Rgb(red, green, blue)
}

/// Defines `Token`, `Colors` and the themes from one entry per colour: its token, its field, and its value in the dark,
/// the light and the high-contrast theme.
macro_rules! colors {
    ($($(#[$doc:meta])* $Token:ident, $field:ident: $dark:literal, $light:literal, $high_contrast:literal;)*) => {
        /// A colour by what it is used for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Token {
            $($(#[$doc])* $Token,)*
        }

        impl Token {
            /// Every token, in the order of the shaders' colour table.
            pub const ALL: [Self; [$($dark),*].len()] = [$(Self::$Token),*];

            /// The name of its field in `Colors`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Token => stringify!($field),)*
                }
            }
        }

        /// The colours of one theme, in any type of colour.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Colors<C> {
            $($(#[$doc])* pub $field: C,)*
        }

        impl<C: Copy> Colors<C> {
            /// The colour of a token.
            pub const fn get(&self, token: Token) -> C {
                match token {
                    $(Token::$Token => self.$field,)*
                }
            }

            /// The same colours in another type.
            pub fn map<D>(&self, convert: impl Fn(C) -> D) -> Colors<D> {
                Colors {
                    $($field: convert(self.$field),)*
                }
            }
        }

        static DARK: Theme = Theme {
            is_light: false,
            colors: Colors {
                $($field: rgb($dark),)*
            },
        };

        static LIGHT: Theme = Theme {
            is_light: true,
            colors: Colors {
                $($field: rgb($light),)*
            },
        };

        static HIGH_CONTRAST: Theme = Theme {
            is_light: false,
            colors: Colors {
                $($field: rgb($high_contrast),)*
            },
        };
    };
}

colors! {
    /// The background of the whole screen: the largest area, therefore uniform.
    Ground, ground: 0x0E1116, 0xF2F4F7, 0x000000;
    /// Panels, plates, the grounds of blocks, tiles.
    Surface, surface: 0x171C23, 0xFFFFFF, 0x0B0D10;
    /// Hairlines, outlines of blocks, and the track of a line of progress.
    Line, line: 0x2A323D, 0xCBD2DB, 0x7C8898;
    /// A widget at rest.
    FaceRest, face_rest: 0x222933, 0xE9EDF2, 0x1B2129;
    /// A widget under the pointer.
    FaceHovered, face_hovered: 0x2D3642, 0xDDE3EA, 0x2F3945;
    /// A widget that is pressed.
    FacePressed, face_pressed: 0x36414F, 0xCFD7E0, 0x445160;
    /// Text, and the ring around what the pointer is over.
    Text, text: 0xD9DFE7, 0x1B2129, 0xFFFFFF;
    /// Secondary text.
    Muted, muted: 0x8A96A6, 0x5A6573, 0xC3CCD8;
    /// The badge and the header's line while the feed is live; while it connects they are `muted`.
    Live, live: 0x2FBF8F, 0x0B7D57, 0x2FE0A4;
    /// The same while the feed is offline, and words that report a failure.
    Offline, offline: 0xE8432E, 0xCB2718, 0xFF5C47;
    /// Words that warn.
    Warn, warn: 0xF2B33D, 0x8A5D00, 0xFFC81A;
    /// The ring around what is selected, the frame of what has the keyboard.
    Selection, selection: 0xF5E663, 0x8A1FB8, 0xFF7AF5;
    /// Marks of calm states: idle, queued and unmapped.
    Calm, calm: 0x8E99A8, 0x76818E, 0xADB9C4;
    /// Marks of what is running.
    Running, running: 0x3F9BE8, 0x1769C4, 0x4FC1FF;
    /// Marks of what waits for a person.
    Waiting, waiting: 0xF5F7FA, 0x14181F, 0xFFFFFF;
    /// Marks of what is blocked.
    Blocked, blocked: 0xF2B33D, 0xC98A00, 0xFFC81A;
    /// Marks of what failed.
    Failed, failed: 0xE8432E, 0xCB2718, 0xFF4B33;
    /// Marks of what is done.
    Done, done: 0x2F7560, 0x7FB8A4, 0x1EA27F;
    /// Marks of what is cancelled or offline.
    Away, away: 0x424A56, 0xB9BAD5, 0x667180;
}

impl<C: Copy> Colors<C> {
    /// The colour of a status's mark.
    pub const fn status(&self, status: Status) -> C {
        self.get(status.color())
    }

    /// The colour of a status's word or number.
    pub const fn status_ink(&self, status: Status) -> C {
        self.get(status.ink())
    }

    /// The colour of a notice.
    pub const fn level(&self, level: Level) -> C {
        self.get(match level {
            Level::Info => Token::Muted,
            Level::Warn => Token::Warn,
            Level::Error => Token::Offline,
        })
    }
}

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
