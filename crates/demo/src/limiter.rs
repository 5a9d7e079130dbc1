//! The rate counters of a project (docs/realtime-protocol.md §8.1). While the average of a counter is at its limit or above it,
//! the server drops changes, or refuses joins.
//!
//! A counter adds up what happens in buckets of 5 s and averages over those since it was made, twelve at most. One empty bucket
//! ends at the moment it is made. Every 5 minutes a counter whose buckets are all empty is replaced by a new one. A burst
//! therefore weighs most soon after the counter was made, and little when the counter has been there for a minute.
//!
//! Time is passed in, so that the arithmetic can be tested without waiting.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::Limit;

/// Compares a rate with its limit.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    limit: Option<Limit>,
    /// When counting began; `None` = it has not begun yet.
    began: Option<Instant>,
    /// `None` while there is no limit or counting has not begun.
    counter: Option<Counter>,
    /// Until this moment the limit counts as exceeded, whatever was counted here.
    exceeded_until: Option<Instant>,
}

/// The buckets of one counter.
#[derive(Debug)]
struct Counter {
    limit: Limit,
    /// When the current bucket ends.
    bucket_ends: Instant,
    /// When the counter is replaced if all its buckets are empty.
    check_due: Instant,
    /// The counts of the buckets that have ended, oldest first.
    buckets: VecDeque<u64>,
    current: u64,
    is_exceeded: bool,
}

/// Most buckets of an average.
const BUCKETS: usize = 12;
/// Buckets between two checks of whether a counter is idle: 5 minutes with buckets of 5 s.
const BUCKETS_PER_CHECK: u32 = 60;

impl Limiter {
    /// Begins to count, unless it has begun already.
    pub(crate) fn begin(&mut self, now: Instant) {
        if self.began.is_none() {
            self.began = Some(now);
            self.renew(now);
        }
    }

    /// Sets the limit. Another limit than before starts a new counter.
    pub(crate) fn set_limit(&mut self, limit: Option<Limit>, now: Instant) {
        let limit = limit.filter(|limit| !limit.bucket.is_zero());
        if self.limit != limit {
            self.limit = limit;
            self.renew(now);
        }
    }

    fn renew(&mut self, now: Instant) {
        let limit = self.limit.filter(|_| self.began.is_some());
        self.counter = limit.map(|limit| Counter::new(limit, now));
    }

    /// Whether the rate is below the limit at this moment.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        let is_exceeded = self.counter.as_mut().is_some_and(|counter| {
            counter.advance(now);
            counter.is_exceeded
        });
        !is_exceeded && self.exceeded_until.is_none_or(|until| until <= now)
    }

    /// Counts what the server has done. What it dropped or refused does not count.
    pub(crate) fn count(&mut self, times: usize) {
        if let Some(counter) = &mut self.counter {
            counter.current = counter.current.saturating_add(times as u64);
        }
    }

    /// Exceeds the limit until this moment, as other clients of the project can; `None` ends it.
    pub(crate) fn exceed_until(&mut self, until: Option<Instant>) {
        self.exceeded_until = until;
    }

    /// Makes the counter older, as if this much more time had passed since all that it has counted.
    pub(crate) fn age(&mut self, by: Duration) {
        if let Some(counter) = &mut self.counter
            && let (Some(ends), Some(check)) = (counter.bucket_ends.checked_sub(by), counter.check_due.checked_sub(by))
        {
            (counter.bucket_ends, counter.check_due) = (ends, check);
        }
    }
}

impl Counter {
    fn new(limit: Limit, now: Instant) -> Self {
        Self {
            limit,
            bucket_ends: now + limit.bucket,
            check_due: now + limit.bucket * BUCKETS_PER_CHECK,
            buckets: VecDeque::from([0]),
            current: 0,
            is_exceeded: false,
        }
    }

    /// Ends the buckets and makes the checks that were due up to now. However late it is called, it takes at most two rounds
    /// of [`BUCKETS_PER_CHECK`] steps: the first check after that finds the counter idle.
    fn advance(&mut self, now: Instant) {
        let check_interval = self.limit.bucket * BUCKETS_PER_CHECK;
        while self.bucket_ends.min(self.check_due) <= now {
            if self.check_due > self.bucket_ends {
                self.end_bucket();
            } else if self.buckets.iter().all(|count| *count == 0) {
                // An idle counter is replaced at every check, so that only the latest check matters.
                let late = now.saturating_duration_since(self.check_due).as_nanos() % check_interval.as_nanos();
                let made = u64::try_from(late)
                    .ok()
                    .and_then(|late| now.checked_sub(Duration::from_nanos(late)));
                *self = Self::new(self.limit, made.unwrap_or(now));
            } else {
                self.check_due += check_interval;
            }
        }
    }

    fn end_bucket(&mut self) {
        if self.buckets.len() == BUCKETS {
            self.buckets.pop_front();
        }
        self.buckets.push_back(std::mem::take(&mut self.current));
        let span = self.limit.bucket.as_secs_f64() * self.buckets.len() as f64;
        let average = self.buckets.iter().sum::<u64>() as f64 / span;
        self.is_exceeded = average >= self.limit.per_s;
        self.bucket_ends += self.limit.bucket;
    }
}

/// What was measured on a real server at its default limit of 100 changes a second (docs/realtime-protocol.md §8.1).
#[cfg(test)]
mod tests {
    use super::*;

    /// A limiter whose counter is made at second 0.
    struct Bench {
        limiter: Limiter,
        start: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let (mut limiter, start) = (Limiter::default(), Instant::now());
            limiter.set_limit(Some(Limit::real(100.0)), start);
            limiter.begin(start);
            Self { limiter, start }
        }

        fn allows(&mut self, second: f64) -> bool {
            self.limiter.allows(self.start + Duration::from_secs_f64(second))
        }

