//! What happens to rows becomes entries.

use model::{RowKey, Status};

use super::{FOLD_MS, Group, Journal, SETTINGS_MS, Seen};
use crate::{
    entry::{Cause, Origin, RowsTogether},
    head::{Head, Tag, distance},
    states::Since,
    texts::{self, Written},
};

impl Journal {
    pub(super) fn appeared(&mut self, at_ms: i64, origin: Origin, key: &RowKey, after: Seen<'_>) {
        let mut head = Head::new(at_ms, Tag::Appeared, texts::of_label(after.label));
        head.after = Some(after.status);
        self.append(origin, key, self.rows.find(key), head);
    }

    pub(super) fn went(&mut self, at_ms: i64, origin: Origin, key: &RowKey, before: Seen<'_>) {
        let mut head = Head::new(at_ms, Tag::Went, texts::of_label(before.label));
        head.before = Some(before.status);
        self.append(origin, key, self.rows.find(key), head);
    }

    pub(super) fn changed(&mut self, at_ms: i64, origin: Origin, key: &RowKey, before: Seen<'_>, after: Seen<'_>) {
        let written = if before.record.is_same(after.record) {
            None
        } else {
            let differences = after.record.differences(before.record);
            self.writer.write(after.label, &mut self.rules, differences)
        };
        let is_of_state = before.status != after.status;
        let row = self.rows.find(key);
        let head = match written {
            None if !is_of_state => return,
            Some(written) if !is_of_state => {
                let Some(head) = self.unfolded(at_ms, origin, row, after.status, written) else {
                    return;
                };
                head
            }
            Some(written) => Head::new(at_ms, Tag::Changed, written.texts),
            None => Head::new(at_ms, Tag::Changed, texts::of_label(after.label)),
        };
        let head = Head {
            before: Some(before.status),
            after: Some(after.status),
            ..head
        };
        self.append(origin, key, row, head);
    }

    /// The entry for a change that left the state as it is; `None`: it was folded into the row's newest one.
    fn unfolded(
        &mut self,
        at_ms: i64,
        origin: Origin,
        row: Option<u32>,
        status: Status,
        written: Written,
    ) -> Option<Head> {
        let id = row.and_then(|row| self.rows.get(row)).map_or(0, |slot| slot.newest);
        let newest = self.ring.get_mut(id);
        if written.is_routine {
            let Some(newest) = newest else {
                return Some(Head::new(at_ms, Tag::Routine, written.texts));
            };
            if newest.tag == Tag::Routine {
                newest.times = newest.times.saturating_add(1);
                newest.last_ms = at_ms;
            } else {
                newest.routine = newest.routine.saturating_add(1);
                newest.routine_ms = at_ms;
            }
            self.counts.add(crate::Severity::Routine);
            return None;
        }
        let mut head = Head::new(at_ms, Tag::Changed, written.texts);
        head.is_numeric = written.is_numeric;
        let Some(newest) = newest.filter(|newest| {
            newest.tag == Tag::Changed
                && !newest.is_of_state()
                && newest.after == Some(status)
                && (newest.origin, origin) == (Origin::Live, Origin::Live)
                && at_ms.saturating_sub(newest.first_ms) <= FOLD_MS
        }) else {
            return Some(head);
        };
        if newest.texts != head.texts {
            if !(newest.is_numeric && head.is_numeric) {
                return Some(head);
            }
            let Some(folded) = self.writer.fold(&newest.texts, &head.texts) else {
                return Some(head);
            };
            self.ring.set_texts(id, folded);
        }
        if let Some(newest) = self.ring.get_mut(id) {
            newest.times = newest.times.saturating_add(1);
            newest.last_ms = at_ms;
        }
        self.counts.add(head.severity());
        self.shrink();
        None
    }

    /// Since when the row is in the state that it gets into now.
    fn since_of(&self, at_ms: i64, origin: Origin, key: &RowKey, row: Option<u32>) -> Since {
        match origin {
            Origin::Live => Since::At(at_ms),
            Origin::Settings => Since::AtLeast(at_ms),
            Origin::Snapshot => {
                let slot = row.and_then(|row| self.rows.get(row));
                let known = slot.and_then(|slot| slot.states.last_ms());
                let known = known.unwrap_or_else(|| self.horizon_ms(key.source));
                Since::Between(known.max(self.outage_ms.unwrap_or(known)), at_ms)
            }
        }
    }

