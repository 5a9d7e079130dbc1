//! Whatever is offered, changed and removed, in whatever pieces it is sorted, the order is that of a full sort.

use std::{cmp::Ordering, collections::BTreeMap};

use model::{Cell, Kind, RowKey, SourceId};
use proptest::prelude::*;
use query::Field;
use sheet::{SortKey, Sorting, Typed};

use crate::rows::{NOW_MS, TestRows, field, key, named};

/// A value, and how it is compared, written down once more.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(f64),
    Text(String),
    Null,
}

impl Value {
    fn key(&self) -> SortKey {
        let json = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => serde_json::to_string(text).expect("a text"),
            Self::Null => "null".to_owned(),
        };
        SortKey::of(&Typed::of("a", Cell::from_json(&json).expect("a value")), NOW_MS)
    }

    fn cmp(&self, other: &Self, is_descending: bool) -> Ordering {
        let fold = |text: &str| text.to_uppercase().to_lowercase();
        let order = match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => return Ordering::Greater,
            (_, Self::Null) => return Ordering::Less,
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).expect("finite"),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            (Self::Text(a), Self::Text(b)) => fold(a).cmp(&fold(b)).then_with(|| a.cmp(b)),
        };
        if is_descending { order.reverse() } else { order }
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3_i32..3).prop_map(|number| Value::Number(f64::from(number) / 2.0)),
        "[abABäÄß]{0,3}".prop_map(Value::Text),
        "[pP]ay the [iI]nv?[\u{0}-\u{1}o]?[0-9a]{0,2}".prop_map(Value::Text),
        "Pay the invoice of [0-9aA]{0,2}".prop_map(Value::Text),
        Just(Value::Null),
    ]
}

/// Keys of several kinds and tables, many of which begin alike.
fn row() -> impl Strategy<Value = RowKey> {
    let id = (0..400_usize).prop_map(|at| format!("{}{at}", if at % 3 == 0 { "r" } else { "row-number-" }));
    (id, 0..2_usize, any::<bool>()).prop_map(|(id, source, is_task)| {
        let kind = if is_task { Kind::Task } else { Kind::Agent };
        RowKey::new(kind, SourceId::new(source), id.as_str().into())
    })
}

#[derive(Debug, Clone)]
enum Op {
    Offer(RowKey, Value),
    OfferMany(u64, usize),
    Remove(RowKey),
    RemoveMany(usize),
    /// Sorts this many pieces.
    Sort(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (row(), value()).prop_map(|(row, value)| Op::Offer(row, value)),
        1 => (any::<u64>(), 1..3_000_usize).prop_map(|(seed, count)| Op::OfferMany(seed, count)),
        4 => row().prop_map(Op::Remove),
        1 => (2..9_usize).prop_map(Op::RemoveMany),
        6 => (0..9_usize).prop_map(Op::Sort),
    ]
}

fn sort_all(sorting: &mut Sorting) {
    assert!(sorting.sort(&mut || false));
}

fn order(sorting: &Sorting) -> Vec<RowKey> {
    (0..sorting.len()).filter_map(|at| sorting.row(at).cloned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_order_is_that_of_a_full_sort(is_descending: bool, ops in prop::collection::vec(op(), 1..60)) {
        let mut sorting = Sorting::new(is_descending);
        let mut rows: BTreeMap<RowKey, Value> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Offer(row, value) => {
                    sorting.offer(&row, value.key());
                    rows.insert(row, value);
                }
                Op::OfferMany(seed, count) => {
                    for at in 0..count {
                        let number = seed.wrapping_add(at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                        let value = Value::Number((number % 500) as f64);
                        let row = key(number as usize % 5_000);
                        sorting.offer(&row, value.key());
                        rows.insert(row, value);
                    }
                }
                Op::Remove(row) => prop_assert_eq!(sorting.remove(&row), rows.remove(&row).is_some()),
                Op::RemoveMany(nth) => {
                    let gone: Vec<RowKey> = rows.keys().step_by(nth).cloned().collect();
                    for row in gone {
                        prop_assert!(sorting.remove(&row));
                        rows.remove(&row);
                    }
                }
                Op::Sort(pieces) => {
                    let mut left = pieces;
                    let mut is_over = || { left = left.saturating_sub(1); left == 0 };
                    let is_complete = sorting.sort(&mut is_over);
                    prop_assert_eq!(is_complete, sorting.is_sorted());
                    prop_assert!((0.0..=1.0).contains(&sorting.progress()));
                    prop_assert_eq!(is_complete, sorting.progress() == 1.0 && sorting.is_sorted());
                }
            }
        }
        sort_all(&mut sorting);
        let mut expected: Vec<(&RowKey, &Value)> = rows.iter().collect();
        expected.sort_by(|(a, x), (b, y)| x.cmp(y, is_descending).then_with(|| a.cmp(b)));
        let expected: Vec<RowKey> = expected.into_iter().map(|(row, _)| row.clone()).collect();
        prop_assert_eq!(order(&sorting), expected);
        for at in 0..sorting.len() {
            let row = sorting.row(at).expect("a row");
            prop_assert_eq!(sorting.position(row), Some(at));
        }
    }
}

