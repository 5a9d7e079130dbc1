//! The clock of animations without an end (breathing, beams, blinking). It stands still while the feed is stale, and wraps
//! every hour, which every period in the shaders divides. (Animations that end run on the stamps of `marks`.)

use bevy::prelude::*;

use crate::{frame::DrawSystems, messages::Staleness, scene::motion::MotionSettings};

/// The clock wraps after this many seconds.
pub(super) const AMBIENT_PERIOD_SECS: f64 = 3600.0;
/// A long frame advances the clock by no more than this.
const LONGEST_STEP_SECS: f64 = 0.1;
/// A longer frame is a pause (of the process, or of an idle wall, which draws one frame a second) and does not advance the
/// clock: otherwise marks would jerk once a second.
const PAUSE_SECS: f64 = 0.7;

/// The time of animations without an end.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Reflect)]
#[reflect(Resource)]
pub(super) struct AmbientClock {
    /// 0 to `AMBIENT_PERIOD_SECS`.
    pub(super) secs: f64,
}

impl AmbientClock {
    /// Advances by one frame, slower the more stale the scene is (0 live, 1 stale).
    fn advance(&mut self, delta_secs: f64, staleness: f32, motion: MotionSettings) {
        if motion.reduced || delta_secs > PAUSE_SECS {
            return;
        }
        let speed = f64::from(1.0 - staleness.clamp(0.0, 1.0));
        self.secs = (self.secs + delta_secs.clamp(0.0, LONGEST_STEP_SECS) * speed) % AMBIENT_PERIOD_SECS;
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<AmbientClock>()
        .add_systems(Update, advance.in_set(DrawSystems::Clock));
}

fn advance(
    mut clock: ResMut<AmbientClock>,
    time: Res<Time<Real>>,
    staleness: Res<Staleness>,
    motion: Res<MotionSettings>,
) {
    clock.advance(time.delta_secs_f64(), staleness.0, *motion);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_while_stale_and_wraps_every_hour() {
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
        assert_eq!(clock, before, "a pause does not count");
        clock.advance(0.5, 0.0, MotionSettings::default());
        assert!(clock.secs - before.secs <= LONGEST_STEP_SECS);
    }
}
