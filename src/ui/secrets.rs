//! How the values of columns are shortened, and what is shown in the place of masked ones. Pure.

use std::fmt::Write as _;

use model::Cell;
use serde_json::Value;

/// Shown instead of a masked value.
pub(crate) const MASK: &str = "••••••";

/// Takes the masked columns out of a row, also those within a value.
pub(super) fn remove(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !model::is_masked(name));
            fields.values_mut().for_each(remove);
        }
        Value::Array(items) => items.iter_mut().for_each(remove),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A value as one line of at most about `most` characters, at a cost independent of its size. Values inside JSON whose
/// names are secret are masked too.
pub(crate) fn preview(value: &Cell<'_>, most: usize) -> String {
    let mut out = String::new();
    write_bounded(&mut out, value, most, 0);
    super::format::clean(&out, most)
}

/// Deeper JSON is shown as `…`.
const DEEPEST: usize = 6;

fn write_bounded(out: &mut String, value: &Cell<'_>, most: usize, depth: usize) {
    // A character has at most four bytes: beyond that the rest would be cut anyway.
    if out.len() > most.saturating_mul(4) {
        return;
    }
    match value {
        Cell::Null => out.push_str("null"),
        Cell::Bool(flag) => {
            let _ = write!(out, "{flag}");
        }
        Cell::Number(digits) => out.extend(digits.chars().take(most + 1)),
        Cell::Text(text) if depth == 0 => out.extend(text.chars().take(most.saturating_mul(4))),
        Cell::Text(text) => {
            out.push('"');
            out.extend(text.chars().take(most + 1));
            out.push('"');
        }
        _ if depth >= DEEPEST => out.push('…'),
        Cell::List(items) => {
            out.push('[');
            for (at, item) in items.iter().take(most).enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_bounded(out, &item, most, depth + 1);
            }
            out.push(']');
        }
        Cell::Object(fields) => {
            out.push('{');
            for (at, (name, field)) in fields.iter().take(most).enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.extend(name.chars().take(most));
                out.push_str(": ");
                if model::is_masked(&name) {
                    out.push_str(MASK);
                } else {
                    write_bounded(out, &field, most, depth + 1);
                }
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: &serde_json::Value, most: usize) -> String {
        let text = value.to_string();
        preview(&Cell::from_json(&text).expect("a value"), most)
    }

    #[test]
    fn values_become_short_lines() {
        assert_eq!(shown(&json!("two\nlines"), 40), "two lines");
        assert_eq!(shown(&json!(null), 40), "null");
        assert_eq!(
            shown(&json!({"a": [1, "x"], "api_key": "sk-1"}), 60),
            "{a: [1, \"x\"], api_key: ••••••}"
        );
    }

    #[test]
    fn hostile_cells_are_cut() {
        let long = shown(&json!("x".repeat(1_000_000)), 100);
        assert_eq!(long.chars().count(), 101);
        let wide = shown(&json!(vec!["yy"; 100_000]), 100);
        assert!(wide.chars().count() <= 101);
        let mut deep = json!(1);
        for _ in 0..100 {
            deep = json!([deep]);
        }
        assert_eq!(shown(&deep, 40), "[[[[[[…]]]]]]");
    }
}
