//! Commit timestamps: ISO 8601 to milliseconds since the Unix epoch. Anything else is "unknown", never an error.

/// Reads `2026-08-21T10:00:00.123Z` or the same with `+hh:mm`; years 0001 to 9999.
pub(super) fn parse_ms(text: &str) -> Option<i64> {
    parse_usual(text).or_else(|| Some(parse_us(text)?.div_euclid(1_000)))
}

/// The minute of a time in milliseconds since the Unix epoch, for a person: `2026-08-21 10:00 UTC`.
pub(super) fn utc_minute(ms: i64) -> String {
    const MINUTES_A_DAY: i64 = 24 * 60;
    let minutes = ms.div_euclid(60_000);
    let (day, minute) = (minutes.div_euclid(MINUTES_A_DAY), minutes.rem_euclid(MINUTES_A_DAY));
    let (year, month, day) = civil_from_days(day);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

/// Exactly the server's form, `2026-08-21T10:00:00.123Z`: every change has one.
fn parse_usual(text: &str) -> Option<i64> {
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'.',
        f1,
        f2,
        f3,
        b'Z',
    ] = *bytes
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    let is_date = year >= 1 && (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_usual = is_date && hour < 24 && minute < 60 && second < 60;
    let days = is_usual.then(|| days_from_civil(year, month, day))?;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + number(&[f1, f2, f3])?)
}

/// The same in microseconds, to which the database keeps times.
pub(super) fn parse_us(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let mut parts = date.splitn(3, '-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=9_999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (clock, offset_s) = split_offset(time)?;
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next().unwrap_or("0");
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let second = number(second)?;
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let micros = fraction_us(fraction)?;
    let days = days_from_civil(year, month, day);
    Some((((days * 24 + hour) * 60 + minute) * 60 + second - offset_s) * 1_000_000 + micros)
}

/// At most four digits.
fn number(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The clock, and its distance from UTC in seconds.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = time.rfind(['+', '-'])?;
    let (clock, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let offset = offset.get(1..)?;
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
    Some((clock, sign * (number(hours)? * 3_600 + number(minutes)? * 60)))
}

/// The first six decimals.
fn fraction_us(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        let digit = digits.as_bytes().get(place).map_or(0, |byte| i64::from(byte - b'0'));
        micros = micros * 10 + digit;
    }
    Some(micros)
}

/// Days since 1970-01-01 in the Gregorian calendar (years counted from March, in eras of 400 years).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a number of days since 1970-01-01, the inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_written_in_utc_and_dates_are_read_back() {
        assert_eq!(utc_minute(1_787_306_459_999), "2026-08-21 10:00 UTC");
        assert_eq!(utc_minute(-1), "1969-12-31 23:59 UTC");
        for days in (-800_000..800_000).step_by(37) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn the_servers_form_and_its_relatives_are_read() {
        assert_eq!(parse_ms("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(parse_ms("2026-08-21T10:00:00.123Z"), Some(1_787_306_400_123));
        assert_eq!(parse_ms("2026-08-21 12:00:00.123456+02:00"), Some(1_787_306_400_123));
        assert_eq!(parse_ms("2000-02-29T23:59:59Z"), Some(951_868_799_000));
        assert_eq!(parse_us("2026-08-21 12:00:00.123456+02"), Some(1_787_306_400_123_456));
    }

    #[test]
    fn the_usual_form_is_read_as_any_form_is() {
        for text in [
            "2026-08-21T10:00:00.123Z",
            "0001-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z",
            "2000-02-29T24:00:60.001Z",
            "0000-01-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z",
            "2026-08-32T00:00:00.000Z",
            "2026-08-21T10:60:00.123Z",
            "2026-08-21T1a:00:00.123Z",
        ] {
            assert_eq!(parse_ms(text), parse_us(text).map(|us| us.div_euclid(1_000)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for text in [
            "yesterday",
            "",
            "T",
            "2026-13-01T00:00:00Z",
            "2026-08-21T10:00:00",
            "infinity",
            "2026-08-21T1é:00:00Z",
            "-",
        ] {
            assert_eq!(parse_ms(text), None, "{text}");
        }
    }
}
