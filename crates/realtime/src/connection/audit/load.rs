//! How much the audits ask of the server: at most two requests a second, and a share of one connection's time.

use std::time::Duration;

/// Least distance of two requests.
const PACE: Duration = Duration::from_millis(500);
/// The share of one connection's time that audits may take: one hundredth.
const SHARE: u32 = 100;
/// Unused time is kept for later up to this: that of five minutes.
const MOST_KEPT: Duration = Duration::from_secs(3);

/// The requests so far.
#[derive(Debug)]
pub(super) struct Load {
    /// When the next request may be sent.
    next: Duration,
    /// When the time left was computed last, and the time that answers may take from then on.
    counted: Duration,
    left: Duration,
    /// Time that answers took in excess of what was left.
    excess: Duration,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            next: Duration::ZERO,
            counted: Duration::ZERO,
            left: MOST_KEPT,
            excess: Duration::ZERO,
        }
    }
}

impl Load {
    /// When the next request may be sent.
    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// A request is sent.
    pub(super) fn note_request(&mut self, at: Duration) {
        self.next = at + PACE;
    }

    /// An answer took this long.
    pub(super) fn note_answer(&mut self, took: Duration, at: Duration) {
        self.count(at);
        self.excess += took.saturating_sub(self.left);
        self.left = self.left.saturating_sub(took);
    }

    fn count(&mut self, at: Duration) {
        let gained = at.saturating_sub(self.counted) / SHARE;
        self.counted = self.counted.max(at);
        let kept = gained.saturating_sub(self.excess);
        self.excess = self.excess.saturating_sub(gained);
        self.left = (self.left + kept).min(MOST_KEPT);
    }

    /// How long to wait until the answers so far have taken no more than their share.
    pub(super) fn wait(&mut self, at: Duration) -> Duration {
        self.count(at);
        self.excess * SHARE
    }

    /// The time that an answer may take, if one is asked for at this interval.
    pub(super) fn share_of(interval: Duration) -> Duration {
        interval / SHARE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_take_longer_than_their_share_are_waited_for() {
        let mut load = Load::default();
        let second = Duration::from_secs;
        load.note_answer(second(2), second(10));
        assert_eq!(load.wait(second(10)), Duration::ZERO, "unused time was left");
        load.note_answer(second(2), second(20));
        assert_eq!(load.wait(second(20)), second(90));
        assert_eq!(load.wait(second(60)), second(50));
        assert_eq!(load.wait(second(110)), Duration::ZERO);
        assert_eq!(load.wait(second(9_999)), Duration::ZERO);
        load.note_answer(second(4), second(9_999));
        assert_eq!(
            load.wait(second(9_999)),
            second(100),
            "no more than a bounded time is kept"
        );
    }
}
