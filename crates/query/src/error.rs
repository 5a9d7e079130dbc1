//! Why a text is no query.

use std::{fmt::Write as _, ops::Range};

use model::text::printable;
use thiserror::Error;

/// Why a text is no query, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct Error {
    /// The bytes of the query that are mistaken; both ends are character boundaries of it.
    pub range: Range<usize>,
    /// One sentence with the remedy.
    pub text: String,
}

/// Most characters of the query on either side of the mistake in [`Error::marked`].
const AROUND: usize = 60;

impl Error {
    pub(crate) fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            range,
            text: text.into(),
        }
    }

    /// Two lines for a terminal, without a line end: the part of the query around the mistake, and carets below it. `query`
    /// is the text that was parsed.
    pub fn marked(&self, query: &str) -> String {
        let (before, rest) = query.split_at_checked(self.range.start).unwrap_or((query, ""));
        let (wrong, after) = rest
            .split_at_checked(self.range.end.saturating_sub(self.range.start))
            .unwrap_or((rest, ""));
        let skipped = before.chars().count().saturating_sub(AROUND);
        let before: String = before.chars().skip(skipped).collect();
        let wrong: String = wrong.chars().take(AROUND).collect();
        let after: String = after
            .chars()
            .take(AROUND.saturating_sub(wrong.chars().count()))
            .collect();
        let mut lines = printable(&format!("{before}{wrong}{after}")).into_owned();
        let _ = write!(
            lines,
            "\n{:indent$}{:^<count$}",
            "",
            "^",
            indent = before.chars().count(),
            count = wrong.chars().count().max(1)
        );
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_mistake() {
        let error = Error::new(4..8, "x");
        assert_eq!(
            error.marked("aé \u{7}stat:b"),
            "aé \u{fffd}stat:b\n    ^^^^".replacen("    ^", "   ^", 1)
        );
        assert_eq!(Error::new(3..3, "x").marked("abc"), "abc\n   ^");
        let long = format!("{}stat:x", "a ".repeat(200));
        let marked = Error::new(400..404, "x").marked(&long);
        let (line, carets) = marked.split_once('\n').expect("two lines");
        assert!(line.chars().count() <= 120 && carets.ends_with("^^^^"), "{marked}");
        assert_eq!(&line[carets.find('^').expect("a caret")..][..4], "stat");
    }
}
