//! Two sources of the same changes, compared: each change that one of them brought waits for the other to bring it too.
//!
//! A change is recognised by its row and by the time of the change. The stream brings the changes of a row in the order
//! of their commits and may lose some; broadcasts may be lost, repeated and, around a join, out of order.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::change_time::ChangeTime;
use model::RowId;

/// Changes that wait for their twin. Further ones are not remembered.
const MAX_WAITING: usize = 10_000;

/// Which change of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    /// The insert or update that set this time; `None`: the row has no time.
    Changed(Option<ChangeTime>),
    /// The delete of the row that had this time, if that is known.
    Deleted(Option<ChangeTime>),
}

impl Mark {
    /// Whether both may be the same change of one row.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Changed(Some(one)), Self::Changed(Some(other))) => one.compare(other) == Some(Ordering::Equal),
            (Self::Changed(None), Self::Changed(None)) | (Self::Deleted(_), Self::Deleted(_)) => true,
            _ => false,
        }
    }

    /// Whether this change, already applied, is a later one of the row than `other`.
    fn is_after(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Changed(Some(one)), Self::Changed(Some(other)) | Self::Deleted(Some(other))) => {
                one.compare(other) == Some(Ordering::Greater)
            }
            // What was deleted is not changed any more; a later time is another life of the key.
            (Self::Deleted(Some(one)), Self::Changed(Some(other))) => {
                matches!(one.compare(other), Some(Ordering::Greater | Ordering::Equal))
            }
            _ => false,
        }
    }
}

/// What waits, and what its end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The stream brought it: if no broadcast follows, one was lost.
    Streamed,
    /// A broadcast brought it, and what was held had it already.
    Seen,
    /// A broadcast brought it, and it was applied: if the stream does not follow, it lost a change.
    Applied,
    /// A broadcast brought it: the row is gone, and was not held, or has another key now. If the stream does not follow, the
    /// row is looked up, but no change is counted as lost.
    Gone,
    /// A broadcast brought it, and it could not be applied: if the stream does not follow, the row is looked up.
    Unread,
}

/// A change that waited in vain.
#[derive(Debug, PartialEq)]
pub(super) struct Expired {
    /// The position of the source.
    pub(super) at: usize,
    /// The row.
    pub(super) id: RowId,
    /// What waited.
    pub(super) waiting: Waiting,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    mark: Mark,
    waiting: Waiting,
    due: Duration,
}

/// The changes that wait.
#[derive(Debug, Default)]
pub(super) struct Twins {
    rows: HashMap<(usize, RowId), Vec<Entry>>,
    dues: BTreeMap<(Duration, u64), (usize, RowId)>,
    number: u64,
}

