//! Changes as they arrive: checked against what was asked for, kept for the snapshot under way, applied when live.

use std::{sync::Arc, time::Duration};

use super::{Connection, Out, Phase, Tracked, lookup::TRIES};
use crate::event::{Change, FeedEvent, SourceState};
use crate::{
    api::Effect,
    change::{self, ChangeType, RowEvent, Trouble},
    refusal::Class,
    store::{Overflow, lay_over},
};
use model::{Cell, NoticeKind, Op, Record, RowId};

/// A table that cannot be followed is re-read at this pace, not once per change.
pub(super) const UNFOLLOWABLE_PACE: Duration = Duration::from_secs(60);
/// After a table was altered: migrations come in several steps.
const ALTERED_PACE: Duration = Duration::from_secs(2);
/// More rows than any wall can hold in one table: what is beyond is not taken from the stream.
pub(super) const MAX_ROWS: usize = 1_000_000;

impl Tracked {
    /// The key of a row of the stream. An id that is known already is shared: `held` or the table's own.
    fn key_of<'r>(&self, cell: impl Fn(&str) -> Option<Cell<'r>>, held: Option<&RowId>) -> Option<RowId> {
        let share = |text: &str| match held {
            Some(held) if held.as_str() == text => held.clone(),
            _ => self.rows.id(text).unwrap_or_else(|| text.into()),
        };
        match self.source.key.as_slice() {
            [key] => RowId::text_of(&cell(key)?).map(share),
            _ => self.source.id_from(cell).map(|id| share(id.as_str())),
        }
    }
}

/// An insert or update, ready to be applied.
struct Upserted {
    id: RowId,
    /// The key that the row had before, if it is another one.
    moved_from: Option<RowId>,
    record: Arc<Record>,
    is_insert: bool,
    incomplete: bool,
    committed_ms: Option<i64>,
    bytes: usize,
}

impl Connection {
    /// A `postgres_changes` frame of our topic.
    pub(super) fn change(&mut self, payload: &str, out: &mut Out<'_>) {
        if !self.can_change() {
            return;
        }
        match change::decode(payload, &mut self.names) {
            Ok(event) => self.changed(event, payload.len(), out),
            Err(unusable) => {
                let ours = unusable
                    .table
                    .is_none_or(|(schema, table)| self.table_named(&schema, &table).is_some());
                self.malformed(ours, out);
            }
        }
    }

    /// Before the join is answered nothing of this channel can flow.
    fn can_change(&self) -> bool {
        matches!(self.phase, Phase::Subscribing { .. } | Phase::Syncing | Phase::Live)
    }

    /// A change of a row in a frame of our topic. `bytes`: of its payload.
    pub(super) fn changed(&mut self, event: RowEvent<'_>, bytes: usize, out: &mut Out<'_>) {
        if !self.can_change() {
            return;
        }
        // The server matches names by LIKE, so that a neighbour's changes may come too.
        let Some(first) = self.table_named(&event.schema, &event.table) else {
            return;
        };
        if !self.is_known_entry(&event.ids) {
            return self.malformed(true, out);
        }
        self.report.count_change();
        self.count_change(out);
        // Several sources may read one table; nearly always there is one.
        for other in first + 1..self.tables.len() {
            if self.is_table(other, &event.schema, &event.table) {
                self.take(other, event.clone(), bytes, out);
            }
        }
        self.take(first, event, bytes, out);
    }

    fn is_table(&self, at: usize, schema: &str, table: &str) -> bool {
        self.tables
            .get(at)
            .is_some_and(|tracked| tracked.source.is_named(schema, table))
    }

    fn table_named(&self, schema: &str, table: &str) -> Option<usize> {
        (0..self.tables.len()).find(|at| self.is_table(*at, schema, table))
    }

