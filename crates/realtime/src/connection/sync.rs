//! A snapshot in progress: pages by key until an empty one, a pause for late changes, a look-up of the rows that
//! changes and pages disagree about; and the changes that wait for it.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::{
    Requests,
    lookups::{ANSWER_DEADLINE, Batch},
    sources::{MAX_ROWS, Sources, Upsert},
    standing::Way,
};
use crate::{
    Remedies,
    api::{Page, PageError, PageQuery},
    event::Change,
    refusal::Class,
    store::{Difference, Fold, Overflow, Rows, difference, lay_over},
};
use model::{Op, RowId, format::grouped};

/// A resync begins to keep changes this long before it reads, because a change may be reported a moment before a
/// reader can see it.
const LEAD: Duration = Duration::from_millis(500);
/// From the last page to the merge: changes older than a page arrive up to 0.7 s late, and would be seen as a row that
/// jumps back and forth (docs/realtime-protocol.md, R38).
const SETTLE: Duration = Duration::from_millis(700);
/// Delay after which a source that had rows and now has none is read a second time, before that is believed.
const EMPTY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Failures in a row of one request before the snapshot is given up.
const MAX_FAILURES: u32 = 4;
/// First delay after a failure; it doubles.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Longest delay that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Smallest page asked for when the database cannot read larger ones in time.
const MIN_PAGE: usize = 50;

/// Why a snapshot is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The channel is new: what happened before is unknown.
    First,
    /// Changes were lost on this channel.
    Gap,
    /// No loss is known: a check.
    Audit,
    /// Single sources are read that cannot be followed, or could not be read before.
    Poll,
}

impl Why {
    /// The word in [`crate::Resync`].
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Gap => "gap",
            Self::Audit => "audit",
            Self::Poll => "poll",
        }
    }
}

/// What a step led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is read: merge it.
    Complete,
    /// It cannot be had.
    Failed { text: String, class: Class },
    /// The token has expired: the request is repeated, and a fresh token is needed.
    TokenExpired,
    /// One source cannot be read; others can.
    Unreadable { at: usize, text: String, cause: Unread },
}

/// Why one source cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Another attempt may succeed.
    Failed,
    /// Another attempt does not help by itself.
    Refused,
    /// Neither does it, but the stream may bring its changes.
    NotExposed,
    /// It has more rows than are held. To find that out costs as much as reading them all.
    TooMany,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Changes are kept; reading waits for the database's confirmation.
    Waiting,
    Lead {
        until: Duration,
    },
    Pages,
    Settle {
        until: Duration,
    },
    /// Rows that changes and pages disagree about are looked up.
    Unverified,
}

/// A snapshot in progress.
#[derive(Debug)]
pub(super) struct Sync {
    why: Why,
    since: Duration,
    stage: Stage,
    readings: Vec<SourceSnapshot>,
    /// It is read all over again: a change was lost since it began (only for first ones; others are followed by
    /// another), or its pages are of two users.
    must_restart: bool,
    page_size: usize,
}

/// One source of it.
#[derive(Debug)]
struct SourceSnapshot {
    fresh: Rows,
    fold: Fold,
    cursor: Option<RowId>,
    limit: usize,
    /// The page asked for: its id, and when it counts as lost.
    request: Option<(u64, Duration)>,
    retry_at: Option<Duration>,
    failures: u32,
    is_done: bool,
    /// Rows that had the key of the row before them.
    rows_merged: usize,
    /// The source is not part of this snapshot.
    is_left_out: bool,
    /// The source cannot be read: what is held of it stays.
    unread: Option<(Unread, String)>,
    was_empty: bool,
    unverified: VecDeque<RowId>,
    batch: Option<Batch>,
}

impl SourceSnapshot {
    fn new(limit: usize) -> Self {
        Self {
            fresh: Rows::default(),
            fold: Fold::default(),
            cursor: None,
            limit: limit.max(1),
            request: None,
            retry_at: None,
            failures: 0,
            is_done: false,
            rows_merged: 0,
            is_left_out: false,
            unread: None,
            was_empty: false,
            unverified: VecDeque::new(),
            batch: None,
        }
    }

    /// One that is not part of the snapshot.
    fn left_out() -> Self {
        Self {
            is_done: true,
            is_left_out: true,
            ..Self::new(1)
        }
    }

    fn due(&self) -> Option<Duration> {
        let page = self.request.map(|(_, deadline)| deadline);
        let batch = self.batch.as_ref().map(|batch| batch.deadline);
        [page, batch, self.retry_at].into_iter().flatten().min()
    }

