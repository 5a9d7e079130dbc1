//! Numbers, shares, spans and moments as they are written in a query.

use std::{cmp::Ordering, fmt};

use model::mapping::time_of_text;

/// Most characters of a number. Written out it is then no longer than it was.
const MAX_NUMBER_CHARS: usize = 18;

/// What follows a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    None,
    Thousand,
    Percent,
    Second,
    Minute,
    Hour,
    Day,
}

/// The units and how they are written; the first writing is the canonical one.
const UNITS: [(&str, Unit); 8] = [
    ("", Unit::None),
    ("k", Unit::Thousand),
    ("%", Unit::Percent),
    ("s", Unit::Second),
    ("m", Unit::Minute),
    ("min", Unit::Minute),
    ("h", Unit::Hour),
    ("d", Unit::Day),
];

impl Unit {
    fn factor(self) -> f64 {
        match self {
            Self::None | Self::Second => 1.0,
            Self::Thousand => 1_000.0,
            Self::Percent => 0.01,
            Self::Minute => 60.0,
            Self::Hour => 3_600.0,
            Self::Day => 86_400.0,
        }
    }

    pub(crate) fn is_span(self) -> bool {
        matches!(self, Self::Second | Self::Minute | Self::Hour | Self::Day)
    }

    fn word(self) -> &'static str {
        UNITS
            .iter()
            .find(|(_, unit)| *unit == self)
            .map_or("", |(word, _)| word)
    }
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Amount {
    /// A number in a unit.
    Number(f64, Unit),
    /// A moment, milliseconds since the Unix epoch, and how it was written.
    Moment(i64, String),
}

/// Why a text is no amount.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotAnAmount {
    /// It does not begin with a number.
    Number,
    /// It begins with a number of too many characters.
    Length,
    /// The number is followed by this, which is no unit.
    Unit(String),
}

impl Amount {
    pub(crate) fn parse(text: &str) -> Result<Self, NotAnAmount> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let sign = text.len() - digits.len();
        let whole = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if whole == 0 {
            return Self::moment(text).ok_or(NotAnAmount::Number);
        }
        let rest = digits.get(whole..).unwrap_or_default();
        let part = rest
            .strip_prefix('.')
            .map_or(0, |part| part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()));
        let end = sign + whole + if part > 0 { part + 1 } else { 0 };
        let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
        let known = UNITS.iter().find(|(word, _)| word.eq_ignore_ascii_case(unit));
        let Some((_, unit)) = known else {
            return Self::moment(text).ok_or_else(|| NotAnAmount::Unit(unit.to_owned()));
        };
        if number.len() > MAX_NUMBER_CHARS {
            return Err(NotAnAmount::Length);
        }
        let number = number.parse().map_err(|_| NotAnAmount::Number)?;
        Ok(Self::Number(number, *unit))
    }

    /// A date, or a date and a time.
    fn moment(text: &str) -> Option<Self> {
        // A date begins with its year. Any other text that is read as a time is a surprise.
        let has_year = text
            .get(..5)
            .is_some_and(|year| year.ends_with('-') && year.bytes().take(4).all(|digit| digit.is_ascii_digit()));
        let ms = has_year.then(|| time_of_text(text))??;
        Some(Self::Moment(ms, text.to_owned()))
    }

    /// The number in its base unit: seconds of a span, 0 to 1 of a share.
    pub(crate) fn base(&self) -> Option<(f64, Unit)> {
        match self {
            Self::Number(number, unit) => Some((number * unit.factor(), *unit)),
            Self::Moment(..) => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number, unit) => write!(f, "{number}{}", unit.word()),
            Self::Moment(_, text) => f.write_str(text),
        }
    }
}

/// How a value is compared with an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Compare {
    /// Whether a value that stands in this order to the amount matches.
    pub(crate) fn accepts(self, ordering: Option<Ordering>) -> bool {
        match self {
            Self::Equal => ordering == Some(Ordering::Equal),
            Self::Less => ordering == Some(Ordering::Less),
            Self::AtMost => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Self::More => ordering == Some(Ordering::Greater),
            Self::AtLeast => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_numbers_with_a_unit_or_dates() {
        for (text, base, unit) in [
            ("10", 10.0, Unit::None),
            ("-1.5", -1.5, Unit::None),
            ("2k", 2_000.0, Unit::Thousand),
            ("50%", 0.5, Unit::Percent),
            ("90s", 90.0, Unit::Second),
            ("10m", 600.0, Unit::Minute),
            ("10Min", 600.0, Unit::Minute),
            ("1.5h", 5_400.0, Unit::Hour),
            ("2d", 172_800.0, Unit::Day),
        ] {
            assert_eq!(Amount::parse(text).expect(text).base(), Some((base, unit)), "{text}");
        }
        for text in ["2026-11-29", "2026-11-29T10:00:00Z", "2026-11-29 10:00:00"] {
            assert!(matches!(Amount::parse(text), Ok(Amount::Moment(..))), "{text}");
        }
        for text in [
            "",
            "x",
            "-",
            ".5",
            "1.",
            "1e3",
            "10 m",
            "10x",
            "--1",
            "NaN",
            "inf",
            "½",
            "1234567890123456789",
        ] {
            assert!(Amount::parse(text).is_err(), "{text}");
        }
    }
}