    fn take(&mut self, at: usize, event: RowEvent<'_>, bytes: usize, out: &mut Out<'_>) {
        let Some(tracked) = self.tables.get_mut(at) else { return };
        tracked.watch.last_arrival = Some(out.at());
        if (event.columns).is_some_and(|columns| tracked.shape.learn(columns, event.list)) {
            // The table was altered: rows that did not change since have other columns now (R37).
            self.mark_dirty(ALTERED_PACE, out);
        }
        let Some(tracked) = self.tables.get_mut(at) else { return };
        let new_id = event
            .record
            .as_ref()
            .and_then(|record| tracked.key_of(|key| record.get(key), None));
        let old_id = (event.old_record).and_then(|old| tracked.key_of(|key| old.get(key), new_id.as_ref()));
        if let Some(trouble) = event.trouble {
            return self.trouble(at, trouble, new_id.or(old_id), out);
        }
        match (event.change, event.record, new_id, old_id) {
            (ChangeType::Insert | ChangeType::Update, Some(record), Some(id), old_id) => {
                let record = tracked.shape.as_rest_writes(self.names.reduce(record, &tracked.source));
                let upserted = Upserted {
                    moved_from: old_id.filter(|old| *old != id && event.change == ChangeType::Update),
                    id,
                    incomplete: tracked.shape.is_incomplete(&record),
                    record: Arc::new(record),
                    is_insert: event.change == ChangeType::Insert,
                    committed_ms: event.committed_ms,
                    bytes,
                };
                let kept = self.keep_upsert(at, &upserted);
                if self.is_following() {
                    self.apply_upsert(at, upserted, out);
                }
                self.check_room(kept, out);
            }
            (ChangeType::Delete, _, _, Some(id)) => {
                self.touch(at, &id);
                let kept = match self.fold(at) {
                    Some(fold) => fold.delete(&id),
                    None => Ok(()),
                };
                if self.is_following() {
                    self.apply_delete(at, &id, event.committed_ms, out);
                }
                self.check_room(kept, out);
            }
            // Something happened to the table, but not to a row that can be named.
            (ChangeType::Unknown, ..) => self.mark_dirty(Duration::ZERO, out),
            _ => self.malformed(true, out),
        }
    }

    /// Keeps an insert or update for the snapshot under way.
    fn keep_upsert(&mut self, at: usize, upserted: &Upserted) -> Result<(), Overflow> {
        let Upserted {
            id,
            moved_from,
            record,
            is_insert,
            incomplete,
            bytes,
            ..
        } = upserted;
        self.touch(at, id);
        if let Some(old) = moved_from {
            self.touch(at, old);
        }
        let Some(fold) = self.fold(at) else { return Ok(()) };
        let mut record = record.clone();
        let mut incomplete = *incomplete;
        let mut is_stale = false;
        if let Some(old) = moved_from {
            is_stale = fold.is_unknown(old);
            if !is_stale && let Some((carried, carried_incomplete)) = fold.waiting(old) {
                record = lay_over(carried, record);
                incomplete &= carried_incomplete;
            }
            fold.delete(old)?;
        }
        fold.upsert(id, record, *is_insert, incomplete, *bytes)?;
        if is_stale {
            // What it would carry over is of before a change that came without its columns.
            fold.unknown(id)?;
        }
        Ok(())
    }

    /// More waits for the snapshot than is allowed: it cannot be completed truthfully.
    fn check_room(&mut self, kept: Result<(), Overflow>, out: &mut Out<'_>) {
        if kept.is_err() {
            let text = "changes came faster than the snapshot could be read".to_owned();
            self.sync_failed(&text, Class::Retry, out);
        }
    }

