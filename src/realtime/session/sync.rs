//! Reading a snapshot: pages by key until an empty one, a moment for late changes, then a look at the doubtful rows.
//! What is done with it is in `merge`.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{
    Out, Phase, Session,
    lookup::{ANSWER_DEADLINE, BATCH_BYTES, BATCH_ROWS, Batch},
    stream::MAX_ROWS,
};
use crate::{
    domain::{Level, RowId},
    realtime::{
        api::{Action, Page, PageError, PageQuery, PageRequest},
        refusal::Class,
        store::{Fold, Rows},
    },
};

/// A resync begins to keep changes this long before it reads, because a change may be told a moment before a reader
/// can see it.
const LEAD: Duration = Duration::from_millis(500);
/// From the last page to the merge: changes older than a page arrive up to 0.7 s late, and would be seen as a row that
/// jumps back and forth (R38).
const SETTLE: Duration = Duration::from_millis(700);
/// A table that had rows and now has none is read a second time, this much later, before it is believed.
const EMPTY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Failures in a row of one request before the snapshot is given up.
const MAX_FAILURES: u32 = 4;
/// First delay after a failure; it doubles.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Longest time that a server may make us wait.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Smallest page asked for when the database cannot read larger ones in time.
const MIN_PAGE: usize = 50;

/// Why a snapshot is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The channel is new: nothing is known of what happened before.
    First,
    /// Changes were lost on this channel.
    Gap,
    /// To be sure.
    Audit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Changes are kept; reading has not begun.
    Armed,
    Lead {
        until: Duration,
    },
    Pages,
    Settle {
        until: Duration,
    },
    Doubtful,
}

/// A snapshot under way, and the changes that wait for it.
#[derive(Debug)]
pub(super) struct Sync {
    pub why: Why,
    stage: Stage,
    pub tables: Vec<Reading>,
    /// A change was lost since it began: it is read all over again. Of first ones only; others are followed by another.
    pub tainted: bool,
    page_size: usize,
}

/// One table of it.
#[derive(Debug)]
pub(super) struct Reading {
    pub fresh: Rows,
    pub fold: Fold,
    cursor: Option<RowId>,
    limit: usize,
    /// The page asked for: its id, and when it counts as lost.
    request: Option<(u64, Duration)>,
    retry_at: Option<Duration>,
    failures: u32,
    done: bool,
    was_empty: bool,
    doubtful: VecDeque<RowId>,
    batch: Option<Batch>,
}

