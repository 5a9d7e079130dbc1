//! Times of several runs or frames in a few numbers.

use serde::Serialize;

/// Milliseconds, to the microsecond.
#[derive(Debug, Clone, Copy, Serialize, PartialEq)]
pub(super) struct Millis {
    /// The middle one.
    pub(super) median: f64,
    /// What 99 of 100 stay below; of fewer the longest.
    pub(super) p99: f64,
    /// The shortest.
    pub(super) min: f64,
    /// The longest.
    pub(super) max: f64,
}

impl Millis {
    /// The figures of these times, in milliseconds; not a number where there are none.
    pub(super) fn of(mut millis: Vec<f64>) -> Self {
        millis.sort_by(f64::total_cmp);
        let last = millis.len().saturating_sub(1);
        let at = |index: usize| (millis.get(index).copied().unwrap_or(f64::NAN) * 1e3).round() / 1e3;
        Self {
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            p99: at((millis.len() * 99).div_ceil(100).saturating_sub(1)),
            min: at(0),
            max: at(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_one_in_a_hundred_may_be_longer() {
        let of = |times: &[f64]| Millis::of(times.to_vec());
        assert_eq!(of(&[3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]).median, 2.5);
        assert_eq!(of(&[30.0, 10.0, 20.0]).p99, 30.0);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        let times = of(&hundred);
        assert_eq!((times.p99, times.min, times.max), (99.0, 1.0, 100.0));
        assert!(of(&[]).median.is_nan());
    }
}
