//! The tone that is shown. Recovery from catching up to Live is debounced; losing Live is immediate.
//!
//! The connection may change between the two several times a second. The badge never shows Live while the connection does
//! not claim it; it may show less for a moment. Pure: the time is an argument.

use bevy::prelude::Resource;

use super::link_look::Tone;

/// The badge returns to Live after the connection has been live for this long, in seconds.
const CALM_SECS: f64 = 1.0;

/// The tone of the badge.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub(super) struct SteadyTone {
    shown: Tone,
    /// Since when the connection has been live, seconds.
    live_since: Option<f64>,
}

impl Default for SteadyTone {
    fn default() -> Self {
        Self {
            shown: Tone::Waiting,
            live_since: None,
        }
    }
}

impl SteadyTone {
    /// Records the connection's tone at `now` (seconds).
    pub(super) fn record(&mut self, tone: Tone, now: f64) {
        if tone != Tone::Live {
            *self = Self {
                shown: tone,
                live_since: None,
            };
            return;
        }
        let since = *self.live_since.get_or_insert(now);
        if self.shown != Tone::CatchingUp || now - since >= CALM_SECS {
            self.shown = Tone::Live;
        }
    }

    /// The tone to show.
    pub(super) fn shown(&self) -> Tone {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_live_at_once_and_comes_back_calmly() {
        let mut steady = SteadyTone::default();
        let mut shown = |tone, now| {
            steady.record(tone, now);
            steady.shown()
        };
        assert_eq!(shown(Tone::Live, 0.0), Tone::Live, "the first time is not delayed");
        assert_eq!(shown(Tone::CatchingUp, 1.0), Tone::CatchingUp);
        // A connection that changes quickly between the two shows no change.
        for flicker in 0..40_u32 {
            let tone = [Tone::Live, Tone::CatchingUp][flicker as usize % 2];
            assert_eq!(shown(tone, 2.0 + f64::from(flicker) * 0.1), Tone::CatchingUp);
        }
        assert_eq!(shown(Tone::Live, 7.0), Tone::CatchingUp);
        assert_eq!(shown(Tone::Live, 7.9), Tone::CatchingUp);
        assert_eq!(shown(Tone::Live, 8.0), Tone::Live);
    }

    #[test]
    fn it_is_never_live_while_the_truth_is_not() {
        for from in [Tone::Live, Tone::CatchingUp, Tone::Waiting, Tone::Offline] {
            for to in [Tone::CatchingUp, Tone::Waiting, Tone::Offline] {
                let mut steady = SteadyTone::default();
                steady.record(from, 0.0);
                steady.record(to, 10.0);
                assert_eq!(steady.shown(), to, "{from:?} {to:?}");
            }
        }
        let mut steady = SteadyTone::default();
        steady.record(Tone::Offline, 0.0);
        steady.record(Tone::Live, 1.0);
        assert_eq!(steady.shown(), Tone::Live, "an outage that is over is over");
    }
}
