//! Rows read again by key while live: incomplete ones, ones too large for the stream, ones that may be gone.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{Connection, Out, Tracked};
use crate::api::{Effect, Page, PageError, PageQuery, PageRequest};
use crate::event::{Change, FeedEvent};
use model::{Record, RowId};

/// How often one row is asked for before its table is read instead.
pub(super) const TRIES: u8 = 5;
/// Rows asked for in one request, and bytes of their keys: they stand in a URL.
pub(super) const BATCH_ROWS: usize = 100;
pub(super) const BATCH_BYTES: usize = 5_000;
/// Waiting rows; beyond, the table is read instead.
const MAX_WAITING: usize = 10_000;
/// Collected for so long before they are asked for.
const COLLECT: Duration = Duration::from_millis(300);
/// An answer that contradicts the stream may come from a replica that is behind: the row is asked for once more, this
/// much later, and then believed (R15).
const BEHIND: Duration = Duration::from_secs(1);
/// After a failure.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
pub(super) const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// A request by key under way.
#[derive(Debug)]
pub(super) struct Batch {
    pub id: u64,
    pub deadline: Duration,
    /// True: a change came for the row since it was asked for, so that the answer may be older (R39).
    pub rows: HashMap<RowId, bool>,
}

impl Batch {
    pub fn touch(&mut self, id: &RowId) {
        if let Some(moved) = self.rows.get_mut(id) {
            *moved = true;
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Lookups {
    waiting: VecDeque<(usize, RowId, u8)>,
    known: HashSet<(usize, RowId)>,
    /// Rows that a change was told of without saying what it did: an answer that shows none is suspicious.
    changed: HashSet<(usize, RowId)>,
    /// Rows whose answer was suspicious once.
    suspected: HashSet<(usize, RowId)>,
    due: Option<Duration>,
    /// The table, the request, and the tries that its rows have left.
    under_way: Option<(usize, Batch, u8)>,
}

impl Lookups {
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn is_reading(&self) -> bool {
        self.under_way.is_some()
    }

    pub fn due(&self, following: bool) -> Option<Duration> {
        match &self.under_way {
            Some((_, batch, _)) => Some(batch.deadline),
            None if following && !self.waiting.is_empty() => self.due,
            None => None,
        }
    }

    pub fn touch(&mut self, at: usize, id: &RowId) {
        if let Some((table, batch, _)) = &mut self.under_way
            && *table == at
        {
            batch.touch(id);
        }
    }

    /// A change of this row came without its columns.
    pub fn expect_change(&mut self, at: usize, id: &RowId) {
        if self.known.contains(&(at, id.clone())) {
            self.changed.insert((at, id.clone()));
        }
    }

    /// What is held of this row is known not to be all of it.
    pub fn is_change_expected(&self, at: usize, id: &RowId) -> bool {
        !self.changed.is_empty() && self.changed.contains(&(at, id.clone()))
    }

    fn settled(&mut self, at: usize, id: &RowId) {
        let row = (at, id.clone());
        self.changed.remove(&row);
        self.suspected.remove(&row);
    }

    /// The next rows to ask for: all of one table, with their least number of tries.
    fn next(&mut self, bytes_of: impl Fn(usize, &RowId) -> usize) -> Option<(usize, Vec<RowId>, u8)> {
        let (table, ..) = *self.waiting.front()?;
        let (mut ids, mut bytes, mut tries) = (Vec::new(), 0, TRIES);
        let mut rest = VecDeque::new();
        while let Some((at, id, left)) = self.waiting.pop_front() {
            let fits = ids.is_empty() || (ids.len() < BATCH_ROWS && bytes + bytes_of(at, &id) <= BATCH_BYTES);
            if at == table && fits {
                bytes += bytes_of(at, &id);
                tries = tries.min(left);
                self.known.remove(&(at, id.clone()));
                ids.push(id);
            } else {
                rest.push_back((at, id, left));
            }
        }
        self.waiting = rest;
        Some((table, ids, tries))
    }
}

impl Connection {
    /// Asks for a row by key, soon.
    pub(super) fn look_up(&mut self, at: usize, id: RowId, tries: u8, out: &mut Out<'_>) {
        if !self.config.snapshots || self.tables.get(at).is_some_and(Tracked::is_stream_only) {
            return;
        }
        if tries == 0 || self.lookups.waiting.len() >= MAX_WAITING {
            self.lookups.settled(at, &id);
            return self.mark_dirty(Duration::ZERO, out);
        }
        if self.lookups.known.insert((at, id.clone())) {
            if self.lookups.waiting.is_empty() {
                self.lookups.due = Some(out.at() + COLLECT);
            }
            self.lookups.waiting.push_back((at, id, tries));
        }
    }

    pub(super) fn run_lookups(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        if self.lookups.due(self.is_following()).is_none_or(|due| now < due) {
            return;
        }
        if self.lookups.under_way.is_some() {
            return self.lookup_failed(out);
        }
        let tables = &self.tables;
        let bytes = |at: usize, id: &RowId| tables.get(at).map_or(0, |tracked| tracked.source.lookup_bytes(id));
        let Some((at, ids, tries)) = self.lookups.next(bytes) else {
            return;
        };
        let Some(source) = self.tables.get(at).map(|tracked| tracked.source.clone()) else {
            return;
        };
        let id = self.page_id();
        let token = self.token_to_read();
        self.lookups.due = Some(now);
        self.lookups.under_way = Some((
            at,
            Batch {
                id,
                deadline: now + ANSWER_DEADLINE,
                rows: ids.iter().map(|id| (id.clone(), false)).collect(),
            },
            tries,
        ));
        out.act(Effect::Fetch(Box::new(PageRequest {
            id,
            token,
            source,
            query: PageQuery::Ids(ids),
        })));
    }

    /// True when the answer was to a lookup.
    pub(super) fn is_lookup(&self, id: u64) -> bool {
        matches!(&self.lookups.under_way, Some((_, batch, _)) if batch.id == id)
    }

    pub(super) fn looked_up(&mut self, result: Result<Page, PageError>, out: &mut Out<'_>) {
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                if matches!(error, PageError::Expired(_)) {
                    self.token_expired(out);
                }
                return self.lookup_failed(out);
            }
        };
        let Some((at, batch, tries)) = self.lookups.under_way.take() else {
            return;
        };
        let mut found = self.by_key(at, page);
        let mut is_behind = false;
        for (id, moved) in batch.rows {
            if moved {
                // The answer may be older than what came meanwhile, which is all there is to know unless it is
                // incomplete itself.
                let is_incomplete = self.tables.get(at).is_some_and(|tracked| {
                    let row = tracked.rows.get(&id);
                    row.is_some_and(|row| tracked.shape.is_incomplete(row))
                });
                if is_incomplete || self.lookups.is_change_expected(at, &id) {
                    self.look_up(at, id, tries - 1, out);
                } else {
                    self.lookups.settled(at, &id);
                }
                continue;
            }
            let record = found.remove(&id);
            if self.contradicts(at, &id, record.as_deref()) && self.lookups.suspected.insert((at, id.clone())) {
                is_behind = true;
                self.look_up(at, id, tries - 1, out);
                continue;
            }
            self.lookups.settled(at, &id);
            match record {
                Some(record) => self.replace(at, id, record, out),
                None => self.apply_delete(at, &id, None, out),
            }
        }
        if is_behind {
            self.lookups.due = Some(out.at() + BEHIND);
        }
    }

    /// Whether an answer is not what the stream has told: it may be older, or a change may be on its way.
    fn contradicts(&self, at: usize, id: &RowId, answer: Option<&Record>) -> bool {
        let Some(tracked) = self.tables.get(at) else {
            return false;
        };
        let Some(answer) = answer else { return true };
        tracked.rows.get(id).is_some_and(|held| {
            if self.lookups.is_change_expected(at, id) {
                tracked.shape.agree(held, answer)
            } else {
                !tracked.shape.agree(held, answer)
            }
        })
    }

    /// A row as REST gave it, which is the whole of it.
    fn replace(&mut self, at: usize, id: RowId, record: Arc<Record>, out: &mut Out<'_>) {
        let Some(tracked) = self.tables.get_mut(at) else { return };
        let Some(applied) = tracked.rows.upsert(&id, record, true) else {
            return;
        };
        out.act(Effect::Emit(FeedEvent::Change(Change {
            source: tracked.id,
            id,
            op: applied.op,
            record: applied.record,
            committed_ms: None,
        })));
    }

    fn lookup_failed(&mut self, out: &mut Out<'_>) {
        let Some((at, batch, tries)) = self.lookups.under_way.take() else {
            return;
        };
        for (id, _) in batch.rows {
            self.look_up(at, id, tries - 1, out);
        }
        self.lookups.due = Some(out.at() + AGAIN_AFTER);
    }

    /// A page's rows by their key, with shared column names.
    pub(super) fn by_key(&mut self, at: usize, page: Page) -> HashMap<RowId, Arc<Record>> {
        let Some(tracked) = self.tables.get(at) else {
            return HashMap::new();
        };
        page.into_iter()
            .filter_map(|record| {
                let id = tracked.source.id_of(&record)?;
                Some((id, Arc::new(self.names.share(record))))
            })
            .collect()
    }
}
