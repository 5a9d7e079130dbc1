//! The value of a cell as a short line.

use model::{Cell, short};

/// Characters of a value that are kept.
pub(crate) const MOST_VALUE: usize = 120;

/// Appends a value as one line of at most [`MOST_VALUE`] characters. Values inside JSON whose names are secret are masked.
pub(crate) fn write(out: &mut String, value: &Cell<'_>, is_secret: &dyn Fn(&str) -> bool) {
    out.push_str(&short::of_cell(value, MOST_VALUE, is_secret));
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
        assert_eq!(shown("\"a\\u202e b\""), "a� b");
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
