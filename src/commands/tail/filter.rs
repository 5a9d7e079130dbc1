//! Which changes `tail --where` prints: those of rows that match the query before or after the change.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::state::Joined;
use model::{Change, Kind, Mapping, Op, Record, Row, RowKey};
use query::{Field, Query, ReadRow};

/// Most changes that wait for the names of agents and workflows.
const MAX_WAITING: usize = 100_000;

/// A row as it was after its last change.
struct Seen {
    /// Completed by other tables.
    joined: Record,
    /// When it was seen to change; unknown for a row of a snapshot.
    changed_ms: Option<i64>,
    is_silent: bool,
}

/// The query, and what is known of the rows: a row is compared as it was before a change, too. Records are shared with the
/// session, which has them all.
pub(super) struct Filter {
    query: Query,
    rows: HashMap<RowKey, Seen>,
    /// The labels of agents and workflows, if the query looks at them.
    labels: Option<HashMap<RowKey, Arc<str>>>,
    /// Changes of the first snapshot, while it may still bring agents and workflows that they name.
    waiting: Option<Vec<Joined>>,
    /// Columns of the query that no row had so far.
    missing: HashSet<String>,
}

impl Filter {
    pub(super) fn new(query: Query) -> Self {
        let has_labels = query.uses(Field::Agent) || query.uses(Field::Workflow);
        Self {
            rows: HashMap::new(),
            labels: has_labels.then(HashMap::new),
            waiting: has_labels.then(Vec::new),
            missing: query.columns().into_iter().map(str::to_owned).collect(),
            query,
        }
    }

    /// Takes a change, with the silence of its row, and appends it to `matching` if it is to be printed.
    pub(super) fn take(&mut self, mapping: &Mapping, joined: Joined, is_silent: bool, matching: &mut Vec<Joined>) {
        self.note(mapping, &joined.0);
        match &mut self.waiting {
            Some(waiting) if waiting.len() < MAX_WAITING => waiting.push(joined),
            Some(_) => {
                self.finish_waiting(mapping, matching);
                self.sift(mapping, joined, is_silent, matching);
            }
            None => self.sift(mapping, joined, is_silent, matching),
        }
    }

    /// Appends the changes that waited and match.
    pub(super) fn finish_waiting(&mut self, mapping: &Mapping, matching: &mut Vec<Joined>) {
        for joined in self.waiting.take().into_iter().flatten() {
            self.sift(mapping, joined, false, matching);
        }
    }

    /// The columns of the query that no row had so far; each is returned once.
    pub(super) fn take_missing_columns(&mut self) -> Vec<String> {
        let mut missing: Vec<String> = self.missing.drain().collect();
        missing.sort();
        missing
    }

    /// Whether a row matches at this moment.
    pub(super) fn matches(&self, mapping: &Mapping, key: &RowKey, joined: &Record, is_silent: bool) -> bool {
        let changed_ms = self.rows.get(key).and_then(|seen| seen.changed_ms);
        self.is_match(mapping, key, joined, changed_ms, is_silent)
    }

    fn is_match(
        &self,
        mapping: &Mapping,
        key: &RowKey,
        joined: &Record,
        changed_ms: Option<i64>,
        is_silent: bool,
    ) -> bool {
        let now_ms = Timestamp::now().as_millisecond();
        let label_of = |key: &RowKey| self.labels.as_ref()?.get(key).cloned();
        let row = ReadRow::new(mapping, key, joined, now_ms)
            .with_change(changed_ms)
            .with_silence(is_silent)
            .with_labels(&label_of);
        self.query.matches(&row, now_ms)
    }

    /// Notes the label of an agent or workflow, and the columns of a row.
    fn note(&mut self, mapping: &Mapping, change: &Change) {
        let Change { key, record, op, .. } = change;
        self.missing.retain(|column| record.get(column).is_none());
        let Some(labels) = &mut self.labels else { return };
        if !matches!(key.kind, Kind::Agent | Kind::Workflow) {
            return;
        }
        match op {
            Op::Delete => labels.remove(key),
            Op::Insert | Op::Update => {
                let label = match mapping.read(key, record) {
                    Row::Agent(row) => row.label,
                    Row::Task(row) => row.label,
                    Row::Workflow(row) => row.label,
                };
                labels.insert(key.clone(), label)
            }
        };
    }

    fn sift(&mut self, mapping: &Mapping, joined: Joined, is_silent: bool, matching: &mut Vec<Joined>) {
        let Change {
            key,
            record,
            op,
            committed_ms,
        } = &joined.0;
        let was_match = match self.rows.get(key) {
            Some(seen) => self.is_match(mapping, key, &seen.joined, seen.changed_ms, seen.is_silent),
            // A deleted row comes as it was before.
            None => *op == Op::Delete && self.is_match(mapping, key, record, None, is_silent),
        };
        let is_match = if *op == Op::Delete {
            self.rows.remove(key);
            false
        } else {
            let changed_ms = committed_ms.is_some().then(|| Timestamp::now().as_millisecond());
            let seen = Seen {
                joined: record.clone(),
                changed_ms,
                is_silent,
            };
            let is_match = self.is_match(mapping, key, record, changed_ms, is_silent);
            self.rows.insert(key.clone(), seen);
            is_match
        };
        if was_match || is_match {
            matching.push(joined);
        }
    }
}
