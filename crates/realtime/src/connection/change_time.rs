//! When a row was last changed, as one of its columns says.

use std::cmp::Ordering;

use crate::{Source, timestamp};
use model::Cell;

/// The time of a row's last change.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ChangeTime {
    /// Microseconds since the Unix epoch.
    Instant(i64),
    /// A version or a number of seconds.
    Number(f64),
    /// Anything else: it can be equal to another, but not older.
    Text(Box<str>),
}

impl ChangeTime {
    /// The time of the row whose cells these are: of the first configured column that the row has.
    pub(super) fn of_row<'r>(source: &Source, cell: impl Fn(&str) -> Option<Cell<'r>>) -> Option<Self> {
        match source.updated_at.iter().find_map(|column| cell(column))? {
            Cell::Text(text) => {
                let micros = timestamp::parse_us(&text);
                // A time without a zone is taken as UTC.
                let micros = micros.or_else(|| timestamp::parse_us(&format!("{text}Z")));
                Some(micros.map_or_else(|| Self::Text((&*text).into()), Self::Instant))
            }
            Cell::Number(digits) => digits.parse().ok().map(Self::Number),
            _ => None,
        }
    }

    /// Which of two times is the later one; `None` when that cannot be said.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Instant(one), Self::Instant(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other),
            (Self::Text(one), Self::Text(other)) if one == other => Some(Ordering::Equal),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(json: &str) -> Option<ChangeTime> {
        let source = Source {
            updated_at: vec!["changed".into(), "made".into()],
            ..Source::default()
        };
        let row = model::Record::from_json(json).expect("a row");
        ChangeTime::of_row(&source, |column| row.get(column))
    }

    #[test]
    fn times_are_compared_as_instants_to_the_microsecond() {
        let at = |text: &str| time(&format!(r#"{{"changed":"{text}"}}"#)).expect("a time");
        let early = at("2026-11-23T07:11:13.334426+00:00");
        assert_eq!(
            early.compare(&at("2026-11-23T08:11:13.334426+01:00")),
            Some(Ordering::Equal)
        );
        assert_eq!(early.compare(&at("2026-11-23 07:11:13.334426")), Some(Ordering::Equal));
        assert_eq!(
            early.compare(&at("2026-11-23T07:11:13.33443+00:00")),
            Some(Ordering::Less)
        );
        assert_eq!(at("x").compare(&at("y")), None);
        assert_eq!(at("x").compare(&early), None);
    }

    #[test]
    fn the_first_column_that_the_row_has_counts_and_null_is_no_time() {
        assert_eq!(time(r#"{"made":7,"other":1}"#), Some(ChangeTime::Number(7.0)));
        assert_eq!(time(r#"{"changed":null,"made":7}"#), None);
        assert_eq!(time(r#"{"other":1}"#), None);
    }
}