    fn is_idle(&self) -> bool {
        self.request.is_none() && self.batch.is_none() && self.retry_at.is_none()
    }

    fn ask_for_page(&mut self, at: usize, requests: &mut Requests<'_, '_>) {
        self.retry_at = None;
        let query = PageQuery::After {
            after: self.cursor.clone(),
            limit: self.limit,
        };
        let deadline = requests.call.at() + ANSWER_DEADLINE;
        self.request = requests.page(at, query).map(|id| (id, deadline));
    }
}

/// What merging a snapshot changed.
#[derive(Debug, Default)]
pub(super) struct Merged {
    /// The differences, for the reader.
    pub(super) changes: Vec<Change>,
    /// Rows that were new.
    pub(super) added: usize,
    /// Rows whose columns differed.
    pub(super) changed: usize,
    /// Rows that were no longer there.
    pub(super) removed: usize,
    /// Rows that differed in more than in how values are written, in an audit.
    pub(super) corrected: Vec<(usize, RowId)>,
    /// Rows that have to be looked up.
    pub(super) unverified: Vec<(usize, RowId)>,
    /// The sources that were read, and how many of their rows differed.
    pub(super) read: Vec<(usize, usize)>,
    /// The sources that could not be read.
    pub(super) unread: Vec<usize>,
}

impl Sync {
    /// For a channel that is joined but not confirmed: changes are kept from now on.
    pub(super) fn first(sources: usize, page_size: usize, at: Duration) -> Self {
        Self::new(Why::First, Stage::Waiting, sources, page_size, at)
    }

    /// A snapshot while live.
    pub(super) fn resync(why: Why, sources: usize, page_size: usize, at: Duration) -> Self {
        Self::new(why, Stage::Lead { until: at + LEAD }, sources, page_size, at)
    }

    /// The same without some of the sources, of which everything stays as it is.
    pub(super) fn without(mut self, is_left_out: impl Fn(usize) -> bool) -> Self {
        for (at, reading) in self.readings.iter_mut().enumerate() {
            if is_left_out(at) {
                *reading = SourceSnapshot::left_out();
            }
        }
        self
    }

    fn new(why: Why, stage: Stage, sources: usize, page_size: usize, since: Duration) -> Self {
        Self {
            why,
            since,
            stage,
            readings: (0..sources).map(|_| SourceSnapshot::new(page_size)).collect(),
            must_restart: false,
            page_size,
        }
    }

    /// Why it is read.
    pub(super) fn why(&self) -> Why {
        self.why
    }

    /// When it was begun.
    pub(super) fn since(&self) -> Duration {
        self.since
    }

    /// It has to be read all over again before it is merged.
    pub(super) fn restart_later(&mut self) {
        self.must_restart = true;
    }

    /// A request is in progress.
    pub(super) fn is_reading(&self) -> bool {
        self.readings
            .iter()
            .any(|reading| reading.request.is_some() || reading.batch.is_some())
    }

    /// When there is something to do next.
    pub(super) fn due(&self) -> Option<Duration> {
        match self.stage {
            Stage::Waiting => None,
            Stage::Lead { until } | Stage::Settle { until } => Some(until),
            Stage::Pages | Stage::Unverified => self.readings.iter().filter_map(SourceSnapshot::due).min(),
        }
    }

    /// Reads the first pages; or reads all over again, because changes kept before a gap must not be laid over what is
    /// read after it.
    pub(super) fn begin(&mut self, requests: &mut Requests<'_, '_>) {
        if self.stage != Stage::Waiting || self.must_restart {
            self.must_restart = false;
            for reading in self.readings.iter_mut().filter(|reading| !reading.is_left_out) {
                *reading = SourceSnapshot::new(self.page_size);
            }
        }
        self.read_pages(requests);
    }

    fn read_pages(&mut self, requests: &mut Requests<'_, '_>) {
        self.stage = Stage::Pages;
        for (at, reading) in self
            .readings
            .iter_mut()
            .enumerate()
            .filter(|(_, reading)| !reading.is_left_out)
        {
            reading.ask_for_page(at, requests);
        }
    }

    /// Does what is due.
    pub(super) fn run(&mut self, requests: &mut Requests<'_, '_>) -> Option<Outcome> {
        let now = requests.call.at();
        self.due().filter(|due| now >= *due)?;
        match self.stage {
            Stage::Waiting => None,
            Stage::Lead { .. } => {
                self.read_pages(requests);
                None
            }
            Stage::Settle { .. } if self.must_restart => {
                self.begin(requests);
                None
            }
            Stage::Settle { .. } => {
                self.stage = Stage::Unverified;
                for reading in &mut self.readings {
                    reading.unverified = reading.fold.unverified(&reading.fresh).into();
                }
                self.verify(requests)
            }
            Stage::Pages | Stage::Unverified => self.repeat_requests(requests),
        }
    }

