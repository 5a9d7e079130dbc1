//! Completes the rows of the sources: columns of companions, and the ids of rows that are named by another column than
//! their key.
//!
//! A row's joined columns are those of rows as they are in their tables, never of rows that were joined themselves, so that
//! tables that complete each other end. A column by which further rows are found may be a joined one.
//!
//! A change of a row that completes others is followed by updates of those. The first [`AT_ONCE`] of them come with the
//! change. If there are more, all of that key wait, and come in parts ([`Joiner::advance`]): a status that was renamed may
//! complete every task.

mod held;
mod overlay;
mod plan;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
};

use crate::{Change, Mapping, Notice, NoticeKind, Op, Record, RowId, RowKey, SourceId, TableChange, format::grouped};

use held::HeldRows;
use overlay::{JoinedHeaders, Overlay, lay_once};
use plan::{Order, Ours, Plan};

/// Most updates of other rows that come with one change.
const AT_ONCE: usize = 256;
/// Most rows that are completed, and most rows that complete others. It is the number of rows that a wall shows.
const MAX_ROWS: usize = 1_000_000;

/// Joins the changes of all followed tables to changes of the sources. A value: rows in, rows out.
#[derive(Debug)]
pub struct Joiner {
    plan: Plan,
    held: HeldRows,
    /// The rows of each source that is completed.
    owners: Vec<HashMap<RowId, Owner>>,
    owner_count: usize,
    /// The rows of each source that wait for a key, by join.
    watchers: Vec<Vec<Watchers>>,
    /// Keys with many rows that are still to be updated: source, join, key.
    passes: BTreeMap<(usize, usize, RowId), Pass>,
    headers: JoinedHeaders,
    most: usize,
    /// Changes of rows that were not kept because there were too many.
    dropped: u64,
    /// How many of them had been reported.
    reported: u64,
}

type Watchers = HashMap<RowId, BTreeSet<RowId>>;

/// A row that is completed.
#[derive(Debug)]
struct Owner {
    own: Record,
    joined: Record,
    /// What it is watching for: join and key.
    keys: Vec<(usize, RowId)>,
}

/// The rows of a key, updated in the order of their ids.
#[derive(Debug)]
struct Pass {
    /// The last one that was updated.
    after: Option<RowId>,
    /// The key has changed again since.
    again: bool,
    committed_ms: Option<i64>,
}

/// Rows that are needed to complete a row: those of a table whose columns have one of these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The table, counted as in [`Mapping::companion_tables`].
    pub source: SourceId,
    /// The columns; if there are several, each value has one part for each of them.
    pub columns: Vec<String>,
    /// The values.
    pub values: Vec<RowId>,
    /// Only the latest row by this column is needed.
    pub latest_by: Option<String>,
}

impl Joiner {
    /// A joiner of the mapping's sources, without rows.
    pub fn new(mapping: &Mapping) -> Self {
        let plan = Plan::of(mapping);
        Self {
            held: HeldRows::new(&plan),
            owners: plan.joins.iter().map(|_| HashMap::new()).collect(),
            owner_count: 0,
            watchers: (plan.joins.iter())
                .map(|joins| joins.iter().map(|_| HashMap::new()).collect())
                .collect(),
            plan,
            passes: BTreeMap::new(),
            headers: JoinedHeaders::default(),
            most: MAX_ROWS,
            dropped: 0,
            reported: 0,
        }
    }

    /// Takes a change. `emit` gets the changes of the sources that follow from it, each with the table's own row where
    /// the change has a joined one.
    #[inline]
    pub fn apply(&mut self, change: TableChange, mut emit: impl FnMut(Change, Option<&Record>)) {
        if !self.plan.is_empty() {
            return self.join(change, &mut emit);
        }
        if let Some(change) = self.plain(change) {
            emit(change, None);
        }
    }

    /// The change of a source's row as it came; `None` for a table that is no source.
    fn plain(&self, change: TableChange) -> Option<Change> {
        let TableChange {
            source,
            id,
            op,
            record,
            committed_ms,
        } = change;
        let kind = *self.plan.kinds.get(source.index())?;
        Some(Change {
            key: RowKey::new(kind, source, id),
            op,
            record,
            committed_ms,
        })
    }