    /// Appends an entry of a row, and its state to the row's.
    /// `row`: its number, if something is kept of it.
    fn append(&mut self, origin: Origin, key: &RowKey, row: Option<u32>, mut head: Head) {
        let since = self.since_of(head.first_ms, origin, key, row);
        self.counts.add(head.severity());
        let cause = match origin {
            Origin::Snapshot => self.outage_ms.map(|_| Cause::Offline),
            Origin::Settings => Some(Cause::Settings),
            Origin::Live => None,
        };
        head.origin = origin;
        head.is_hidden = cause.is_some();
        // The row is found again where this made room, because its last entry may be forgotten with that.
        let row = match cause {
            Some(cause) => {
                self.add_to_group(cause, &head);
                self.rows.find(key)
            }
            None => row,
        };
        let row = row.unwrap_or_else(|| self.rows.insert(key.clone()));
        self.rows.leave_list(row);
        head.row = row;
        let id = self.ring.next();
        let (most, horizon_ms) = (self.bounds.states, self.horizon_ms(key.source));
        let is_of_state = head.is_of_state();
        self.rows.edit(row, |slot| {
            if slot.states.is_empty() && head.before.is_some() {
                slot.states.push(Since::AtLeast(horizon_ms), head.before, most);
            }
            head.older_of_row = distance(id, Some(slot.newest).filter(|newest| *newest > 0));
            head.older_state = distance(id, Some(slot.newest_state).filter(|newest| *newest > 0));
            slot.newest = id;
            slot.entries += 1;
            if is_of_state {
                slot.newest_state = id;
                slot.kept = None;
                slot.states.push(since, head.after, most);
            }
        });
        if is_of_state
            && head.after == Some(Status::Failed)
            && let Some(failed) = self.failed.get_mut(key.kind as usize)
        {
            *failed = (id, row);
        }
        self.push(head);
    }

    /// Appends an entry, and forgets what is too much then.
    pub(super) fn push(&mut self, mut head: Head) -> u64 {
        let id = self.ring.next();
        head.older_in_log = distance(id, Some(self.newest).filter(|newest| *newest > 0));
        if !head.is_hidden {
            self.newest = id;
        }
        self.ring.push(head);
        self.shrink();
        id
    }

    /// Counts a change of a row in the entry of the log that stands for it.
    fn add_to_group(&mut self, cause: Cause, of: &Head) {
        let at_ms = of.first_ms;
        let is_open = |group: &Group| {
            group.cause == cause
                && at_ms.saturating_sub(group.first_ms) <= FOLD_MS
                && (cause == Cause::Offline || at_ms.saturating_sub(group.last_ms) <= SETTINGS_MS)
        };
        let mut group = self.group.filter(is_open).unwrap_or(Group {
            id: 0,
            cause,
            rows: RowsTogether::default(),
            first_ms: at_ms,
            last_ms: at_ms,
        });
        let rows = &mut group.rows;
        let count = match of.tag {
            Tag::Appeared => &mut rows.appeared,
            Tag::Went => &mut rows.went,
            _ => &mut rows.changed,
        };
        *count = count.saturating_add(1);
        if of.is_of_state() && of.after == Some(Status::Failed) {
            rows.failed = rows.failed.saturating_add(1);
        }
        group.last_ms = at_ms;
        let texts = rows.to_texts();
        match self.ring.get_mut(group.id) {
            Some(head) => {
                head.last_ms = at_ms;
                self.ring.set_texts(group.id, texts);
            }
            // There is none yet, or so many rows changed that it is forgotten: then it begins anew with what is counted.
            None => {
                let mut head = Head::new(group.first_ms, Tag::Together(cause), texts);
                head.last_ms = at_ms;
                group.id = self.push(head);
            }
        }
        self.group = Some(group);
    }
}
