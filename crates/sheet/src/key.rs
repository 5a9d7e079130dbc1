//! What a row is sorted by.

use std::cmp::Ordering;

use model::Status;

use super::Typed;

/// Characters of a text that are compared; texts that begin alike are in the order of their keys.
const MOST_CHARS: usize = 128;

/// The groups of values in their order. Values of different types are never equal.
const FLAG: u8 = 0;
const NUMBER: u8 = 1;
const TIME: u8 = 2;
const TEXT: u8 = 3;
/// Behind every other group, and last in both directions.
const NULL: u8 = u8::MAX;

/// What a row is sorted by: the value of a column, made comparable once. 32 bytes, and of a text up to its first 128
/// characters twice.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// The value of a number, a time or a flag, in an order of unsigned numbers; the first eight bytes of a text.
    prefix: u64,
    /// The folded text, and behind it the text itself where it differs.
    text: Option<Box<str>>,
    /// Bytes of the folded text.
    folded: u16,
    group: u8,
}

/// The part of a key that is compared first, and that decides nearly always. Where two are equal and [`Head::text_direction`]
/// says so, the texts decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) group: u8,
    /// A number, or the first eight bytes of a folded text.
    pub(crate) prefix: u64,
    /// The next six bytes of a folded text, and behind them [`LONG`], or which of the letters are small: a short text is
    /// known from its head alone.
    pub(crate) next: u64,
}

/// Texts of up to this many ASCII characters are short: names and words mostly are.
const SHORT: usize = 14;
/// The last two bytes of the head of a text that is not short; greater than those of any short text, which is less than
/// each longer text that begins with it.
const LONG: u64 = 0xffff;

impl Head {
    /// Whether texts decide between two keys of this head, and whether they do so in descending order.
    pub(crate) fn text_direction(self) -> Option<bool> {
        match self.group {
            TEXT => (self.next & LONG == LONG).then_some(false),
            group if group == NULL - 1 - TEXT => (!self.next & LONG == LONG).then_some(true),
            _ => None,
        }
    }
}

impl SortKey {
    /// The key of a row without a value: it comes last in both directions.
    pub const NULL: Self = Self {
        prefix: 0,
        text: None,
        folded: 0,
        group: NULL,
    };

    /// The key of a value. `now_ms` is the time at which an age was read, in milliseconds since the Unix epoch, so that
    /// keys made at different times can be compared.
    ///
    /// States are in the order of their severity, then in the order of the screen. Texts are compared without regard to
    /// case, then by their bytes. A masked value is as null, so that an order says nothing about it.
    pub fn of(value: &Typed<'_>, now_ms: i64) -> Self {
        match value {
            Typed::Masked | Typed::Null => Self::NULL,
            Typed::Flag(flag) => Self::plain(FLAG, u64::from(*flag)),
            Typed::Number { value: Some(value), .. } => Self::plain(NUMBER, of_float(*value)),
            Typed::State(status, _) => Self::plain(NUMBER, severity(*status)),
            Typed::Kind(kind) => Self::plain(NUMBER, *kind as u64),
            // What changed last is youngest. A float of seconds becomes the nearest of all milliseconds.
            Typed::Span(secs) => {
                let changed = now_ms.saturating_sub((secs * 1e3).round() as i64);
                Self::plain(TIME, of_integer(changed.saturating_neg()))
            }
            Typed::Time { ms, .. } | Typed::Date { ms, .. } => Self::plain(TIME, of_integer(*ms)),
            Typed::Number { digits: text, .. } | Typed::Link(text) | Typed::Uuid(text) | Typed::Text(text) => {
                Self::of_text(text)
            }
            Typed::Json(_) => Self::of_text(&value.short(MOST_CHARS)),
        }
    }

    fn plain(group: u8, prefix: u64) -> Self {
        Self {
            prefix,
            group,
            ..Self::NULL
        }
    }

    fn of_text(text: &str) -> Self {
        let end = text.char_indices().nth(MOST_CHARS).map_or(text.len(), |(at, _)| at);
        let text = text.get(..end).unwrap_or_default();
        let mut both = fold(text);
        let prefix = eight_bytes(both.as_bytes());
        let folded = u16::try_from(both.len()).unwrap_or(u16::MAX);
        if both != text {
            both.push_str(text);
        }
        Self {
            prefix,
            text: Some(both.into_boxed_str()),
            folded,
            group: TEXT,
        }
    }

    /// The part that is compared first, so that in ascending order of heads the values are ascending or descending, and
    /// null is last.
    pub(crate) fn head(&self, is_descending: bool) -> Head {
        let Self { prefix, group, .. } = *self;
        let next = if group == TEXT { self.next() } else { 0 };
        match group {
            NULL => Head {
                group,
                prefix: 0,
                next: 0,
            },
            _ if is_descending => Head {
                group: NULL - 1 - group,
                prefix: !prefix,
                next: !next,
            },
            _ => Head { group, prefix, next },
        }
    }

    /// What follows the prefix in the head of a text.
    fn next(&self) -> u64 {
        let (folded, text) = self.texts();
        let next = eight_bytes(folded.as_bytes().get(8..).unwrap_or_default());
        let is_short =
            folded.len() <= SHORT && folded.bytes().chain(text.bytes()).all(|byte| (1..0x80).contains(&byte));
        if !is_short {
            return next | LONG;
        }
        // Where two texts differ in case first, the capital is less.
        let letters = folded.bytes().zip(text.bytes()).enumerate();
        letters.fold(next, |next, (at, (folded, letter))| {
            next | u64::from(folded == letter) << (SHORT - 1 - at)
        })
    }

    /// The order of two keys of equal heads, ascending.
    pub(crate) fn cmp_texts(&self, other: &Self) -> Ordering {
        let ((folded, text), (others_folded, others_text)) = (self.texts(), other.texts());
        folded.cmp(others_folded).then_with(|| text.cmp(others_text))
    }

