//! Compares two clocks: after a suspended machine or a frozen process, a socket may look open and be dead.

use std::time::Duration;

use crate::api::Now;

/// Interval between two comparisons (docs/realtime-protocol.md §15.1).
const TICK: Duration = Duration::from_secs(5);
/// The wall clock ran ahead of the monotonic one by more than this: the machine was suspended.
const MAX_DRIFT: Duration = Duration::from_secs(15);
/// A wake came later than asked for by more than this: the process was frozen.
const MAX_LATE: Duration = Duration::from_secs(30);

/// The moments of the last call and of the next comparison.
#[derive(Debug, Default)]
pub(super) struct Clock {
    seen: Option<(Duration, i64)>,
    tick: Duration,
}

impl Clock {
    /// Takes the time of a call. Returns how long the machine was suspended or the process frozen, if so.
    pub(super) fn observe(&mut self, now: Now, asked: Option<Duration>) -> Option<Duration> {
        let seen = self.seen.replace((now.at, now.wall_ms));
        if now.at >= self.tick {
            self.tick = now.at + TICK;
        }
        let (at, wall_ms) = seen?;
        let passed = now.at.saturating_sub(at);
        // A wall clock that was set back is no sign of anything: tokens are compared with both clocks.
        let passed_on_wall = Duration::from_millis(u64::try_from(now.wall_ms.saturating_sub(wall_ms)).unwrap_or(0));
        let slept = passed_on_wall.saturating_sub(passed);
        let late = asked.map_or(Duration::ZERO, |asked| now.at.saturating_sub(asked));
        if slept > MAX_DRIFT {
            Some(slept)
        } else if late > MAX_LATE {
            Some(late)
        } else {
            None
        }
    }

    /// The next comparison.
    pub(super) fn due(&self) -> Duration {
        self.tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64, wall_s: i64) -> Now {
        Now {
            at: Duration::from_secs(second),
            wall_ms: wall_s * 1_000,
            random: 0.5,
        }
    }

    #[test]
    fn a_suspended_machine_and_a_frozen_process_are_noticed_and_a_clock_set_back_is_not() {
        let mut clock = Clock::default();
        assert_eq!(clock.observe(at(0, 100), None), None);
        assert_eq!(clock.observe(at(5, 105), Some(Duration::from_secs(5))), None);
        assert_eq!(clock.observe(at(10, 710), None), Some(Duration::from_secs(600)));
        assert_eq!(clock.observe(at(15, 0), None), None);
        let late = clock.observe(at(60, 45), Some(Duration::from_secs(20)));
        assert_eq!(late, Some(Duration::from_secs(40)));
        assert_eq!(clock.due(), Duration::from_secs(65));
    }
}
