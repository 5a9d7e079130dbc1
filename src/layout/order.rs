//! The order in which rows that come together are served: by id, so that the same rows give the same picture on every
//! wall and after every restart.

use crate::domain::{Kind, RowId, RowKey};

/// Sorts like the ids do: numbers by value and before texts, texts by their bytes. The first eight bytes travel along,
/// so that sorting a hundred thousand rows seldom has to look an id up.
pub(super) fn rank(id: &RowId) -> (bool, u64) {
    let text = id.as_str();
    let number = if text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    };
    match number {
        Some(number) => (false, number),
        None => {
            let mut head = [0; 8];
            for (place, byte) in head.iter_mut().zip(text.bytes()) {
                *place = byte;
            }
            (true, u64::from_be_bytes(head))
        }
    }
}

/// Rows that are served together, in their order: by id, of pieces of work the runs first.
pub(super) fn in_order<'k, T>(rows: impl Iterator<Item = (T, &'k RowKey)>) -> Vec<T> {
    let mut rows: Vec<(T, &RowKey)> = rows.collect();
    rows.sort_by_cached_key(|(_, key)| (key.kind != Kind::Run, rank(&key.id), &key.id));
    rows.into_iter().map(|(row, _)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_value_and_before_texts() {
        let keys: Vec<RowKey> = [
            "b",
            "10",
            "9",
            "0b4f2c11-a",
            "abcdefghz",
            "abcdefgha",
            "99999999999999999999",
        ]
        .into_iter()
        .map(|id| RowKey::new(Kind::Task, id.into()))
        .collect();
        let sorted = in_order(keys.iter().map(|key| (key.id.as_str(), key)));
        assert_eq!(
            sorted,
            [
                "9",
                "10",
                "0b4f2c11-a",
                "99999999999999999999",
                "abcdefgha",
                "abcdefghz",
                "b"
            ]
        );
    }
}
