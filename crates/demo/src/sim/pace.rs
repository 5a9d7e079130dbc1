//! The times between transactions: bursts and quiet spells around an average rate.

use std::time::Duration;

use fastrand::Rng;

/// The times between transactions. It has random numbers of its own, so that it does not influence what happens.
#[derive(Debug)]
pub(crate) struct TransactionPace {
    rng: Rng,
    bursts: bool,
    /// Factor on the rate in the present spell.
    speed: f64,
    /// Seconds left of the present spell.
    left: f64,
}

/// The usual factor on the rate. With it, the average over all spells is 1.
const NORMAL: f64 = 0.88;

impl TransactionPace {
    /// A pace from this seed, steady or with bursts.
    pub(crate) fn new(seed: u64, bursts: bool) -> Self {
        Self {
            rng: Rng::with_seed(seed ^ 0x70ac_e000),
            bursts,
            speed: NORMAL,
            left: 10.0,
        }
    }

    /// The time until the next transaction after one of `changes` changes, at `rate` (above 0) changes per second.
    pub(crate) fn after(&mut self, changes: usize, rate: f64) -> Duration {
        let even = changes as f64 / rate;
        if !self.bursts {
            return Duration::from_secs_f64(even.min(3_600.0));
        }
        let taken = even / self.speed;
        self.left -= taken;
        if self.left <= 0.0 {
            (self.speed, self.left) = match self.rng.u8(0..10) {
                0..3 => (3.5, self.rng.f64() * 2.5 + 1.5),
                3..6 => (0.2, self.rng.f64() * 4.0 + 3.0),
                _ => (NORMAL, self.rng.f64() * 20.0 + 12.0),
            };
        }
        Duration::from_secs_f64(taken.min(3_600.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_over_all_spells_is_the_rate() {
        let mut pace = TransactionPace::new(3, true);
        let total: f64 = (0..2_000_000).map(|_| pace.after(1, 50.0).as_secs_f64()).sum();
        let rate = 2_000_000.0 / total;
        assert!((42.0..58.0).contains(&rate), "{rate}");
        let mut even = TransactionPace::new(3, false);
        assert_eq!(even.after(4, 8.0), Duration::from_millis(500));
    }
}
