//! Parses a page's bytes into rows. A cell that cannot be parsed does not invalidate the page.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

use model::{Cell, Record};
use realtime::Page;

/// Replaces a cell that is nested deeper than the parser supports (124 levels).
const TOO_DEEP: &str = "(nested too deeply to be read)";

/// The rows of a page; `None` when the body is not a list of rows.
pub(crate) fn read(body: &[u8]) -> Option<Page> {
    match serde_json::from_slice(body) {
        Ok(page) => Some(page),
        Err(_) => cell_by_cell(body),
    }
}

/// The slow path, for pages that the fast path rejects: it skips over each cell's raw text without recursion.
fn cell_by_cell(body: &[u8]) -> Option<Page> {
    let rows: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    rows.into_iter().map(row).collect()
}

fn row(row: &RawValue) -> Option<Record> {
    let cells: BTreeMap<String, &RawValue> = serde_json::from_str(row.get()).ok()?;
    let cells: Vec<String> = cells
        .into_iter()
        .map(|(name, raw)| {
            let is_read = Cell::from_json(raw.get()).is_some();
            let name = Value::from(name);
            if is_read {
                format!("{name}:{}", raw.get())
            } else {
                format!("{name}:{}", Value::from(TOO_DEEP))
            }
        })
        .collect();
    Record::from_json(&format!("{{{}}}", cells.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(cell: &str) -> Option<Page> {
        read(format!(r#"[{{"id":1,"data":{cell}}},{{"id":2,"data":null}}]"#).as_bytes())
    }

    #[test]
    fn a_cell_of_ten_thousand_brackets_is_replaced_by_a_text() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let page = page(&deep).expect("rows");
        assert_eq!(page.len(), 2);
        assert_eq!(page[0].get("data"), Some(Cell::Text(TOO_DEEP.into())));
        assert_eq!(page[0].get("id"), Some(Cell::Number("1")));
    }

    #[test]
    fn a_cell_of_a_megabyte_and_a_number_too_large_for_a_float_are_kept_unchanged() {
        let long = "x".repeat(1 << 20);
        let read = page(&format!("\"{long}\"")).expect("rows");
        assert_eq!(read[0].get("data"), Some(Cell::Text(long.into())));
        let digits = "9".repeat(400);
        let read = page(&digits).expect("rows");
        assert_eq!(read[0].get("data").map(|cell| cell.to_string()), Some(digits));
    }

    #[test]
    fn a_body_that_is_not_a_list_of_rows_is_rejected() {
        let brackets = "[".repeat(10_000);
        for body in [
            "",
            "[",
            "{}",
            "[1]",
            "[[]]",
            r#"[{"id":1}"#,
            "<html>",
            "null",
            &brackets,
            "\u{0}",
        ] {
            assert!(read(body.as_bytes()).is_none(), "{body:.20}");
        }
        assert!(read(&[0xff, 0xfe, b'[', b']']).is_none());
        assert_eq!(read(b"[]"), Some(Vec::new()));
    }
}
