//! Rows read again by key while live: incomplete ones, ones too large for the stream, ones that may be deleted.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use super::{Requests, sources::Sources};
use crate::api::{Page, PageQuery};
use model::{Record, RowId};

/// Requests for one row before its source is read instead.
const MAX_TRIES: u8 = 5;
/// Rows in one request, and bytes of their keys: they are part of a URL.
const BATCH_ROWS: usize = 100;
const BATCH_BYTES: usize = 5_000;
/// Waiting rows; beyond, the source is read instead.
const MAX_WAITING: usize = 10_000;
/// Rows are collected for this long before they are asked for.
const COLLECT: Duration = Duration::from_millis(300);
/// An answer that contradicts the stream may come from a replica that lags: the row is asked for once more, this much
/// later, and then believed (docs/realtime-protocol.md, R15).
const REPLICA_LAG: Duration = Duration::from_secs(1);
/// Delay after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
pub(super) const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// A request by key in progress.
#[derive(Debug)]
pub(super) struct Batch {
    /// The number of the request.
    pub(super) id: u64,
    /// When it counts as failed if no answer has come.
    pub(super) deadline: Duration,
    /// True: a change of the row arrived since it was asked for, so the answer may be older
    /// (docs/realtime-protocol.md, R39).
    pub(super) rows: HashMap<RowId, bool>,
}

impl Batch {
    /// Asks for the first of `waiting` that fit in one request, at most `most`; none when none waits.
    pub(super) fn request(
        at: usize,
        waiting: &mut VecDeque<RowId>,
        most: usize,
        requests: &mut Requests<'_, '_>,
    ) -> Option<Self> {
        let source = &requests.sources.get(at)?.source;
        let (mut ids, mut bytes) = (Vec::new(), 0);
        while ids.len() < BATCH_ROWS.min(most)
            && let Some(next) = waiting.front()
            && (ids.is_empty() || bytes + source.lookup_bytes(next) <= BATCH_BYTES)
        {
            bytes += source.lookup_bytes(next);
            ids.extend(waiting.pop_front());
        }
        if ids.is_empty() {
            return None;
        }
        let rows = ids.iter().map(|id| (id.clone(), false)).collect();
        let id = requests.page(at, PageQuery::Ids(ids))?;
        Some(Self {
            id,
            deadline: requests.call.at() + ANSWER_DEADLINE,
            rows,
        })
    }

    /// A change of a row arrived.
    pub(super) fn note_change(&mut self, id: &RowId) {
        if let Some(changed) = self.rows.get_mut(id) {
            *changed = true;
        }
    }
}

/// A row as it was read: `None` = it does not exist.
pub(super) type FoundRow = (usize, RowId, Option<Record>);

/// A source is to be read instead: too many rows wait, or one could not be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GaveUp;

#[derive(Debug, Default)]
pub(super) struct Lookups {
    waiting: VecDeque<(usize, RowId, u8)>,
    known: HashSet<(usize, RowId)>,
    /// Rows of which a change arrived without saying what it did: an answer that shows none is suspicious.
    changed: HashSet<(usize, RowId)>,
    /// Rows whose answer was suspicious once.
    suspected: HashSet<(usize, RowId)>,
    due: Option<Duration>,
    /// The source, the request, and the tries that its rows have left.
    in_progress: Option<(usize, Batch, u8)>,
}

impl Lookups {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// A request is in progress.
    pub(super) fn is_reading(&self) -> bool {
        self.in_progress.is_some()
    }

    /// When there is something to do next.
    pub(super) fn due(&self, is_following: bool) -> Option<Duration> {
        match &self.in_progress {
            Some((_, batch, _)) => Some(batch.deadline),
            None if is_following && !self.waiting.is_empty() => self.due,
            None => None,
        }
    }

    /// A change of a row arrived.
    pub(super) fn note_change(&mut self, at: usize, id: &RowId) {
        if let Some((of, batch, _)) = &mut self.in_progress
            && *of == at
        {
            batch.note_change(id);
        }
    }

    /// A change of this row arrived without its columns.
    pub(super) fn expect_change(&mut self, at: usize, id: &RowId) {
        if self.known.contains(&(at, id.clone())) {
            self.changed.insert((at, id.clone()));
        }
    }

    /// What is held of this row is known not to be all of it.
    pub(super) fn is_change_expected(&self, at: usize, id: &RowId) -> bool {
        !self.changed.is_empty() && self.changed.contains(&(at, id.clone()))
    }

    /// Asks for a row by key, soon.
    pub(super) fn look_up(&mut self, at: usize, id: RowId, now: Duration) -> Result<(), GaveUp> {
        self.look_up_again(at, id, MAX_TRIES, now)
    }

    fn look_up_again(&mut self, at: usize, id: RowId, tries: u8, now: Duration) -> Result<(), GaveUp> {
        if tries == 0 || self.waiting.len() >= MAX_WAITING {
            self.settle(at, &id);
            return Err(GaveUp);
        }
        if self.known.insert((at, id.clone())) {
            if self.waiting.is_empty() {
                self.due = Some(now + COLLECT);
            }
            self.waiting.push_back((at, id, tries));
        }
        Ok(())
    }

    fn settle(&mut self, at: usize, id: &RowId) {
        let row = (at, id.clone());
        self.changed.remove(&row);
        self.suspected.remove(&row);
    }

