//! What is known of each source: its rows, its columns, its entries on the channel, and how it is followed.

use std::collections::HashMap;

use super::{
    channel::entry_names,
    report::millis,
    standing::{Standing, Way},
    trials::Subscription,
};
use crate::{
    Remedies,
    api::Page,
    change::{ChangeError, ChangeType, Ids, RowEvent},
    event::{Change, SourceReport, SourceState},
    names::Names,
    refusal,
    source::Source,
    store::{Rows, TableColumns, lay_over},
};
use model::{Cell, Op, Record, RowId, SourceId};

/// More rows of one source than this are not taken from the stream.
pub(super) const MAX_ROWS: usize = 1_000_000;

/// All sources, by position.
#[derive(Debug)]
pub(super) struct Sources {
    tracked: Vec<Tracked>,
    /// Column names and lists that frames share.
    pub(super) names: Names,
}

/// A source and what is known of it.
#[derive(Debug)]
pub(super) struct Tracked {
    /// Its position.
    pub(super) id: SourceId,
    /// Its configuration.
    pub(super) source: Source,
    /// The rows held.
    pub(super) rows: Rows,
    /// Its columns, as far as they are known.
    pub(super) columns: TableColumns,
    /// What keeps it from being followed by snapshot and stream; and why, in words.
    limit: Option<(Limit, String)>,
    /// Whether its rows can be relied on.
    pub(super) standing: Standing,
    /// Whether it is part of the main channel's join.
    pub(super) subscription: Subscription,
    /// The ids of its entries on this channel: one, or one for each name that its partitions may have.
    entries: Vec<i64>,
    /// That it cannot be followed in full was reported on this connection.
    is_reported: bool,
    /// The rows of the last snapshot that had the key of the row before them, and were therefore merged with it.
    rows_merged: usize,
    /// That rows share a key was reported on this connection.
    is_shared_key_reported: bool,
}

/// What keeps a source from being followed by snapshot and stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// It cannot be read: only changed rows appear.
    Unreadable,
    /// Its changes come without their columns: it is polled.
    Unauthorized,
    /// Its changes cannot be followed: it is polled.
    Unsupported,
    /// The database does not take its subscription: it is polled.
    Unsubscribed,
}

impl Limit {
    fn state(self) -> SourceState {
        match self {
            Self::Unreadable => SourceState::StreamOnly,
            Self::Unauthorized | Self::Unsupported | Self::Unsubscribed => SourceState::Polled,
        }
    }
}

/// What a change of the stream is to a source.
#[derive(Debug)]
pub(super) enum SourceChange {
    Upsert(Upsert),
    Delete {
        id: RowId,
        committed_ms: Option<i64>,
    },
    /// It carries no usable row.
    Failed(ChangeError, Option<RowId>),
    /// Something happened to the table, but not to one row.
    Unknown,
    /// It contradicts itself: what it changed is lost.
    Unusable,
}

/// An insert or update.
#[derive(Debug)]
pub(super) struct Upsert {
    /// The key of the row.
    pub(super) id: RowId,
    /// The key that the row had before, if it is another one.
    pub(super) moved_from: Option<RowId>,
    /// The columns that arrived and are kept.
    pub(super) record: Record,
    /// An insert, not an update.
    pub(super) is_insert: bool,
    /// Columns are missing.
    pub(super) is_incomplete: bool,
    pub(super) committed_ms: Option<i64>,
}

/// What an insert or update did.
#[derive(Debug)]
pub(super) enum UpsertOutcome {
    /// Nothing.
    Unchanged,
    /// There are too many rows for another.
    Full,
    Changed {
        change: Change,
        /// Columns are missing.
        is_incomplete: bool,
    },
}

impl Tracked {
    fn new(id: SourceId, source: &Source) -> Self {
        Self {
            id,
            source: source.clone(),
            rows: Rows::default(),
            columns: TableColumns::new(source),
            limit: None,
            standing: Standing::default(),
            subscription: Subscription::default(),
            entries: Vec::new(),
            is_reported: false,
            rows_merged: 0,
            is_shared_key_reported: false,
        }
    }

    /// A snapshot was read in which this number of rows had the key of another row.
    pub(super) fn set_rows_merged(&mut self, rows: usize) {
        self.rows_merged = rows;
    }

    /// Each row has a key of its own, so that the number of rows held can be compared with that of the table.
    pub(super) fn has_unique_key(&self) -> bool {
        self.rows_merged == 0
    }

