//! Values from outside as one short line. The cost depends on the length of the line alone, not on the size of the value.

use std::borrow::Cow;

use crate::{
    Cell,
    json::{Quoted, Scan},
    text::{MAX_MARKS, is_clean, is_combining, is_disturbing},
};

/// Shown instead of a masked value.
pub const MASK: &str = "••••••";
/// Deeper JSON is written as `…`.
const DEEPEST: usize = 6;
/// Stands for a character that would reorder, hide or overwrite what stands beside it.
const SYMBOL: char = char::REPLACEMENT_CHARACTER;
/// Characters that are read for one that is shown: the others are spaces and marks that are dropped.
const READS_A_CHAR: usize = 4;
/// Bytes of JSON that are read for one character that is shown, and beyond that: a character is written with up to 12
/// bytes, and what is masked or nested too deeply is passed over.
const BYTES_A_CHAR: usize = 16;
const MORE_BYTES: usize = 4_096;

/// A value as one line of at most `most` characters, the last of which is `…` where something is left out. Runs of white
/// space are one space, and control and bidirectional characters are shown as `�`. Fields of objects whose names
/// `is_secret` accepts are shown as [`MASK`]. Borrows where the value is such a line already.
pub fn of_cell<'c>(value: &'c Cell<'_>, most: usize, is_secret: &dyn Fn(&str) -> bool) -> Cow<'c, str> {
    match value {
        Cell::Null => of_text("null", most),
        Cell::Bool(flag) => of_text(if *flag { "true" } else { "false" }, most),
        Cell::Number(digits) => of_text(digits, most),
        Cell::Text(text) => of_text(text, most),
        Cell::List(_) | Cell::Object(_) => of_json(value.nested().unwrap_or_default(), most, is_secret).into(),
    }
}

/// A text as one line, as [`of_cell`] writes it.
pub fn of_text(text: &str, most: usize) -> Cow<'_, str> {
    if is_clean(text, most) {
        return Cow::Borrowed(text);
    }
    let mut line = Line::new(most);
    let whole = line.push_str(text);
    Cow::Owned(line.finish(whole.is_some()))
}

/// The value that a valid JSON text begins with as one line, as [`of_cell`] writes it; a text within quotes.
pub fn of_json(text: &str, most: usize, is_secret: &dyn Fn(&str) -> bool) -> String {
    let bound = most.saturating_mul(BYTES_A_CHAR).saturating_add(MORE_BYTES);
    let read = text.get(..text.floor_char_boundary(bound)).unwrap_or_default();
    let mut line = Line::new(most);
    let whole = write_json(&mut line, &mut Scan::new(read), 0, is_secret);
    line.finish(whole.is_some())
}

/// A line in progress. Its methods return `None` once it is full.
struct Line {
    out: String,
    /// Characters of the line.
    chars: usize,
    most: usize,
    /// Characters that may still be read.
    reads: usize,
    is_space_due: bool,
    marks: usize,
}

impl Line {
    fn new(most: usize) -> Self {
        Self {
            out: String::new(),
            chars: 0,
            most,
            reads: most.saturating_mul(READS_A_CHAR).saturating_add(1),
            is_space_due: false,
            marks: 0,
        }
    }

    fn push(&mut self, c: char) -> Option<()> {
        self.reads = self.reads.checked_sub(1)?;
        if c.is_whitespace() || c == '\u{2800}' {
            self.is_space_due = !self.out.is_empty();
            return Some(());
        }
        self.marks = if is_combining(c) { self.marks + 1 } else { 0 };
        if self.marks > MAX_MARKS {
            return Some(());
        }
        if self.chars + usize::from(self.is_space_due) >= self.most {
            return None;
        }
        if std::mem::take(&mut self.is_space_due) {
            self.out.push(' ');
            self.chars += 1;
        }
        self.out.push(if is_disturbing(c) { SYMBOL } else { c });
        self.chars += 1;
        Some(())
    }

    fn push_str(&mut self, text: &str) -> Option<()> {
        text.chars().try_for_each(|c| self.push(c))
    }

    /// The line, with `…` at its end unless it is whole.
    fn finish(mut self, is_whole: bool) -> String {
        if !is_whole && self.most > 0 {
            if self.chars >= self.most {
                self.out.pop();
            }
            self.out.truncate(self.out.trim_end().len());
            self.out.push('…');
        }
        self.out
    }
}

