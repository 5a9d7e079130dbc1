//! What a text is compared with. Each comparison reads a bounded part of the text, in time that is linear in it.

use std::fmt;

use memchr::memchr2_iter;
use regex::Regex;

use super::bounded_regex;

/// Only this many bytes of a text are searched.
pub(crate) const MAX_SEARCHED_BYTES: usize = 4_096;

/// A text of a query, and whether it is written in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) text: String,
    is_quoted: bool,
}

impl Literal {
    /// A text as it was written. `is_reserved`: without quotes it would mean something else.
    pub(crate) fn new(text: String, is_quoted: bool, is_reserved: bool) -> Self {
        let is_plain = text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        Self {
            is_quoted: is_quoted && (!is_plain || is_reserved),
            text,
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_quoted {
            true => write_quoted(f, &self.text),
            false => f.write_str(&self.text),
        }
    }
}

/// Writes a text in quotes. A backslash is doubled only where it would be read as an escape.
pub(crate) fn write_quoted(f: &mut impl fmt::Write, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_escape = letter == '\\' && matches!(letters.peek(), None | Some('\\' | '"'));
        if letter == '"' || is_escape {
            f.write_char('\\')?;
        }
        f.write_char(letter)?;
    }
    f.write_char('"')
}

/// A text without regard to case.
#[derive(Debug, Clone)]
pub(crate) struct Needle {
    literal: Literal,
    /// In lower case.
    lower: String,
    /// The rarest letter, if all are ASCII: its position, in lower and in upper case.
    rarest: Option<(usize, u8, u8)>,
}

impl Needle {
    pub(crate) fn new(literal: Literal) -> Self {
        let lower: String = literal.text.chars().flat_map(char::to_lowercase).collect();
        let rarest = lower.bytes().enumerate().max_by_key(|(_, letter)| rarity(*letter));
        let rarest = rarest.filter(|_| lower.is_ascii());
        Self {
            rarest: rarest.map(|(at, letter)| (at, letter, letter.to_ascii_uppercase())),
            lower,
            literal,
        }
    }

    /// Whether it is all of the text.
    pub(crate) fn is_all_of(&self, text: &str) -> bool {
        text.eq_ignore_ascii_case(&self.lower)
    }

    fn is_in(&self, text: &str) -> bool {
        let Some((at, lower, upper)) = self.rarest else {
            return is_in(text, &self.lower);
        };
        let (text, needle) = (text.as_bytes(), self.lower.as_bytes());
        // The rarest letter is there only where the rest of the needle has room before and behind it.
        let Some(room) = (text.len() + 1).checked_sub(needle.len()) else {
            return false;
        };
        let within = text.get(at..at + room).unwrap_or_default();
        memchr2_iter(lower, upper, within).any(|start| {
            text.get(start..start + needle.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(needle))
        })
    }
}

/// The rarer a letter is in texts, the greater.
fn rarity(letter: u8) -> usize {
    const COMMON: &[u8] = b" e-t_0a1o2i3n4s5r6h7l8d9cumfpgwybvkxjqz";
    COMMON
        .iter()
        .position(|common| *common == letter)
        .unwrap_or(COMMON.len())
}

/// As [`Needle::is_in`], of an empty needle or one in lower case with other letters than those of ASCII.
fn is_in(text: &str, needle: &str) -> bool {
    let Some(first) = needle.chars().next() else {
        return true;
    };
    // A letter of ASCII is one in lower case too.
    if text.is_ascii() {
        return false;
    }
    text.char_indices().any(|(at, letter)| {
        if !letter.to_lowercase().eq([first]) {
            return false;
        }
        let mut rest = text.get(at..).unwrap_or_default().chars().flat_map(char::to_lowercase);
        needle.chars().all(|letter| rest.next() == Some(letter))
    })
}

/// What a text is compared with.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    /// It contains this, without regard to case.
    Contains(Needle),
    /// It is exactly this.
    Exact(Literal),
    /// A part of it matches. `source` is what stands between the slashes.
    Regex {
        source: String,
        regex: Regex,
        ignores_case: bool,
    },
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Contains(a), Self::Contains(b)) => a.literal == b.literal,
            (Self::Exact(a), Self::Exact(b)) => a == b,
            (
                Self::Regex {
                    source, ignores_case, ..
                },
                Self::Regex {
                    source: other,
                    ignores_case: others_does,
                    ..
                },
            ) => source == other && ignores_case == others_does,
            _ => false,
        }
    }
}

impl Pattern {
    pub(crate) fn of_literal(literal: Literal, ignores_case: bool) -> Self {
        match ignores_case {
            true => Self::Contains(Needle::new(literal)),
            false => Self::Exact(literal),
        }
    }

    /// Compiles a regular expression; an error says in one clause what is wrong with it.
    pub(crate) fn of_regex(source: &str, ignores_case: bool) -> Result<Self, String> {
        Ok(Self::Regex {
            source: source.to_owned(),
            regex: bounded_regex::compile(source, ignores_case)?,
            ignores_case,
        })
    }

    /// Whether the text matches; only its first [`MAX_SEARCHED_BYTES`] are searched.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let searched = match text.len() > MAX_SEARCHED_BYTES {
            true => text
                .get(..text.floor_char_boundary(MAX_SEARCHED_BYTES))
                .unwrap_or_default(),
            false => text,
        };
        match self {
            Self::Contains(needle) => needle.is_in(searched),
            Self::Exact(literal) => literal.text == text,
            Self::Regex { regex, .. } => regex.is_match(searched),
        }
    }

    /// Whether case does not count.
    pub(crate) fn ignores_case(&self) -> bool {
        match self {
            Self::Contains(_) => true,
            Self::Exact(_) => false,
            Self::Regex { ignores_case, .. } => *ignores_case,
        }
    }

    /// The text, unless it is a regular expression.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Contains(needle) => Some(&needle.literal.text),
            Self::Exact(literal) => Some(&literal.text),
            Self::Regex { .. } => None,
        }
    }

    /// Whether the flag is written as the text says.
    pub(crate) fn is_flag(&self, flag: bool) -> bool {
        let word = if flag { "true" } else { "false" };
        match self {
            Self::Contains(needle) => needle.is_all_of(word),
            pattern => pattern.matches(word),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contains(needle) => needle.literal.fmt(f),
            Self::Exact(literal) => literal.fmt(f),
            Self::Regex { source, .. } => write!(f, "/{source}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(text: &str, needle: &str) -> bool {
        let literal = Literal::new(needle.to_owned(), true, false);
        Pattern::of_literal(literal, true).matches(text)
    }

    #[test]
    fn texts_are_found_without_regard_to_case() {
        for (text, needle) in [
            ("Pay the Invoice", "invoice"),
            ("Pay the Invoice", "PAY THE"),
            ("e", "E"),
            ("ÄPFEL und Birnen", "äpfel u"),
            ("straße", "STRASSE".replacen("SS", "ß", 1).as_str()),
            ("a\u{1f600}b", "\u{1f600}B"),
        ] {
            assert!(contains(text, needle), "{text} {needle}");
        }
        for (text, needle) in [("Pay", "payy"), ("", "a"), ("äpfe", "äpfel"), ("abab", "abb")] {
            assert!(!contains(text, needle), "{text} {needle}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_searched() {
        let text = format!("a{}end", "é".repeat(3_000));
        assert!(contains(&text, "aé") && !contains(&text, "end"));
        let end = Pattern::of_regex("end|é$", true).expect("it is valid");
        assert!(end.matches(&text), "the part that is searched ends at a character");
        assert!(!Pattern::of_regex("end", true).expect("it is valid").matches(&text));
    }
}
