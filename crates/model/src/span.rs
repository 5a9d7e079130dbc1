//! How long something takes or is ago, in its largest unit.

/// Longer spans are told as this one, seconds: over thirty years.
const MOST_SECS: f64 = 1e9;

/// A span in whole units of its largest one: how many, and the unit's word: `41 s`, `1 min`, `2 h`, `3 d`.
/// What is negative or no number is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    pub count: u64,
    pub unit: &'static str,
    /// Seconds until it has one more.
    pub lasts: f64,
}

impl Span {
    pub fn of(secs: f64) -> Self {
        let secs = if secs.is_finite() {
            secs.clamp(0.0, MOST_SECS)
        } else {
            0.0
        };
        let (unit_secs, unit) = match secs {
            ..60.0 => (1.0, "s"),
            ..3_600.0 => (60.0, "min"),
            ..86_400.0 => (3_600.0, "h"),
            _ => (86_400.0, "d"),
        };
        let count = (secs / unit_secs).floor();
        Self {
            count: count as u64,
            unit,
            lasts: unit_secs * (count + 1.0) - secs,
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.count, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit_and_for_as_long_as_that_is_true() {
        let told = |secs: f64| {
            let span = Span::of(secs);
            (span.to_string(), span.lasts)
        };
        assert_eq!(told(12.25), ("12 s".to_owned(), 0.75));
        assert_eq!(told(93.0), ("1 min".to_owned(), 27.0));
        assert_eq!(told(7_500.0), ("2 h".to_owned(), 3_300.0));
        assert_eq!(told(5.0 * 86_400.0), ("5 d".to_owned(), 86_400.0));
        assert_eq!((told(-3.0).0, told(f64::NAN).0), ("0 s".to_owned(), "0 s".to_owned()));
    }
}