    /// Repeats requests that failed, and takes those whose answers were lost for failed.
    fn repeat_requests(&mut self, requests: &mut Requests<'_, '_>) -> Option<Outcome> {
        let now = requests.call.at();
        let mut outcome = None;
        for at in 0..self.readings.len() {
            let reading = self.readings.get_mut(at)?;
            if reading.retry_at.is_some_and(|retry| now >= retry) {
                reading.retry_at = None;
                if self.stage == Stage::Pages {
                    reading.ask_for_page(at, requests);
                }
            } else if reading.due().is_some_and(|due| now >= due) {
                let error = PageError::Transient {
                    text: "no answer".to_owned(),
                    retry_after: None,
                };
                outcome = self.failed(at, error, false, now);
                if matches!(outcome, Some(Outcome::Failed { .. } | Outcome::Unreadable { .. })) {
                    return outcome;
                }
            }
        }
        if self.stage == Stage::Unverified {
            return self.verify(requests).or(outcome);
        }
        outcome
    }

    /// Looks up what is unverified, one request per source at a time.
    fn verify(&mut self, requests: &mut Requests<'_, '_>) -> Option<Outcome> {
        for (at, reading) in self.readings.iter_mut().enumerate() {
            if reading.is_idle() {
                reading.batch = Batch::request(at, &mut reading.unverified, reading.limit, requests);
            }
        }
        let is_done = |reading: &SourceSnapshot| reading.is_idle() && reading.unverified.is_empty();
        self.readings.iter().all(is_done).then_some(Outcome::Complete)
    }

    /// Takes the answer to a request, if it is one of this snapshot's. `sign_in`: an expired token can be renewed.
    /// `is_other_reader`: the rows held were read by another user.
    pub(super) fn answer(
        &mut self,
        id: u64,
        result: Result<Page, PageError>,
        sign_in: bool,
        is_other_reader: bool,
        remedies: &Remedies,
        requests: &mut Requests<'_, '_>,
    ) -> Option<Outcome> {
        let is_page = |reading: &SourceSnapshot| reading.request.is_some_and(|(asked, _)| asked == id);
        let is_batch = |reading: &SourceSnapshot| reading.batch.as_ref().is_some_and(|batch| batch.id == id);
        let at = self
            .readings
            .iter()
            .position(|reading| is_page(reading) || is_batch(reading))?;
        let is_page = is_page(self.readings.get(at)?);
        match result {
            Err(error) => self.failed(at, error, sign_in, requests.call.at()),
            Ok(page) if is_page => self.take_page(at, page, is_other_reader, remedies, requests),
            Ok(page) => {
                self.take_rows(at, page, requests.sources)?;
                self.verify(requests)
            }
        }
    }

    fn take_page(
        &mut self,
        at: usize,
        page: Page,
        is_other_reader: bool,
        remedies: &Remedies,
        requests: &mut Requests<'_, '_>,
    ) -> Option<Outcome> {
        let now = requests.call.at();
        let reading = self.readings.get_mut(at)?;
        let (tracked, names) = requests.sources.get_mut(at)?;
        let name = tracked.source.name();
        reading.request = None;
        tracked.note_readable();
        if page.is_empty() {
            let has_vanished = reading.fresh.is_empty() && !tracked.rows.is_empty() && !reading.was_empty;
            if has_vanished && is_other_reader {
                // It may be that this user just does not see them (docs/realtime-protocol.md, R20 and S09).
                return Some(Outcome::Failed {
                    text: format!(
                        "{name} reads as empty since another user signed in; its rows are kept; reconnect if it is empty for that user"
                    ),
                    class: Class::Refresh(None),
                });
            }
            if has_vanished {
                reading.was_empty = true;
                reading.retry_at = Some(now + EMPTY_AGAIN_AFTER);
            } else {
                reading.is_done = true;
                self.settle_if_read(now);
            }
            return None;
        }
        let before = reading.fresh.len();
        let mut last = None;
        for record in page {
            let Some(id) = tracked.source.id_of(&record) else {
                continue;
            };
            // A page is in the order of the key, so that rows with one key are neighbours.
            reading.rows_merged += usize::from(last.as_ref() == Some(&id));
            last = Some(id.clone());
            let known = tracked.rows.get(&id).filter(|known| **known == record);
            let record = match known {
                Some(known) => known.clone(),
                None => names.share(record),
            };
            reading.fresh.set(id, record);
        }
        let Some(last) = last else {
            let (key, noun) = (tracked.source.key.join(", "), &tracked.source.noun.1);
            let remedy = remedies.key_column.replace("{source}", noun);
            let text = format!("{name} has no usable column {key}; {remedy}");
            return self.unreadable(at, text, Unread::Refused, now);
        };
        if reading.fresh.len() > MAX_ROWS {
            let most = grouped(MAX_ROWS as u64);
            let text = format!("{name} has more than {most} rows; point the setting at a view or a smaller table");
            return self.unreadable(at, text, Unread::TooMany, now);
        }
        if reading.fresh.len() == before {
            // It would go on for ever.
            let error = PageError::Transient {
                text: format!("{name}: the server gave the same rows twice"),
                retry_after: None,
            };
            return self.failed(at, error, false, now);
        }
        reading.cursor = Some(last);
        reading.failures = 0;
        reading.ask_for_page(at, requests);
        None
    }