impl Reading {
    fn new(limit: usize) -> Self {
        Self {
            fresh: Rows::default(),
            fold: Fold::default(),
            cursor: None,
            limit: limit.max(1),
            request: None,
            retry_at: None,
            failures: 0,
            done: false,
            was_empty: false,
            doubtful: VecDeque::new(),
            batch: None,
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
}

impl Sync {
    /// For a channel that is joined but not confirmed: changes are kept from now on.
    pub fn first(tables: usize, page_size: usize) -> Self {
        Self::new(Why::First, Stage::Armed, tables, page_size)
    }

    fn new(why: Why, stage: Stage, tables: usize, page_size: usize) -> Self {
        Self {
            why,
            stage,
            tables: (0..tables).map(|_| Reading::new(page_size)).collect(),
            tainted: false,
            page_size,
        }
    }

    pub fn is_reading(&self) -> bool {
        self.tables
            .iter()
            .any(|table| table.request.is_some() || table.batch.is_some())
    }

    pub fn due(&self) -> Option<Duration> {
        match self.stage {
            Stage::Armed => None,
            Stage::Lead { until } | Stage::Settle { until } => Some(until),
            Stage::Pages | Stage::Doubtful => self.tables.iter().filter_map(Reading::due).min(),
        }
    }

    /// Throws away what was read and kept: it may have a hole in it.
    fn start_over(&mut self) {
        self.tainted = false;
        for table in &mut self.tables {
            *table = Reading::new(self.page_size);
        }
    }
}

impl Session {
    /// A snapshot while live.
    pub(super) fn start_sync(&mut self, why: Why, out: &mut Out<'_>) {
        let until = out.at() + LEAD;
        self.sync = Some(Sync::new(
            why,
            Stage::Lead { until },
            self.tables.len(),
            self.config.page_size,
        ));
    }

    /// Reads the first pages, or all over again: changes kept before a hole must not be laid over what was read after
    /// it.
    pub(super) fn begin_sync(&mut self, out: &mut Out<'_>) {
        let Some(sync) = &mut self.sync else { return };
        if sync.stage != Stage::Armed || sync.tainted {
            sync.start_over();
        }
        self.read_pages(out);
    }

    fn read_pages(&mut self, out: &mut Out<'_>) {
        let Some(sync) = &mut self.sync else { return };
        sync.stage = Stage::Pages;
        for at in 0..self.tables.len() {
            self.ask_for_page(at, out);
        }
    }

    /// Where changes of this table wait, while a snapshot is under way.
    pub(super) fn fold(&mut self, at: usize) -> Option<&mut Fold> {
        Some(&mut self.sync.as_mut()?.tables.get_mut(at)?.fold)
    }

    /// A change came for this row.
    pub(super) fn touch(&mut self, at: usize, id: &RowId) {
        self.lookups.touch(at, id);
        self.plan.explain(at, id);
        if let Some(sync) = &mut self.sync
            && let Some(batch) = sync.tables.get_mut(at).and_then(|table| table.batch.as_mut())
        {
            batch.touch(id);
        }
    }

    fn ask_for_page(&mut self, at: usize, out: &mut Out<'_>) {
        let id = self.page_id();
        let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get(at)) else {
            return;
        };
        let Some(reading) = sync.tables.get_mut(at) else { return };
        reading.retry_at = None;
        reading.request = Some((id, out.at() + ANSWER_DEADLINE));
        out.act(Action::Fetch(PageRequest {
            id,
            table: tracked.table.clone(),
            query: PageQuery::After {
                after: reading.cursor.clone(),
                limit: reading.limit,
            },
        }));
    }

    /// An answer from REST. One that nobody waits for is dropped.
    pub(super) fn page(&mut self, id: u64, result: Result<Page, PageError>, out: &mut Out<'_>) {
        if self.is_lookup(id) {
            return self.looked_up(result, out);
        }
        let Some(sync) = &mut self.sync else { return };
        let is_page = |reading: &Reading| reading.request.is_some_and(|(asked, _)| asked == id);
        let is_batch = |reading: &Reading| reading.batch.as_ref().is_some_and(|batch| batch.id == id);
        if let Some(at) = sync.tables.iter().position(is_page) {
            match result {
                Ok(page) => self.take_page(at, page, out),
                Err(error) => self.page_failed(at, error, out),
            }
        } else if let Some(at) = sync.tables.iter().position(is_batch) {
            match result {
                Ok(page) => self.take_batch(at, page, out),
                Err(error) => self.page_failed(at, error, out),
            }
        }
    }

    fn take_page(&mut self, at: usize, page: Page, out: &mut Out<'_>) {
        let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get(at)) else {
            return;
        };
        let Some(reading) = sync.tables.get_mut(at) else { return };
        reading.request = None;
        if page.is_empty() {
            let vanished = reading.fresh.is_empty() && !tracked.rows.is_empty() && !reading.was_empty;
            if vanished {
                reading.was_empty = true;
                reading.retry_at = Some(out.at() + EMPTY_AGAIN_AFTER);
            } else {
                reading.done = true;
                self.settle_if_read(out);
            }
            return;
        }
        let before = reading.fresh.len();
        let mut last = None;
        for record in page {
            let Some(id) = record.get(&tracked.table.key).and_then(RowId::from_value) else {
                continue;
            };
            last = Some(id.clone());
            let known = tracked.rows.get(&id).filter(|known| ***known == record);
            let record = match known {
                Some(known) => known.clone(),
                None => Arc::new(self.names.share(record)),
            };
            reading.fresh.set(id, record);
        }
        let name = format!("{}.{}", tracked.table.schema, tracked.table.table);
        let Some(last) = last else {
            let (key, kind) = (&tracked.table.key, tracked.table.kind.plural());
            let text = format!("{name} has no usable column {key}; set the key column in [tables.{kind}] id");
            return self.sync_failed(&text, Class::Fatal, out);
        };
        if reading.fresh.len() > MAX_ROWS {
            let text = format!("{name} has more than {MAX_ROWS} rows; point the setting at a view or a smaller table");
            return self.sync_failed(&text, Class::Fatal, out);
        }
        if reading.fresh.len() == before {
            // It would go on for ever.
            let error = PageError::Transient {
                text: format!("{name}: the server gave the same rows twice"),
                retry_after: None,
            };
            return self.page_failed(at, error, out);
        }
        reading.cursor = Some(last);
        reading.failures = 0;
        self.ask_for_page(at, out);
    }

    fn page_failed(&mut self, at: usize, error: PageError, out: &mut Out<'_>) {
        let Some(reading) = self.sync.as_mut().and_then(|sync| sync.tables.get_mut(at)) else {
            return;
        };
        reading.request = None;
        if let Some(batch) = reading.batch.take() {
            reading.doubtful.extend(batch.rows.into_keys());
        }
        let (text, wait) = match error {
            PageError::Fatal(text) => {
                let text = self.clean(&text);
                return self.sync_failed(&text, Class::Fatal, out);
            }
            PageError::TooLarge(text) => {
                let smaller = (reading.limit / 2).max(MIN_PAGE);
                if smaller < reading.limit {
                    reading.limit = smaller;
                    reading.retry_at = Some(out.at());
                    return;
                }
                (text, None)
            }
            PageError::Transient { text, retry_after } => (text, retry_after),
        };
        reading.failures += 1;
        if reading.failures > MAX_FAILURES {
            let text = format!("the snapshot could not be read ({})", self.clean(&text));
            return self.sync_failed(&text, Class::Retry, out);
        }
        let own = AGAIN_AFTER * (1 << (reading.failures - 1));
        let wait = wait.unwrap_or_default().clamp(own, MAX_RETRY_AFTER);
        reading.retry_at = Some(out.at() + wait);
    }

