//! A row's label and other short texts of it.

use std::sync::Arc;

use crate::{RowId, text::clean};

use super::cell::{self, Cells};

/// Most characters of a label.
pub const MAX_LABEL_CHARS: usize = 80;
/// Most characters of an error message.
pub(super) const MAX_ERROR_CHARS: usize = 200;
/// The first named cell that is not empty after cleaning.
pub(super) fn text_of(cells: &Cells<'_>, names: &[String], max: usize) -> Option<Arc<str>> {
    cells.first(names, |value| {
        let text = clean(cell::text(&value)?, max);
        (!text.is_empty()).then(|| Arc::from(&*text))
    })
}

/// The row's label; a short form of its id if it has none.
pub(super) fn label(cells: &Cells<'_>, names: &[String], id: &RowId) -> Arc<str> {
    text_of(cells, names, MAX_LABEL_CHARS).unwrap_or_else(|| short_id(id))
}

/// Most characters of an id that is not a uuid.
const MAX_ID_CHARS: usize = 16;
/// The label of a row without one whose key is the empty text.
const EMPTY_ID: &str = "(empty)";

/// The first eight digits of a uuid; another id is cut to [`MAX_ID_CHARS`] characters.
fn short_id(id: &RowId) -> Arc<str> {
    let text = id.as_str();
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    match text.get(..8).filter(|_| is_uuid) {
        Some(head) => head.into(),
        None if text.is_empty() => EMPTY_ID.into(),
        None => Arc::from(&*clean(text, MAX_ID_CHARS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shortened() {
        assert_eq!(&*short_id(&"11111111-2222-4333-8444-555555555555".into()), "11111111");
        assert_eq!(&*short_id(&"42".into()), "42");
        assert_eq!(&*short_id(&"".into()), "(empty)");
        assert_eq!(&*short_id(&"a-very-long-text-key-of-a-row".into()), "a-very-long-tex…");
    }
}
