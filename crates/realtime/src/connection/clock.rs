//! Two clocks compared: a machine that slept, or a process that was frozen, holds a socket that only looks open.

use std::time::Duration;

use super::{Connection, Out, Phase, report::duration_words};
use crate::api::Now;
use model::NoticeKind;

/// How often the clocks are compared (realtime-protocol.md §15.1).
const TICK: Duration = Duration::from_secs(5);
/// The wall clock ran ahead of the monotonic one by more: the machine slept.
const MAX_DRIFT: Duration = Duration::from_secs(15);
/// Woken later than asked for by more: the process was frozen.
const MAX_LATE: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Clock {
    seen: Option<(Duration, i64)>,
    tick: Duration,
}

impl Clock {
    /// Takes the time of a call. Returns how long the machine or the process stood still, if it did.
    pub fn observe(&mut self, now: Now, asked: Option<Duration>) -> Option<Duration> {
        let seen = self.seen.replace((now.at, now.wall_ms));
        if now.at >= self.tick {
            self.tick = now.at + TICK;
        }
        let (at, wall_ms) = seen?;
        let passed = now.at.saturating_sub(at);
        // A wall clock that was set back says nothing: tokens are watched by both clocks.
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

    pub fn due(&self) -> Duration {
        self.tick
    }
}

impl Connection {
    /// The machine stood still: whatever the socket looks like, hours may have been missed on it. A fresh token first,
    /// then a fresh socket, at once and without counting as a failure.
    pub(super) fn woke(&mut self, slept: Duration, out: &mut Out<'_>) {
        if matches!(self.phase, Phase::New | Phase::Resting) {
            return;
        }
        let slept_words = duration_words(slept);
        self.hang_up(&format!("this machine was suspended for {slept_words}"), out);
        self.retry.slept += slept;
        self.tokens.distrust();
        let text = format!("This machine was suspended for {slept_words}; reconnecting.");
        self.say(NoticeKind::Woke, &text, out);
        self.retry.stop_waiting();
        self.connect(out);
    }
}
