//! The followed tables as the sources of a session, and what their changes and counts mean.

use model::{Kind, Mapping, PerKind, RowKey, SourceMapping};
use realtime::{Change, Source, SourceId, SourceReport};

/// The kind of each source, by [`SourceId`]. A kind may have several sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceKinds(Vec<Kind>);

impl SourceKinds {
    /// The kinds of the mapping's sources, in the order of [`sources`].
    pub fn of(mapping: &Mapping) -> Self {
        Self(mapping.sources().iter().map(|source| source.kind).collect())
    }

    /// What the rows of a source are.
    pub fn kind(&self, source: SourceId) -> Option<Kind> {
        self.0.get(source.index()).copied()
    }

    /// A change as one of a row of its kind; `None` when there is no such source.
    pub fn read(&self, change: Change) -> Option<model::Change> {
        let Change {
            source,
            id,
            op,
            record,
            committed_ms,
        } = change;
        Some(model::Change {
            key: RowKey::new(self.kind(source)?, source, id),
            op,
            record,
            committed_ms,
        })
    }

    /// Rows by kind, from rows by source.
    pub fn rows(&self, by_source: &[usize]) -> PerKind<usize> {
        let mut rows = PerKind::default();
        for (kind, count) in self.0.iter().zip(by_source) {
            rows[*kind] += count;
        }
        rows
    }

    /// Reports by kind: of a kind's sources the worst state with its reason, the rows of all of them, the oldest proof and
    /// the earliest loss.
    pub fn reports(&self, by_source: &[SourceReport]) -> PerKind<SourceReport> {
        let mut reports = PerKind::<Option<SourceReport>>::default();
        for (kind, report) in self.0.iter().zip(by_source) {
            let rows = reports[*kind].as_ref().map_or(0, |known| known.rows) + report.rows;
            let proven_ms = [
                reports[*kind].as_ref().and_then(|known| known.proven_ms),
                report.proven_ms,
            ]
            .into_iter()
            .flatten()
            .min();
            let lost_ms = [reports[*kind].as_ref().and_then(|known| known.lost_ms), report.lost_ms];
            let lost_ms = lost_ms.into_iter().flatten().min();
            let worst = reports[*kind].take().filter(|known| known.state <= report.state);
            reports[*kind] = Some(SourceReport {
                rows,
                proven_ms,
                lost_ms,
                ..worst.unwrap_or_else(|| report.clone())
            });
        }
        PerKind::from_fn(|kind| reports[kind].take().unwrap_or_default())
    }
}

/// The sources that the mapping names.
pub fn sources(mapping: &Mapping) -> Vec<Source> {
    let source = |of: &SourceMapping| Source {
        schema: of.schema.clone(),
        table: of.table.clone(),
        key: of.id.clone(),
        columns: None,
        updated_at: of.updated_at.clone(),
        partitions: of.partitions.clone(),
        noun: (of.kind.singular().to_owned(), of.kind.plural().to_owned()),
    };
    mapping.sources().iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use realtime::SourceState;

    #[test]
    fn sources_of_one_kind_are_reported_together_with_the_worst_state() {
        let kinds = SourceKinds(vec![Kind::Task, Kind::Agent, Kind::Task]);
        let report = |state, rows| SourceReport {
            state,
            why: Some(format!("{state:?}")),
            rows,
            proven_ms: None,
            lost_ms: None,
        };
        let reports = kinds.reports(&[
            report(SourceState::Polled, 3),
            report(SourceState::Followed, 1),
            report(SourceState::Followed, 4),
        ]);
        assert_eq!(reports[Kind::Task], report(SourceState::Polled, 7));
        assert_eq!(reports[Kind::Agent], report(SourceState::Followed, 1));
        assert_eq!(reports[Kind::Workflow], SourceReport::default());
        let proven = |proven_ms| SourceReport {
            proven_ms,
            ..report(SourceState::Followed, 1)
        };
        let reports = kinds.reports(&[proven(Some(7)), proven(None), proven(Some(5))]);
        assert_eq!(
            (reports[Kind::Task].proven_ms, reports[Kind::Agent].proven_ms),
            (Some(5), None)
        );
        let rows = kinds.rows(&[3, 1, 4]);
        assert_eq!((rows[Kind::Task], rows[Kind::Agent]), (7, 1));
    }

    #[test]
    fn a_source_and_its_kind_have_the_same_place() {
        let mut mapping = Mapping::default();
        mapping.follow_runs("runs");
        let kinds = SourceKinds::of(&mapping);
        for (index, source) in sources(&mapping).iter().enumerate() {
            let kind = kinds.kind(SourceId::new(index)).expect("a kind");
            assert_eq!(source.noun.1, kind.plural());
            assert_eq!(source.table, mapping.sources()[index].table);
        }
    }
}