    /// Bytes of its texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.as_deref().map_or(0, str::len)
    }

    /// The folded text, and the text itself.
    fn texts(&self) -> (&str, &str) {
        let (folded, text) = self
            .text
            .as_deref()
            .and_then(|both| both.split_at_checked(usize::from(self.folded)))
            .unwrap_or_default();
        // A text that is its own folding is kept once.
        (folded, if text.is_empty() { folded } else { text })
    }
}

/// The text without case: capitals and small letters that are variants of one another become one. It is Unicode's full case
/// folding but for a few scripts (Cherokee), where it is still one order.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// The first eight bytes, with zeros behind a shorter text, as a number that has their order.
fn eight_bytes(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    for (first, byte) in first.iter_mut().zip(text) {
        *first = *byte;
    }
    u64::from_be_bytes(first)
}

fn severity(status: Status) -> u64 {
    let troubles = Status::troubles().position(|trouble| trouble == status);
    troubles.unwrap_or(Status::ALL.len() + status.index()) as u64
}

/// A finite number in an order of unsigned ones; both zeros are one.
fn of_float(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn of_integer(value: i64) -> u64 {
    value.cast_unsigned() ^ 1 << 63
}

#[cfg(test)]
mod tests {
    use model::{Cell, Kind};

    use super::*;

    fn of(json: &str) -> SortKey {
        SortKey::of(&Typed::of("a", Cell::from_json(json).expect("a value")), 0)
    }

    fn order(a: Head, b: Head) -> Ordering {
        (a.group, a.prefix, a.next).cmp(&(b.group, b.prefix, b.next))
    }

    fn cmp(a: &SortKey, b: &SortKey) -> Ordering {
        order(a.head(false), b.head(false)).then_with(|| a.cmp_texts(b))
    }

    fn assert_ascending(keys: &[SortKey]) {
        for pair in keys.windows(2) {
            assert_eq!(cmp(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
            if pair[1].group != NULL {
                let (a, b) = (pair[0].head(true), pair[1].head(true));
                assert_ne!(order(a, b), Ordering::Less, "{pair:?} descending");
            }
        }
    }

    #[test]
    fn values_are_compared_by_their_type() {
        assert_ascending(
            &[
                "false",
                "true",
                "-1e300",
                "-2",
                "-0.5",
                "0",
                "9",
                "10",
                "1e300",
                "\"1950-01-01\"",
                "\"2024-02-29\"",
                "\"2024-02-29T00:00:01Z\"",
                "\"\"",
                "\"10\"",
                "\"9\"",
                "\"A\"",
                "\"a\"",
                "\"B\"",
                "\"b\"",
                "\"STRASSE\"",
                "\"Strasse\"",
                "\"straße\"",
                "\"z\"",
                "\"Ä\"",
                "\"ä\"",
                "\"é\"",
                "null",
            ]
            .map(of),
        );
        assert_eq!(of("0"), of("-0.0"));
        assert_ne!(of("\"a\""), of("\"A\""));
    }

    #[test]
    fn states_come_by_how_much_they_need_somebody() {
        let key = |status| SortKey::of(&Typed::State(status, None), 0);
        let mut all = Status::ALL;
        all.sort_by(|a, b| cmp(&key(*a), &key(*b)));
        assert_eq!(all[..3], [Status::Failed, Status::Blocked, Status::Waiting]);
        assert_ascending(&all.map(key));
        assert_ascending(&Kind::ALL.map(|kind| SortKey::of(&Typed::Kind(kind), 0)));
    }

    #[test]
    fn ages_that_were_read_at_different_times_are_comparable() {
        let key = |secs, now_ms| SortKey::of(&Typed::Span(secs), now_ms);
        assert_eq!(key(10.0, 100_000), key(20.5, 110_500));
        assert_ascending(&[key(1.0, 50_000), key(10.0, 50_000), key(10.0, 40_000)]);
        assert_ne!(key(1e300, 0), SortKey::NULL);
    }

    #[test]
    fn hostile_values_make_bounded_keys() {
        for json in [
            format!("\"{}\"", "ΐ".repeat(1_000_000)),
            format!("\"{}\"", "x".repeat(1_000_000)),
            format!("[{}1]", "1,".repeat(1_000_000)),
            "9".repeat(1_000_000),
        ] {
            let key = of(&json);
            assert!(key.text.as_deref().map_or(0, str::len) <= MOST_CHARS * (4 + 12));
            assert_eq!(cmp(&key, &key), Ordering::Equal);
        }
    }

    #[test]
    fn a_short_text_is_known_from_its_head() {
        let texts = [
            "ABCDEFGHIJKLMN",
            "ABCDEFGHIJKLMn",
            "ABCDEFGhIJKLMN",
            "abcdefghijklmn",
            "ABCDEFGHIJKLMNO",
            "abcdefghijklmno",
            "abcdefghijklmnop",
            "abcdefghijklmnö",
            "abcdefghiö",
        ];
        let keys = texts.map(|text| of(&format!("\"{text}\"")));
        assert_ascending(&keys);
        for (text, key) in texts.iter().zip(&keys) {
            let is_short = text.len() <= SHORT && text.is_ascii();
            assert_eq!(key.head(false).text_direction().is_none(), is_short, "{text}");
            assert_eq!(key.head(true).text_direction().is_none(), is_short, "{text}");
        }
        assert_ascending(&["\"a\"", "\"a\\u0000\"", "\"a\\u0001\"", "\"aa\""].map(of));
    }

    #[test]
    fn masked_values_have_no_order() {
        assert_eq!(SortKey::of(&Typed::Masked, 0), SortKey::NULL);
    }
}
