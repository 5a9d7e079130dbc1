//! Rows of the usual table of tasks.

use std::sync::Arc;

use model::{Kind, Mapping, Record, RowKey, SourceId};
use query::{Field, ReadRow};
use sheet::Column;

/// 2026-11-29T12:00:00Z
pub(crate) const NOW_MS: i64 = 1_795_953_600_000;

pub(crate) struct TestRows {
    mapping: Mapping,
    rows: Vec<(RowKey, Record)>,
}

impl TestRows {
    /// Tasks with these columns.
    pub(crate) fn new(rows: &[&str]) -> Self {
        let row = |(at, columns): (usize, &&str)| (key(at), Record::from_json(columns).expect("a row"));
        Self {
            mapping: Mapping::default(),
            rows: rows.iter().enumerate().map(row).collect(),
        }
    }

    pub(crate) fn read(&self) -> impl Iterator<Item = ReadRow<'_>> {
        let read = |(key, record)| ReadRow::new(&self.mapping, key, record, NOW_MS);
        self.rows.iter().map(move |(key, record)| read((key, record)))
    }
}

pub(crate) fn key(at: usize) -> RowKey {
    RowKey::new(
        Kind::Task,
        SourceId::usual(Kind::Task),
        format!("task-{at}").as_str().into(),
    )
}

pub(crate) fn named(name: &str) -> Column {
    Column::Named(Arc::from(name))
}

pub(crate) fn field(field: Field) -> Column {
    Column::Field(field)
}