    /// What is to be reported about rows that share a key, once per connection.
    pub(super) fn take_shared_key_report(&mut self, remedies: &Remedies) -> Option<String> {
        if self.has_unique_key() || std::mem::replace(&mut self.is_shared_key_reported, true) {
            return None;
        }
        let (name, key) = (self.source.name(), self.source.key.join(", "));
        let rows = model::format::counted(self.rows_merged as u64, "row", "rows");
        let have = if self.rows_merged == 1 { "has" } else { "have" };
        let remedy = remedies.key_not_unique.replace("{source}", &self.source.noun.1);
        Some(format!(
            "{rows} of {name} {have} the {key} of another row; of those only the last one is shown: {remedy}."
        ))
    }

    /// It cannot be read.
    pub(super) fn is_stream_only(&self) -> bool {
        self.way() == Way::StreamOnly
    }

    /// It was read.
    pub(super) fn note_readable(&mut self) {
        if self.is_stream_only() {
            self.limit = None;
        }
    }

    /// How it is kept up to date while nothing fails.
    pub(super) fn way(&self) -> Way {
        match self.limit {
            Some((Limit::Unreadable, _)) => Way::StreamOnly,
            Some((Limit::Unauthorized | Limit::Unsupported | Limit::Unsubscribed, _)) => Way::Polled,
            None => Way::Followed,
        }
    }

    /// Why it is not followed in full, if it is not.
    pub(super) fn limitation(&self) -> Option<&str> {
        self.limit.as_ref().map(|(_, why)| why.as_str())
    }

    /// Its changes come with their columns again: if it was polled because they did not, it is followed.
    pub(super) fn lift_unauthorized(&mut self) {
        if matches!(self.limit, Some((Limit::Unauthorized, _))) {
            self.limit = None;
        }
    }

    /// Live may be claimed only while it is proven equal. One that is polled, that could never be read or that is lost is
    /// reported as such.
    pub(super) fn is_owed_proof(&self) -> bool {
        self.limit.is_none() && !self.standing.is_lost()
    }

    /// Its rows can be requested.
    pub(super) fn is_readable(&self) -> bool {
        !self.is_stream_only() && !self.standing.is_lost()
    }

    /// Limits how it is followed. True when that is to be reported: once per connection.
    pub(super) fn limit(&mut self, limit: Limit, why: &str) -> bool {
        self.set_limit(limit, why);
        self.is_to_be_reported()
    }

    /// Limits how it is followed, without a report.
    pub(super) fn set_limit(&mut self, limit: Limit, why: &str) {
        self.limit = Some((limit, why.to_owned()));
    }

    /// What limits it, and why.
    pub(super) fn limit_and_why(&self) -> Option<(Limit, &str)> {
        self.limit.as_ref().map(|(limit, why)| (*limit, why.as_str()))
    }

    /// It was never read, and cannot be now: there are no rows of it, not even old ones.
    pub(super) fn is_left_out(&self) -> bool {
        self.standing.is_lost() && self.standing.as_of().is_none()
    }

    /// Whether the main channel has its changes from the next join on.
    fn begin_join(&mut self) {
        match self.subscription.refusal() {
            Some(why) => self.limit = Some((Limit::Unsubscribed, why.to_owned())),
            None if matches!(self.limit, Some((Limit::Unsubscribed, _))) => self.limit = None,
            None => {}
        }
    }

    /// It has too many rows. True when that is to be reported: once per connection.
    pub(super) fn is_to_be_reported(&mut self) -> bool {
        !std::mem::replace(&mut self.is_reported, true)
    }

    /// Its report, in a connection whose state this is.
    fn report(&self, state: SourceState, refusal: Option<&str>) -> SourceReport {
        let is_followed = state == SourceState::Followed;
        let loss = self.standing.loss().filter(|_| is_followed);
        let (state, why) = match (&self.limit, loss) {
            (_, Some(loss)) if self.is_left_out() => (SourceState::LeftOut, Some(loss.why.clone())),
            (_, Some(loss)) => (SourceState::Lost, Some(loss.why.clone())),
            (Some((limit, why)), None) if is_followed => (limit.state(), Some(why.clone())),
            _ if state == SourceState::Refused => (state, refusal.map(str::to_owned)),
            _ => (state, None),
        };
        SourceReport {
            state,
            why,
            rows: self.rows.len(),
            proven_ms: None,
            lost_ms: self.standing.loss().map(|loss| millis(loss.since)),
        }
    }

