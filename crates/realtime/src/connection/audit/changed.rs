//! When a row was changed, as its column says.

use std::{cmp::Ordering, time::Duration};

use crate::timestamp;
use model::Cell;

/// The value of a row's change column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Changed {
    /// Microseconds since the Unix epoch; a time without a zone is taken as UTC.
    Time(i64),
    /// A text that is no time.
    Text(Box<str>),
    /// A number of an unknown unit.
    Number(f64),
    /// Null, or a value that has no order: it counts as earlier than all others.
    Other,
}

impl Changed {
    pub(super) fn of(cell: &Cell<'_>) -> Self {
        match cell {
            Cell::Text(text) => match micros(text) {
                Some(micros) => Self::Time(micros),
                None => Self::Text((&**text).into()),
            },
            Cell::Number(digits) => digits.parse().map_or(Self::Other, Self::Number),
            _ => Self::Other,
        }
    }

    /// The order of two values; of values of different types it is not known.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other),
            (Self::Other, Self::Other) => Some(Ordering::Equal),
            (Self::Other, _) => Some(Ordering::Less),
            (_, Self::Other) => Some(Ordering::Greater),
            _ => None,
        }
    }

    /// Whether this is certainly an earlier change than `other`.
    pub(super) fn is_before(&self, other: &Self) -> bool {
        self.order(other) == Some(Ordering::Less)
    }

    /// The value by `slack` earlier, where it is a time.
    pub(super) fn earlier_by(&self, slack: Duration) -> Self {
        match self {
            Self::Time(micros) => {
                let slack = i64::try_from(slack.as_micros()).unwrap_or(i64::MAX);
                Self::Time(micros.saturating_sub(slack))
            }
            other => other.clone(),
        }
    }
}

fn micros(text: &str) -> Option<i64> {
    timestamp::parse_us(text).or_else(|| timestamp::parse_us(&format!("{text}Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Changed {
        Changed::of(&Cell::Text(text.into()))
    }

    #[test]
    fn times_are_compared_to_the_microsecond_however_they_are_written() {
        let earlier = text("2026-11-23T10:00:00.123456+00:00");
        for later in [
            "2026-11-23T10:00:00.123457+00:00",
            "2026-11-23 12:00:00.124+02",
            "2026-11-23T10:00:01",
        ] {
            assert!(
                earlier.is_before(&text(later)) && !text(later).is_before(&earlier),
                "{later}"
            );
        }
        assert_eq!(earlier, text("2026-11-23 10:00:00.123456"));
        assert!(text("2026-11-23T10:00:00.5+00:00").is_before(&text("2026-11-23T10:00:00.51+00:00")));
        let slack = Duration::from_secs(30);
        assert!(text("2026-11-23T09:59:29Z").is_before(&earlier.earlier_by(slack)));
        assert!(!text("2026-11-23T09:59:31Z").is_before(&earlier.earlier_by(slack)));
    }

    #[test]
    fn null_is_earlier_than_all_and_values_of_different_types_have_no_order() {
        let null = Changed::of(&Cell::Null);
        let number = Changed::of(&Cell::Number("17"));
        assert!(null.is_before(&number) && null.is_before(&text("2026-11-23T10:00:00Z")) && !null.is_before(&null));
        assert!(!number.is_before(&null));
        assert!(!number.is_before(&text("x")) && !text("x").is_before(&number));
        assert!(number.is_before(&Changed::of(&Cell::Number("17.5"))));
    }
}