#[test]
fn the_last_complete_order_is_shown_while_another_is_made() {
    let number = |number: usize| Value::Number(number as f64).key();
    let mut sorting = Sorting::new(false);
    for at in 0..10 {
        sorting.offer(&key(at), number(at));
    }
    assert_eq!((sorting.len(), sorting.progress()), (0, 0.0));
    sort_all(&mut sorting);
    assert_eq!(order(&sorting), (0..10).map(key).collect::<Vec<_>>());
    for at in 0..5_000 {
        sorting.offer(&key(at), number(10_000 - at));
    }
    let mut last = 0.0;
    let mut pieces = 0;
    while !sorting.sort(&mut || true) {
        assert_eq!(order(&sorting), (0..10).map(key).collect::<Vec<_>>());
        assert!(sorting.progress() >= last);
        last = sorting.progress();
        pieces += 1;
    }
    assert!(pieces > 20, "{pieces} pieces");
    assert_eq!(order(&sorting), (0..5_000).rev().map(key).collect::<Vec<_>>());
}

#[test]
fn slots_are_used_again() {
    let mut sorting = Sorting::new(true);
    for round in 0..300 {
        for at in 0..300 {
            sorting.offer(&key(at), Value::Number((at * round % 7) as f64).key());
        }
        sort_all(&mut sorting);
    }
    assert_eq!(sorting.len(), 300);
    assert!(
        format!("{sorting:?}").len() < 2_000_000,
        "slots of rows that changed are free again"
    );
}

#[test]
fn changes_that_nobody_sorts_do_not_grow_it() {
    let mut sorting = Sorting::new(false);
    let number = |number: usize| Value::Number(number as f64).key();
    for at in 0..1_000 {
        sorting.offer(&key(at), number(at));
    }
    for is_in_progress in [false, true] {
        if is_in_progress {
            assert!(!sorting.sort(&mut || true), "a sort of all has begun");
        }
        for round in 0..1_000 {
            for at in 0..100 {
                sorting.offer(&key(at), number(at + round));
                if round % 3 == 0 {
                    assert!(sorting.remove(&key(at)));
                }
            }
        }
        assert!(sorting.bytes() < 1_000_000, "{} bytes", sorting.bytes());
    }
    sort_all(&mut sorting);
    assert_eq!(sorting.len(), 900);
}

#[test]
fn columns_of_rows_are_sorted_by() {
    let rows = TestRows::new(&[
        r#"{"id":"0","title":"beta","status":"running","updated_at":"2026-11-29T11:00:00Z","api_key":"c"}"#,
        r#"{"id":"1","title":"Alpha","status":"failed","updated_at":"2026-11-29T11:30:00Z","api_key":"b"}"#,
        r#"{"id":"2","title":"gamma","status":"waiting","updated_at":"2026-11-29T10:00:00Z","api_key":"a"}"#,
        r#"{"id":"3","title":"delta","status":"done"}"#,
    ]);
    for (column, is_descending, expected) in [
        (named("title"), false, [1, 0, 3, 2]),
        (field(Field::State), false, [1, 2, 0, 3]),
        (field(Field::State), true, [3, 0, 2, 1]),
        (field(Field::Age), false, [1, 0, 2, 3]),
        (field(Field::Age), true, [2, 0, 1, 3]),
        (named("updated_at"), false, [2, 0, 1, 3]),
        (named("api_key"), false, [0, 1, 2, 3]),
    ] {
        let mut sorting = Sorting::new(is_descending);
        for (at, row) in rows.read().enumerate() {
            let value = column.read(&row).unwrap_or(Typed::Null);
            sorting.offer(&key(at), SortKey::of(&value, NOW_MS));
        }
        sort_all(&mut sorting);
        assert_eq!(order(&sorting), expected.map(key), "{column} {is_descending}");
    }
}
