//! The reconnect schedule: pure arithmetic.

use std::time::Duration;

/// How reconnects are spaced. The default gives 3, 6, 12, 24, 48 s and then gives up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Failed attempts in a row before giving up; 0 = never give up.
    pub max_attempts: u32,
    /// Delay before the first attempt; each later one doubles it.
    pub interval: Duration,
    /// Upper limit of one delay.
    pub max_interval: Duration,
    /// Share of a delay that is random, 0 to 1: at 0.2 a delay is cut by up to a fifth.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Backoff {
    /// 3, 6, 12, 24, 48 s, then it gives up.
    pub const DEFAULT: Self = Self {
        max_attempts: 5,
        interval: Duration::from_millis(3_000),
        max_interval: Duration::from_millis(60_000),
        jitter: 0.0,
    };

    /// Least and greatest delay that may be set: shorter ones would flood the server, longer ones would look like a hang.
    pub const INTERVAL_RANGE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3_600));
    /// Longest delay after a connection that was live, unless the interval that is set is longer.
    pub const MAX_DELAY_AFTER_LIVE: Duration = Duration::from_secs(10);
    /// Most attempts that may be set; 0 stands for "never give up".
    pub const MAX_ATTEMPTS_LIMIT: u32 = 1_000;

    /// The delay before attempt number `attempt` (1 is the first), or `None` when that many are not made.
    /// `random` is in `[0, 1)`.
    pub fn delay(&self, attempt: u32, random: f64) -> Option<Duration> {
        if attempt == 0 || (self.max_attempts != 0 && attempt > self.max_attempts) {
            return None;
        }
        // 2^20 intervals exceed every limit; capping the exponent keeps the product finite.
        let factor = 1_u32 << (attempt - 1).min(20);
        let full = self.interval.saturating_mul(factor).min(self.max_interval);
        Some(self.cut(full, random))
    }

    /// The delay after a connection that was live. `brief`: how many in a row, this one included, ended soon after they
    /// had become live; 0 when it lasted. `random` is in `[0, 1)`.
    ///
    /// The server works, so the delay grows slowly and stays short: from [`Backoff::interval`] by half each time, to
    /// [`Backoff::MAX_DELAY_AFTER_LIVE`] at most, or the interval where that is longer.
    pub fn delay_after_live(&self, brief: u32, random: f64) -> Duration {
        let most = Self::MAX_DELAY_AFTER_LIVE.min(self.max_interval).max(self.interval);
        // 1.5^30 intervals exceed the limit; capping the exponent keeps the product finite.
        let steps = i32::try_from(brief.saturating_sub(1).min(30)).unwrap_or(30);
        let full = self.interval.mul_f64(1.5_f64.powi(steps)).min(most);
        self.cut(full, random)
    }

    /// A delay without its random share.
    fn cut(&self, full: Duration, random: f64) -> Duration {
        full.mul_f64(1.0 - self.jitter.clamp(0.0, 1.0) * random.clamp(0.0, 1.0))
    }

    /// The delays in order without jitter, at most `most` of them.
    pub fn schedule(&self, most: u32) -> Vec<Duration> {
        (1..=most).map_while(|attempt| self.delay(attempt, 0.0)).collect()
    }

    /// These settings moved into their allowed ranges.
    pub fn clamped(self) -> Self {
        let (least, most) = Self::INTERVAL_RANGE;
        let interval = self.interval.clamp(least, most);
        Self {
            max_attempts: self.max_attempts.min(Self::MAX_ATTEMPTS_LIMIT),
            interval,
            max_interval: self.max_interval.clamp(interval, most),
            jitter: if self.jitter.is_finite() {
                self.jitter.clamp(0.0, 1.0)
            } else {
                0.0
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(backoff: &Backoff) -> Vec<u64> {
        backoff.schedule(10).iter().map(Duration::as_secs).collect()
    }

    #[test]
    fn the_default_delays_are_3_6_12_24_and_48_seconds() {
        assert_eq!(seconds(&Backoff::default()), [3, 6, 12, 24, 48]);
        assert_eq!(Backoff::default().delay(6, 0.0), None);
    }

    #[test]
    fn delays_stay_below_the_limit_and_zero_attempts_never_end() {
        let backoff = Backoff {
            max_attempts: 0,
            max_interval: Duration::from_secs(10),
            ..Backoff::default()
        };
        assert_eq!(seconds(&backoff), [3, 6, 10, 10, 10, 10, 10, 10, 10, 10]);
        assert_eq!(backoff.delay(u32::MAX, 0.0), Some(Duration::from_secs(10)));
    }

    #[test]
    fn after_a_live_connection_the_delay_grows_slowly_to_ten_seconds() {
        let delays =
            |backoff: Backoff| [0, 1, 2, 3, 4, u32::MAX].map(|brief| backoff.delay_after_live(brief, 0.5).as_millis());
        assert_eq!(delays(Backoff::default()), [3_000, 3_000, 4_500, 6_750, 10_000, 10_000]);
        let slow = Backoff {
            interval: Duration::from_secs(20),
            ..Backoff::default()
        };
        assert_eq!(delays(slow), [20_000; 6]);
        let short = Backoff {
            max_interval: Duration::from_secs(4),
            jitter: 0.2,
            ..Backoff::default()
        };
        assert_eq!(delays(short), [2_700, 2_700, 3_600, 3_600, 3_600, 3_600]);
    }

    #[test]
    fn jitter_shortens_a_delay_by_at_most_its_share() {
        let backoff = Backoff {
            jitter: 0.2,
            ..Backoff::default()
        };
        assert_eq!(backoff.delay(1, 0.0), Some(Duration::from_secs(3)));
        assert_eq!(backoff.delay(1, 1.0), Some(Duration::from_millis(2_400)));
    }
}