    /// Rows that were looked up.
    fn take_rows(&mut self, at: usize, page: Page, sources: &mut Sources) -> Option<()> {
        let mut found: HashMap<_, _> = sources.by_key(at, page);
        let reading = self.readings.get_mut(at)?;
        reading.failures = 0;
        for (id, has_changed) in reading.batch.take()?.rows {
            // A row that changed meanwhile stays unverified: it is looked up again when live.
            if !has_changed {
                let row = found.remove(&id);
                reading.fold.settle(&id, row);
            }
        }
        Some(())
    }

    fn settle_if_read(&mut self, now: Duration) {
        if self.stage == Stage::Pages && self.readings.iter().all(|reading| reading.is_done) {
            self.stage = Stage::Settle { until: now + SETTLE };
        }
    }

    /// A request of a source failed.
    fn failed(&mut self, at: usize, error: PageError, sign_in: bool, now: Duration) -> Option<Outcome> {
        let reading = self.readings.get_mut(at)?;
        reading.request = None;
        if let Some(batch) = reading.batch.take() {
            reading.unverified.extend(batch.rows.into_keys());
        }
        let mut is_expired = false;
        let (text, wait) = match error {
            PageError::Denied(text) | PageError::Fatal(text) => {
                return self.unreadable(at, text, Unread::Refused, now);
            }
            PageError::NotExposed(text) => return self.unreadable(at, text, Unread::NotExposed, now),
            PageError::Expired(text) if !sign_in => {
                let class = Class::Fatal;
                return Some(Outcome::Failed { text, class });
            }
            PageError::Expired(text) => {
                is_expired = true;
                (text, None)
            }
            PageError::TooLarge(text) => {
                let smaller = (reading.limit / 2).max(MIN_PAGE);
                if smaller < reading.limit {
                    reading.limit = smaller;
                    reading.retry_at = Some(now);
                    return None;
                }
                (text, None)
            }
            PageError::Transient { text, retry_after } => (text, retry_after),
        };
        reading.failures += 1;
        // A poll is repeated as a whole, so that it does not delay other readings.
        if reading.failures > MAX_FAILURES || self.why == Why::Poll && !is_expired {
            return self.unreadable(at, text, Unread::Failed, now);
        }
        let own = RETRY_AFTER * (1 << (reading.failures - 1));
        let wait = wait.unwrap_or_default().clamp(own, MAX_RETRY_AFTER);
        reading.retry_at = Some(now + wait);
        is_expired.then_some(Outcome::TokenExpired)
    }

    /// One source cannot be read. As long as another can, the snapshot goes on without it.
    fn unreadable(&mut self, at: usize, text: String, cause: Unread, now: Duration) -> Option<Outcome> {
        let reading = self.readings.get_mut(at)?;
        reading.unread = Some((cause, text.clone()));
        reading.is_done = true;
        reading.fresh = Rows::default();
        reading.unverified.clear();
        let is_unread = |reading: &SourceSnapshot| reading.unread.is_some() || reading.is_left_out;
        if self.why != Why::Poll && self.readings.iter().all(is_unread) {
            return Some(self.none_readable());
        }
        self.settle_if_read(now);
        Some(Outcome::Unreadable { at, text, cause })
    }

    /// No source can be read. What may succeed with another attempt is the reason for one; else the first refusal counts.
    fn none_readable(&self) -> Outcome {
        let unread = || self.readings.iter().filter_map(|reading| reading.unread.as_ref());
        match unread().find(|(cause, _)| *cause == Unread::Failed) {
            Some((_, text)) => Outcome::Failed {
                text: format!("the snapshot could not be read ({text})"),
                class: Class::Retry,
            },
            None => Outcome::Failed {
                text: unread().next().map(|(_, text)| text.clone()).unwrap_or_default(),
                class: Class::Fatal,
            },
        }
    }