    /// The key of a row of the stream. An id that is known already is shared: `known`, or the source's own.
    fn key_of<'r>(&self, cell: impl Fn(&str) -> Option<Cell<'r>>, known: Option<&RowId>) -> Option<RowId> {
        let share = |text: &str| match known {
            Some(known) if known.as_str() == text => known.clone(),
            _ => self.rows.id(text).unwrap_or_else(|| text.into()),
        };
        match self.source.key.as_slice() {
            [key] => RowId::text_of(&cell(key)?).map(share),
            _ => self.source.id_from(cell).map(|id| share(id.as_str())),
        }
    }

    /// Reads a change.
    fn read(&self, event: RowEvent<'_>, names: &mut Names) -> SourceChange {
        let record = event.record.as_ref();
        let new_id = record.and_then(|record| self.key_of(|key| record.get(key), None));
        let old_id = (event.old_record).and_then(|old| self.key_of(|key| old.get(key), new_id.as_ref()));
        if let Some(error) = event.error {
            return SourceChange::Failed(error, new_id.or(old_id));
        }
        match (event.change, event.record, new_id, old_id) {
            (ChangeType::Insert | ChangeType::Update, Some(record), Some(id), old_id) => {
                let record = self.columns.as_rest_writes(names.reduce(record, &self.source));
                SourceChange::Upsert(Upsert {
                    moved_from: old_id.filter(|old| *old != id && event.change == ChangeType::Update),
                    id,
                    is_incomplete: self.columns.is_incomplete(&record),
                    record,
                    is_insert: event.change == ChangeType::Insert,
                    committed_ms: event.committed_ms,
                })
            }
            (ChangeType::Delete, _, _, Some(id)) => SourceChange::Delete {
                id,
                committed_ms: event.committed_ms,
            },
            (ChangeType::Unknown, ..) => SourceChange::Unknown,
            _ => SourceChange::Unusable,
        }
    }
}

impl Sources {
    /// Sources of which nothing is known yet.
    pub(super) fn new(sources: &[Source]) -> Self {
        let tracked = sources.iter().enumerate();
        Self {
            tracked: tracked
                .map(|(at, source)| Tracked::new(SourceId::new(at), source))
                .collect(),
            names: Names::default(),
        }
    }

    /// The number of sources.
    pub(super) fn len(&self) -> usize {
        self.tracked.len()
    }

    /// Nothing is followed.
    pub(super) fn is_empty(&self) -> bool {
        self.tracked.is_empty()
    }

    /// The source at this position.
    pub(super) fn get(&self, at: usize) -> Option<&Tracked> {
        self.tracked.get(at)
    }

    /// A source, and the names to share columns with.
    pub(super) fn get_mut(&mut self, at: usize) -> Option<(&mut Tracked, &mut Names)> {
        Some((self.tracked.get_mut(at)?, &mut self.names))
    }

