//! Time as the shader knows it.
//!
//! Events (flights, pulses, exits) are stamped in whole milliseconds modulo 2^32, and the shader takes ages by wrapping
//! subtraction: no precision is lost however long the wall runs. A stamp would come round after 49.7 days and its mark
//! move once more, so every 12 days all older stamps are moved up (`Table::settle`).
//!
//! What never ends (breathing, beams, blinking) runs on the ambient clock instead: it stands still while the feed is
//! stale and wraps every hour, which every period in the shaders divides.

use bevy::prelude::*;

use super::tables::Marks;
use crate::{
    fleet::{FleetClock, Touched},
    frame::FrameSystems,
    messages::Staleness,
    scene::motion::MotionSettings,
};

/// The ambient clock comes round after this many seconds.
pub const AMBIENT_PERIOD_SECS: f64 = 3600.0;
/// A long frame moves the ambient clock by no more than this,
const LONGEST_STEP_SECS: f64 = 0.1;
/// and a pause (of the process, or of a wall that rests: a frame a second) not at all: nothing is to twitch by the second.
const PAUSE_SECS: f64 = 0.7;
/// How often old stamps are moved up: a quarter of their range.
const SETTLE_EVERY_MS: u32 = 1 << 30;

/// Seconds of `FleetClock` as the shader's stamp.
pub fn stamp(secs: f64) -> u32 {
    // A negative or absurd time is the beginning; `as` saturates, the second cast is the modulo.
    (secs.max(0.0) * 1000.0) as u64 as u32
}

/// What goes on for ever reads this clock.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq)]
pub struct AmbientClock {
    /// 0 to `AMBIENT_PERIOD_SECS`.
    pub secs: f64,
}

impl AmbientClock {
    /// One frame further, slower the more stale the scene is (0 live, 1 stale).
    pub fn advance(&mut self, delta_secs: f64, staleness: f32, settings: MotionSettings) {
        if settings.reduced || delta_secs > PAUSE_SECS {
            return;
        }
        let speed = f64::from(1.0 - staleness.clamp(0.0, 1.0));
        self.secs = (self.secs + delta_secs.clamp(0.0, LONGEST_STEP_SECS) * speed) % AMBIENT_PERIOD_SECS;
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<AmbientClock>()
        .init_resource::<MotionSettings>()
        .init_resource::<FleetClock>()
        .init_resource::<Touched>()
        .init_resource::<Staleness>()
        .init_resource::<Marks>()
        .add_systems(Update, advance.in_set(FrameSystems::Draw).before(super::frame::write));
}

fn advance(
    mut clock: ResMut<AmbientClock>,
    time: Res<Time<Real>>,
    staleness: Res<Staleness>,
    settings: Res<MotionSettings>,
) {
    clock.advance(time.delta_secs_f64(), staleness.0, *settings);
}

pub(super) fn settle(mut last: Local<u32>, clock: Res<FleetClock>, mut marks: ResMut<Marks>) {
    let now = stamp(clock.0);
    if now.wrapping_sub(*last) >= SETTLE_EVERY_MS {
        *last = now;
        marks.settle(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_survive_any_time() {
        assert_eq!(stamp(-5.0), 0);
        assert_eq!(stamp(f64::NAN), 0);
        assert_eq!(stamp(1.5), 1500);
        let weeks = 10.0 * 7.0 * 86_400.0;
        assert_eq!(stamp(weeks + 0.25).wrapping_sub(stamp(weeks)), 250);
    }

    #[test]
    fn the_ambient_clock_stands_still_while_stale_and_wraps_by_the_hour() {
        let mut clock = AmbientClock {
            secs: AMBIENT_PERIOD_SECS - 0.01,
        };
        clock.advance(0.02, 1.0, MotionSettings::default());
        assert_eq!(clock.secs, AMBIENT_PERIOD_SECS - 0.01);
        clock.advance(0.02, 0.0, MotionSettings { reduced: true });
        assert_eq!(clock.secs, AMBIENT_PERIOD_SECS - 0.01);
        clock.advance(0.02, 0.0, MotionSettings::default());
        assert!(clock.secs < 0.02);
        let before = clock;
        clock.advance(1.0, 0.0, MotionSettings::default());
        clock.advance(1e9, 0.0, MotionSettings::default());
        assert_eq!(clock, before, "a pause is none of its time");
        clock.advance(0.5, 0.0, MotionSettings::default());
        assert!(clock.secs - before.secs <= LONGEST_STEP_SECS);
    }
}
