//! Text from a cell to the screen: one line, bounded, without characters that disturb their surroundings.

use std::{borrow::Cow, sync::Arc};

use crate::RowId;

use super::cell::{self, Cells};

/// Most characters of a label.
pub const MAX_LABEL_CHARS: usize = 80;
/// Most characters of an error's text.
pub(super) const MAX_ERROR_CHARS: usize = 200;
/// Most bytes of a cell that are looked at: cells of many megabytes exist.
const MAX_SCAN_BYTES: usize = 4_096;
/// Most combining marks kept in a row; more of them climb out of their line.
const MAX_MARKS: usize = 2;

/// The first line of `text` that has something in it, at most `max` characters, free of control and bidirectional
/// characters, spaces folded. Cut text ends with `…`. Borrows when there is nothing to clean.
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

/// The common case: short, plain ASCII, nothing to fold.
fn is_clean(text: &str, max: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= max
        && bytes.iter().all(|b| (b' '..=b'~').contains(b))
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
        && !bytes.windows(2).any(|pair| pair == b"  ")
}

/// Makes room for the ellipsis of a text of `max` characters or fewer.
fn truncate(out: &mut String, max: usize) {
    while out.chars().count() >= max.max(1) {
        out.pop();
    }
    out.truncate(out.trim_end().len());
    out.push('…');
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control, bidirectional, invisible and tag characters: they reorder, hide or overwrite what stands beside them.
fn is_disturbing(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// The first named cell that leaves some text after cleaning.
pub(super) fn text_of(cells: &Cells<'_>, names: &[String], max: usize) -> Option<Arc<str>> {
    cells.first(names, |value| {
        let text = clean(cell::text(&value)?, max);
        (!text.is_empty()).then(|| Arc::from(&*text))
    })
}

/// The row's label; without one, a short form of its id.
pub(super) fn label(cells: &Cells<'_>, names: &[String], id: &RowId) -> Arc<str> {
    text_of(cells, names, MAX_LABEL_CHARS).unwrap_or_else(|| short_id(id))
}

/// A uuid by its first eight digits, another id as it is while it is short.
fn short_id(id: &RowId) -> Arc<str> {
    /// Characters of an id that is not a uuid.
    const MAX_ID_CHARS: usize = 16;
    let text = id.as_str();
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    match text.get(..8).filter(|_| is_uuid) {
        Some(head) => head.into(),
        None => Arc::from(&*clean(text, MAX_ID_CHARS)),
    }
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
    }

    #[test]
    fn the_first_line_with_something_in_it_counts() {
        assert_eq!(
            clean("\n \r\n  fix \t the\u{a0}door \nand the roof", 80),
            "fix the door"
        );
    }

    #[test]
    fn characters_that_disturb_their_neighbours_are_gone() {
        assert_eq!(
            clean("a\u{0}b\u{202e}c\u{200b}d\u{7}e\u{feff}f\u{2066}g", 80),
            "abcdefg"
        );
        assert_eq!(clean("z\u{300}\u{301}\u{302}\u{303}!", 80), "z\u{300}\u{301}!");
    }

    #[test]
    fn long_text_is_cut_in_characters_and_says_so() {
        assert_eq!(clean(&"ü".repeat(100), 10), format!("{}…", "ü".repeat(9)));
        assert_eq!(clean(&"ü".repeat(10), 10), "ü".repeat(10));
        assert_eq!(clean("one two three", 8), "one two…");
        assert!(clean(&"\u{0}".repeat(2_000_000), 80).is_empty());
    }

    #[test]
    fn an_id_is_shown_short() {
        assert_eq!(&*short_id(&"11111111-2222-4333-8444-555555555555".into()), "11111111");
        assert_eq!(&*short_id(&"42".into()), "42");
        assert_eq!(&*short_id(&"a-very-long-text-key-of-a-row".into()), "a-very-long-tex…");
    }
}
