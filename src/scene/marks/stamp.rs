//! Event times as the shaders read them.
//!
//! Events (flights, pulses, exits) are stamped in whole milliseconds modulo 2^32, and the shaders compute ages by wrapping
//! subtraction: no precision is lost however long the wall runs. A stamp would come round after 49.7 days and its animation
//! would run again, so every 12 days all older stamps are moved up (`Table::rewrite`).

use bevy::prelude::*;

use super::store::Marks;
use crate::fleet::FleetClock;

/// Interval between two renewals of old stamps, milliseconds: a quarter of the stamps' range.
const RENEW_EVERY_MS: u32 = 1 << 30;

/// Seconds of `FleetClock` as a stamp.
pub(crate) fn stamp(secs: f64) -> u32 {
    // A negative time or a NaN is the beginning; the first cast saturates, the second is the modulo.
    (secs.max(0.0) * 1000.0) as u64 as u32
}

/// Moves old stamps up before they come round.
pub(super) fn renew(mut last: Local<u32>, clock: Res<FleetClock>, mut marks: ResMut<Marks>) {
    let now = stamp(clock.0);
    if now.wrapping_sub(*last) >= RENEW_EVERY_MS {
        *last = now;
        marks.renew_stamps(now);
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
}