    fn join(&mut self, change: TableChange, emit: &mut impl FnMut(Change, Option<&Record>)) {
        let (table, committed_ms) = (change.source.index(), change.committed_ms);
        let mut touched = Vec::new();
        if !self.plan.indexes_of(table).is_empty() {
            let has_room = self.held.len() < self.most;
            let TableChange { id, op, record, .. } = &change;
            match self.held.apply(&self.plan, table, *op, id, record, has_room) {
                Some(keys) => touched = keys,
                None => self.dropped += 1,
            }
        }
        match self.plan.joins_of(table) {
            [] => {
                if let Some(change) = self.plain(change) {
                    emit(change, None);
                }
            }
            _ => self.own_change(change, emit),
        }
        let mut room = AT_ONCE;
        for (index, key) in touched {
            let users = self.plan.indexes.get(index).map(|index| index.users.clone());
            for (source, join) in users.into_iter().flatten() {
                self.wake(source, join, &key, committed_ms, &mut room, emit);
            }
        }
    }

    /// A change of a row that is completed.
    fn own_change(&mut self, change: TableChange, emit: &mut impl FnMut(Change, Option<&Record>)) {
        let source = change.source.index();
        let overlay = Overlay::of(&self.plan, &self.held, source, &change.id, &change.record);
        let joined = self.headers.lay(&change.record, &overlay.cells);
        let keys = overlay.keys;
        let is_known = self
            .owners
            .get(source)
            .is_some_and(|rows| rows.contains_key(&change.id));
        if change.op == Op::Delete {
            let gone = self.owners.get_mut(source).and_then(|rows| rows.remove(&change.id));
            if let Some(gone) = gone {
                self.owner_count -= 1;
                self.watch(source, &change.id, &gone.keys, &[]);
            }
        } else if is_known || self.owner_count < self.most {
            let owner = Owner {
                own: change.record.clone(),
                joined: joined.clone(),
                keys: keys.clone(),
            };
            let before = self
                .owners
                .get_mut(source)
                .and_then(|rows| rows.insert(change.id.clone(), owner));
            self.owner_count += usize::from(before.is_none());
            let old = before.map(|owner| owner.keys).unwrap_or_default();
            self.watch(source, &change.id, &old, &keys);
        } else {
            self.dropped += 1;
        }
        let own = change.record.clone();
        let change = TableChange {
            record: joined,
            ..change
        };
        if let Some(change) = self.plain(change) {
            emit(change, Some(&own));
        }
    }

    /// Replaces the keys that a row watches for.
    fn watch(&mut self, source: usize, id: &RowId, old: &[(usize, RowId)], new: &[(usize, RowId)]) {
        if old == new {
            return;
        }
        let Some(watchers) = self.watchers.get_mut(source) else {
            return;
        };
        for (join, key) in old.iter().filter(|place| !new.contains(place)) {
            let Some(watchers) = watchers.get_mut(*join) else {
                continue;
            };
            if let Some(rows) = watchers.get_mut(key) {
                rows.remove(id);
                if rows.is_empty() {
                    watchers.remove(key);
                }
            }
        }
        for (join, key) in new.iter().filter(|place| !old.contains(place)) {
            if let Some(watchers) = watchers.get_mut(*join) {
                watchers.entry(key.clone()).or_default().insert(id.clone());
            }
        }
    }

    /// Updates the rows of a source that a key completes, at once or in parts.
    fn wake(
        &mut self,
        source: usize,
        join: usize,
        key: &RowId,
        committed_ms: Option<i64>,
        room: &mut usize,
        emit: &mut impl FnMut(Change, Option<&Record>),
    ) {
        let ours = self.plan.joins_of(source).get(join).map(|join| &join.ours);
        if matches!(ours, Some(Ours::Id)) {
            *room = room.saturating_sub(1);
            self.refresh(source, key, committed_ms, emit);
            return;
        }
        let rows = self.watchers.get(source).and_then(|joins| joins.get(join)?.get(key));
        let Some(rows) = rows else { return };
        if rows.len() <= *room {
            *room -= rows.len();
            let rows: Vec<RowId> = rows.iter().cloned().collect();
            for row in rows {
                self.refresh(source, &row, committed_ms, emit);
            }
            return;
        }
        let pass = self.passes.entry((source, join, key.clone()));
        pass.and_modify(|pass| pass.again = pass.after.is_some())
            .or_insert(Pass {
                after: None,
                again: false,
                committed_ms,
            });
    }

