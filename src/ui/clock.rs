//! The wall clock's text: local time, or UTC with that word where the machine has no time zone.

use bevy::prelude::*;
use jiff::{Timestamp, tz::TimeZone};

use crate::frame::FrameSystems;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<ClockText>()
        .add_systems(Update, tick.in_set(FrameSystems::Animate));
}

/// `14:03`, or `14:03 UTC`.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq, Reflect)]
#[reflect(Resource)]
pub(super) struct ClockText(pub(super) String);

/// The text for a moment in a zone.
pub(super) fn clock_text(at: Timestamp, zone: &TimeZone) -> String {
    let known = !zone.is_unknown();
    let local = at.to_zoned(if known { zone.clone() } else { TimeZone::UTC });
    let (hour, minute) = (local.hour(), local.minute());
    if known && zone != &TimeZone::UTC {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02} UTC")
    }
}

/// The time of day of a moment in milliseconds since the Unix epoch, with seconds; empty for one that no calendar has.
pub(super) fn with_seconds(ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(ms);
    at.map_or_else(
        |_| String::new(),
        |at| at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string(),
    )
}

fn tick(mut clock: ResMut<ClockText>, mut shown: Local<i64>) {
    let now = Timestamp::now();
    // The zone is read every second: it may change while the wall runs for weeks.
    if std::mem::replace(&mut *shown, now.as_second()) == now.as_second() {
        return;
    }
    let text = clock_text(now, &TimeZone::system());
    clock.set_if_neq(ClockText(text));
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn a_machine_without_a_zone_says_utc() {
        let noon = Timestamp::from_second(1_700_000_000).expect("a time");
        assert_eq!(clock_text(noon, &TimeZone::unknown()), "22:13 UTC");
        assert_eq!(clock_text(noon, &TimeZone::UTC), "22:13 UTC");
        let ahead = TimeZone::fixed(Offset::constant(2));
        assert_eq!(clock_text(noon, &ahead), "00:13");
    }
}