        /// Commits changes at one moment for this many subscribers. Returns how many of them were delivered.
        fn commit(&mut self, second: f64, changes: usize, subscribers: usize) -> usize {
            if !self.allows(second) {
                return 0;
            }
            self.limiter.count(changes * subscribers);
            changes
        }

        /// The seconds after `from` at whose beginning a change would be dropped.
        fn silence(&mut self, from: u32) -> Vec<u32> {
            (from..from + 120)
                .filter(|second| !self.allows(f64::from(*second)))
                .collect()
        }
    }

    #[test]
    fn five_thousand_changes_pass_and_the_next_20_seconds_are_lost() {
        let mut bench = Bench::new();
        assert_eq!(bench.commit(27.0, 5_000, 1), 5_000);
        assert!(bench.allows(29.9), "until the bucket ends, everything passes");
        assert_eq!(bench.silence(28), (30..50).collect::<Vec<_>>(), "125 to 100 a second");
    }

    /// The recordings in tests/data/transcripts begin 3 s after the counter was made.
    #[test]
    fn on_a_new_counter_five_thousand_changes_silence_45_seconds() {
        let mut bench = Bench::new();
        assert_eq!(bench.commit(3.0, 5_000, 1), 5_000);
        assert_eq!(bench.silence(4), (5..50).collect::<Vec<_>>(), "500 to 100 a second");
    }

    #[test]
    fn a_change_counts_once_for_each_subscriber() {
        let mut bench = Bench::new();
        assert_eq!(bench.commit(1.0, 18, 2) + bench.commit(2.0, 3_500, 2), 3_518);
        // 7,036 are above the average of any window that contains them.
        assert_eq!(bench.silence(3), (5..65).collect::<Vec<_>>());
        let mut bench = Bench::new();
        assert_eq!(bench.commit(2.0, 3_518, 1), 3_518);
        assert_eq!(
            bench.silence(3),
            (5..35).collect::<Vec<_>>(),
            "half as many with one subscriber"
        );
    }

    /// 2,500 changes in the first second after the start, followed by 61 a second: 1,220 are lost; 1,214 were measured.
    #[test]
    fn a_cold_server_loses_what_follows_its_first_second() {
        let mut bench = Bench::new();
        let mut missing = 0;
        for tenth in 0..10 {
            missing += 250 - bench.commit(f64::from(tenth) / 10.0, 250, 1);
        }
        assert_eq!(missing, 0);
        for second in 1..120 {
            missing += 61 - bench.commit(f64::from(second), 61, 1);
        }
        assert_eq!(missing, 1_220, "20 s, although 61 a second are below the limit");
    }

    #[test]
    fn changes_of_others_before_a_client_connects_count() {
        let mut bench = Bench::new();
        assert_eq!(bench.commit(1.0, 999, 1), 999);
        assert!(bench.allows(5.5), "99.9 a second");
        // The client connects now. With those before it, 600 of its own changes are 107 a second.
        assert_eq!(bench.commit(6.0, 600, 1), 600);
        assert!(!bench.allows(10.5));
    }

    #[test]
    fn a_counter_of_a_minute_takes_a_burst_that_a_new_one_does_not() {
        let mut bench = Bench::new();
        assert_eq!(bench.commit(100.0, 5_000, 1), 5_000);
        assert_eq!(bench.silence(101), Vec::<u32>::new(), "83 a second");
        assert_eq!(bench.commit(250.0, 1, 1), 1);
        // At 300 s the last minute was not quiet, so that the counter stays; at 600 s it is replaced.
        assert_eq!(bench.commit(301.0, 5_000, 1), 5_000);
        assert_eq!(bench.silence(302), Vec::<u32>::new());
        assert_eq!(bench.commit(601.0, 5_000, 1), 5_000);
        assert_eq!(bench.silence(602), (605..650).collect::<Vec<_>>());
    }

    #[test]
    fn an_idle_counter_is_as_old_as_the_latest_check() {
        let mut bench = Bench::new();
        let day = 86_400.0;
        assert_eq!(bench.commit(day + 27.0, 5_000, 1), 5_000);
        assert_eq!(bench.silence(86_428), (86_430..86_450).collect::<Vec<_>>());
        // The same by making the counter older.
        let mut bench = Bench::new();
        bench.limiter.age(Duration::from_secs(86_427));
        assert_eq!(bench.commit(0.0, 5_000, 1), 5_000);
        assert_eq!(bench.silence(1), (3..23).collect::<Vec<_>>());
    }

    #[test]
    fn counting_needs_a_limit_and_a_beginning() {
        let start = Instant::now();
        let later = start + Duration::from_secs(6);
        let mut limiter = Limiter::default();
        limiter.begin(start);
        limiter.count(1_000_000);
        assert!(limiter.allows(later), "there is no limit");
        limiter.set_limit(Some(Limit::real(100.0)), later);
        limiter.count(1_000_000);
        assert!(!limiter.allows(later + Duration::from_secs(6)));
        limiter.set_limit(Some(Limit::real(200.0)), later);
        assert!(
            limiter.allows(later + Duration::from_secs(6)),
            "another limit, another counter"
        );
        let mut limiter = Limiter::default();
        limiter.set_limit(Some(Limit::real(100.0)), start);
        limiter.count(1_000_000);
        assert!(limiter.allows(later), "nothing is counted before the beginning");
    }

    #[test]
    fn others_can_exceed_the_limit_for_a_while() {
        let start = Instant::now();
        let mut limiter = Limiter::default();
        limiter.exceed_until(Some(start + Duration::from_secs(5)));
        assert!(!limiter.allows(start));
        assert!(limiter.allows(start + Duration::from_secs(5)));
    }
}