    /// Joins a row anew, and emits an update if it is different now.
    fn refresh(
        &mut self,
        source: usize,
        id: &RowId,
        committed_ms: Option<i64>,
        emit: &mut impl FnMut(Change, Option<&Record>),
    ) {
        let Some(owner) = self.owners.get(source).and_then(|rows| rows.get(id)) else {
            return;
        };
        let overlay = Overlay::of(&self.plan, &self.held, source, id, &owner.own);
        let joined = self.headers.lay(&owner.own, &overlay.cells);
        let (keys, old) = (overlay.keys, owner.keys.clone());
        self.watch(source, id, &old, &keys);
        let Some(owner) = self.owners.get_mut(source).and_then(|rows| rows.get_mut(id)) else {
            return;
        };
        owner.keys = keys;
        if owner.joined == joined {
            return;
        }
        owner.joined = joined.clone();
        if let Some(kind) = self.plan.kinds.get(source) {
            let change = Change {
                key: RowKey::new(*kind, SourceId::new(source), id.clone()),
                op: Op::Update,
                record: joined,
                committed_ms,
            };
            emit(change, Some(&owner.own));
        }
    }

    /// Whether rows wait to be updated by [`Self::advance`].
    #[inline]
    pub fn is_waiting(&self) -> bool {
        !self.passes.is_empty()
    }

    /// Updates at most `most` of the rows that wait.
    pub fn advance(&mut self, most: usize, mut emit: impl FnMut(Change, Option<&Record>)) {
        let mut room = most;
        while room > 0
            && let Some(entry) = self.passes.first_entry()
        {
            let ((source, join, key), pass) = (entry.key().clone(), entry.get());
            let (after, committed_ms) = (pass.after.clone(), pass.committed_ms);
            let rows = self.watchers.get(source).and_then(|joins| joins.get(join)?.get(&key));
            let start = match &after {
                Some(after) => Bound::Excluded(after),
                None => Bound::Unbounded,
            };
            let part: Vec<RowId> = (rows.into_iter())
                .flat_map(|rows| rows.range::<RowId, _>((start, Bound::Unbounded)))
                .take(room)
                .cloned()
                .collect();
            for row in &part {
                self.refresh(source, row, committed_ms, &mut emit);
            }
            let is_end = part.len() < room;
            room -= part.len();
            let place = (source, join, key);
            if let Some(pass) = self.passes.get_mut(&place) {
                if !is_end {
                    pass.after = part.last().cloned();
                } else if std::mem::take(&mut pass.again) {
                    pass.after = None;
                } else {
                    self.passes.remove(&place);
                }
            }
        }
    }

    /// A row of a source as it is with the joined columns; the same row where there are none.
    pub fn joined(&self, key: &RowKey, record: &Record) -> Record {
        let overlay = Overlay::of(&self.plan, &self.held, key.source.index(), &key.id, record);
        lay_once(record, &overlay.cells)
    }

    /// The rows that complete a row, as far as they can be named with the rows that are there. For one that is read alone:
    /// with the rows found by these, there may be more.
    pub fn lookups(&self, key: &RowKey, record: &Record) -> Vec<Lookup> {
        let source = key.source.index();
        let overlay = Overlay::of(&self.plan, &self.held, source, &key.id, record);
        let joins = self.plan.joins_of(source).iter();
        joins
            .filter_map(|join| {
                let index = self.plan.indexes.get(join.index)?;
                let (values, _) = overlay.keys_of(join, &key.id, record);
                (!values.is_empty()).then(|| Lookup {
                    source: SourceId::new(index.table),
                    columns: index.theirs.clone(),
                    values,
                    latest_by: match &index.order {
                        Order::Column(column) => Some(column.clone()),
                        Order::Id | Order::Changed => None,
                    },
                })
            })
            .collect()
    }

    /// A notice that there are too many rows: the first time, and again only when there were twice as many changes of
    /// them.
    pub fn take_notice(&mut self) -> Option<Notice> {
        if self.dropped == 0 || self.dropped < self.reported.saturating_mul(2) {
            return None;
        }
        self.reported = self.dropped;
        Some(Notice::new(
            NoticeKind::JoinFull,
            format!(
                "The tables that complete others have more than {} rows; some rows are shown without what completes them: \
                 point the settings at views or smaller tables.",
                grouped(self.most as u64)
            ),
        ))
    }
}

#[cfg(test)]
mod tests;
