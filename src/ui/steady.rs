//! The tone that is shown: the truth at once where it is worse, and calm on the way back from catching up.
//!
//! Doubts may come and go several times a second. The badge leaves green with the first of them and comes back only when
//! there was none for a while: it may call proven what is not yet said to be, never the other way round. Pure: the time is
//! an argument.

use bevy::prelude::Resource;

use super::link_look::Tone;

/// Live for this long without a doubt, and the badge says so again: seconds.
const CALM_SECS: f64 = 1.0;

/// What the badge wears.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct SteadyTone {
    shown: Tone,
    /// Since when it is live in truth, seconds.
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
    /// Tells the true tone at `now` (seconds).
    pub fn tell(&mut self, tone: Tone, now: f64) {
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

    pub fn shown(&self) -> Tone {
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
            steady.tell(tone, now);
            steady.shown()
        };
        assert_eq!(shown(Tone::Live, 0.0), Tone::Live, "the first time is not delayed");
        assert_eq!(shown(Tone::CatchingUp, 1.0), Tone::CatchingUp);
        // Doubts that flicker show none of it.
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
                steady.tell(from, 0.0);
                steady.tell(to, 10.0);
                assert_eq!(steady.shown(), to, "{from:?} {to:?}");
            }
        }
        let mut steady = SteadyTone::default();
        steady.tell(Tone::Offline, 0.0);
        steady.tell(Tone::Live, 1.0);
        assert_eq!(steady.shown(), Tone::Live, "an outage that is over is over");
    }
}
