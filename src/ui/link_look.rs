//! How the connection looks: its tone, and the colours and widths of the badge and the header's line. The transitions
//! between tones are in `transitions`.

use bevy::{color::Mix as _, color::Oklaba, prelude::Component};
use egui::Color32;

use super::theme::{self, Inks};
use model::theme::ThemeName;
use realtime::{LinkStatus, StatusReport};

/// The looks of the badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// All tables are proven to be equal to the server, and changes arrive.
    Live,
    /// Changes arrive and are shown, but some may be missing, and the tables are read to find out. It is no outage: the
    /// data does not become old.
    CatchingUp,
    /// Connecting, or waiting for the next attempt.
    Waiting,
    /// No attempt is planned.
    Offline,
}

impl Tone {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Live, Self::CatchingUp, Self::Waiting, Self::Offline];

    /// The word in the badge.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::CatchingUp => "Catching up…",
            Self::Waiting => "Connecting…",
            Self::Offline => "Offline",
        }
    }

    /// A lost connection with a planned attempt is `Waiting`; without one it is `Offline`.
    pub(crate) fn of(report: &StatusReport) -> Self {
        match report.status {
            LinkStatus::Connected => Self::Live,
            _ if report.catching_up => Self::CatchingUp,
            LinkStatus::Connecting => Self::Waiting,
            LinkStatus::Disconnected if report.retry_in_ms.is_some() => Self::Waiting,
            LinkStatus::Disconnected | LinkStatus::Error => Self::Offline,
        }
    }

    /// Changes arrive and are shown.
    pub(crate) fn is_flowing(self) -> bool {
        matches!(self, Self::Live | Self::CatchingUp)
    }
}

/// The look as it is drawn: that of a tone, or a blend of two during a transition.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct LinkLook {
    /// Badge edge, dot and header line.
    pub(crate) color: Oklaba,
    /// Opacity of that colour on the badge's face, 0 to 1: low when live, full when offline.
    pub(crate) fill: f32,
    /// Thickness of the header's line, points.
    pub(crate) line: f32,
    /// Strength of the glow around the badge after a change of tone, 0 to 1.
    pub(crate) halo: f32,
}

impl LinkLook {
    /// The look of a tone.
    pub fn of(tone: Tone, inks: &Inks) -> Self {
        let (color, fill, line) = match tone {
            Tone::Live => (inks.live, 0.14, 2.0),
            // The grey of waiting, and the thin line of live.
            Tone::CatchingUp => (inks.muted, 0.14, 2.0),
            Tone::Waiting => (inks.muted, 0.22, 3.0),
            Tone::Offline => (inks.offline, 1.0, 6.0),
        };
        Self {
            color: theme::oklab(color),
            fill,
            line,
            halo: 0.0,
        }
    }

    /// A blend of two looks; the halo fades out meanwhile.
    pub(crate) fn mix(from: &Self, to: &Self, ratio: f32) -> Self {
        let blend = |a: f32, b: f32| a + (b - a) * ratio;
        Self {
            color: from.color.mix(&to.color, ratio),
            fill: blend(from.fill, to.fill),
            line: blend(from.line, to.line),
            halo: 1.0 - ratio,
        }
    }

    /// The colour of the badge's edge, its dot and the header's line.
    pub(crate) fn edge(&self) -> Color32 {
        theme::color32(self.color)
    }

    /// The colour of the badge's face.
    pub(crate) fn face(&self, inks: &Inks) -> Color32 {
        theme::color32(theme::oklab(inks.surface).mix(&self.color, self.fill.clamp(0.0, 1.0)))
    }

    /// The ink of the badge's words: the text colour, or the ground's colour on a badge with a full face.
    pub(crate) fn ink(&self, inks: &Inks) -> Color32 {
        let quiet = theme::oklab(inks.text);
        let loud = theme::oklab(inks.ground);
        theme::color32(quiet.mix(&loud, ((self.fill - 0.5) * 4.0).clamp(0.0, 1.0)))
    }
}

impl Default for LinkLook {
    fn default() -> Self {
        Self::of(Tone::Waiting, theme::inks(ThemeName::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark() -> &'static Inks {
        theme::inks(ThemeName::Dark)
    }

    #[test]
    fn a_lost_connection_is_on_its_way_only_while_a_try_is_ahead() {
        let lost = |retry_in_ms| StatusReport {
            status: LinkStatus::Disconnected,
            retry_in_ms,
            ..StatusReport::default()
        };
        assert_eq!(Tone::of(&lost(Some(0))), Tone::Waiting);
        assert_eq!(Tone::of(&lost(None)), Tone::Offline);
        let gave_up = StatusReport {
            status: LinkStatus::Error,
            ..StatusReport::default()
        };
        assert_eq!(Tone::of(&gave_up), Tone::Offline);
    }

    #[test]
    fn catching_up_is_no_outage_and_not_live() {
        let catching_up = StatusReport {
            status: LinkStatus::Connecting,
            catching_up: true,
            ..StatusReport::default()
        };
        let tone = Tone::of(&catching_up);
        assert_eq!(tone, Tone::CatchingUp);
        assert!(tone.is_flowing() && catching_up.is_flowing());
        assert!(!Tone::of(&StatusReport::default()).is_flowing());
        assert_ne!(LinkLook::of(tone, dark()).edge(), dark().live);
        assert_eq!(LinkLook::of(tone, dark()).line, LinkLook::of(Tone::Live, dark()).line);
    }

    #[test]
    fn a_refusal_that_is_looked_at_again_is_offline_meanwhile() {
        let looks_again = StatusReport {
            status: LinkStatus::Error,
            retry_in_ms: Some(300_000),
            ..StatusReport::default()
        };
        assert_eq!(Tone::of(&looks_again), Tone::Offline);
    }

    #[test]
    fn a_transition_begins_and_ends_at_rest() {
        let (live, offline) = (LinkLook::of(Tone::Live, dark()), LinkLook::of(Tone::Offline, dark()));
        let end = LinkLook::mix(&live, &offline, 1.0);
        assert_eq!((end.fill, end.line, end.halo), (offline.fill, offline.line, 0.0));
        assert_eq!(end.edge(), dark().offline);
        assert_eq!(LinkLook::mix(&live, &offline, 0.0).edge(), dark().live);
    }
}