    /// All sources, by position.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Tracked> + Clone {
        self.tracked.iter()
    }

    /// All sources, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tracked> {
        self.tracked.iter_mut()
    }

    /// The first source from this position on that a change under this name belongs to. Several may read one table.
    pub(super) fn named(&self, from: usize, schema: &str, table: &str) -> Option<usize> {
        let is_named = |at: &usize| {
            self.get(*at)
                .is_some_and(|tracked| tracked.source.is_named(schema, table))
        };
        (from..self.len()).find(is_named)
    }

    /// One of these entries is on the channel.
    pub(super) fn owns_entry(&self, ids: &Ids) -> bool {
        self.tracked
            .iter()
            .any(|tracked| tracked.entries.iter().any(|entry| ids.contains(entry)))
    }

    /// The main channel is joined: sources whose subscription is refused are polled, the others are followed.
    pub(super) fn begin_join(&mut self) {
        self.tracked.iter_mut().for_each(Tracked::begin_join);
    }

    /// Schema and name of every entry of the main channel's join, in its order.
    pub(super) fn entry_names(&self) -> impl Iterator<Item = (&str, &str)> {
        let wanted = self.tracked.iter().filter(|tracked| tracked.subscription.is_wanted());
        entry_names(wanted.map(|tracked| &tracked.source))
    }

    /// The user reconnects: every subscription is asked for again.
    pub(super) fn forget_refusals(&mut self) {
        for tracked in &mut self.tracked {
            tracked.subscription.forget();
        }
    }

    /// How many sources can be neither read nor followed.
    pub(super) fn left_out(&self) -> usize {
        self.tracked.iter().filter(|tracked| tracked.standing.is_lost()).count()
    }

    /// The sources that are part of the main channel's join.
    pub(super) fn wanted(&self) -> Vec<usize> {
        let is_wanted = |at: &usize| self.get(*at).is_some_and(|tracked| tracked.subscription.is_wanted());
        (0..self.len()).filter(is_wanted).collect()
    }

    /// The sources on the main channel that a refusal of its subscription concerns: those of the table that it names, or the
    /// only one. Empty when that is unknown.
    pub(super) fn refused_by(&self, message: &str) -> Vec<usize> {
        let wanted = self.wanted();
        if wanted.len() == 1 {
            return wanted;
        }
        let Some((schema, table)) = refusal::named_table(message) else {
            return Vec::new();
        };
        let is_named = |at: &usize| {
            let source = self.get(*at).map(|tracked| &tracked.source);
            source.is_some_and(|source| source.schema == schema && source.subscribed_names().any(|name| name == table))
        };
        wanted.into_iter().filter(is_named).collect()
    }

    /// The channel's entries, in the order of the join.
    pub(super) fn set_entries(&mut self, ids: Vec<i64>) {
        let mut ids = ids.into_iter();
        let tracked = self.tracked.iter_mut();
        for tracked in tracked.filter(|tracked| tracked.subscription.is_wanted()) {
            let count = tracked.source.subscribed_names().count();
            tracked.entries = ids.by_ref().take(count).collect();
        }
    }

    /// The connection is closed: rows stay, everything else is learnt anew.
    pub(super) fn close(&mut self) {
        for tracked in &mut self.tracked {
            tracked.entries.clear();
            // What is polled because its subscription is refused was said once.
            tracked.is_reported &= !tracked.subscription.is_wanted();
            tracked.is_shared_key_reported = false;
            tracked.limit = None;
            tracked.standing.close();
        }
    }

    /// Takes the list of columns that comes with a change. True when the table was altered.
    pub(super) fn learn(&mut self, at: usize, event: &RowEvent<'_>) -> bool {
        let tracked = self.tracked.get_mut(at);
        let Some((tracked, columns)) = tracked.zip(event.columns) else {
            return false;
        };
        tracked.columns.learn(columns, event.list)
    }

    /// Reads a change of a source.
    pub(super) fn read(&mut self, at: usize, event: RowEvent<'_>) -> SourceChange {
        match self.tracked.get(at) {
            Some(tracked) => tracked.read(event, &mut self.names),
            None => SourceChange::Unusable,
        }
    }

    /// Applies an insert or update: columns that it lacks stay, unless it is an insert.
    pub(super) fn upsert(&mut self, at: usize, upsert: &Upsert, record: Record) -> UpsertOutcome {
        let Some(tracked) = self.tracked.get_mut(at) else {
            return UpsertOutcome::Unchanged;
        };
        if tracked.rows.len() >= MAX_ROWS && tracked.rows.get(&upsert.id).is_none() {
            return UpsertOutcome::Full;
        }
        match tracked.rows.upsert(&upsert.id, record, upsert.is_insert) {
            None => UpsertOutcome::Unchanged,
            Some(applied) => UpsertOutcome::Changed {
                is_incomplete: tracked.columns.is_incomplete(&applied.record),
                change: Change {
                    source: tracked.id,
                    id: upsert.id.clone(),
                    op: applied.op,
                    record: applied.record,
                    committed_ms: upsert.committed_ms,
                },
            },
        }
    }

    /// The row that an update gives another key, over which the update is laid.
    pub(super) fn carried(&self, at: usize, upsert: &Upsert) -> Option<Record> {
        self.get(at)?.rows.get(upsert.moved_from.as_ref()?).cloned()
    }

    /// Deletes a row; `None` when it is not held.
    pub(super) fn delete(&mut self, at: usize, id: &RowId, committed_ms: Option<i64>) -> Option<Change> {
        let tracked = self.tracked.get_mut(at)?;
        Some(Change {
            source: tracked.id,
            id: id.clone(),
            op: Op::Delete,
            record: tracked.rows.remove(id)?,
            committed_ms,
        })
    }

    /// Puts a row as it was read in the place of what is held; `None` when nothing changed.
    pub(super) fn replace(&mut self, at: usize, id: RowId, record: Record) -> Option<Change> {
        let tracked = self.tracked.get_mut(at)?;
        let applied = tracked.rows.upsert(&id, record, true)?;
        Some(Change {
            source: tracked.id,
            id,
            op: applied.op,
            record: applied.record,
            committed_ms: None,
        })
    }

    /// The row that is held lacks columns.
    pub(super) fn is_incomplete(&self, at: usize, id: &RowId) -> bool {
        self.get(at).is_some_and(|tracked| {
            let row = tracked.rows.get(id);
            row.is_some_and(|row| tracked.columns.is_incomplete(row))
        })
    }

    /// A page's rows by their key, with shared column names.
    pub(super) fn by_key(&mut self, at: usize, page: Page) -> HashMap<RowId, Record> {
        let Some(tracked) = self.tracked.get(at) else {
            return HashMap::new();
        };
        page.into_iter()
            .filter_map(|record| {
                let id = tracked.source.id_of(&record)?;
                Some((id, self.names.share(record)))
            })
            .collect()
    }

    /// The report of each source, in a connection whose state this is.
    pub(super) fn reports(&self, state: SourceState, refusal: Option<&str>) -> Vec<SourceReport> {
        self.tracked
            .iter()
            .map(|tracked| tracked.report(state, refusal))
            .collect()
    }

    /// The rows of each source.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.tracked.iter().map(|tracked| tracked.rows.len()).collect()
    }

    /// The rows held, as `3 agents, 1 task`: sources with the same noun are counted together.
    pub(super) fn counted_words(&self) -> String {
        let mut counted: Vec<(&(String, String), usize)> = Vec::new();
        for tracked in &self.tracked {
            let noun = &tracked.source.noun;
            match counted.iter_mut().find(|(known, _)| *known == noun) {
                Some((_, rows)) => *rows += tracked.rows.len(),
                None => counted.push((noun, tracked.rows.len())),
            }
        }
        let words = counted
            .into_iter()
            .map(|((one, many), rows)| model::format::counted(rows as u64, one, many));
        words.collect::<Vec<_>>().join(", ")
    }

    /// Both hold equal rows.
    pub(super) fn holds_the_same(&self, other: &Self) -> bool {
        self.tracked.iter().zip(&other.tracked).all(|(ours, theirs)| {
            let is_same = |(id, row): (&RowId, &Record)| {
                theirs
                    .rows
                    .get(id)
                    .is_some_and(|other| ours.columns.is_same(row, other))
            };
            ours.rows.len() == theirs.rows.len() && ours.rows.iter().all(is_same)
        })
    }
}

