//! When the session's token or the project's key ends, in words. Pure.

use jiff::{Timestamp, tz::TimeZone};

use crate::ui::{clock::clock_text, format};
use model::Level;

/// A token with less than this left, in seconds, should have been renewed: an hourly one is with six minutes left.
const TOKEN_LATE_SECS: i64 = 5 * 60;
/// A key with less than this left wants another, which somebody has to fetch.
const KEY_LATE_SECS: i64 = 7 * 24 * 3_600;
const DAY_SECS: i64 = 24 * 3_600;

/// `ends in 43 min, at 16:22`, and how bad that is. Times in milliseconds since the Unix epoch.
pub fn expiry(ends_ms: i64, now_ms: i64, is_session: bool, zone: &TimeZone) -> (String, Level) {
    let left = ends_ms.saturating_sub(now_ms).div_euclid(1_000);
    let when = when(ends_ms, left.abs() >= DAY_SECS, zone);
    if left < 0 {
        // A session is renewed when it is needed; a key is not.
        let level = if is_session { Level::Warn } else { Level::Error };
        return (format!("ended {} ago{when}", length(left.saturating_neg())), level);
    }
    let late = if is_session { TOKEN_LATE_SECS } else { KEY_LATE_SECS };
    let level = if left < late { Level::Warn } else { Level::Info };
    (format!("ends in {}{when}", length(left)), level)
}

/// Seconds count only when they are all there is.
fn length(secs: i64) -> String {
    if secs < 3_600 {
        format::age(secs as f64)
    } else {
        format::span(secs as f64)
    }
}

/// By the wall's clock; with its day when that is another. Nothing for a time that no calendar has.
fn when(at_ms: i64, with_day: bool, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(at_ms) else {
        return String::new();
    };
    let clock = clock_text(at, zone);
    if with_day {
        let known = if zone.is_unknown() { TimeZone::UTC } else { zone.clone() };
        format!(", on {} at {clock}", at.to_zoned(known).strftime("%-d %b %Y"))
    } else {
        format!(", at {clock}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2023-11-14 22:13:20 UTC.
    const NOW: i64 = 1_700_000_000_000;
    const MINUTE: i64 = 60_000;

    #[test]
    fn a_session_is_late_when_its_renewal_is() {
        let told = |minutes: i64| expiry(NOW + minutes * MINUTE, NOW, true, &TimeZone::UTC);
        assert_eq!(told(43), ("ends in 43 min, at 22:56 UTC".to_owned(), Level::Info));
        assert_eq!(told(6).1, Level::Info);
        assert_eq!(told(4).1, Level::Warn);
        assert_eq!(told(-3), ("ended 3 min ago, at 22:10 UTC".to_owned(), Level::Warn));
        assert_eq!(told(65).0, "ends in 1 h 5 min, at 23:18 UTC");
    }

    #[test]
    fn a_key_is_late_in_days() {
        let told = |days: i64| expiry(NOW + days * 24 * 60 * MINUTE, NOW, false, &TimeZone::UTC);
        assert_eq!(told(30).1, Level::Info);
        let (words, level) = told(6);
        assert_eq!(
            (words.as_str(), level),
            ("ends in 6 d, on 20 Nov 2023 at 22:13 UTC", Level::Warn)
        );
        assert_eq!(told(-1).1, Level::Error);
    }

    #[test]
    fn a_time_beyond_all_calendars_does_no_harm() {
        let (words, _) = expiry(i64::MAX, NOW, true, &TimeZone::UTC);
        assert!(words.starts_with("ends in "), "{words}");
        let (words, _) = expiry(i64::MIN, NOW, true, &TimeZone::UTC);
        assert!(words.starts_with("ended "), "{words}");
    }
}