    /// Goes on without a source that cannot be read.
    pub(super) fn resume(&mut self, requests: &mut Requests<'_, '_>) -> Option<Outcome> {
        match self.stage {
            Stage::Unverified => self.verify(requests),
            _ => None,
        }
    }

    /// A change of a row arrived: an answer under way may be older.
    pub(super) fn note_change(&mut self, at: usize, id: &RowId) {
        if let Some(batch) = self.readings.get_mut(at).and_then(|reading| reading.batch.as_mut()) {
            batch.note_change(id);
        }
    }

    /// Keeps an insert or update for the merge. `bytes`: its size on the wire.
    pub(super) fn keep_upsert(&mut self, at: usize, upsert: &Upsert, bytes: usize) -> Result<(), Overflow> {
        let Some(reading) = self.kept(at) else {
            return Ok(());
        };
        let fold = &mut reading.fold;
        let mut record = upsert.record.clone();
        let mut is_incomplete = upsert.is_incomplete;
        let mut is_stale = false;
        if let Some(old) = &upsert.moved_from {
            is_stale = fold.is_unknown(old);
            if !is_stale && let Some((carried, carried_incomplete)) = fold.waiting(old) {
                record = lay_over(carried, record);
                is_incomplete &= carried_incomplete;
            }
            fold.delete(old)?;
        }
        fold.upsert(&upsert.id, record, upsert.is_insert, is_incomplete, bytes)?;
        if is_stale {
            // What it would carry over dates from before a change that came without its columns.
            fold.unknown(&upsert.id)?;
        }
        Ok(())
    }

    /// Keeps a delete for the merge.
    pub(super) fn keep_delete(&mut self, at: usize, id: &RowId) -> Result<(), Overflow> {
        self.kept(at).map_or(Ok(()), |reading| reading.fold.delete(id))
    }

    /// Keeps a change that came without a usable row.
    pub(super) fn keep_unknown(&mut self, at: usize, id: &RowId) -> Result<(), Overflow> {
        self.kept(at).map_or(Ok(()), |reading| reading.fold.unknown(id))
    }

    /// The part in which changes of a source are kept, if it is read.
    fn kept(&mut self, at: usize) -> Option<&mut SourceSnapshot> {
        self.readings.get_mut(at).filter(|reading| !reading.is_left_out)
    }

    /// A source is part of it.
    pub(super) fn includes(&self, at: usize) -> bool {
        self.readings.get(at).is_some_and(|reading| !reading.is_left_out)
    }

    /// Merges what is read and kept into the sources; or hands itself back, if it has to be read all over again.
    pub(super) fn merge(self, sources: &mut Sources) -> Result<Merged, Self> {
        if self.must_restart {
            return Err(self);
        }
        let mut merged = Merged::default();
        for (at, reading) in self.readings.into_iter().enumerate() {
            let Some((tracked, _)) = sources.get_mut(at) else { break };
            // While live, changes of what is not read were applied as they came.
            let is_unreadable = reading.unread.is_some();
            if is_unreadable {
                merged.unread.push(at);
            }
            if reading.is_left_out || (is_unreadable && self.why != Why::First) {
                continue;
            }
            let mut differing = 0;
            let mut fresh = if is_unreadable {
                tracked.rows.clone()
            } else {
                tracked.set_rows_merged(reading.rows_merged);
                reading.fresh
            };
            let unverified = reading.fold.apply(&mut fresh).into_iter();
            merged.unverified.extend(unverified.map(|id| (at, id)));
            let differences = difference(&tracked.rows, &mut fresh, &tracked.columns);
            let source = tracked.id;
            for Difference {
                id,
                op,
                record,
                writing_only,
            } in differences
            {
                differing += usize::from(!writing_only);
                match op {
                    Op::Insert => merged.added += 1,
                    Op::Update => merged.changed += usize::from(!writing_only),
                    Op::Delete => merged.removed += 1,
                }
                // Changes of what is polled are not expected to arrive.
                if !writing_only && self.why == Why::Audit && tracked.way() == Way::Followed {
                    merged.corrected.push((at, id.clone()));
                }
                merged.changes.push(Change {
                    source,
                    id,
                    op,
                    record,
                    committed_ms: None,
                });
            }
            tracked.rows = fresh;
            if !is_unreadable {
                merged.read.push((at, differing));
            }
        }
        Ok(merged)
    }
}

#[cfg(test)]
mod tests;
