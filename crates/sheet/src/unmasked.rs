//! JSON without its masked fields, complete otherwise.

use model::{Scan, is_masked};

/// A valid JSON text without white space and without the fields whose names are masked, at any depth. Digits, escapes,
/// the order of fields and repeated fields stay as they are.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The text is a cell's, which was valid when it was received.
    match write(&mut out, &mut Scan::new(text)) {
        Some(()) => out,
        None => "null".to_owned(),
    }
}

/// Recursion is bounded because the scanner refused deeper nesting when the text was received (124 levels).
fn write(out: &mut String, scan: &mut Scan<'_>) -> Option<()> {
    match scan.peek()? {
        b'{' => {
            let mut is_first = true;
            out.push('{');
            scan.object(|name, scan| {
                if is_masked(&name.text()) {
                    return scan.value().map(drop);
                }
                if !std::mem::take(&mut is_first) {
                    out.push(',');
                }
                out.push_str(name.opened);
                out.push_str("\":");
                write(out, scan)
            })?;
            out.push('}');
        }
        b'[' => {
            let mut is_first = true;
            out.push('[');
            scan.array(|scan| {
                if !std::mem::take(&mut is_first) {
                    out.push(',');
                }
                write(out, scan)
            })?;
            out.push(']');
        }
        _ => out.push_str(scan.value()?),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_fields_go_and_everything_else_stays() {
        assert_eq!(
            json(r#"{ "token":{"a":1}, "a" : [1.50, "x y\n", {"p\u0061ssword":2,"b":null}], "to\u006ben":1}"#),
            r#"{"a":[1.50,"x y\n",{"b":null}]}"#
        );
        assert_eq!(json(r#"[{"key":1},{}]"#), "[{},{}]");
    }

    #[test]
    fn the_deepest_cell_is_written() {
        let deep = format!("{}1{}", "[".repeat(124), "]".repeat(124));
        assert!(model::Cell::from_json(&deep).is_some());
        assert_eq!(json(&deep), deep);
    }
}
