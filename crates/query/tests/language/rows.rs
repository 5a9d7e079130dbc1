//! Rows of the usual tables.

use std::sync::Arc;

use model::{Kind, Mapping, Record, RowKey, SourceId};
use query::{Query, ReadRow};

/// 2026-11-29T12:00:00Z
pub(crate) const NOW_MS: i64 = 1_795_953_600_000;

/// A row of the usual table of its kind.
pub(crate) struct TestRow {
    pub(crate) mapping: Mapping,
    pub(crate) key: RowKey,
    pub(crate) record: Record,
}

impl TestRow {
    pub(crate) fn new(kind: Kind, id: &str, columns: &str) -> Self {
        let mut mapping = Mapping::default();
        mapping.follow_runs("runs");
        Self {
            mapping,
            key: RowKey::new(kind, SourceId::usual(kind), id.into()),
            record: Record::from_json(columns).expect("a row"),
        }
    }

    pub(crate) fn task(columns: &str) -> Self {
        Self::new(Kind::Task, "t-17", columns)
    }

    pub(crate) fn matches(&self, query: &Query) -> bool {
        let label_of = |key: &RowKey| -> Option<Arc<str>> {
            match (key.kind, key.id.as_str()) {
                (Kind::Agent, "a1") => Some("Planner Nine".into()),
                (Kind::Workflow, "w1") => Some("Billing of November".into()),
                _ => None,
            }
        };
        let row = ReadRow::new(&self.mapping, &self.key, &self.record, NOW_MS).with_labels(&label_of);
        query.matches(&row, NOW_MS)
    }

    /// Whether the row matches the text of a query, which is valid.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.matches(&Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")))
    }
}

/// A task with something in every column.
pub(crate) fn invoice() -> TestRow {
    TestRow::task(
        r#"{"id":"t-17","title":"Pay the invoice of ACME","status":"pending_review","agent_id":"a1","workflow_id":"w1",
            "current_step":"Asks the bank","error":null,"cost_usd":1.5,"tokens":"2500","retries":3,"progress":30,
            "attempt":2,"updated_at":"2026-11-29T11:45:00Z","created_at":"2026-11-28","owner":"Ada Lovelace","note":"",
            "is_urgent":true,"wait_ms":90000,"payload":{"city":"Bonn","lines":[{"sku":"x-1","count":4}],"odd name":"Köln",
            "api_key":"sk-secret","nested":{"password":"hunter2"}},"tags":["red","Blue"],"api_key":"sk-secret",
            "label":"a column","state":"another column"}"#,
    )
}
