//! A validating scanner over JSON text (RFC 8259). It finds where values end, and allocates nothing.

use std::borrow::Cow;

/// Deepest nesting of arrays and objects in one value. Together with the frame around a cell it is the limit of
/// `serde_json`.
const MAX_DEPTH: u32 = 124;

/// A position in a JSON text. A method that returns `None` has found something that is not valid there.
#[derive(Debug, Clone)]
pub struct Scan<'a> {
    text: &'a str,
    at: usize,
}

/// A valid string as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a> {
    /// The text with its opening quote.
    pub opened: &'a str,
    /// The text between the quotes.
    pub inner: &'a str,
    /// Whether it contains escapes, so that `inner` differs from the string's value.
    pub escaped: bool,
}

impl<'a> Scan<'a> {
    /// The start of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether the end of the text is reached.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The text from here to the end.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips white space.
    #[inline]
    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips this text if it comes next.
    #[inline]
    pub fn literal(&mut self, text: &str) -> Option<()> {
        let end = self.at + text.len();
        (self.text.as_bytes().get(self.at..end)? == text.as_bytes()).then(|| self.at = end)
    }

    /// Skips a number of bytes that the caller has checked.
    #[inline]
    pub fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Skips this byte if it comes next.
    #[inline]
    pub fn byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Skips this key and its colon if they come next. The key must not need escapes.
    #[inline]
    pub fn key(&mut self, name: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?.strip_prefix(b"\"")?;
        let rest = rest.strip_prefix(name.as_bytes())?.strip_prefix(b"\":")?;
        self.at = self.text.len() - rest.len();
        Some(())
    }

    /// The text between an earlier position and this one.
    #[inline]
    fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// Reads a string with its quotes; `None` when none begins here or it does not end.
    #[inline]
    pub fn string(&mut self) -> Option<Quoted<'a>> {
        self.byte(b'"')?;
        let (bytes, start) = (self.text.as_bytes(), self.at);
        let mut escaped = false;
        loop {
            self.at = plain_end(bytes, self.at);
            match self.peek()? {
                b'"' => {
                    let (opened, inner) = (self.since(start - 1)?, self.since(start)?);
                    self.at += 1;
                    return Some(Quoted { opened, inner, escaped });
                }
                b'\\' => {
                    escaped = true;
                    self.at = escape(bytes, self.at)?.1;
                }
                // A control character.
                _ => return None,
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Reads a number; returns its text.
    pub fn number(&mut self) -> Option<&'a str> {
        let start = self.at;
        let _ = self.byte(b'-');
        if self.byte(b'0').is_none() {
            self.digits()?;
        }
        if self.byte(b'.').is_some() {
            self.digits()?;
        }
        if self.byte(b'e').or_else(|| self.byte(b'E')).is_some() {
            let _ = self.byte(b'+').or_else(|| self.byte(b'-'));
            self.digits()?;
        }
        self.since(start)
    }

    /// Reads an object. `each` is called after each colon and must read the value.
    #[inline]
    pub fn object(&mut self, mut each: impl FnMut(Quoted<'a>, &mut Self) -> Option<()>) -> Option<()> {
        self.byte(b'{')?;
        self.space();
        if self.byte(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.space();
            self.byte(b':')?;
            self.space();
            each(key, self)?;
            self.space();
            if self.byte(b'}').is_some() {
                return Some(());
            }
            self.byte(b',')?;
            self.space();
        }
    }

    /// Reads an array. `each` is called before each item and must read it.
    pub fn array(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.byte(b'[')?;
        self.space();
        if self.byte(b']').is_some() {
            return Some(());
        }
        loop {
            each(self)?;
            self.space();
            if self.byte(b']').is_some() {
                return Some(());
            }
            self.byte(b',')?;
            self.space();
        }
    }

    /// Reads any value; returns its text.
    pub fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.skip_value(MAX_DEPTH)?;
        self.since(start)
    }

    fn skip_value(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => {
                let depth = depth.checked_sub(1)?;
                self.object(|_, scan| scan.skip_value(depth))
            }
            b'[' => {
                let depth = depth.checked_sub(1)?;
                self.array(|scan| scan.skip_value(depth))
            }
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => self.number().map(drop),
        }
    }
}