    fn apply_upsert(&mut self, at: usize, upserted: Upserted, out: &mut Out<'_>) {
        let Upserted {
            id,
            moved_from,
            mut record,
            is_insert,
            committed_ms,
            ..
        } = upserted;
        // What it carries over may be of before a change that came without its columns.
        let is_stale = moved_from
            .as_ref()
            .is_some_and(|old| self.lookups.is_change_expected(at, old));
        if let Some(old) = &moved_from
            && let Some(carried) = self.tables.get(at).and_then(|tracked| tracked.rows.get(old)).cloned()
        {
            self.apply_delete(at, old, committed_ms, out);
            record = lay_over(&carried, record);
        }
        let Some(tracked) = self.tables.get_mut(at) else { return };
        if tracked.rows.len() >= MAX_ROWS && tracked.rows.get(&id).is_none() {
            return self.too_many_rows(at, out);
        }
        let Some(applied) = tracked.rows.upsert(&id, record, is_insert) else {
            return;
        };
        tracked.watch.moves += u64::from(applied.op == Op::Insert);
        let incomplete = tracked.shape.is_incomplete(&applied.record);
        out.act(Effect::Emit(FeedEvent::Change(Change {
            source: tracked.id,
            id: id.clone(),
            op: applied.op,
            record: applied.record,
            committed_ms,
        })));
        // A row that turns up soon after a snapshot that did not have it may be gone already without a word.
        let unexpected = applied.op == Op::Insert && self.plan.is_verifying(out.at());
        if incomplete || unexpected || is_stale {
            self.look_up(at, id.clone(), TRIES, out);
        }
        if is_stale {
            self.lookups.expect_change(at, &id);
        }
    }

    pub(super) fn apply_delete(&mut self, at: usize, id: &RowId, committed_ms: Option<i64>, out: &mut Out<'_>) {
        let Some(tracked) = self.tables.get_mut(at) else { return };
        // One that we never had: somebody else's row, or one that came and went.
        let Some(record) = tracked.rows.remove(id) else { return };
        tracked.watch.moves += 1;
        out.act(Effect::Emit(FeedEvent::Change(Change {
            source: tracked.id,
            id: id.clone(),
            op: Op::Delete,
            record,
            committed_ms,
        })));
    }

    /// A change that carries no usable row.
    fn trouble(&mut self, at: usize, trouble: Trouble, id: Option<RowId>, out: &mut Out<'_>) {
        match (trouble, id) {
            (Trouble::TooLarge | Trouble::Other, Some(id)) => {
                self.touch(at, &id);
                let kept = match self.fold(at) {
                    Some(fold) => fold.unknown(&id),
                    None => Ok(()),
                };
                if self.is_following() {
                    self.look_up(at, id.clone(), TRIES, out);
                    self.lookups.expect_change(at, &id);
                }
                self.check_room(kept, out);
            }
            (Trouble::TooLarge | Trouble::Other, None) => self.mark_dirty(Duration::ZERO, out),
            (Trouble::Unauthorized, _) => {
                self.complain(
                    at,
                    NoticeKind::TableUnauthorized,
                    "its changes come without their columns: grant select on it to the key's role",
                    out,
                );
            }
            (Trouble::NoPrimaryKey, _) => {
                self.complain(
                    at,
                    NoticeKind::TableUnsupported,
                    "it has no primary key, so its changes cannot be followed: add one",
                    out,
                );
            }
        }
    }

    /// Says once per connection that a table cannot be followed, and re-reads it now and then instead.
    fn complain(&mut self, at: usize, kind: NoticeKind, why: &str, out: &mut Out<'_>) {
        self.mark_dirty(UNFOLLOWABLE_PACE, out);
        let Some(tracked) = self.tables.get_mut(at) else { return };
        if !tracked.limit(SourceState::Polled, why) {
            return;
        }
        let text = format!(
            "{} is read every {} s only, because {why}.",
            tracked.source.name(),
            UNFOLLOWABLE_PACE.as_secs()
        );
        self.say(kind, &text, out);
    }

    fn too_many_rows(&mut self, at: usize, out: &mut Out<'_>) {
        let Some(tracked) = self.tables.get_mut(at) else { return };
        if !std::mem::replace(&mut tracked.complained, true) {
            let text = format!(
                "{} has more than {} rows; the rest is not shown: point the setting at a view or a smaller table.",
                tracked.source.name(),
                model::format::grouped(MAX_ROWS as u64)
            );
            self.say(NoticeKind::TooManyRows, &text, out);
        }
    }
}
