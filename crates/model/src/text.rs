//! Text from outside, made safe to show: one line, of bounded length, without characters that reorder, hide or overwrite
//! what stands beside them.

use std::borrow::Cow;

/// Only this many bytes of a text are read: cells of many megabytes exist.
const MAX_SCAN_BYTES: usize = 4_096;
/// More combining marks than this in a row are dropped, because they would overlap the lines above and below.
pub(crate) const MAX_MARKS: usize = 2;

/// The first line of `text` that is not blank, at most `max` characters, free of control and bidirectional characters,
/// with runs of spaces folded into one. Text that is cut ends with `…`. Borrows when there is nothing to clean.
pub fn clean(text: &str, max: usize) -> Cow<'_, str> {
    if is_clean(text, max) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max * 4));
    let (mut chars, mut marks) = (0, 0);
    let mut space = false;
    for (at, c) in text.char_indices() {
        if is_line_end(c) || at >= MAX_SCAN_BYTES {
            if out.is_empty() && at < MAX_SCAN_BYTES {
                continue;
            }
            break;
        }
        if c.is_whitespace() || c == '\u{2800}' {
            space = !out.is_empty();
            continue;
        }
        if is_disturbing(c) {
            continue;
        }
        marks = if is_combining(c) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            continue;
        }
        if chars + usize::from(space) >= max {
            truncate(&mut out, max);
            break;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
            chars += 1;
        }
        out.push(c);
        chars += 1;
    }
    Cow::Owned(out)
}

/// The common case: short, plain ASCII, no spaces to fold.
pub(crate) fn is_clean(text: &str, max: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= max
        && bytes.iter().all(|b| (b' '..=b'~').contains(b))
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
        && !bytes.windows(2).any(|pair| pair == b"  ")
}

/// Makes room for the ellipsis in a text of `max` characters or fewer, and appends it.
fn truncate(out: &mut String, max: usize) {
    while out.chars().count() >= max.max(1) {
        out.pop();
    }
    out.truncate(out.trim_end().len());
    out.push('…');
}

/// All lines of `text` joined into one, at most `max` characters and then `…` if more follows, free of control and
/// bidirectional characters, with runs of spaces folded into one.
pub fn one_line(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max * 4));
    // Reading is bounded too, so that a megabyte of zero-width characters is not read to its end.
    let mut left = max;
    for c in text.chars().take(max.saturating_mul(4)) {
        if left == 0 {
            out.push('…');
            return out;
        }
        let shown = if is_line_end(c) || c == '\t' { ' ' } else { c };
        if is_disturbing(shown) || (shown == ' ' && (out.is_empty() || out.ends_with(' '))) {
            continue;
        }
        out.push(shown);
        left -= 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Text for a terminal, of unchanged length: every control character is replaced, because it could move the cursor or
/// change colours.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.replace(char::is_control, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text with a capital first letter, as a sentence begins, unless its first word is a name like `public.tasks`.
pub fn sentence(text: &str) -> String {
    let is_word = |word: &str| word.chars().all(char::is_alphabetic);
    if !text.split(' ').next().is_some_and(is_word) {
        return text.to_owned();
    }
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control, bidirectional, invisible and tag characters: they reorder, hide or overwrite what stands beside them.
pub fn is_disturbing(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

pub(crate) fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(
            clean("Ship the release", 80),
            Cow::Borrowed("Ship the release")
        ));
        assert!(matches!(printable("Ship it"), Cow::Borrowed("Ship it")));
    }

    #[test]
    fn the_first_line_that_is_not_blank_counts() {
        assert_eq!(
            clean("\n \r\n  fix \t the\u{a0}door \nand the roof", 80),
            "fix the door"
        );
    }

    #[test]
    fn characters_that_disturb_their_neighbours_are_removed() {
        assert_eq!(
            clean("a\u{0}b\u{202e}c\u{200b}d\u{7}e\u{feff}f\u{2066}g", 80),
            "abcdefg"
        );
        assert_eq!(clean("z\u{300}\u{301}\u{302}\u{303}!", 80), "z\u{300}\u{301}!");
        assert_eq!(printable("a\u{1b}[2J\nb"), "a\u{fffd}[2J\u{fffd}b");
    }

    #[test]
    fn long_text_is_cut_in_characters_and_ends_with_an_ellipsis() {
        assert_eq!(clean(&"ü".repeat(100), 10), format!("{}…", "ü".repeat(9)));
        assert_eq!(clean(&"ü".repeat(10), 10), "ü".repeat(10));
        assert_eq!(clean("one two three", 8), "one two…");
        assert!(clean(&"\u{0}".repeat(2_000_000), 80).is_empty());
    }

    #[test]
    fn several_lines_become_one_bounded_line() {
        assert_eq!(one_line("a\n\n b\u{202E}c\0", 80), "a bc");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line(&"\u{200B}".repeat(1_000_000), 5), "");
        assert_eq!(one_line("", 5), "");
    }

    #[test]
    fn a_sentence_begins_with_a_capital_unless_with_a_name() {
        let got = ["ähm no", "catching up: x", "", "public.tasks is"].map(sentence);
        assert_eq!(got, ["Ähm no", "Catching up: x", "", "public.tasks is"]);
    }
}
