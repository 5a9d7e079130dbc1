//! How often the wall is drawn: as often as the display shows, less where the governor says so, and once a second, for the
//! clock, while nothing moves. News of the feed, a key or the pointer wake it at once.

mod bell;
mod runner;
mod still;

use std::time::Duration;

use bevy::{
    prelude::*,
    winit::{UpdateMode, WinitSettings},
};

use crate::messages::{Quality, QualityFeature};

pub(super) use self::runner::run;

/// From one frame to the next while nothing moves: the header's clock and ages go on.
const RESTING: Duration = Duration::from_secs(1);
/// From one frame to the next where the machine is too slow for more.
const LOWERED: Duration = Duration::from_millis(100);

/// From one frame to the next.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    resting: bool,
    lowered: bool,
}

impl Pace {
    /// Nothing moves.
    pub fn is_resting(self) -> bool {
        self.resting
    }

    /// At least so long from frame to frame; `None`: as the canvas likes.
    pub fn interval(self) -> Option<Duration> {
        if self.resting {
            Some(RESTING)
        } else {
            self.lowered.then_some(LOWERED)
        }
    }
}

/// Rests and wakes; for walls that somebody looks at.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<still::Stillness>()
        .add_systems(Startup, bell::hang)
        .add_systems(Last, (still::watch, set, obey, bell::listen).chain());
}

fn set(still: Res<still::Stillness>, quality: Res<Quality>, mut pace: ResMut<Pace>) {
    pace.set_if_neq(Pace {
        resting: still.is_still(),
        lowered: !quality.has(QualityFeature::Rate),
    });
}

/// A window's loop goes at this pace; without a window `runner` reads it.
fn obey(pace: Res<Pace>, settings: Option<ResMut<WinitSettings>>) {
    let (true, Some(mut settings)) = (pace.is_changed(), settings) else {
        return;
    };
    // A pointer that moves elsewhere on the desktop is none of our business.
    let mode = pace
        .interval()
        .map_or(UpdateMode::Continuous, UpdateMode::reactive_low_power);
    // A wall has no focus and still moves.
    (settings.focused_mode, settings.unfocused_mode) = (mode, mode);
}
