//! What the picture takes from the settings.

use model::theme::ThemeName;

use crate::form::Words;

/// What the picture takes from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WallSettings {
    /// Unattended.
    pub kiosk: bool,
    /// Which colours it wears.
    pub theme: ThemeName,
    /// What happens on a machine that is too slow for the whole picture.
    pub quality: QualityPolicy,
    /// Fades instead of flights.
    pub reduced_motion: bool,
    /// Inches; 5 to 1,000.
    pub screen_diagonal: Option<f32>,
    /// Metres; 0.2 to 100.
    pub viewing_distance: Option<f32>,
}

/// What happens on a machine that is too slow for the whole picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QualityPolicy {
    /// The wall does without one thing after the other until it keeps its pace.
    #[default]
    Auto,
    /// Everything is drawn, however long it takes.
    Full,
}

impl QualityPolicy {
    /// As it is written in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Full => "full",
        }
    }
}

impl Words for QualityPolicy {
    const ALL: &'static [Self] = &[Self::Auto, Self::Full];

    fn word(self) -> &'static str {
        self.word()
    }
}

impl Words for ThemeName {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.word()
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::of_word(word)
    }
}