impl<'a> Quoted<'a> {
    /// The string's value, with escapes resolved.
    pub fn text(self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.inner);
        }
        let mut text = String::with_capacity(self.inner.len());
        self.unescape_into(&mut text);
        Cow::Owned(text)
    }

    /// Appends the string's value.
    pub fn unescape_into(self, out: &mut String) {
        let (bytes, mut from) = (self.inner.as_bytes(), 0);
        while let Some(plain) = self.inner.get(from..) {
            let Some(length) = plain.find('\\') else {
                out.push_str(plain);
                return;
            };
            out.push_str(plain.get(..length).unwrap_or_default());
            // It was valid when it was scanned, so the fallback is never used.
            let (value, end) = escape(bytes, from + length).unwrap_or((char::REPLACEMENT_CHARACTER, bytes.len()));
            out.push(value);
            from = end;
        }
    }
}

/// The position of the first byte from `at` on that is a quote, a backslash or a control character, each of which ends a
/// run of plain text.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // Eight bytes at once: the highest bit of each byte of `hits` is set if it is one of those. The subtraction can borrow
    // only from bytes above a hit, and the lowest hit is the one that is used. `memchr2` with a second pass for control
    // characters was measured 2 to 5 times slower on strings of 2 to 400 bytes.
    while let Some(word) = bytes.get(at..at + 8).and_then(|word| word.try_into().ok()) {
        let word = u64::from_le_bytes(word);
        let is_byte = |byte: u8| {
            let other = word ^ (ONES * u64::from(byte));
            other.wrapping_sub(ONES) & !other
        };
        let is_control = word.wrapping_sub(ONES * 0x20) & !word;
        let hits = (is_byte(b'"') | is_byte(b'\\') | is_control) & TOPS;
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes
        .get(at)
        .is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20))
    {
        at += 1;
    }
    at
}

/// The escape that begins at `at`: its character, and the position after it.
fn escape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let value = match bytes.get(at + 1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = hex(bytes, at + 2)?;
            if !(0xd800..0xdc00).contains(&high) {
                // A low surrogate alone is not a character.
                return Some((char::from_u32(high)?, at + 6));
            }
            if bytes.get(at + 6..at + 8)? != b"\\u" {
                return None;
            }
            let low = hex(bytes, at + 8)?;
            if !(0xdc00..0xe000).contains(&low) {
                return None;
            }
            let value = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            return Some((char::from_u32(value)?, at + 12));
        }
        _ => return None,
    };
    Some((value, at + 2))
}

/// Four hexadecimal digits.
fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .iter()
        .try_fold(0, |number, byte| Some(number << 4 | char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn whole(text: &str) -> Option<&str> {
        let mut scan = Scan::new(text);
        let value = scan.value()?;
        scan.is_at_end().then_some(value)
    }

    #[test]
    fn the_same_texts_are_valid_as_for_serde_json() {
        let mut texts: Vec<String> = [
            "",
            "null",
            "true",
            "false",
            "nul",
            "0",
            "-0",
            "01",
            "-",
            "1.",
            ".5",
            "1.5e",
            "1.5e+",
            "1.5E-07",
            "1e5",
            "+1",
            "1e5.5",
            r#""""#,
            r#"""#,
            r#""a\"b""#,
            r#""\u00e9""#,
            r#""\ud83d\ude00""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83d\u0041""#,
            r#""\ud83dx""#,
            r#""\x""#,
            "\"\u{1}\"",
            "\"\u{7f}\"",
            "\"12345678\n\"",
            "\"1234567\"",
            "\"12345678\"",
            "\"éééééééé\\\"é\"",
            "[]",
            "[1]",
            "[1,]",
            "[,1]",
            "[ 1 , 2 ]",
            "{}",
            r#"{"a":1}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":{"b":[{}]}}"#,
            "{]",
            "[}",
            "[1 2]",
            "\u{feff}1",
            "NaN",
            "1\u{a0}",
        ]
        .map(str::to_owned)
        .into();
        // A hit at each position of a word, beside bytes that a borrow could change.
        for at in 0..20 {
            for odd in ["\"", "\\\"", "\\", "\u{1f}", "\u{0}", "\u{21}\u{23}", "\u{80}", "!"] {
                let (head, tail) = ("#".repeat(at), "!".repeat(20 - at));
                texts.push(format!("\"{head}{odd}{tail}\""));
            }
        }
        for text in &texts {
            let expected = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(whole(text).is_some(), expected, "{text:?}");
            if let Ok(Value::String(value)) = serde_json::from_str(text) {
                assert_eq!(
                    Scan::new(text).string().map(Quoted::text),
                    Some(value.into()),
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let most = MAX_DEPTH as usize;
        assert!(whole(&nested(most)).is_some());
        assert!(whole(&nested(most + 1)).is_none());
        assert!(whole(&nested(1_000_000)).is_none());
    }
}
