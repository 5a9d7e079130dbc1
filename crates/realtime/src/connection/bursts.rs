//! Bursts: a server counts the changes it delivers and, above its limit, silently drops further ones until the average
//! over a minute is below the limit again. After that many changes a client cannot be sure of those after them.
//!
//! The server's arithmetic is in docs/realtime-protocol.md §8.1: twelve buckets of 5 s; the limit is exceeded when their
//! average reaches it.

use std::time::Duration;

const BUCKET: Duration = Duration::from_secs(5);
const BUCKETS: usize = 12;
const WINDOW_S: u32 = 60;
/// The limits that servers have (docs/realtime-protocol.md §8.1). A server that goes on delivering above one has the next.
const TIERS: [u32; 4] = [100, 500, 2_500, 10_000];
/// The average has to be below the limit for this long before the limit counts as no longer exceeded: changes may arrive
/// this late, by the clock of the server or of this machine.
const COOL: Duration = Duration::from_secs(10);
/// The server computes its average every 5 s, and a change may take up to 5 s to arrive. The changes in these buckets,
/// counted back from the current one, were part of the server's last average whatever the delays were.
const SURE: std::ops::RangeInclusive<u64> = 3..=9;

/// The changes of the last minute.
#[derive(Debug, Default)]
struct Meter {
    buckets: [u32; BUCKETS],
    /// Number of the current bucket since the session was made.
    current: u64,
    /// The sums of all buckets and of those in `SURE`, needed for every change.
    sum: u32,
    sure: u32,
}

impl Meter {
    fn roll(&mut self, at: Duration) {
        let current = at.as_secs() / BUCKET.as_secs();
        if current <= self.current {
            return;
        }
        for step in 1..=(current - self.current).min(BUCKETS as u64) {
            if let Some(slot) = self.slot(self.current + step) {
                *slot = 0;
            }
        }
        self.current = current;
        self.sum = self.buckets.iter().fold(0, |sum, count| sum.saturating_add(*count));
        self.sure = SURE.fold(0, |sum: u32, back| sum.saturating_add(self.before(back)));
    }

    fn slot(&mut self, bucket: u64) -> Option<&mut u32> {
        self.buckets.get_mut((bucket % BUCKETS as u64) as usize)
    }

    fn before(&self, back: u64) -> u32 {
        let bucket = self.current.checked_sub(back);
        let slot = bucket.and_then(|bucket| self.buckets.get((bucket % BUCKETS as u64) as usize));
        slot.copied().unwrap_or_default()
    }

    fn add(&mut self, at: Duration) {
        self.roll(at);
        if let Some(slot) = self.slot(self.current) {
            *slot = slot.saturating_add(1);
            self.sum = self.sum.saturating_add(1);
        }
    }
}

/// Whether the server may be dropping changes.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    meter: Meter,
    /// The limit that the server must have, judged by what it delivered; 0 while the configured one may be right.
    proven: u32,
    /// The limit was reached.
    tripped: Option<Tripped>,
}

#[derive(Debug)]
struct Tripped {
    /// Last moment at which the average was at or above the limit.
    hot: Duration,
    /// Changes since the burst began.
    changes: u64,
}

impl Bursts {
    /// Counts a change; true when it may have exceeded the limit, after a time in which nothing had.
    pub(super) fn count(&mut self, at: Duration, limit: u32) -> bool {
        self.meter.add(at);
        let pace = self.limit(limit).saturating_mul(BUCKET.as_secs() as u32);
        if self.meter.sure >= self.reached(limit) && self.meter.before(0) >= pace {
            // Changes arrived while the server's average was above the assumed limit, so the server's limit is higher. A
            // whole bucket at the limit's rate is required as evidence, because single changes may be repeated frames.
            let seen = self.meter.sure / WINDOW_S;
            self.proven = TIERS.into_iter().find(|tier| *tier > seen).unwrap_or(u32::MAX);
            if let Some(tripped) = &mut self.tripped {
                tripped.hot = at.saturating_sub(COOL);
            }
        }
        let is_hot = self.meter.sum >= self.reached(limit);
        match &mut self.tripped {
            None if is_hot => {
                let changes = u64::from(self.meter.sum);
                self.tripped = Some(Tripped { hot: at, changes });
                true
            }
            None => false,
            Some(tripped) => {
                tripped.changes += 1;
                let was_cool = at >= tripped.hot + COOL;
                if is_hot {
                    tripped.hot = at;
                }
                is_hot && was_cool
            }
        }
    }

    fn limit(&self, configured: u32) -> u32 {
        configured.max(self.proven)
    }

    /// Changes within a minute from which on the server drops further ones.
    fn reached(&self, configured: u32) -> u32 {
        self.limit(configured).saturating_mul(WINDOW_S)
    }

    /// Computes the average now. True while the server may be dropping changes.
    pub(super) fn look(&mut self, at: Duration, configured: u32) -> bool {
        self.meter.roll(at);
        let is_hot = self.meter.sum >= self.reached(configured);
        let Some(tripped) = &mut self.tripped else { return false };
        if is_hot {
            tripped.hot = at;
        }
        at < tripped.hot + COOL
    }

    pub(super) fn is_tripped(&self) -> bool {
        self.tripped.is_some()
    }

    /// The sources were proven equal after the average was below the limit. Returns the changes of the burst.
    pub(super) fn settle(&mut self) -> u64 {
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
    fn a_server_that_goes_on_delivering_has_a_higher_limit() {
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

    #[test]
    fn a_server_that_drops_at_its_limit_is_not_taken_for_one_with_a_higher_limit() {
        // 130 changes a second are written; the server sends what fits into its minute, up to 5 s late.
        for late in 0..=5 {
            let mut bursts = Bursts::default();
            let mut sent = [0; 12];
            for at in 0..900_u64 {
                let bucket = (at / 5 % 12) as usize;
                if at % 5 == 0 {
                    sent[bucket] = 0;
                }
                for _ in 0..130_u64.min(6_000 - sent.iter().sum::<u64>()) {
                    sent[bucket] += 1;
                    bursts.count(second(at + (at % 7).min(late)), 100);
                }
            }
            assert_eq!((bursts.proven, bursts.is_tripped()), (0, true), "late by {late} s");
        }
    }

    #[test]
    fn a_second_burst_while_the_first_is_read_back_is_one_more_reason_to_read() {
        let mut bursts = Bursts::default();
        assert!((0..6_000).any(|_| bursts.count(second(0), 100)));
        assert!(!bursts.look(second(80), 100));
        // The reading is in progress.
        assert!((0..6_000).any(|_| bursts.count(second(81), 100)));
        assert!(bursts.look(second(82), 100));
    }
}