    /// Asks for the next rows when it is time, and gives up a request whose answer was lost.
    pub(super) fn run(&mut self, is_following: bool, requests: &mut Requests<'_, '_>) -> Result<(), GaveUp> {
        let now = requests.call.at();
        if self.due(is_following).is_none_or(|due| now < due) {
            return Ok(());
        }
        if self.in_progress.is_some() {
            return self.failed(now);
        }
        let Some((at, ..)) = self.waiting.front().cloned() else {
            return Ok(());
        };
        // All of one source, in their order.
        let mut tries_left = HashMap::new();
        let mut of_source = VecDeque::new();
        let mut rest = VecDeque::new();
        for (of, id, tries) in self.waiting.drain(..) {
            if of == at && of_source.len() < BATCH_ROWS {
                tries_left.insert(id.clone(), tries);
                of_source.push_back(id);
            } else {
                rest.push_back((of, id, tries));
            }
        }
        let batch = Batch::request(at, &mut of_source, BATCH_ROWS, requests);
        for id in of_source.into_iter().rev() {
            let tries = tries_left.get(&id).copied().unwrap_or(MAX_TRIES);
            rest.push_front((at, id, tries));
        }
        self.waiting = rest;
        let Some(batch) = batch else { return Ok(()) };
        let tries = batch.rows.keys().filter_map(|id| tries_left.get(id)).min();
        let tries = tries.copied().unwrap_or(MAX_TRIES);
        for id in batch.rows.keys() {
            self.known.remove(&(at, id.clone()));
        }
        self.due = Some(now);
        self.in_progress = Some((at, batch, tries));
        Ok(())
    }

    /// True when this is the request in progress.
    pub(super) fn owns(&self, request: u64) -> bool {
        matches!(&self.in_progress, Some((_, batch, _)) if batch.id == request)
    }

    /// The request in progress failed.
    pub(super) fn failed(&mut self, now: Duration) -> Result<(), GaveUp> {
        let Some((at, batch, tries)) = self.in_progress.take() else {
            return Ok(());
        };
        let mut result = Ok(());
        for (id, _) in batch.rows {
            result = result.and(self.look_up_again(at, id, tries - 1, now));
        }
        self.due = Some(now + RETRY_AFTER);
        result
    }

    /// Takes the answer to the request in progress. Returns the rows to apply.
    pub(super) fn answer(
        &mut self,
        page: Page,
        sources: &mut Sources,
        now: Duration,
    ) -> (Vec<FoundRow>, Result<(), GaveUp>) {
        let (mut rows, mut result) = (Vec::new(), Ok(()));
        let Some((at, batch, tries)) = self.in_progress.take() else {
            return (rows, result);
        };
        let mut found = sources.by_key(at, page);
        let mut is_lagging = false;
        for (id, has_changed) in batch.rows {
            if has_changed {
                // The answer may be older than the change, which is all that is needed unless it is incomplete.
                if sources.is_incomplete(at, &id) || self.is_change_expected(at, &id) {
                    result = result.and(self.look_up_again(at, id, tries - 1, now));
                } else {
                    self.settle(at, &id);
                }
                continue;
            }
            let record = found.remove(&id);
            if self.contradicts(at, &id, record.as_ref(), sources) && self.suspected.insert((at, id.clone())) {
                is_lagging = true;
                result = result.and(self.look_up_again(at, id, tries - 1, now));
                continue;
            }
            self.settle(at, &id);
            rows.push((at, id, record));
        }
        if is_lagging {
            self.due = Some(now + REPLICA_LAG);
        }
        (rows, result)
    }

    /// Whether an answer contradicts the stream: it may be older, or a change may be on its way.
    fn contradicts(&self, at: usize, id: &RowId, answer: Option<&Record>, sources: &Sources) -> bool {
        let Some(tracked) = sources.get(at) else { return false };
        let Some(answer) = answer else { return true };
        tracked.rows.get(id).is_some_and(|held| {
            // Where a change is expected, an answer that shows none is the suspicious one.
            tracked.columns.agree(held, answer) == self.is_change_expected(at, id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::testing;

    #[test]
    fn a_row_is_asked_for_once_and_given_up_after_five_failures() {
        let mut fixture = testing::Fixture::new(1);
        let mut lookups = Lookups::default();
        for _ in 0..2 {
            lookups.look_up(0, "a".into(), Duration::ZERO).expect("room");
        }
        let mut asked = 0;
        let mut given_up = false;
        for second in 1..100 {
            fixture.at = Duration::from_secs(second);
            if fixture.request(|requests| lookups.run(true, requests)).is_err() {
                given_up = true;
            }
            asked += fixture.fetched().len();
            if lookups.is_reading() {
                given_up |= lookups.failed(fixture.at).is_err();
            }
        }
        assert_eq!((asked, given_up), (5, true));
    }

    #[test]
    fn an_answer_that_contradicts_the_stream_is_asked_for_again_and_then_believed() {
        let mut fixture = testing::Fixture::new(1);
        fixture.hold(0, "1", r#"{"id":"1","n":2}"#);
        let mut lookups = Lookups::default();
        lookups.look_up(0, "1".into(), Duration::ZERO).expect("room");
        let older = || vec![testing::record(r#"{"id":"1","n":1}"#)];
        for is_believed in [false, true] {
            fixture.at += Duration::from_secs(2);
            fixture.request(|requests| lookups.run(true, requests)).expect("room");
            let (rows, result) = lookups.answer(older(), &mut fixture.sources, fixture.at);
            assert_eq!((rows.len(), result), (usize::from(is_believed), Ok(())));
        }
    }

    #[test]
    fn waiting_rows_are_bounded() {
        let mut lookups = Lookups::default();
        for row in 0..MAX_WAITING {
            let id = RowId::from(row.to_string().as_str());
            assert_eq!(lookups.look_up(0, id, Duration::ZERO), Ok(()));
        }
        assert_eq!(lookups.look_up(0, "more".into(), Duration::ZERO), Err(GaveUp));
    }
}