/// Appends the value that comes next. `None` when the line is full, or when the text ends within the value.
fn write_json(line: &mut Line, scan: &mut Scan<'_>, depth: usize, is_secret: &dyn Fn(&str) -> bool) -> Option<()> {
    let mut is_first = true;
    let mut separate = |line: &mut Line| match std::mem::take(&mut is_first) {
        true => Some(()),
        false => line.push_str(", "),
    };
    match scan.peek()? {
        b'"' => {
            line.push('"')?;
            write_string(line, scan)?;
            line.push('"')
        }
        b'[' | b'{' if depth >= DEEPEST => {
            line.push('…')?;
            scan.value().map(drop)
        }
        b'[' => {
            line.push('[')?;
            scan.array(|scan| {
                separate(line)?;
                write_json(line, scan, depth + 1, is_secret)
            })?;
            line.push(']')
        }
        b'{' => {
            line.push('{')?;
            scan.object(|name, scan| {
                separate(line)?;
                let name = name.text();
                line.push_str(&name)?;
                line.push_str(": ")?;
                if is_secret(&name) {
                    line.push_str(MASK)?;
                    return scan.value().map(drop);
                }
                write_json(line, scan, depth + 1, is_secret)
            })?;
            line.push('}')
        }
        _ => line.push_str(scan.value()?),
    }
}

fn write_string(line: &mut Line, scan: &mut Scan<'_>) -> Option<()> {
    let opened = scan.rest();
    if let Some(quoted) = scan.string() {
        return line.push_str(&quoted.text());
    }
    // It ends beyond what is read; its beginning fills the line.
    let inner = opened.strip_prefix('"')?;
    let quoted = Quoted {
        opened,
        inner,
        escaped: true,
    };
    line.push_str(&quoted.text())?;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str, most: usize) -> String {
        let cell = Cell::from_json(json).expect("a value");
        of_cell(&cell, most, &crate::is_masked).into_owned()
    }

    #[test]
    fn values_become_short_lines() {
        assert_eq!(shown(r#""two\n\n lines\t""#, 40), "two lines");
        assert_eq!(shown("null", 40), "null");
        assert_eq!(shown("1.50", 40), "1.50");
        assert_eq!(shown("false", 40), "false");
        assert_eq!(
            shown(r#"{"a": [1, "x\ty"], "api_key": {"b": 1}, "c": true}"#, 60),
            r#"{a: [1, "x y"], api_key: ••••••, c: true}"#
        );
        assert_eq!(of_json("\"x\"", 5, &crate::is_masked), "\"x\"");
    }

    #[test]
    fn characters_that_disturb_are_visible() {
        assert_eq!(of_text("a\u{202e}b\u{0}c\u{200b}\u{1b}[2J", 40), "a�b�c��[2J");
        assert_eq!(of_text("z\u{300}\u{301}\u{302}\u{303}!", 80), "z\u{300}\u{301}!");
        assert_eq!(shown(r#"{"a\u202e":"\u0007"}"#, 40), "{a�: \"�\"}");
    }

    #[test]
    fn a_line_that_is_cut_has_exactly_the_most_characters() {
        assert_eq!(of_text("abcdef", 6), "abcdef");
        assert_eq!(of_text("abcdef", 5), "abcd…");
        assert_eq!(of_text("one two three", 8), "one two…");
        assert_eq!(of_text("ab", 1), "…");
        assert_eq!(of_text("ab", 0), "");
        assert_eq!(of_text("ab  ", 2), "ab");
    }

    #[test]
    fn hostile_values_are_cut() {
        let long = format!("\"{}\"", "x".repeat(1_000_000));
        assert_eq!(shown(&long, 100).chars().count(), 100);
        assert_eq!(shown(&format!("[{long}]"), 100).chars().count(), 100);
        assert_eq!(shown(&"9".repeat(1_000_000), 100).chars().count(), 100);
        let wide = format!("[{}1]", "\"yy\",".repeat(100_000));
        assert_eq!(shown(&wide, 100).chars().count(), 100);
        let deep = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(shown(&deep(100), 40), "[[[[[[…]]]]]]");
        for blank in ["\\u200b", "\\u0301", " ", "\\ud83d\\ude00"] {
            let text = format!("{{\"a\":\"{}\"}}", blank.repeat(100_000));
            assert!(shown(&text, 30).chars().count() <= 30, "{blank}");
            assert!(shown(&text, 30).ends_with('…'), "{blank}");
        }
        let behind = format!(r#"{{"token":"{}","a":1}}"#, "x".repeat(1_000_000));
        assert_eq!(shown(&behind, 60), "{token: ••••••…");
    }
}
