//! Bursts: a real server counts the changes it delivers and, above its limit, drops every further one without a word
//! until the average of a minute is below again. So whoever has seen that many cannot be sure of what came after.
//!
//! The server's arithmetic is carried over from realtime-protocol.md §8.1: twelve buckets of 5 s, tripped when their
//! average reaches the limit.

use std::time::Duration;

const BUCKET: Duration = Duration::from_secs(5);
const BUCKETS: usize = 12;
const WINDOW_S: u32 = 60;
/// The limits there are (realtime-protocol.md §8.1). A server that goes on delivering above one has the next.
const TIERS: [u32; 4] = [100, 500, 2_500, 10_000];
/// So long after the limit was reached, by the server's clock or ours, late changes have come.
const LATE: Duration = Duration::from_secs(10);
/// The average is called below the limit this long after it was, for the same reason.
const COOL: Duration = Duration::from_secs(10);

/// The changes of the last minute.
#[derive(Debug, Default)]
struct Meter {
    buckets: [u32; BUCKETS],
    /// Number of the current bucket since the session was made.
    current: u64,
}

impl Meter {
    fn roll(&mut self, at: Duration) {
        let current = at.as_secs() / BUCKET.as_secs();
        let steps = current.saturating_sub(self.current).min(BUCKETS as u64);
        for step in 1..=steps {
            self.set(self.current + step, 0);
        }
        self.current = self.current.max(current);
    }

    fn set(&mut self, bucket: u64, count: u32) {
        if let Some(slot) = self.buckets.get_mut((bucket % BUCKETS as u64) as usize) {
            *slot = count;
        }
    }

    fn get(&self, bucket: u64) -> u32 {
        let slot = self.buckets.get((bucket % BUCKETS as u64) as usize);
        slot.copied().unwrap_or_default()
    }

    fn add(&mut self, at: Duration) {
        self.roll(at);
        let count = self.get(self.current).saturating_add(1);
        self.set(self.current, count);
    }

    fn sum(&self) -> u32 {
        self.buckets.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// Whether the server may be dropping changes.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    meter: Meter,
    /// What the server was seen to deliver, if that is above the configured limit.
    proven: u32,
    /// The limit was reached.
    tripped: Option<Tripped>,
}

#[derive(Debug)]
struct Tripped {
    since: Duration,
    /// Last moment at which the average was at or above the limit.
    hot: Duration,
    /// Changes since it began.
    changes: u64,
}

impl Bursts {
    /// Counts a change; true when it is the one that may have tripped the limit.
    pub fn count(&mut self, at: Duration, limit: u32) -> bool {
        self.meter.add(at);
        if let Some(tripped) = &mut self.tripped {
            tripped.changes += 1;
        }
        let reached = self.limit(limit).saturating_mul(WINDOW_S);
        let is_new = self.tripped.is_none() && self.meter.sum() >= reached;
        if is_new {
            self.tripped = Some(Tripped {
                since: at,
                hot: at,
                changes: u64::from(self.meter.sum()),
            });
        }
        is_new
    }

    fn limit(&self, configured: u32) -> u32 {
        configured.max(self.proven)
    }

    /// Looks at the average now. True while the server may be dropping changes.
    pub fn look(&mut self, at: Duration, configured: u32) -> bool {
        self.meter.roll(at);
        let limit = self.limit(configured);
        let sum = self.meter.sum();
        let before = self.meter.get(self.meter.current.saturating_sub(1));
        let Some(tripped) = &mut self.tripped else { return false };
        if sum >= limit.saturating_mul(WINDOW_S) {
            tripped.hot = at;
        }
        // A server that had dropped at this limit would have fallen silent.
        let is_silent_or_new = at < tripped.since + LATE + BUCKET * 2 || before < limit.saturating_mul(5) / 2;
        if !is_silent_or_new {
            let seen = sum / WINDOW_S;
            self.proven = TIERS.into_iter().find(|tier| *tier > seen).unwrap_or(u32::MAX);
            tripped.hot = tripped.hot.min(at.saturating_sub(COOL));
            return false;
        }
        at < tripped.hot + COOL
    }

    pub fn is_tripped(&self) -> bool {
        self.tripped.is_some()
    }

    /// The tables were proven equal after the limit was no longer in the way. Returns the changes of the burst.
    pub fn settle(&mut self) -> u64 {
        self.tripped.take().map_or(0, |tripped| tripped.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn five_thousand_rows_at_once_do_not_trip_a_hundred_a_second_but_six_thousand_do() {
        let mut bursts = Bursts::default();
        assert!(!(0..5_999).any(|_| bursts.count(second(100), 100)));
        assert!(bursts.count(second(101), 100) && bursts.is_tripped());
        assert!(bursts.look(second(102), 100) && bursts.look(second(150), 100));
        // The bucket of the burst leaves the window after a minute.
        assert!(bursts.look(second(159), 100));
        assert!(!bursts.look(second(175), 100));
        assert_eq!(bursts.settle(), 6_000);
    }

    #[test]
    fn a_steady_pace_below_the_limit_never_trips_it() {
        let mut bursts = Bursts::default();
        for at in 0..600 {
            assert!(!(0..99).any(|_| bursts.count(second(at), 100)), "at {at} s");
        }
    }

    #[test]
    fn a_server_that_goes_on_delivering_has_another_limit() {
        let mut bursts = Bursts::default();
        let mut suspected = Vec::new();
        for at in 0..300 {
            for _ in 0..300 {
                bursts.count(second(at), 100);
            }
            if bursts.is_tripped() {
                if bursts.look(second(at), 100) {
                    suspected.push(at);
                } else {
                    bursts.settle();
                }
            }
        }
        let (first, last) = (suspected.first(), suspected.last());
        assert!(first >= Some(&19) && last <= Some(&45), "{first:?} {last:?}");
        assert_eq!(bursts.proven, 500);
    }
}
