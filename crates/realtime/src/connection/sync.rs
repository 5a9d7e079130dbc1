//! Reading a snapshot, stage by stage: pages by key until an empty one (`pages`), a moment for late changes, then a look
//! at the doubtful rows (`doubts`). What is done with it is in `merge`.

use std::{collections::VecDeque, time::Duration};

use super::{Connection, Out, Phase, lookup::Batch};
use crate::{
    api::{Effect, PageError},
    refusal::Class,
    store::{Fold, Rows},
};
use model::{NoticeKind, RowId};

/// A resync begins to keep changes this long before it reads, because a change may be told a moment before a reader
/// can see it.
const LEAD: Duration = Duration::from_millis(500);
/// From the last page to the merge: changes older than a page arrive up to 0.7 s late, and would be seen as a row that
/// jumps back and forth (R38).
const SETTLE: Duration = Duration::from_millis(700);

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

impl Why {
    /// For the details.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Gap => "gap",
            Self::Audit => "audit",
        }
    }
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
    /// When it was begun.
    pub since: Duration,
    stage: Stage,
    pub tables: Vec<Reading>,
    /// It is read all over again: a change was lost since it began (of first ones only; others are followed by another),
    /// or its pages are of two users.
    pub tainted: bool,
    page_size: usize,
}

/// One table of it.
#[derive(Debug)]
pub(super) struct Reading {
    pub fresh: Rows,
    pub fold: Fold,
    pub cursor: Option<RowId>,
    pub limit: usize,
    /// The page asked for: its id, and when it counts as lost.
    pub request: Option<(u64, Duration)>,
    pub retry_at: Option<Duration>,
    pub failures: u32,
    pub done: bool,
    /// The table cannot be read: what is known of it stays.
    pub denied: bool,
    pub was_empty: bool,
    pub doubtful: VecDeque<RowId>,
    pub batch: Option<Batch>,
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
            denied: false,
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

    pub fn is_idle(&self) -> bool {
        self.request.is_none() && self.batch.is_none() && self.retry_at.is_none()
    }
}

impl Sync {
    /// For a channel that is joined but not confirmed: changes are kept from now on.
    pub fn first(tables: usize, page_size: usize, at: Duration) -> Self {
        Self::new(Why::First, Stage::Armed, tables, page_size, at)
    }

    fn new(why: Why, stage: Stage, tables: usize, page_size: usize, since: Duration) -> Self {
        Self {
            why,
            since,
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

impl Connection {
    /// A snapshot while live.
    pub(super) fn start_sync(&mut self, why: Why, out: &mut Out<'_>) {
        let until = out.at() + LEAD;
        self.sync = Some(Sync::new(
            why,
            Stage::Lead { until },
            self.tables.len(),
            self.config.page_size,
            out.at(),
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

    /// The snapshot cannot be had. Without it a new channel cannot be live, nor can a gap be closed; an audit can wait.
    pub(super) fn sync_failed(&mut self, text: &str, class: Class, out: &mut Out<'_>) {
        let Some(sync) = &self.sync else { return };
        match sync.why {
            Why::First | Why::Gap => self.lose(text.to_owned(), class, out),
            Why::Audit => {
                self.sync = None;
                self.say(
                    NoticeKind::AuditFailed,
                    &format!("The tables could not be checked: {text}."),
                    out,
                );
                self.postpone_audit(out);
            }
        }
    }

    pub(super) fn settle_if_read(&mut self, out: &mut Out<'_>) {
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

    /// The database does not confirm any more: nothing that is read now can be relied on until it does again.
    pub(super) fn pause_following(&mut self, out: &mut Out<'_>) {
        if self.sync.as_ref().is_some_and(Sync::is_reading) || self.lookups.is_reading() {
            out.act(Effect::CancelFetches);
        }
        self.lookups.clear();
        self.retry.end_live(out.at());
        self.sync = self
            .config
            .snapshots
            .then(|| Sync::first(self.tables.len(), self.config.page_size, out.at()));
        debug_assert!(matches!(self.phase, Phase::Subscribing { .. }));
    }
}
