//! What rows sort by: creation, then id. So the same rows give the same picture on every wall and after every restart.

use std::sync::Arc;

use crate::fleet::{Created, Key};
use model::{Kind, RowId, RowKey};

/// The rank of a row or of a group. Runs come before tasks; rows without a time of creation come last; then ids decide, numbers
/// by value and before texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    is_task: bool,
    created_ms: i64,
    is_text: bool,
    head: u64,
    own: Own,
}

/// What makes a rank unique.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Own {
    Group(Arc<str>),
    Row(RowKey),
}

impl Rank {
    pub(super) fn of(key: &Key, created: &Created) -> Self {
        let (is_text, head) = id_rank(&key.0.id);
        Self {
            is_task: key.0.kind == Kind::Task,
            created_ms: created.0.unwrap_or(i64::MAX),
            is_text,
            head,
            own: Own::Row(key.0.clone()),
        }
    }

    /// Groups sort by their names.
    pub(super) fn group(name: &Arc<str>) -> Self {
        Self {
            is_task: false,
            created_ms: 0,
            is_text: true,
            head: 0,
            own: Own::Group(Arc::clone(name)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::SourceId;

    fn rank(kind: Kind, id: &str, created_ms: Option<i64>) -> Rank {
        let key = RowKey::new(kind, SourceId::usual(kind), id.into());
        Rank::of(&Key(key), &Created(created_ms))
    }

    #[test]
    fn numbers_sort_by_value_and_before_texts() {
        let in_order = [
            "9",
            "10",
            "0b4f2c11-a",
            "99999999999999999999",
            "abcdefgha",
            "abcdefghz",
            "b",
        ];
        let ranks = in_order.map(|id| rank(Kind::Task, id, None));
        assert!(ranks.is_sorted());
    }

    #[test]
    fn runs_come_first_and_rows_sort_by_creation() {
        let in_order = [
            rank(Kind::Run, "7", Some(99)),
            rank(Kind::Task, "4", Some(10)),
            rank(Kind::Task, "9", Some(10)),
            rank(Kind::Task, "2", Some(20)),
            rank(Kind::Task, "1", None),
        ];
        assert!(in_order.is_sorted());
        assert!(Rank::group(&"a".into()) < Rank::group(&"b".into()));
    }
}
