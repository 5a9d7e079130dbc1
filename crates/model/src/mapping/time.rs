//! Times in the forms that columns hold them, as milliseconds since the Unix epoch.

use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};

use crate::Cell;

use super::cell::{self, Cells};

/// Longer texts are not times.
const MAX_TEXT_BYTES: usize = 64;

/// The time in the first named cell that holds one. Years beyond 9999 and `infinity` are ignored.
pub(crate) fn time_ms(cells: &Cells<'_>, names: &[String]) -> Option<i64> {
    cells.first(names, |value| match value {
        Cell::Number(digits) => of_epoch(cell::number(digits)?),
        Cell::Text(text) => of_text(&text),
        _ => None,
    })
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch. The unit follows from the size of the number; in
/// each unit the accepted numbers cover the years 1973 to 5138.
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

/// The time of a text, in milliseconds since the Unix epoch: ISO 8601 with or without a zone (without: UTC), a date alone,
/// RFC 2822, or an epoch number as text.
pub fn of_text(text: &str) -> Option<i64> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_millisecond());
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
    fn texts_in_every_form_are_read() {
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
    fn texts_that_are_no_time_are_ignored() {
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
    fn numbers_in_every_unit_are_read() {
        for number in [1_709_210_096.0, 1_709_210_096_000.0, 1.709_210_096e15, 1.709_210_096e18] {
            assert_eq!(of_epoch(number), Some(LEAP));
        }
        assert_eq!(of_epoch(1e25), None);
    }
}
