//! The value of a cell as a short line.

use std::fmt::Write as _;

use model::{Cell, text::clean};

/// Characters of a value that are kept.
pub(crate) const MOST_VALUE: usize = 120;
/// Stands for a value inside JSON that is masked.
const MASK: &str = "••••••";
/// Deeper JSON is written as `…`.
const DEEPEST: usize = 6;
/// Items of a list, and fields of an object, that are looked at.
const MOST_ITEMS: usize = 64;

/// Appends a value as one clean line of at most [`MOST_VALUE`] characters. Of a text only the beginning is read, of JSON
/// each level at most once. Values inside JSON whose names are secret are masked.
pub(crate) fn write(out: &mut String, value: &Cell<'_>, is_secret: &dyn Fn(&str) -> bool) {
    match value {
        Cell::Null => out.push_str("null"),
        Cell::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Cell::Text(text) => out.push_str(&clean(text, MOST_VALUE)),
        Cell::Number(digits) => out.push_str(&clean(digits, MOST_VALUE)),
        Cell::List(_) | Cell::Object(_) => {
            let mut whole = String::new();
            nested(&mut whole, value, is_secret, 0);
            out.push_str(&clean(&whole, MOST_VALUE));
        }
    }
}

fn nested(out: &mut String, value: &Cell<'_>, is_secret: &dyn Fn(&str) -> bool, depth: usize) {
    match value {
        Cell::Null => out.push_str("null"),
        Cell::Bool(flag) => {
            let _ = write!(out, "{flag}");
        }
        Cell::Number(digits) => out.extend(digits.chars().take(MOST_VALUE + 1)),
        Cell::Text(text) => {
            out.push('"');
            out.push_str(&clean(text, MOST_VALUE));
            out.push('"');
        }
        _ if depth >= DEEPEST => out.push('…'),
        Cell::List(items) => {
            out.push('[');
            for (at, item) in items.iter().take(MOST_ITEMS).enumerate() {
                if is_full(out) {
                    break;
                }
                if at > 0 {
                    out.push_str(", ");
                }
                nested(out, &item, is_secret, depth + 1);
            }
            out.push(']');
        }
        Cell::Object(fields) => {
            out.push('{');
            for (at, (name, field)) in fields.iter().take(MOST_ITEMS).enumerate() {
                if is_full(out) {
                    break;
                }
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&clean(&name, MOST_VALUE));
                out.push_str(": ");
                if is_secret(&name) {
                    out.push_str(MASK);
                } else {
                    nested(out, &field, is_secret, depth + 1);
                }
            }
            out.push('}');
        }
    }
}

/// A character has at most four bytes: what comes behind that many is cut anyway.
fn is_full(out: &str) -> bool {
    out.len() > MOST_VALUE * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        let mut out = String::new();
        write(&mut out, &Cell::from_json(json).expect("a value"), &|name| {
            name.contains("key")
        });
        out
    }

    #[test]
    fn values_become_short_clean_lines() {
        assert_eq!(shown("null"), "null");
        assert_eq!(shown("1.50"), "1.50");
        assert_eq!(shown("\"a\\u202e b\""), "a b");
        assert_eq!(shown(r#"{"a":[1,"x"],"c":true}"#), r#"{a: [1, "x"], c: true}"#);
        assert_eq!(
            shown(&format!("\"{}\"", "x".repeat(100_000))).chars().count(),
            MOST_VALUE
        );
        assert_eq!(shown(&"9".repeat(100_000)).chars().count(), MOST_VALUE);
        let wide = format!("[{}1]", "\"yy\",".repeat(100_000));
        assert_eq!(shown(&wide).chars().count(), MOST_VALUE);
        assert_eq!(
            shown(&format!("{}1{}", "[".repeat(50), "]".repeat(50))),
            "[[[[[[…]]]]]]"
        );
    }

    #[test]
    fn secrets_inside_json_are_masked_at_any_depth() {
        assert_eq!(
            shown(r#"[{"api_key":"sk-1","b":{"key":{"x":"sk-1"}}}]"#),
            "[{api_key: ••••••, b: {key: ••••••}}]"
        );
    }
}
