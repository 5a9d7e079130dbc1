//! What the value of a cell is, by the value and by the name of its column.

use std::borrow::Cow;

use model::{Cell, Kind, Span, Status, is_masked, mapping::time_of_text, short, text::is_disturbing};
use url::Url;
use uuid::Uuid;

use super::unmasked;

/// Longer texts are no addresses. Browsers and servers accept at least as much.
const MAX_URL_BYTES: usize = 2_048;
/// Longer texts are no times, and longer numbers have no value: an `f64` written out has no more digits.
const MAX_NUMBER_BYTES: usize = 400;
/// The first seconds since the epoch that are read as a time: 1973. Smaller numbers are counts.
const FIRST_EPOCH_SECS: f64 = 1e8;
/// The text of a UUID with hyphens.
const UUID_BYTES: usize = 36;

/// The value of a cell, typed.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed<'a> {
    /// The value of a masked column ([`model::is_masked`]), which is not here.
    Masked,
    /// Null.
    Null,
    /// True or false.
    Flag(bool),
    /// A number.
    Number {
        /// As it came, so that no digit is lost.
        digits: Cow<'a, str>,
        /// Its value as exactly as an `f64` can hold it; `None` where that is not finite.
        value: Option<f64>,
    },
    /// A date and a time.
    Time {
        /// As it came.
        text: Cow<'a, str>,
        /// Milliseconds since the Unix epoch. A time without a zone is in UTC.
        ms: i64,
    },
    /// A date without a time.
    Date {
        /// As it came.
        text: Cow<'a, str>,
        /// When it begins in UTC, milliseconds since the Unix epoch.
        ms: i64,
    },
    /// An `https` address that is what it seems to be.
    Link(Cow<'a, str>),
    /// A UUID.
    Uuid(Cow<'a, str>),
    /// Any other text.
    Text(Cow<'a, str>),
    /// A list or an object.
    Json(Cell<'a>),
    /// A state, and the row's own word for it.
    State(Status, Option<Cow<'a, str>>),
    /// A kind.
    Kind(Kind),
    /// A span of time in seconds.
    Span(f64),
}

impl<'a> Typed<'a> {
    /// The type of a column's value. Numbers are times where the column's name says so (`created_at`).
    pub fn of(name: &str, value: Cell<'a>) -> Self {
        if is_masked(name) {
            return Self::Masked;
        }
        match value {
            Cell::Null => Self::Null,
            Cell::Bool(flag) => Self::Flag(flag),
            Cell::Number(digits) => Self::of_number(name, digits),
            Cell::Text(text) => Self::of_text(text),
            Cell::List(_) | Cell::Object(_) => Self::Json(value),
        }
    }

    fn of_number(name: &str, digits: &'a str) -> Self {
        let value = number(digits);
        if names_a_time(name)
            && value.is_some_and(|value| value >= FIRST_EPOCH_SECS)
            && let Some(ms) = time_of_text(digits)
        {
            return Self::Time {
                text: digits.into(),
                ms,
            };
        }
        let digits = digits.into();
        Self::Number { digits, value }
    }

    fn of_text(text: Cow<'a, str>) -> Self {
        if let Some((ms, is_date)) = moment(&text) {
            return match is_date {
                true => Self::Date { text, ms },
                false => Self::Time { text, ms },
            };
        }
        if text.len() == UUID_BYTES && Uuid::try_parse(&text).is_ok() {
            return Self::Uuid(text);
        }
        if is_link(&text) {
            return Self::Link(text);
        }
        Self::Text(text)
    }

    /// The value as one line of at most `most` characters, the last of which is `…` where something is left out. What would
    /// reorder, hide or overwrite its neighbours is shown as `�`; masked fields within JSON are masked.
    pub fn short(&self, most: usize) -> String {
        let line = match self {
            Self::Masked => Cow::Borrowed(short::MASK),
            Self::Null => Cow::Borrowed("null"),
            Self::Json(cell) => return short::of_cell(cell, most, &is_masked).into_owned(),
            Self::Span(secs) => Cow::Owned(Span::of(*secs).to_string()),
            Self::State(status, word) => Cow::Borrowed(word.as_deref().unwrap_or(status.word())),
            _ => self.whole(),
        };
        short::of_text(&line, most).into_owned()
    }

    /// The complete value as it is exported: null and a masked value are empty, JSON lacks its masked fields, a span is in
    /// seconds, and a state is one of the ten words.
    pub(crate) fn whole(&self) -> Cow<'_, str> {
        match self {
            Self::Masked | Self::Null => Cow::Borrowed(""),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Self::Number { digits: text, .. }
            | Self::Time { text, .. }
            | Self::Date { text, .. }
            | Self::Link(text)
            | Self::Uuid(text)
            | Self::Text(text) => Cow::Borrowed(text),
            Self::Json(cell) => Cow::Owned(unmasked::json(cell.nested().unwrap_or_default())),
            Self::State(status, _) => Cow::Borrowed(status.word()),
            Self::Kind(kind) => Cow::Borrowed(kind.singular()),
            Self::Span(secs) => Cow::Owned(secs.to_string()),
        }
    }
}

/// A finite number; `None` for hostile ones like `1e999` or a megabyte of digits.
pub(crate) fn number(digits: &str) -> Option<f64> {
    let value = (digits.len() <= MAX_NUMBER_BYTES).then(|| digits.parse::<f64>().ok());
    value?.filter(|value| value.is_finite())
}

/// Whether a number in the column of this name may be a time.
fn names_a_time(name: &str) -> bool {
    const ENDINGS: [&str; 5] = ["_at", "At", "timestamp", "Timestamp", "_ts"];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || matches!(name, "ts" | "deadline")
}

/// The time of a text that begins with a date, and whether it has nothing else. Other texts that can be read as a time, as
/// a number or `Thu, 29 Feb 2024 …`, are mostly not meant as one.
fn moment(text: &str) -> Option<(i64, bool)> {
    let (date, rest) = text.split_at_checked("YYYY-MM-DD".len())?;
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if !is_date || !(rest.is_empty() || rest.starts_with(['T', 't', ' '])) {
        return None;
    }
    Some((time_of_text(text)?, rest.is_empty()))
}

/// Whether a text is an address that opens what it shows: an `https` address without credentials, whose host is written
/// in ASCII and not encoded, and that has no character which disturbs its neighbours, hides, or is read differently by
/// others.
fn is_link(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let is_odd = |c: char| c.is_whitespace() || is_disturbing(c) || matches!(c, '\\' | '\u{200c}' | '\u{200d}');
    if text.len() > MAX_URL_BYTES || text.contains(is_odd) {
        return false;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest.get(..end).unwrap_or_default();
    !host.is_empty()
        && host.is_ascii()
        && !host.contains(['@', '%'])
        && Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed<'a>(name: &str, json: &'a str) -> Typed<'a> {
        Typed::of(name, Cell::from_json(json).expect("a value"))
    }

    #[test]
    fn values_have_the_type_that_they_look_like() {
        assert_eq!(typed("a", "null"), Typed::Null);
        assert_eq!(typed("a", "true"), Typed::Flag(true));
        let digits = "12345678901234567890.10";
        let number = Typed::Number {
            digits: digits.into(),
            value: Some(1.234_567_890_123_456_8e19),
        };
        assert_eq!(typed("a", digits), number);
        assert_eq!(number.whole(), digits);
        let uuid = "\"2f9c1d2e-4b2c-4d8e-9f00-0123456789ab\"";
        assert!(matches!(typed("a", uuid), Typed::Uuid(_)));
        for text in [
            "\"123\"",
            "\"\"",
            "\"2024\"",
            "\"urn:uuid:x\"",
            "\"Thu, 29 Feb 2024 12:34:56 +0000\"",
        ] {
            assert!(matches!(typed("a", text), Typed::Text(_)), "{text}");
        }
        assert!(matches!(typed("a", "[1]"), Typed::Json(_)));
        for hostile in ["1e999", &"9".repeat(100_000)] {
            assert!(matches!(typed("a", hostile), Typed::Number { value: None, .. }));
        }
    }

    #[test]
    fn times_are_read_with_and_without_a_zone_and_dates_apart() {
        const LEAP: i64 = 1_709_210_096_000;
        for text in [
            "2024-02-29T12:34:56Z",
            "2024-02-29T12:34:56.000000+00:00",
            "2024-02-29 07:34:56-05",
            "2024-02-29 12:34:56",
        ] {
            let json = format!("\"{text}\"");
            assert!(matches!(typed("a", &json), Typed::Time { ms: LEAP, .. }), "{text}");
        }
        assert!(matches!(
            typed("a", "\"2024-02-29\""),
            Typed::Date {
                ms: 1_709_164_800_000,
                ..
            }
        ));
        for text in [
            "2024-02-30",
            "2024-13-01T00:00:00Z",
            "2024-02-29x",
            "éé24-02-29",
            "infinity",
            "2024-02-29 BC",
        ] {
            let json = format!("\"{text}\"");
            assert!(matches!(typed("a", &json), Typed::Text(_)), "{text}");
        }
    }

    #[test]
    fn a_number_is_a_time_only_where_the_column_says_so() {
        assert!(matches!(
            typed("created_at", "1709210096"),
            Typed::Time {
                ms: 1_709_210_096_000,
                ..
            }
        ));
        assert!(matches!(typed("startedAt", "1709210096000"), Typed::Time { .. }));
        assert!(matches!(typed("total", "1709210096"), Typed::Number { .. }));
        assert!(matches!(typed("looked_at", "3"), Typed::Number { .. }));
    }

    #[test]
    fn only_addresses_that_are_what_they_seem_are_links() {
        for text in [
            "https://example.com",
            "https://example.com:8443/a/b?c=d#e",
            "https://example.com/@user/é",
            "https://[::1]/x",
        ] {
            assert!(matches!(Typed::of_text(text.into()), Typed::Link(_)), "{text}");
        }
        for text in [
            "http://example.com",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "HTTPS://example.com",
            "https://",
            "https:///example.com",
            "https://user@example.com",
            "https://example.com:x@evil.com",
            "https://:pass@example.com",
            "https://good.com\\@evil.com",
            "https://exa\u{202e}mple.com",
            "https://example.com/\u{202e}gpj",
            "https://example.com/a\u{200d}b",
            "https://example.com/a b",
            "https://example.com/\n",
            "https://exämple.com",
            "https://%65xample.com",
            "https://example.com:999999",
            "https://[::1",
            &format!("https://example.com/{}", "x".repeat(3_000)),
        ] {
            assert!(matches!(Typed::of_text(text.into()), Typed::Text(_)), "{text}");
        }
    }

    #[test]
    fn masked_values_are_not_kept() {
        for json in ["\"sk-1\"", "1", "{\"a\":1}", "null"] {
            assert_eq!(typed("api_key", json), Typed::Masked);
        }
        assert_eq!(Typed::Masked.short(20), short::MASK);
        let nested = typed("payload", r#"{"a":1,"token":"sk-1"}"#);
        assert_eq!(nested.short(40), "{a: 1, token: ••••••}");
        assert_eq!(nested.whole(), r#"{"a":1}"#);
    }
}
