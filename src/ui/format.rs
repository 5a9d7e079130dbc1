//! How the panels write numbers, times and text from outside. What the commands share with them is defined in `model`.

use std::fmt::Write as _;

use model::Span;
pub(super) use model::{
    format::{bytes, compact, counted, grouped, millis, rate, seconds, span},
    text::{one_line as clean, sentence},
};

/// A span of seconds in its largest unit, for narrow columns: `41 s`, `1 min`, `2 h`, `3 d`.
pub(super) fn age(seconds: f64) -> String {
    Span::of(seconds).to_string()
}

/// An entry of the journal as one line. The panels' font has no arrows.
pub(super) fn entry(entry: &journal::Entry<'_>) -> String {
    entry.to_string().replace(" → ", " to ")
}

/// The parts joined as `3 · 6 · 12`.
pub(crate) fn dotted<I: IntoIterator<Item = String>>(parts: I) -> String {
    let mut out = String::new();
    for part in parts {
        if !out.is_empty() {
            let _ = out.write_str(" · ");
        }
        out.push_str(&part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        assert_eq!(
            [41.0, 93.0, 7_500.0, 273_600.0].map(age),
            ["41 s", "1 min", "2 h", "3 d"]
        );
    }
}
