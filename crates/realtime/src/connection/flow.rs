//! The flow of changes, and what makes it suspicious: many at once, many right after connecting, and a stream that stops
//! abruptly.
//!
//! A real server drops changes silently above a limit, which it averages since a moment that no client learns and over
//! all subscribers of the project; and its poller may lose its connection to the database without a frame
//! (docs/realtime-protocol.md §8.1). Neither is visible, and what this client counted proves nothing, but both look like
//! one of these three. The tables are then compared at once, and again when the limit can no longer be exceeded.

use std::time::Duration;

/// The server's bucket. As many changes within one as the limit allows on average are suspicious: other subscribers count
/// as well, and a counter that was made a moment ago averages over few buckets.
const MANY_WITHIN: Duration = Duration::from_secs(5);
/// Time after connecting in which fewer changes are suspicious: what came before may have exceeded the limit.
const OPENING: Duration = Duration::from_secs(10);
/// Changes in that time, as seconds of the limit.
const OPENING_SECONDS: u32 = 1;
/// After many changes a limit that they exceeded drops further ones for this long at most: the time over which the server
/// averages, and what a change takes to arrive.
const PENALTY: Duration = Duration::from_secs(75);
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
    /// Changes a second above which a server drops some; `None`: it drops none.
    limit: Option<u32>,
    /// When it was live on this socket for long enough, and the changes until then.
    opening: Option<(Duration, u32)>,
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
    /// Of a server with this limit, in changes a second; `None`: it has none.
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// It is live on another socket. True when there were many changes not long ago on the one before: the limit is the
    /// project's.
    pub(super) fn begin(&mut self, at: Duration) -> bool {
        self.is_stream = false;
        self.opening = Some((at + OPENING, 0));
        self.may_be_limited(at)
    }

    /// There were so many changes not long ago that the server may be dropping some.
    pub(super) fn may_be_limited(&self, at: Duration) -> bool {
        self.noticed.is_some_and(|noticed| at < noticed + PENALTY)
    }

    /// Whether this change is the one too many after connecting.
    fn is_busy_opening(&mut self, at: Duration) -> bool {
        let Some((until, count)) = &mut self.opening else {
            return false;
        };
        *count += 1;
        let is_busy = self
            .limit
            .is_some_and(|limit| *count >= limit.saturating_mul(OPENING_SECONDS));
        if is_busy || at >= *until {
            let is_within = at < *until;
            self.opening = None;
            return is_busy && is_within;
        }
        false
    }

    fn is_many(&self) -> bool {
        let seconds = MANY_WITHIN.as_secs() as u32;
        self.limit
            .is_some_and(|limit| self.within(MANY_WITHIN) >= limit.saturating_mul(seconds))
    }

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

    /// Counts a change. True when there were many within a few seconds, for the first time in a while; and when there
    /// were many since it is live on this socket.
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
            if rested && self.is_many() {
                self.noticed = Some(at);
                self.opening = None;
                return true;
            }
        }
        self.is_busy_opening(at)
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
        let mut flow = Flow::new(Some(100));
        let noticed = (0..2_000).filter(|n| flow.count(ms(60_000 + n * 5))).count();
        assert_eq!(noticed, 1, "200 a second for ten seconds");
        let noticed = (0..10_000).filter(|n| flow.count(ms(70_000 + n * 5))).count();
        assert_eq!(noticed, 1, "again after a while");
        assert!(flow.may_be_limited(ms(125_000)) && !flow.may_be_limited(ms(250_000)));
        let mut flow = Flow::new(Some(100));
        assert!(
            (0..6_000).all(|n| !flow.count(ms(60_000 + n * 15))),
            "67 a second are ordinary"
        );
        let mut flow = Flow::new(None);
        assert!(
            (0..6_000).all(|n| !flow.count(ms(60_000 + n))),
            "a server without a limit drops nothing"
        );
    }

    #[test]
    fn fewer_changes_are_suspicious_right_after_connecting() {
        let mut flow = Flow::new(Some(100));
        assert!(!flow.begin(ms(60_000)));
        let noticed = (0..300).filter(|n| flow.count(ms(60_000 + n * 50))).count();
        assert_eq!(noticed, 1, "20 a second from the first moment on");
        assert!(!flow.begin(ms(100_000)));
        let noticed = (0..300).filter(|n| flow.count(ms(100_000 + n * 120))).count();
        assert_eq!(noticed, 0, "8 a second");
        let mut flow = Flow::new(Some(100));
        assert!((0..600).any(|_| flow.count(ms(60_000))));
        assert!(
            flow.begin(ms(70_000)),
            "the limit is the project's, not the connection's"
        );
    }

    #[test]
    fn a_stream_that_stops_is_noticed_once_and_a_trickle_is_not() {
        let mut flow = Flow::new(Some(100));
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
