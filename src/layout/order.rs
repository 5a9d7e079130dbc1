//! The order in which rows that come together are served: as they were made, those of one moment by id. So the same rows
//! give the same picture on every wall and after every restart, and what is made while a wall looks on comes where another
//! one that reads it later has it.

use crate::fleet::{Created, Key};
use model::{Kind, RowId, RowKey};

/// What a row's turn depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'k> {
    key: &'k RowKey,
    created_ms: Option<i64>,
}

impl<'k> Turn<'k> {
    pub(super) fn of(key: &'k Key, created: Option<&Created>) -> Self {
        let created_ms = created.and_then(|created| created.0);
        Self {
            key: &key.0,
            created_ms,
        }
    }
}

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

/// Rows that are served together, in their order: of pieces of work the runs first, then as they were made, those that do
/// not say when last, then by id.
pub(super) fn in_order<'k, T>(rows: impl Iterator<Item = (T, Turn<'k>)>) -> Vec<T> {
    let mut rows: Vec<(T, Turn)> = rows.collect();
    rows.sort_by_cached_key(|(_, Turn { key, created_ms })| {
        let made = created_ms.unwrap_or(i64::MAX);
        (key.kind != Kind::Run, made, rank(&key.id), &key.id)
    });
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
        let turn = |key| Turn { key, created_ms: None };
        let sorted = in_order(keys.iter().map(|key| (key.id.as_str(), turn(key))));
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
    fn rows_go_as_they_were_made_and_the_runs_first() {
        let row = |kind, id: &str, created_ms| (RowKey::new(kind, id.into()), created_ms);
        let rows = [
            row(Kind::Task, "1", None),
            row(Kind::Task, "2", Some(20)),
            row(Kind::Task, "9", Some(10)),
            row(Kind::Run, "7", Some(99)),
            row(Kind::Task, "4", Some(10)),
        ];
        let turns = rows.iter().map(|(key, created_ms)| {
            let turn = Turn {
                key,
                created_ms: *created_ms,
            };
            (key.id.as_str(), turn)
        });
        assert_eq!(in_order(turns), ["7", "4", "9", "2", "1"]);
    }
}
