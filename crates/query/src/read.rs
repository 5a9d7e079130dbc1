//! A row of a table, read through the mapping.

use std::{cell::OnceCell, fmt, sync::Arc};

use model::{Cell, Mapping, Record, RowKey, Silence, Status, StatusReading, mapping::Details};

use super::{Field, Row, Value};

/// A row of a table as a query sees it. What a query does not ask for is not read.
pub struct ReadRow<'a> {
    mapping: &'a Mapping,
    key: &'a RowKey,
    record: &'a Record,
    now_ms: i64,
    changed_ms: Option<i64>,
    is_silent: bool,
    has_names_only: bool,
    label_of: Option<&'a dyn Fn(&RowKey) -> Option<Arc<str>>>,
    read: OnceCell<model::Row>,
    details: OnceCell<Details>,
}

impl<'a> ReadRow<'a> {
    /// A row with its columns, completed by those of other tables. `now_ms` is the time in milliseconds since the Unix epoch.
    pub fn new(mapping: &'a Mapping, key: &'a RowKey, record: &'a Record, now_ms: i64) -> Self {
        Self {
            mapping,
            key,
            record,
            now_ms,
            changed_ms: None,
            is_silent: false,
            has_names_only: false,
            label_of: None,
            read: OnceCell::new(),
            details: OnceCell::new(),
        }
    }

    /// The labels of other rows, by which `agent` and `workflow` are found as well.
    #[must_use]
    pub fn with_labels(self, label_of: &'a dyn Fn(&RowKey) -> Option<Arc<str>>) -> Self {
        Self {
            label_of: Some(label_of),
            ..self
        }
    }

    /// Of agents and workflows the names alone, where they are known: to be shown, not to be searched.
    #[must_use]
    pub fn with_names_only(self) -> Self {
        Self {
            has_names_only: true,
            ..self
        }
    }

    /// The row's heartbeat is overdue, so that it counts as offline where [`Silence::overrides`] its state.
    #[must_use]
    pub fn with_silence(self, is_silent: bool) -> Self {
        Self { is_silent, ..self }
    }

    /// When the row was last seen to change, for a row without a column that holds the time.
    #[must_use]
    pub fn with_change(self, changed_ms: Option<i64>) -> Self {
        Self { changed_ms, ..self }
    }

    fn read(&self) -> &model::Row {
        self.read.get_or_init(|| self.mapping.read(self.key, self.record))
    }

    fn details(&self) -> &Details {
        self.details
            .get_or_init(|| self.mapping.details(self.key.source, self.record))
    }

    fn status(&self) -> &StatusReading {
        match self.read() {
            model::Row::Agent(row) => &row.status,
            model::Row::Task(row) => &row.status,
            model::Row::Workflow(row) => &row.status,
        }
    }

    fn label(&self) -> &str {
        match self.read() {
            model::Row::Agent(row) => &row.label,
            model::Row::Task(row) => &row.label,
            model::Row::Workflow(row) => &row.label,
        }
    }

    /// The name and the id of another row.
    fn test_row(&self, key: &RowKey, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let label = self.label_of.and_then(|label_of| label_of(key));
        let has_id = !self.has_names_only || label.is_none();
        has_id && test(Value::Text(key.id.as_str())) || label.is_some_and(|label| test(Value::Text(&label)))
    }

    /// The name and the id of this row.
    fn test_itself(&self, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        test(Value::Text(self.label())) || !self.has_names_only && test(Value::Text(self.key.id.as_str()))
    }
}

impl Row for ReadRow<'_> {
    fn any(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        let source = self.key.source;
        match field {
            Field::State => {
                let StatusReading { status, word, .. } = self.status();
                let is_overdue = self.is_silent && Silence::overrides(*status);
                let state = if is_overdue { Status::Offline } else { *status };
                test(Value::State(state, word.as_deref()))
            }
            Field::Kind => test(Value::Kind(self.key.kind)),
            Field::Label => test(Value::Text(self.label())),
            Field::Id => test(Value::Text(self.key.id.as_str())),
            Field::Activity => self.details().activity.as_deref().map(Value::Text).is_some_and(test),
            Field::Agent => match self.read() {
                model::Row::Agent(_) => self.test_itself(test),
                model::Row::Task(task) => task.agents.iter().any(|agent| self.test_row(agent, test)),
                model::Row::Workflow(_) => false,
            },
            Field::Workflow => match self.read() {
                model::Row::Agent(row) => row.workflow.iter().any(|workflow| self.test_row(workflow, test)),
                model::Row::Task(row) => row.workflow.iter().any(|workflow| self.test_row(workflow, test)),
                model::Row::Workflow(_) => self.test_itself(test),
            },
            Field::Error => match self.read() {
                model::Row::Task(task) => task.error.as_deref().map(Value::Text).is_some_and(test),
                model::Row::Agent(_) | model::Row::Workflow(_) => false,
            },
            Field::Table => self
                .mapping
                .source(source)
                .is_some_and(|source| test(Value::Text(&source.table))),
            Field::Age => {
                let changed = self.mapping.updated_ms(source, self.record).or(self.changed_ms);
                let changed = changed.or_else(|| self.mapping.created_ms(source, self.record));
                changed.is_some_and(|changed| {
                    let age_ms = self.now_ms.saturating_sub(changed).max(0);
                    test(Value::Seconds(age_ms as f64 / 1_000.0))
                })
            }
            Field::Cost => self.details().cost.map(Value::Number).is_some_and(test),
            Field::Tokens => {
                let tokens = self.details().tokens.map(|tokens| tokens as f64);
                tokens.map(Value::Number).is_some_and(test)
            }
            Field::Attempt => {
                let number = self.details().attempt.map(|attempt| f64::from(attempt.number));
                number.map(Value::Number).is_some_and(test)
            }
            Field::Progress => {
                let progress = match self.read() {
                    model::Row::Task(row) => row.progress,
                    model::Row::Workflow(row) => row.progress,
                    model::Row::Agent(_) => None,
                };
                let progress = progress.map(|share| Value::Number(f64::from(share)));
                progress.is_some_and(test)
            }
            Field::NeedsPerson => match self.read() {
                model::Row::Task(task) => test(Value::Flag(task.needs_human)),
                model::Row::Agent(_) | model::Row::Workflow(_) => test(Value::Flag(false)),
            },
        }
    }

    fn column(&self, name: &str) -> Option<Cell<'_>> {
        self.record.get(name)
    }
}

impl fmt::Debug for ReadRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadRow").field("key", self.key).finish_non_exhaustive()
    }
}
