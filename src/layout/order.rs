//! The order in which rows that arrive together are laid out: by creation, then by id. So the same rows give the same picture
//! on every wall and after every restart, and a row that is created while one wall runs has the same place on a wall that
//! reads it later.

use crate::fleet::{Created, Key};
use model::{Kind, RowId, RowKey};

/// What the order of a row depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rank<'k> {
    key: &'k RowKey,
    created_ms: Option<i64>,
}

impl<'k> Rank<'k> {
    pub(super) fn of(key: &'k Key, created: &Created) -> Self {
        Self {
            key: &key.0,
            created_ms: created.0,
        }
    }
}

/// Sorts like the ids: numbers by value and before texts, texts by their bytes. The first eight bytes are included, so that
/// sorting a hundred thousand rows seldom has to compare whole ids.
fn id_rank(id: &RowId) -> (bool, u64) {
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

/// Sorts rows: runs before tasks, then by creation, rows without a time of creation last, then by id.
pub(super) fn in_order<'k, T>(rows: impl Iterator<Item = (T, Rank<'k>)>) -> Vec<T> {
    let mut rows: Vec<(T, Rank)> = rows.collect();
    rows.sort_by_cached_key(|(_, Rank { key, created_ms })| {
        let created = created_ms.unwrap_or(i64::MAX);
        (key.kind != Kind::Run, created, id_rank(&key.id), &key.id)
    });
    rows.into_iter().map(|(row, _)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::SourceId;

    #[test]
    fn numbers_sort_by_value_and_before_texts() {
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
        .map(|id| RowKey::new(Kind::Task, SourceId::usual(Kind::Task), id.into()))
        .collect();
        let rank = |key| Rank { key, created_ms: None };
        let sorted = in_order(keys.iter().map(|key| (key.id.as_str(), rank(key))));
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

    #[test]
    fn runs_come_first_and_rows_sort_by_creation() {
        let row = |kind, id: &str, created_ms| (RowKey::new(kind, SourceId::usual(kind), id.into()), created_ms);
        let rows = [
            row(Kind::Task, "1", None),
            row(Kind::Task, "2", Some(20)),
            row(Kind::Task, "9", Some(10)),
            row(Kind::Run, "7", Some(99)),
            row(Kind::Task, "4", Some(10)),
        ];
        let ranks = rows.iter().map(|(key, created_ms)| {
            let rank = Rank {
                key,
                created_ms: *created_ms,
            };
            (key.id.as_str(), rank)
        });
        assert_eq!(in_order(ranks), ["7", "4", "9", "2", "1"]);
    }
}
