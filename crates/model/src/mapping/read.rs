//! Reads a row with the mapping.

use crate::{Agent, Kind, KindMapping, Record, Row, RowId, Task, Workflow};

use super::{
    Mapping,
    cell::{self, Cells},
    label, links, priority, progress, status, time, words,
};

/// Most characters of an agent's subtitle.
const MAX_SUBTITLE_CHARS: usize = 40;

impl Mapping {
    /// The time of the row's last change by its own columns, milliseconds since the Unix epoch.
    pub fn updated_ms(&self, kind: Kind, record: &Record) -> Option<i64> {
        time::time_ms(&Cells::of(record), &self.kinds[kind].updated_at)
    }

    /// The time of the row's creation by its own columns, milliseconds since the Unix epoch.
    pub fn created_ms(&self, kind: Kind, record: &Record) -> Option<i64> {
        time::time_ms(&Cells::of(record), &self.kinds[kind].created_at)
    }

    /// Whether the row is not shown although it exists: it was deleted or archived by a column of its own, or it is an agent
    /// that is a draft or out of service by a word to which the user gave no state.
    pub fn is_removed(&self, kind: Kind, record: &Record) -> bool {
        let (cells, columns) = (&Cells::of(record), &self.kinds[kind]);
        if status::is_removed(cells, &columns.removed) {
            return true;
        }
        if kind != Kind::Agent {
            return false;
        }
        let is_out_of_service = |word: &str| {
            let mut buffer = words::Buffer::default();
            words::normalise(word, &mut buffer).map(|word| {
                matches!(word, "archived" | "draft" | "retired" | "deleted") && !self.words.contains_key(word)
            })
        };
        cells
            .first(&columns.status, |value| is_out_of_service(cell::text(&value)?))
            .unwrap_or(false)
    }

    /// Reads a row of `kind`. It never fails: what is missing is absent, an unknown status is unmapped. It allocates only
    /// what it returns.
    pub fn read(&self, kind: Kind, id: &RowId, record: &Record) -> Row {
        let columns = &self.kinds[kind];
        let cells = &Cells::of(record);
        let status = status::status(kind, &self.words, cells, columns);
        let label = label::label(cells, &columns.label, id);
        match kind {
            Kind::Agent => Row::Agent(Agent {
                label,
                status: status.reading,
                subtitle: label::text_of(cells, &columns.subtitle, MAX_SUBTITLE_CHARS),
                current_task: links::one_unless_prose(cells, &columns.current_task),
                workflow: links::one(cells, &columns.workflow),
                heartbeat_ms: time::time_ms(cells, &columns.heartbeat)
                    .or_else(|| time::time_ms(cells, &columns.updated_at)),
            }),
            Kind::Task | Kind::Run => Row::Task(Task {
                label,
                agents: links::agents(cells, &columns.agent),
                workflow: links::one(cells, &columns.workflow),
                // A run is never part of another run, so that chains of runs cannot form a cycle.
                run: (kind == Kind::Task).then(|| links::one(cells, &columns.run)).flatten(),
                depends_on: links::tasks(cells, &columns.depends_on, id),
                parent: links::one_unless_prose(cells, &columns.parent).filter(|parent| parent != id),
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
pub(super) fn asks_for_human(status: &status::Found<'_>, cells: &Cells<'_>, columns: &KindMapping) -> bool {
    status.asks_for_human
        || (!status.is_over()
            && (cells.any_true(&columns.needs_human) || status::awaits_approval(cells, &columns.approval)))
}
