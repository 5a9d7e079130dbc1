//! Moments in whatever form a column holds them, to milliseconds since the Unix epoch.

use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};

use crate::Cell;

use super::cell::{self, Cells};

/// Longer texts are no moment.
const MAX_TEXT_BYTES: usize = 64;

/// The first named cell that holds a moment. Years beyond 9999 and `infinity` are none.
pub(super) fn time_ms(cells: &Cells<'_>, names: &[String]) -> Option<i64> {
    cells.first(names, |value| match value {
        Cell::Number(digits) => of_epoch(cell::number(digits)?),
        Cell::Text(text) => of_text(&text),
        _ => None,
    })
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by size: in each unit the numbers
/// cover 1973 to 5138.
fn of_epoch(number: f64) -> Option<i64> {
    let millis = match number.abs() {
        size if size < 1e11 => number * 1e3,
        size if size < 1e14 => number,
        size if size < 1e17 => number / 1e3,
        size if size < 1e20 => number / 1e6,
        _ => return None,
    };
    Some(millis.round() as i64)
}

/// ISO 8601 with or without a zone (without: UTC), a date alone, RFC 2822, or an epoch number as text.
fn of_text(text: &str) -> Option<i64> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(civil).ok().map(Timestamp::as_millisecond);
    }
    if let Ok(number) = text.parse::<f64>() {
        return of_epoch(number);
    }
    rfc2822::parse(text)
        .ok()
        .map(|zoned| zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-02-29T12:34:56Z
    const LEAP: i64 = 1_709_210_096_000;

    #[test]
    fn texts_of_every_form() {
        for text in [
            "2024-02-29T12:34:56Z",
            "2024-02-29T12:34:56.000000+00:00",
            "2024-02-29T07:34:56-05:00",
            "2024-02-29 12:34:56+00",
            "2024-02-29T12:34:56",
            "2024-02-29 12:34:56.000",
            "1709210096",
            "1709210096000",
            "Thu, 29 Feb 2024 12:34:56 +0000",
        ] {
            assert_eq!(of_text(text), Some(LEAP), "{text}");
        }
        assert_eq!(of_text("2024-02-29"), Some(1_709_164_800_000));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "infinity",
            "-infinity",
            "12000-01-01",
            "294276-12-31T23:59:59Z",
            "0044-03-15T00:00:00 BC",
            "soon",
            "NaN",
            "1e300",
        ] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_in_every_unit() {
        for number in [1_709_210_096.0, 1_709_210_096_000.0, 1.709_210_096e15, 1.709_210_096e18] {
            assert_eq!(of_epoch(number), Some(LEAP));
        }
        assert_eq!(of_epoch(1e25), None);
    }
}
