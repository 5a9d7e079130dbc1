//! How numbers, spans of time and amounts are written, on the screen and in the shell.

use std::{fmt, time::Duration};

/// The word for a count of something: `one` for 1, `many` for 0 and everything above 1.
pub fn noun<'w>(count: u64, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

/// A count with all its digits, in groups of three: `100,000`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count and its noun: `1 row`, `2 rows`, `18,270 rows`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), noun(count, one, many))
}

/// A count in at most five characters: `12`, `9,999`, `12.3k`, `100k`, `1.2M`.
pub fn compact(count: usize) -> String {
    let scaled = |unit: f64, letter: char| {
        let value = count as f64 / unit;
        // Cut, not rounded: 999,999 is not yet a million.
        if value < 100.0 {
            format!("{:.1}{letter}", (value * 10.0).floor() / 10.0)
        } else {
            format!("{:.0}{letter}", value.floor())
        }
    };
    match count {
        0..=9_999 => grouped(count as u64),
        10_000..=999_999 => scaled(1e3, 'k'),
        1_000_000..=999_999_999 => scaled(1e6, 'M'),
        _ => scaled(1e9, 'G'),
    }
}

/// A rate per second: `0`, `0.4`, `48`, `12.3k`.
pub fn rate(per_second: f32) -> String {
    if !per_second.is_finite() || per_second < 0.05 {
        "0".to_owned()
    } else if per_second < 9.95 {
        format!("{per_second:.1}")
    } else {
        compact(per_second.round() as usize)
    }
}

/// Longer spans, in seconds, are written as this one. It is over thirty years.
const MAX_SPAN_SECS: f64 = 1e9;

/// Seconds between 0 and [`MAX_SPAN_SECS`]; what is not a finite number counts as 0.
fn bounded_secs(secs: f64) -> f64 {
    if secs.is_finite() {
        secs.clamp(0.0, MAX_SPAN_SECS)
    } else {
        0.0
    }
}

/// A span of time in whole units of its largest unit: `41 s`, `1 min`, `2 h`, `3 d`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Whole units.
    pub count: u64,
    /// The unit's symbol: `s`, `min`, `h` or `d`.
    pub unit: &'static str,
    /// Seconds until `count` grows by one.
    pub lasts: f64,
}

impl Span {
    /// The span of this many seconds. A negative number, and one that is not finite, gives 0 s.
    pub fn of(secs: f64) -> Self {
        let secs = bounded_secs(secs);
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

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.unit)
    }
}

/// A span of seconds in its two largest units: `41 s`, `1 min 33 s`, `2 h 5 min`, `3 d 4 h`.
pub fn span(secs: f64) -> String {
    let whole = bounded_secs(secs) as u64;
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => two(whole / 60, "min", whole % 60, "s"),
        3_600..86_400 => two(whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => two(whole / 86_400, "d", whole % 86_400 / 3_600, "h"),
    }
}

/// A short time in milliseconds: `under 1 ms`, `400 ms`, `1.2 s`, `5 s`, `41 s`, `1 min 33 s`.
pub fn millis(millis: u64) -> String {
    match millis {
        0 => "under 1 ms".to_owned(),
        1..1_000 => format!("{millis} ms"),
        1_000..10_000 => match (millis / 1_000, millis % 1_000 / 100) {
            (whole, 0) => format!("{whole} s"),
            (whole, tenths) => format!("{whole}.{tenths} s"),
        },
        _ => span(millis as f64 / 1e3),
    }
}

/// A duration as [`millis`] writes it.
pub fn duration(duration: Duration) -> String {
    millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// A number of seconds without a unit and without closing zeros, at most two decimals: `3`, `0.4`, `1.6`.
pub fn seconds(secs: f64) -> String {
    let text = if secs < 10.0 {
        format!("{secs:.2}")
    } else {
        format!("{secs:.0}")
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// An amount of data in powers of 1,000: `0 B`, `12 kB`, `3.4 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1e3;
    let mut unit = "kB";
    for next in UNITS.into_iter().skip(1) {
        if value < 999.5 {
            break;
        }
        value /= 1e3;
        unit = next;
    }
    if value < 9.95 {
        format!("{value:.1} {unit}")
    } else {
        format!("{value:.0} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_count_of_one_is_singular() {
        assert_eq!(
            [0, 1, 2].map(|count| noun(count, "row", "rows")),
            ["rows", "row", "rows"]
        );
        assert_eq!(counted(18_270, "row", "rows"), "18,270 rows");
    }

    #[test]
    fn counts_stay_short_and_are_never_rounded_up() {
        let got = [0, 999, 9_999, 10_000, 99_999, 100_000, 999_999, 1_250_000].map(compact);
        assert_eq!(got, ["0", "999", "9,999", "10.0k", "99.9k", "100k", "999k", "1.2M"]);
        assert!(compact(usize::MAX).len() <= 14);
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn a_span_is_written_in_its_largest_unit_and_reports_how_long_that_holds() {
        let written = |secs: f64| {
            let span = Span::of(secs);
            (span.to_string(), span.lasts)
        };
        assert_eq!(written(12.25), ("12 s".to_owned(), 0.75));
        assert_eq!(written(93.0), ("1 min".to_owned(), 27.0));
        assert_eq!(written(7_500.0), ("2 h".to_owned(), 3_300.0));
        assert_eq!(written(5.0 * 86_400.0), ("5 d".to_owned(), 86_400.0));
        assert_eq!(
            (written(-3.0).0, written(f64::NAN).0),
            ("0 s".to_owned(), "0 s".to_owned())
        );
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let got = [0.9, 41.0, 93.0, 120.0, 7_500.0, 273_600.0].map(span);
        assert_eq!(got, ["0 s", "41 s", "1 min 33 s", "2 min", "2 h 5 min", "3 d 4 h"]);
        assert_eq!(span(f64::NAN), "0 s");
        assert_eq!(span(-4.0), "0 s");
    }

    #[test]
    fn short_times_have_one_unit_where_one_is_enough() {
        assert_eq!(
            [0, 400, 1_240, 5_000, 93_000].map(millis),
            ["under 1 ms", "400 ms", "1.2 s", "5 s", "1 min 33 s"]
        );
        assert_eq!(duration(Duration::from_micros(1_240_900)), "1.2 s");
    }

    #[test]
    fn seconds_lose_their_zeros_but_not_those_of_tens() {
        assert_eq!(
            [3.0, 0.1, 1.6, 60.0, 2.25].map(seconds),
            ["3", "0.1", "1.6", "60", "2.25"]
        );
    }

    #[test]
    fn rates_and_bytes_have_few_digits() {
        assert_eq!([0.0, 0.4, 48.2, 12_345.0].map(rate), ["0", "0.4", "48", "12.3k"]);
        assert_eq!(rate(f32::NAN), "0");
        assert_eq!(
            [999, 1_000, 12_345, 3_400_000].map(bytes),
            ["999 B", "1.0 kB", "12 kB", "3.4 MB"]
        );
    }
}