impl Twins {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.dues.clear();
    }

    /// The change of the row is awaited until `due`. False: there is no room.
    pub(super) fn wait(&mut self, at: usize, id: &RowId, mark: Mark, waiting: Waiting, due: Duration) -> bool {
        if self.dues.len() >= MAX_WAITING {
            return false;
        }
        self.number += 1;
        let number = self.number;
        self.dues.insert((due, number), (at, id.clone()));
        self.rows.entry((at, id.clone())).or_default().push(Entry {
            number,
            mark,
            waiting,
            due,
        });
        true
    }

    /// Removes the twin of a change, the oldest if there are several. `is_streamed`: the twin that the stream brought,
    /// or the one that a broadcast brought. Returns how the twin is marked.
    pub(super) fn take(&mut self, at: usize, id: &RowId, mark: &Mark, is_streamed: bool) -> Option<Mark> {
        let key = (at, id.clone());
        let entries = self.rows.get_mut(&key)?;
        let is_twin = |entry: &Entry| (entry.waiting == Waiting::Streamed) == is_streamed && entry.mark.is_same(mark);
        let position = entries.iter().position(is_twin)?;
        let entry = entries.remove(position);
        if entries.is_empty() {
            self.rows.remove(&key);
        }
        self.dues.remove(&(entry.due, entry.number));
        Some(entry.mark)
    }

    /// Whether what is held has a later change of the row than this one, which the stream has yet to bring.
    pub(super) fn is_overtaken(&self, at: usize, id: &RowId, mark: &Mark) -> bool {
        let entries = self.rows.get(&(at, id.clone()));
        entries.is_some_and(|entries| {
            let is_held = |entry: &&Entry| matches!(entry.waiting, Waiting::Applied | Waiting::Seen | Waiting::Gone);
            entries.iter().filter(is_held).any(|entry| entry.mark.is_after(mark))
        })
    }

    /// Whether the stream deleted the row a moment ago.
    pub(super) fn is_deleted_by_stream(&self, at: usize, id: &RowId) -> bool {
        let entries = self.rows.get(&(at, id.clone()));
        entries.is_some_and(|entries| {
            let mut streamed = entries.iter().filter(|entry| entry.waiting == Waiting::Streamed);
            streamed.any(|entry| matches!(entry.mark, Mark::Deleted(_)))
        })
    }

    /// When the next one has waited in vain.
    pub(super) fn due(&self) -> Option<Duration> {
        self.dues.first_key_value().map(|((due, _), _)| *due)
    }

    /// The next change that has waited in vain.
    pub(super) fn expired(&mut self, now: Duration) -> Option<Expired> {
        let first = self.dues.first_entry().filter(|first| first.key().0 <= now)?;
        let ((_, number), (at, id)) = first.remove_entry();
        let key = (at, id);
        let entries = self.rows.get_mut(&key)?;
        let position = entries.iter().position(|entry| entry.number == number)?;
        let waiting = entries.remove(position).waiting;
        if entries.is_empty() {
            self.rows.remove(&key);
        }
        let (at, id) = key;
        Some(Expired { at, id, waiting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn changed(time: i64) -> Mark {
        Mark::Changed(Some(ChangeTime::Instant(time)))
    }

    #[test]
    fn a_change_finds_its_twin_and_one_without_expires_once() {
        let mut twins = Twins::default();
        let id = RowId::from("1");
        assert!(twins.wait(0, &id, changed(1), Waiting::Streamed, second(5)));
        assert!(twins.wait(0, &id, changed(2), Waiting::Streamed, second(6)));
        assert_eq!(twins.take(0, &id, &changed(1), false), None, "of the other side");
        assert_eq!(twins.take(1, &id, &changed(1), true), None, "of another table");
        assert_eq!(twins.take(0, &id, &changed(2), true), Some(changed(2)));
        assert_eq!(twins.take(0, &id, &changed(2), true), None);
        assert_eq!((twins.due(), twins.expired(second(4))), (Some(second(5)), None));
        let expired = Expired {
            at: 0,
            id,
            waiting: Waiting::Streamed,
        };
        assert_eq!(twins.expired(second(5)), Some(expired));
        assert_eq!((twins.due(), twins.expired(second(9))), (None, None));
    }

    #[test]
    fn changes_without_a_time_are_paired_one_to_one() {
        let mut twins = Twins::default();
        let id = RowId::from("1");
        for _ in 0..2 {
            twins.wait(0, &id, Mark::Changed(None), Waiting::Unread, second(2));
        }
        assert!(twins.take(0, &id, &Mark::Changed(None), false).is_some());
        assert_eq!(twins.take(0, &id, &Mark::Deleted(None), false), None);
        assert!(twins.expired(second(2)).is_some() && twins.expired(second(2)).is_none());
    }

    #[test]
    fn what_was_applied_overtakes_earlier_changes_of_the_row_only() {
        let mut twins = Twins::default();
        let id = RowId::from("1");
        twins.wait(0, &id, changed(5), Waiting::Applied, second(5));
        assert!(twins.is_overtaken(0, &id, &changed(4)));
        assert!(!twins.is_overtaken(0, &id, &changed(5)) && !twins.is_overtaken(0, &id, &changed(6)));
        assert!(!twins.is_overtaken(0, &id, &Mark::Changed(None)) && !twins.is_overtaken(0, &"2".into(), &changed(4)));
        twins.clear();
        twins.wait(
            0,
            &id,
            Mark::Deleted(Some(ChangeTime::Instant(5))),
            Waiting::Applied,
            second(5),
        );
        assert!(twins.is_overtaken(0, &id, &changed(5)), "it was deleted after that");
        assert!(
            !twins.is_overtaken(0, &id, &changed(6)),
            "a row of the same key was inserted"
        );
    }

    #[test]
    fn a_million_keys_are_bounded() {
        let mut twins = Twins::default();
        let mut kept = 0;
        for key in 0..1_000_000_u32 {
            let id = RowId::from(key.to_string().as_str());
            kept += usize::from(twins.wait(0, &id, changed(1), Waiting::Unread, second(2)));
        }
        assert_eq!(
            (kept, twins.rows.len(), twins.dues.len()),
            (MAX_WAITING, MAX_WAITING, MAX_WAITING)
        );
        while twins.expired(second(2)).is_some() {}
        assert!(twins.rows.is_empty() && twins.dues.is_empty());
    }
}
