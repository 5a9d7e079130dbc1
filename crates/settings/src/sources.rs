//! The followed tables as the sources of a session, and what their changes and counts mean.

use model::{Kind, Mapping, PerKind, RowKey, SourceMapping, mapping::Companion};
use realtime::{Change, Source, SourceId, SourceReport, SourceState};

/// The kind of each source, by [`SourceId`]. A kind may have several sources. The tables behind them only complete rows:
/// their own rows are of no kind and are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceKinds {
    sources: Vec<Kind>,
    /// Of each companion's table, the kinds whose rows it completes.
    companions: Vec<Vec<Kind>>,
}

impl SourceKinds {
    /// The kinds of the mapping's sources, in the order of [`sources`].
    pub fn of(mapping: &Mapping) -> Self {
        let kinds_of = |table: &Companion| {
            let completes = |source: &&SourceMapping| {
                let mut companions = source.companions.iter();
                companions.any(|own| (&own.schema, own.table()) == (&table.schema, table.table()))
            };
            mapping
                .sources()
                .iter()
                .filter(completes)
                .map(|source| source.kind)
                .collect()
        };
        Self {
            sources: mapping.sources().iter().map(|source| source.kind).collect(),
            companions: mapping.companion_tables().into_iter().map(kinds_of).collect(),
        }
    }

    /// What the rows of a source are; `None` for a table that only completes rows.
    pub fn kind(&self, source: SourceId) -> Option<Kind> {
        self.sources.get(source.index()).copied()
    }

    /// A change as one of a row of its kind, without what completes it; `None` when the table is no source.
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
        for (kind, count) in self.sources.iter().zip(by_source) {
            rows[*kind] += count;
        }
        rows
    }

    /// Reports by kind: of a kind's sources the worst state with its reason, the rows of all of them, the oldest proof and
    /// the earliest loss. A companion that is lost makes the kinds that it completes lost.
    pub fn reports(&self, by_source: &[SourceReport]) -> PerKind<SourceReport> {
        let mut reports = PerKind::<Option<SourceReport>>::default();
        for (kind, report) in self.sources.iter().zip(by_source) {
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
        let mut reports = PerKind::from_fn(|kind| reports[kind].take().unwrap_or_default());
        let companions = by_source.iter().skip(self.sources.len());
        for (kinds, report) in self.companions.iter().zip(companions) {
            let is_lost = report.lost_ms.is_some() && report.state != SourceState::LeftOut;
            for kind in kinds.iter().filter(|_| is_lost) {
                let known = &mut reports[*kind];
                known.lost_ms = known.lost_ms.into_iter().chain(report.lost_ms).min();
                if report.state < known.state {
                    known.state = report.state;
                    known.why.clone_from(&report.why);
                }
            }
        }
        reports
    }
}

/// The sources that the mapping names, and behind them the tables of their companions, each once.
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
    let companion = |of: &Companion| Source {
        schema: of.schema.clone(),
        table: of.table().to_owned(),
        key: of.id.clone(),
        columns: None,
        updated_at: COMPANION_CHANGED.map(str::to_owned).to_vec(),
        partitions: Vec::new(),
        noun: (format!("{} row", of.table()), format!("{} rows", of.table())),
    };
    let companions = mapping.companion_tables().into_iter().map(companion);
    mapping.sources().iter().map(source).chain(companions).collect()
}

/// Columns of companions that may say when a row was last changed.
const COMPANION_CHANGED: [&str; 6] = [
    "updated_at",
    "modified_at",
    "last_updated",
    "heartbeat_at",
    "last_heartbeat_at",
    "created_at",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_one_kind_are_reported_together_with_the_worst_state() {
        let kinds = SourceKinds {
            sources: vec![Kind::Task, Kind::Agent, Kind::Task],
            companions: Vec::new(),
        };
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

    #[test]
    fn companions_are_followed_once_behind_the_sources_and_only_their_loss_counts() {
        let mut mapping = Mapping::default();
        let mut statuses = Companion::new("statuses", "id");
        statuses.ours = "status_id".into();
        mapping.edit(|sources| {
            sources[0].companions = vec![Companion::new("presence", "agent_id"), statuses.clone()];
            sources[1].companions = vec![statuses, Companion::new("agents", "id")];
        });
        let tables: Vec<String> = sources(&mapping).iter().map(Source::name).collect();
        let expected = ["agents", "tasks", "workflows", "presence", "statuses"];
        assert_eq!(tables, expected.map(|table| format!("public.{table}")));
        let kinds = SourceKinds::of(&mapping);
        assert_eq!(kinds.kind(SourceId::new(3)), None);
        let mut reports = vec![SourceReport::default(); 5];
        for report in &mut reports {
            *report = SourceReport {
                state: SourceState::Followed,
                rows: 7,
                ..SourceReport::default()
            };
        }
        let by_kind = kinds.reports(&reports);
        assert_eq!((by_kind[Kind::Agent].rows, by_kind[Kind::Agent].lost_ms), (7, None));
        reports[3] = SourceReport {
            state: SourceState::Lost,
            why: Some("it cannot be read".into()),
            lost_ms: Some(5),
            ..SourceReport::default()
        };
        let by_kind = kinds.reports(&reports);
        let agents = &by_kind[Kind::Agent];
        assert_eq!(
            (agents.rows, agents.lost_ms, agents.state),
            (7, Some(5), SourceState::Lost)
        );
        assert_eq!(agents.why.as_deref(), Some("it cannot be read"));
        assert_eq!(by_kind[Kind::Task].lost_ms, None);
        assert_eq!(kinds.rows(&[1, 2, 3, 4, 5])[Kind::Agent], 1);
    }
}
