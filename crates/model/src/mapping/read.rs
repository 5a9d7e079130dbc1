//! Reads a row with the mapping.

use crate::{Agent, Kind, Record, Row, RowKey, SourceId, SourceMapping, Status, Task, Workflow};

use super::{
    Mapping,
    cell::{self, Cells},
    label, links, priority, progress, status, time, words,
};

/// Most characters of an agent's subtitle.
const MAX_SUBTITLE_CHARS: usize = 40;

impl Mapping {
    /// The time of the row's last change by its own columns, milliseconds since the Unix epoch.
    pub fn updated_ms(&self, source: SourceId, record: &Record) -> Option<i64> {
        time::time_ms(&Cells::of(record), &self.of(source).updated_at)
    }

    /// The time of the row's creation by its own columns, milliseconds since the Unix epoch.
    pub fn created_ms(&self, source: SourceId, record: &Record) -> Option<i64> {
        time::time_ms(&Cells::of(record), &self.of(source).created_at)
    }

    /// Whether the row is not shown although it exists: it was deleted or archived by a column of its own, or it is an agent
    /// that is a draft or out of service by a word to which the user gave no state.
    pub fn is_removed(&self, source: SourceId, record: &Record) -> bool {
        let (cells, columns) = (&Cells::of(record), self.of(source));
        if status::is_removed(cells, &columns.removed) {
            return true;
        }
        if columns.kind != Kind::Agent {
            return false;
        }
        let is_out_of_service = |word: &str| {
            let mut buffer = words::Buffer::default();
            words::normalise(word, &mut buffer).map(|word| {
                let is_own = self.words.contains_key(word) || columns.words.contains_key(word);
                matches!(word, "archived" | "draft" | "retired" | "deleted") && !is_own
            })
        };
        cells
            .first(&columns.status, |value| is_out_of_service(cell::text(&value)?))
            .unwrap_or(false)
    }

    /// Reads a row. It never fails: what is missing is absent, an unknown status is unmapped. It allocates only what it
    /// returns.
    pub fn read(&self, key: &RowKey, record: &Record) -> Row {
        let (columns, links) = (self.of(key.source), self.links_of(key.source));
        let cells = &Cells::of(record);
        let status = status::status(&self.words, cells, columns);
        let label = label::label(cells, &columns.label, &key.id);
        match key.kind {
            Kind::Agent => Row::Agent(Agent {
                label,
                status: status.reading,
                subtitle: label::text_of(cells, &columns.subtitle, MAX_SUBTITLE_CHARS),
                current_task: links::one_unless_prose(cells, &links.current_task),
                workflow: links::one(cells, &links.workflow),
                heartbeat_ms: time::time_ms(cells, &columns.heartbeat)
                    .or_else(|| time::time_ms(cells, &columns.updated_at)),
            }),
            Kind::Task | Kind::Run => Row::Task(Task {
                label,
                agents: links::agents(cells, &links.agent),
                workflow: links::one(cells, &links.workflow),
                run: links::one(cells, &links.run),
                depends_on: links::tasks(cells, &links.depends_on, key),
                parent: links::one_unless_prose(cells, &links.parent).filter(|parent| parent != key),
                progress: progress::progress(cells, &columns.progress, status.reading.status),
                priority: priority::priority(cells, &columns.priority, columns.one_is_most_urgent),
                needs_human: asks_for_human(&status, cells, columns),
                error: label::text_of(cells, &columns.error, label::MAX_ERROR_CHARS),
                status: status.reading,
            }),
            Kind::Workflow => Row::Workflow(Workflow {
                label,
                progress: progress::progress(cells, &columns.progress, status.reading.status),
                status: status.reading,
            }),
        }
    }
}

/// A person is asked by a word, or by a flag or an approval while the row is not over.
pub(super) fn asks_for_human(status: &status::Found<'_>, cells: &Cells<'_>, columns: &SourceMapping) -> bool {
    status.asks_for_human
        || (!status.is_over()
            && (cells.any_true(&columns.needs_human) || status::awaits_approval(cells, &columns.approval)))
        || (status.reading.status == Status::Waiting && status::waits_for_person(cells, &columns.waits_for))
}
