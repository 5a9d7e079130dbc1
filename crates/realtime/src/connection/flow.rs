//! The flow of changes, and what makes it suspicious: many at once, and a stream that stops abruptly.
//!
//! A real server drops changes silently above a limit that it averages since a moment no client knows, and its poller
//! may lose its connection to the database without a frame (docs/realtime-protocol.md §8.1). Neither can be seen, but
//! both look like one of these two; a look at the tables then tells.

use std::time::Duration;

/// Changes within [`MANY_WITHIN`] that make a look worthwhile: a counter that was made a moment ago averages over a single
/// bucket.
const MANY: u32 = 500;
/// The server's bucket.
const MANY_WITHIN: Duration = Duration::from_secs(5);
/// Time after many changes in which more of them are no news.
const REST: Duration = Duration::from_secs(30);
/// A stream of at least this many changes in [`STREAM_WITHIN`] is expected to go on.
const STREAM: u32 = 50;
/// See [`STREAM`].
const STREAM_WITHIN: Duration = Duration::from_secs(10);
/// A stream that pauses for this long has stopped.
const STOPPED_AFTER: Duration = Duration::from_secs(5);
/// One-second counts kept.
const SECONDS: usize = 10;

/// The changes of the last ten seconds.
#[derive(Debug, Default)]
pub(super) struct Flow {
    seconds: [u32; SECONDS],
    /// The second that was counted last.
    current: u64,
    last_change: Duration,
    /// Many changes were noticed at this moment.
    noticed: Option<Duration>,
    /// The stream that flows now would be missed.
    is_stream: bool,
}

impl Flow {
    fn roll(&mut self, at: Duration) {
        let second = at.as_secs();
        let passed = second.saturating_sub(self.current);
        for back in 0..passed.min(SECONDS as u64) {
            if let Some(slot) = self.seconds.get_mut(((second - back) % SECONDS as u64) as usize) {
                *slot = 0;
            }
        }
        self.current = self.current.max(second);
    }

    fn within(&self, time: Duration) -> u32 {
        let back = time.as_secs().min(SECONDS as u64);
        (0..back)
            .filter_map(|back| self.current.checked_sub(back))
            .filter_map(|second| self.seconds.get((second % SECONDS as u64) as usize))
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Counts a change. True when there were many within a few seconds, for the first time in a while.
    pub(super) fn count(&mut self, at: Duration) -> bool {
        if at.as_secs() != self.current {
            self.roll(at);
        }
        if let Some(slot) = self.seconds.get_mut((self.current % SECONDS as u64) as usize) {
            *slot = slot.saturating_add(1);
        }
        self.last_change = at;
        let rested = self.noticed.is_none_or(|noticed| at >= noticed + REST);
        if !self.is_stream || rested {
            self.is_stream |= self.within(STREAM_WITHIN) >= STREAM;
            if rested && self.within(MANY_WITHIN) >= MANY {
                self.noticed = Some(at);
                return true;
            }
        }
        false
    }

    /// When a stream that flows now counts as stopped.
    pub(super) fn due(&self) -> Option<Duration> {
        self.is_stream.then(|| self.last_change + STOPPED_AFTER)
    }

    /// True once when a stream has stopped.
    pub(super) fn has_stopped(&mut self, at: Duration) -> bool {
        let has_stopped = self.due().is_some_and(|due| at >= due);
        if has_stopped {
            self.is_stream = false;
            self.seconds.fill(0);
        }
        has_stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn many_changes_within_five_seconds_are_noticed_once_and_again_later() {
        let mut flow = Flow::default();
        let noticed = (0..2_000).filter(|n| flow.count(ms(60_000 + n * 5))).count();
        assert_eq!(noticed, 1, "200 a second for ten seconds");
        let noticed = (0..10_000).filter(|n| flow.count(ms(70_000 + n * 5))).count();
        assert_eq!(noticed, 1, "again after a while");
        let mut flow = Flow::default();
        assert!(
            (0..6_000).all(|n| !flow.count(ms(60_000 + n * 15))),
            "67 a second are ordinary"
        );
    }

    #[test]
    fn a_stream_that_stops_is_noticed_once_and_a_trickle_is_not() {
        let mut flow = Flow::default();
        for n in 0..100 {
            flow.count(ms(10_000 + n * 100));
        }
        assert_eq!(flow.due(), Some(ms(24_900)));
        assert!(!flow.has_stopped(ms(24_899)));
        assert!(flow.has_stopped(ms(24_900)));
        assert!(!flow.has_stopped(ms(60_000)) && flow.due().is_none());
        for n in 0..100 {
            flow.count(ms(100_000 + n * 2_000));
            assert_eq!(flow.due(), None);
        }
    }
}