/// An update laid over the row whose key it changed.
pub(super) fn carry_over(carried: Option<&Record>, record: &Record) -> Record {
    match carried {
        Some(carried) => lay_over(carried, record.clone()),
        None => record.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::testing::Fixture;

    #[test]
    fn sources_of_one_noun_are_counted_together() {
        let mut fixture = Fixture::new(3);
        for (at, rows) in [(0, 1), (1, 2), (2, 0)] {
            for row in 0..rows {
                fixture.hold(at, &row.to_string(), r#"{"id":"x"}"#);
            }
        }
        assert_eq!(fixture.sources.counted_words(), "3 rows");
        assert_eq!(fixture.sources.counts(), [1, 2, 0]);
    }

    #[test]
    fn a_table_may_be_read_by_several_sources() {
        let source = |schema: &str, table: &str| Source {
            schema: schema.into(),
            table: table.into(),
            ..Source::default()
        };
        let sources = Sources::new(&[source("a", "x"), source("b", "x"), source("a", "x")]);
        assert_eq!(sources.named(0, "a", "x"), Some(0));
        assert_eq!(sources.named(1, "a", "x"), Some(2));
        assert_eq!(sources.named(3, "a", "x"), None);
    }

    #[test]
    fn a_limit_is_reported_once_and_lifted_when_the_source_is_read() {
        let mut fixture = Fixture::new(1);
        let (tracked, _) = fixture.sources.get_mut(0).expect("a source");
        assert!(tracked.limit(Limit::Unreadable, "no grant"));
        assert!(!tracked.limit(Limit::Unreadable, "no grant"));
        let state = |tracked: &Tracked| tracked.report(SourceState::Followed, None).state;
        assert_eq!(state(tracked), SourceState::StreamOnly);
        tracked.note_readable();
        assert_eq!(state(tracked), SourceState::Followed);
    }
}
