//! How the value of a column is written: times as how long ago they were, numbers at the right, links to be opened. The
//! inspector and the table share it.

use jiff::{Timestamp, tz::TimeZone};
use sheet::Typed;

use super::format;
use model::{Status, short::MASK};

/// A value as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CellLook {
    /// The value as one line.
    pub(crate) text: String,
    /// More about it, for a pointer that rests on it; may be empty.
    pub(crate) hint: String,
    /// Numbers stand at the right, so that their digits are in columns.
    pub(crate) at_right: bool,
    /// It says that there is no value, or none that is shown.
    pub(crate) is_muted: bool,
    /// The state that is drawn before it.
    pub(crate) status: Option<Status>,
    /// The address that a click opens.
    pub(crate) link: Option<String>,
}

impl CellLook {
    fn plain(text: String) -> Self {
        Self {
            text,
            hint: String::new(),
            at_right: false,
            is_muted: false,
            status: None,
            link: None,
        }
    }

    fn muted(text: &str) -> Self {
        Self {
            is_muted: true,
            ..Self::plain(text.to_owned())
        }
    }

    /// How a value is drawn in at most `most` letters. `now_ms`: milliseconds since the Unix epoch.
    pub(crate) fn of(value: &Typed<'_>, most: usize, now_ms: i64, zone: &TimeZone) -> Self {
        let text = value.short(most);
        match value {
            Typed::Masked => Self::muted(MASK),
            Typed::Null => Self::muted("null"),
            Typed::Number { .. } => Self {
                at_right: true,
                ..Self::plain(text)
            },
            Typed::Span(seconds) => Self {
                at_right: true,
                ..Self::plain(format::age(*seconds))
            },
            Typed::Time { ms, .. } => Self {
                hint: absolute(*ms, zone),
                ..Self::plain(relative(*ms, now_ms))
            },
            Typed::State(status, word) => {
                let word = word.as_deref().map(|word| format::clean(word, most));
                let text = match word {
                    Some(word) if word != status.word() => format!("{word} ({})", status.word()),
                    _ => status.word().to_owned(),
                };
                Self {
                    status: Some(*status),
                    ..Self::plain(text)
                }
            }
            Typed::Link(address) => Self {
                hint: format!("Opens {address}"),
                link: Some(address.clone().into_owned()),
                ..Self::plain(text)
            },
            Typed::Flag(_) | Typed::Date { .. } | Typed::Uuid(_) | Typed::Text(_) | Typed::Json(_) | Typed::Kind(_) => {
                Self::plain(text)
            }
        }
    }
}

/// How long ago a moment was, or how long it is until then: `2 min ago`, `in 3 h`.
pub(crate) fn relative(ms: i64, now_ms: i64) -> String {
    let seconds = now_ms.saturating_sub(ms) as f64 / 1e3;
    if seconds.abs() < 1.0 {
        "now".to_owned()
    } else if seconds > 0.0 {
        format!("{} ago", format::age(seconds))
    } else {
        format!("in {}", format::age(-seconds))
    }
}

/// A moment with its zone: `2026-11-29 14:03:12 CET`; empty for one that no calendar has.
pub(crate) fn absolute(ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(ms);
    at.map_or_else(
        |_| String::new(),
        |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Cell;

    #[test]
    fn values_look_like_what_they_are() {
        let now_ms = 1_700_000_000_000;
        let look = |name: &str, json: &str| {
            let cell = Cell::from_json(json).expect("a value");
            CellLook::of(&Typed::of(name, cell), 40, now_ms, &TimeZone::UTC)
        };
        assert!(look("cost", "12.50").at_right);
        assert_eq!(look("cost", "12.50").text, "12.50");
        let time = look("created_at", "\"2023-11-14T22:11:20Z\"");
        assert_eq!(
            (time.text.as_str(), time.hint.as_str()),
            ("2 min ago", "2023-11-14 22:11:20 UTC")
        );
        assert_eq!(look("due", "\"2023-11-15T01:13:20Z\"").text, "in 3 h");
        assert_eq!(
            look("url", "\"https://example.com/a\"").link.as_deref(),
            Some("https://example.com/a")
        );
        assert_eq!(look("url", "\"javascript:alert(1)\"").link, None);
        assert_eq!(look("url", "\"http://example.com\"").link, None);
        assert!(look("api_key", "\"sk-1\"").is_muted);
        assert_eq!(look("api_key", "\"sk-1\"").text, MASK);
        assert!(look("x", "null").is_muted);
    }

    #[test]
    fn moments_are_near_or_far_in_both_directions() {
        assert_eq!(relative(5_000, 5_400), "now");
        assert_eq!(relative(0, 90_000), "1 min ago");
        assert_eq!(relative(7_200_000, 0), "in 2 h");
        assert!(relative(i64::MIN, i64::MAX).ends_with("ago"));
        assert_eq!(absolute(i64::MAX, &TimeZone::UTC), "");
    }
}