    /// The snapshot cannot be had. Without it a new channel cannot be live, nor can a gap be closed; an audit can wait.
    pub(super) fn sync_failed(&mut self, text: &str, class: Class, out: &mut Out<'_>) {
        let Some(sync) = &self.sync else { return };
        match sync.why {
            Why::First | Why::Gap => self.lose(text.to_owned(), class, out),
            Why::Audit => {
                self.sync = None;
                self.say(
                    Level::Warn,
                    "audit_failed",
                    &format!("The tables could not be checked: {text}."),
                    out,
                );
                self.postpone_audit(out);
            }
        }
    }

    fn settle_if_read(&mut self, out: &mut Out<'_>) {
        if let Some(sync) = &mut self.sync
            && sync.stage == Stage::Pages
            && sync.tables.iter().all(|reading| reading.done)
        {
            sync.stage = Stage::Settle {
                until: out.at() + SETTLE,
            };
        }
    }

    pub(super) fn run_sync(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        let Some(sync) = &mut self.sync else { return };
        if sync.due().is_none_or(|due| now < due) {
            return;
        }
        match sync.stage {
            Stage::Armed => {}
            Stage::Lead { .. } => self.read_pages(out),
            Stage::Settle { .. } if sync.tainted => self.begin_sync(out),
            Stage::Settle { .. } => {
                sync.stage = Stage::Doubtful;
                for reading in &mut sync.tables {
                    reading.doubtful = reading.fold.doubtful(&reading.fresh).into();
                }
                self.ask_for_doubtful(out);
            }
            Stage::Pages | Stage::Doubtful => self.run_requests(out),
        }
    }

    /// Requests to be repeated, and requests whose answers were lost.
    fn run_requests(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        for at in 0..self.tables.len() {
            let Some(sync) = &mut self.sync else { return };
            let stage = sync.stage;
            let Some(reading) = sync.tables.get_mut(at) else { return };
            if reading.retry_at.is_some_and(|retry| now >= retry) {
                reading.retry_at = None;
                if stage == Stage::Pages {
                    self.ask_for_page(at, out);
                }
            } else if reading.due().is_some_and(|due| now >= due) {
                let error = PageError::Transient {
                    text: "no answer".to_owned(),
                    retry_after: None,
                };
                self.page_failed(at, error, out);
            }
        }
        if self.sync.as_ref().is_some_and(|sync| sync.stage == Stage::Doubtful) {
            self.ask_for_doubtful(out);
        }
    }

    /// One request per table at a time, until none is doubtful; then the snapshot is merged.
    fn ask_for_doubtful(&mut self, out: &mut Out<'_>) {
        for at in 0..self.tables.len() {
            let id = self.page_id();
            let (Some(sync), Some(tracked)) = (&mut self.sync, self.tables.get(at)) else {
                return;
            };
            let Some(reading) = sync.tables.get_mut(at) else { return };
            if !reading.is_idle() || reading.doubtful.is_empty() {
                continue;
            }
            let most = BATCH_ROWS.min(reading.limit);
            let (mut ids, mut bytes) = (Vec::new(), 0);
            while ids.len() < most
                && let Some(next) = reading.doubtful.front()
                && (ids.is_empty() || bytes + next.as_str().len() <= BATCH_BYTES)
            {
                bytes += next.as_str().len();
                ids.extend(reading.doubtful.pop_front());
            }
            reading.batch = Some(Batch {
                id,
                deadline: out.at() + ANSWER_DEADLINE,
                rows: ids.iter().map(|id| (id.clone(), false)).collect(),
            });
            out.act(Action::Fetch(PageRequest {
                id,
                table: tracked.table.clone(),
                query: PageQuery::Ids(ids),
            }));
        }
        let is_done = |reading: &Reading| reading.is_idle() && reading.doubtful.is_empty();
        if self.sync.as_ref().is_some_and(|sync| sync.tables.iter().all(is_done)) {
            self.finish_sync(out);
        }
    }

    fn take_batch(&mut self, at: usize, page: Page, out: &mut Out<'_>) {
        let mut found: HashMap<_, _> = self.by_key(at, page);
        let Some(reading) = self.sync.as_mut().and_then(|sync| sync.tables.get_mut(at)) else {
            return;
        };
        reading.failures = 0;
        for (id, moved) in reading.batch.take().map(|batch| batch.rows).unwrap_or_default() {
            // A row that changed meanwhile stays doubtful: it is looked up again when live.
            if !moved {
                let row = found.remove(&id);
                reading.fold.settle(&id, row);
            }
        }
        self.ask_for_doubtful(out);
    }

    /// The database does not confirm any more: nothing that is read now can be relied on until it does again.
    pub(super) fn pause_following(&mut self, out: &mut Out<'_>) {
        if self.sync.as_ref().is_some_and(Sync::is_reading) || self.lookups.is_reading() {
            out.act(Action::CancelFetches);
        }
        self.lookups.clear();
        self.retry.end_live(out.at());
        self.sync = self
            .config
            .snapshots
            .then(|| Sync::first(self.tables.len(), self.config.page_size));
        debug_assert!(matches!(self.phase, Phase::Subscribing { .. }));
    }
}
