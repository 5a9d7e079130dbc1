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

/// Sorts pieces of work: runs first, each kind by id.
pub(super) fn sort_work<T>(rows: &mut [(T, &RowKey)]) {
    rows.sort_by_cached_key(|(_, key)| (key.kind != Kind::Run, rank(&key.id), &key.id));
}

/// Sorts rows by id.
pub(super) fn sort_by_id<T>(rows: &mut [(T, &RowId)]) {
    rows.sort_by_cached_key(|(_, id)| (rank(id), *id));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_by_value_and_before_texts() {
        let ids: Vec<RowId> = [
            "b",
            "10",
            "9",
            "0b4f2c11-a",
            "abcdefghz",
            "abcdefgha",
            "99999999999999999999",
        ]
        .into_iter()
        .map(RowId::from)
        .collect();
        let mut rows: Vec<((), &RowId)> = ids.iter().map(|id| ((), id)).collect();
        sort_by_id(&mut rows);
        let sorted: Vec<&str> = rows.iter().map(|(_, id)| id.as_str()).collect();
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
