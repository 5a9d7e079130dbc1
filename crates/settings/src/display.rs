//! Settings of the picture.

use std::time::Duration;

use model::theme::ThemeName;

use crate::form::Words;

/// What a user can set about the picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WallSettings {
    /// Whether the display is unattended.
    pub kiosk: bool,
    /// The theme in which scene and panels are drawn.
    pub theme: ThemeName,
    /// What to do on a machine that is too slow for the whole picture.
    pub quality: QualityPolicy,
    /// Whether marks fade instead of moving.
    pub reduced_motion: bool,
    /// Diagonal of the screen in inches, 5 to 1,000.
    pub screen_diagonal: Option<f32>,
    /// Distance from which the room reads the screen, in metres, 0.2 to 100.
    pub viewing_distance: Option<f32>,
    /// How large all text is, beyond what the screen and the distance give.
    pub scale: TextSize,
    /// When finished workflows step back.
    pub finished: FinishedWorkflows,
}

/// How large all text is: a factor on what the screen and the viewing distance give, 0.75 to 2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextSize {
    percent: u32,
}

impl TextSize {
    /// The size of a setting, which has checked the bounds.
    pub(crate) fn of_percent(percent: u32) -> Self {
        Self { percent }
    }

    /// The factor: 1 unless it is set.
    pub fn factor(self) -> f32 {
        self.percent as f32 / 100.0
    }
}

impl Default for TextSize {
    fn default() -> Self {
        Self { percent: 100 }
    }
}

/// When finished workflows step back; `None` for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FinishedWorkflows {
    /// After this time one is only a header.
    pub shrink_after: Option<Duration>,
    /// After this time one is part of the block of all finished ones.
    pub fold_after: Option<Duration>,
}

impl Default for FinishedWorkflows {
    fn default() -> Self {
        Self {
            shrink_after: Some(Duration::from_secs(u64::from(SHRINK_FINISHED_S))),
            fold_after: Some(Duration::from_secs(u64::from(FOLD_FINISHED_S))),
        }
    }
}

/// What `shrink_finished_after_s` and `fold_finished_after_s` are unless they are set.
pub(crate) const SHRINK_FINISHED_S: u32 = 600;
pub(crate) const FOLD_FINISHED_S: u32 = 3_600;

/// What to do on a machine that is too slow for the whole picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QualityPolicy {
    /// Quality features are disabled one after the other until the frame rate is sufficient.
    #[default]
    Auto,
    /// Everything is drawn, however long it takes.
    Full,
}

impl QualityPolicy {
    /// The word for it in flags, files and variables.
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

#[cfg(test)]
mod tests {
    use crate::{Env, Settings, SettingsArgs, SettingsError};

    #[test]
    fn the_size_of_text_is_a_factor_within_bounds() {
        let factor = |args: SettingsArgs| Ok(Settings::load(&args, &Env::default())?.wall.scale.factor());
        assert_eq!(factor(SettingsArgs::default()), Ok(1.0));
        assert_eq!(factor(SettingsArgs::default().scale("250")), Ok(2.5));
        for wrong in ["74", "251", "1.5", "large"] {
            let error: Result<f32, SettingsError> = factor(SettingsArgs::default().scale(wrong));
            let why = error.expect_err("out of bounds").to_string();
            assert!(why.contains("a whole number from 75 to 250 (percent)"), "{why}");
        }
    }
}
