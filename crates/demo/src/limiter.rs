//! The silent limit on changes. At the end of each bucket, the average over the last twelve decides whether changes are sent
//! during the next one.

use std::{collections::VecDeque, time::Instant};

use crate::Limit;

/// Counts delivered changes.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limit: Option<Limit>,
    /// The counts of past buckets, oldest first. While there are fewer than twelve the average is over a shorter time, so
    /// that a burst weighs more.
    buckets: VecDeque<u64>,
    current: u64,
    ends: Option<Instant>,
    is_tripped: bool,
}

/// Buckets of a whole window.
const BUCKETS: usize = 12;

impl Limiter {
    /// Whether changes are sent at this moment. A changed limit starts a new window.
    pub(crate) fn allows(&mut self, limit: Option<Limit>, now: Instant) -> bool {
        if self.limit != limit {
            *self = Self {
                limit,
                ..Self::default()
            };
        }
        let Some(limit) = limit.filter(|limit| !limit.bucket.is_zero()) else {
            return true;
        };
        let mut ends = *self.ends.get_or_insert(now + limit.bucket);
        // After a long silence the window consists of empty buckets.
        if now.saturating_duration_since(ends) > limit.bucket * (BUCKETS as u32 + 1) {
            self.buckets = std::iter::repeat_n(0, BUCKETS).collect();
            (self.current, self.is_tripped) = (0, false);
            ends = now + limit.bucket;
        }
        while ends <= now {
            if self.buckets.len() == BUCKETS {
                self.buckets.pop_front();
            }
            self.buckets.push_back(std::mem::take(&mut self.current));
            let span = limit.bucket.as_secs_f64() * self.buckets.len() as f64;
            let average = self.buckets.iter().sum::<u64>() as f64 / span;
            self.is_tripped = average >= limit.per_s;
            ends += limit.bucket;
        }
        self.ends = Some(ends);
        !self.is_tripped
    }

    /// Counts delivered changes. Dropped ones do not count.
    pub(crate) fn count(&mut self, delivered: usize) {
        self.current += delivered as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_nothing_until_the_average_is_low_enough() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let limit = Some(Limit::real(100.0));
        let mut limiter = Limiter::default();
        // 5,000 at once within the first bucket, as recorded from a real server at its default limit.
        assert!(limiter.allows(limit, at(0.0)));
        limiter.count(5_000);
        assert!(limiter.allows(limit, at(4.9)));
        assert!(!limiter.allows(limit, at(5.1)), "1,000 a second");
        assert!(!limiter.allows(limit, at(49.0)), "111 a second, nine buckets");
        assert!(limiter.allows(limit, at(55.1)), "91 a second, eleven buckets");
        assert!(limiter.allows(limit, at(600.0)));
        // The window is full now, so the same burst weighs less.
        limiter.count(5_000);
        assert!(limiter.allows(limit, at(606.0)));
        limiter.count(10_000);
        assert!(!limiter.allows(limit, at(612.0)));
        assert!(limiter.allows(None, at(612.0)), "no limit, no window");
    }
}
