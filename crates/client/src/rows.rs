//! From a page's bytes to rows. What cannot be read of one cell does not take the page with it.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

use model::{Cell, Record};
use realtime::Page;

/// Stands in the place of a cell that is nested deeper than the reader goes (124 levels).
const TOO_DEEP: &str = "(nested too deeply to be read)";

/// The rows of a page; `None` when it is no list of rows.
pub(super) fn read(body: &[u8]) -> Option<Page> {
    match serde_json::from_slice(body) {
        Ok(page) => Some(page),
        Err(_) => cell_by_cell(body),
    }
}

/// The slow way, for what the quick one refused: the raw text of a cell is skipped over without recursion.
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
    fn a_cell_of_ten_thousand_brackets_is_said_to_be_one() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let page = page(&deep).expect("rows");
        assert_eq!(page.len(), 2);
        assert_eq!(page[0].get("data"), Some(Cell::Text(TOO_DEEP.into())));
        assert_eq!(page[0].get("id"), Some(Cell::Number("1")));
    }

    #[test]
    fn a_cell_of_a_megabyte_and_a_number_beyond_all_floats_are_kept_as_they_are() {
        let long = "x".repeat(1 << 20);
        let read = page(&format!("\"{long}\"")).expect("rows");
        assert_eq!(read[0].get("data"), Some(Cell::Text(long.into())));
        let digits = "9".repeat(400);
        let read = page(&digits).expect("rows");
        assert_eq!(read[0].get("data").map(|cell| cell.to_string()), Some(digits));
    }

    #[test]
    fn what_is_no_list_of_rows_is_refused() {
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
