//! The reconnect schedule: pure arithmetic.

use std::time::Duration;

/// How reconnects are spaced. The default gives 3, 6, 12, 24, 48 s and then gives up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Tries before giving up; 0 = never give up.
    pub max_attempts: u32,
    /// Delay before the first try; each later one doubles it.
    pub interval: Duration,
    /// Ceiling of one delay.
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

    /// Bounds of what may be set: shorter would be a storm, longer would look dead.
    pub const INTERVAL_RANGE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3_600));
    /// Most tries that may be set; 0 stands for "never give up".
    pub const MAX_ATTEMPTS_LIMIT: u32 = 1_000;

    /// The delay before try number `attempt` (1 is the first), or `None` when there is no such try any more.
    /// `random` is in `[0, 1)`.
    pub fn delay(&self, attempt: u32, random: f64) -> Option<Duration> {
        if attempt == 0 || (self.max_attempts != 0 && attempt > self.max_attempts) {
            return None;
        }
        // 2^20 intervals are beyond every ceiling; the cap keeps the product finite.
        let factor = 1_u32 << (attempt - 1).min(20);
        let full = self.interval.saturating_mul(factor).min(self.max_interval);
        let cut = self.jitter.clamp(0.0, 1.0) * random.clamp(0.0, 1.0);
        Some(full.mul_f64(1.0 - cut))
    }

    /// The delays in order without their random share, at most `most` of them.
    pub fn schedule(&self, most: u32) -> Vec<Duration> {
        (1..=most).map_while(|attempt| self.delay(attempt, 0.0)).collect()
    }

    /// The nearest setting within the bounds.
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
    fn the_default_is_3_6_12_24_48_and_then_nothing() {
        assert_eq!(seconds(&Backoff::default()), [3, 6, 12, 24, 48]);
        assert_eq!(Backoff::default().delay(6, 0.0), None);
    }

    #[test]
    fn the_ceiling_holds_and_zero_attempts_never_end() {
        let backoff = Backoff {
            max_attempts: 0,
            max_interval: Duration::from_secs(10),
            ..Backoff::default()
        };
        assert_eq!(seconds(&backoff), [3, 6, 10, 10, 10, 10, 10, 10, 10, 10]);
        assert_eq!(backoff.delay(u32::MAX, 0.0), Some(Duration::from_secs(10)));
    }

    #[test]
    fn jitter_only_shortens_and_by_no_more_than_its_share() {
        let backoff = Backoff {
            jitter: 0.2,
            ..Backoff::default()
        };
        assert_eq!(backoff.delay(1, 0.0), Some(Duration::from_secs(3)));
        assert_eq!(backoff.delay(1, 1.0), Some(Duration::from_millis(2_400)));
    }
}
