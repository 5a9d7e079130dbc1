//! The rolling comparison of a table that is too large to be compared whole: a slice in the order of the key with each
//! audit, until all keys were seen.
//!
//! The order of the keys is the database's, which depends on its collation, so that the keys held between the first and
//! the last one of a slice are not known here. A key that is in a slice and not held is in doubt at once; a key that is
//! held, and neither in a slice nor inserted since the sweep began, is in doubt at the end of the sweep.

use std::{hash::BuildHasher as _, time::Duration};

use foldhash::quality::RandomState;

use super::{
    changed::Changed,
    doubts::{Doubt, Doubts, PROVEN_AFTER, differs, is_behind},
    load::Load,
    round::Passed,
};
use crate::{
    api::{Page, RowSlice},
    connection::sources::{MAX_ROWS, Tracked},
};
use model::RowId;

/// Fewest and most rows of a slice.
const SLICE_ROWS: (usize, usize) = (200, 5_000);
/// Keys seen in one sweep; with more it begins anew.
const MAX_SEEN: usize = 2 * MAX_ROWS;

/// How fast a table is swept.
#[derive(Debug, Clone, Copy)]
pub(super) struct SweepPace {
    /// Time from one slice to the next.
    pub(super) interval: Duration,
    /// Time in which all rows are to be seen.
    pub(super) within: Duration,
}

/// The sweep of one table.
#[derive(Debug)]
pub(super) struct Sweep {
    /// When it began: when its first slice was asked for. None: the next slice begins it.
    since: Option<Duration>,
    /// The last key of the last slice.
    after: Option<RowId>,
    /// Hashes of the keys seen, and of those inserted since the sweep began: 8 bytes a row. Two keys with the same hash
    /// hide a lost delete until the next sweep, which has another seed.
    seen: Vec<u64>,
    hasher: RandomState,
    /// Rows asked for last.
    limit: usize,
    /// Most rows that can be read in the time there is.
    largest: usize,
    /// When a slice was asked for last.
    asked: Duration,
    doubts: Doubts,
    /// When rows that still differ are lost.
    check_at: Option<Duration>,
    /// No difference was found that was not corrected by a whole reading.
    is_clean: bool,
    /// A sweep that began at this moment is through, but for its doubts.
    through: Option<Duration>,
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            since: None,
            after: None,
            seen: Vec::new(),
            hasher: RandomState::default(),
            limit: 0,
            largest: SLICE_ROWS.1,
            asked: Duration::ZERO,
            doubts: Doubts::default(),
            check_at: None,
            is_clean: true,
            through: None,
        }
    }
}

/// What a slice, or the end of the wait for its doubts, led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Swept {
    /// Nothing yet.
    Open,
    /// The rows of a slice are equal.
    Slice,
    /// All rows were equal as of this moment.
    All(Duration),
    /// Rows differ that were not on their way.
    Different,
}

impl Sweep {
    /// When doubts are judged.
    pub(super) fn due(&self) -> Option<Duration> {
        self.check_at
    }

    /// When a slice was asked for last.
    pub(super) fn asked(&self) -> Duration {
        self.asked
    }

    /// A slice may be asked for: no doubts of earlier ones wait.
    pub(super) fn is_free(&self) -> bool {
        self.check_at.is_none()
    }

    /// The next slice of a table that holds this many rows. `column`: what is compared; `None`: whole rows.
    pub(super) fn request(&mut self, rows: usize, column: Option<String>, pace: SweepPace, at: Duration) -> RowSlice {
        if self.since.is_none() {
            self.since = Some(at);
            self.after = None;
            self.seen.clear();
            self.hasher = RandomState::default();
            self.is_clean = true;
        }
        let slices = pace.within.as_secs_f64() / pace.interval.as_secs_f64().max(1.0);
        let wanted = (rows as f64 / slices.max(1.0)).ceil() as usize;
        self.limit = wanted.clamp(SLICE_ROWS.0, SLICE_ROWS.1).min(self.largest);
        self.asked = at;
        RowSlice {
            after: self.after.clone(),
            limit: self.limit,
            column,
        }
    }

    /// The stream, or a reading, inserted a row.
    pub(super) fn note_insert(&mut self, id: &RowId) {
        if self.since.is_some() {
            self.see(id);
        }
    }

    fn see(&mut self, id: &RowId) {
        self.seen.push(self.hasher.hash_one(id.as_str()));
        if self.seen.len() > MAX_SEEN {
            self.forget();
        }
    }

    /// Begins anew with the next slice.
    fn forget(&mut self) {
        self.since = None;
        self.after = None;
        self.seen = Vec::new();
    }

    /// A change of a row was applied.
    pub(super) fn check_row(&mut self, id: &RowId, tracked: &Tracked) {
        self.doubts.check_row(id, tracked);
    }

    /// Rows are in doubt.
    pub(super) fn has_doubts(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// Everything was read and merged: nothing is in doubt.
    pub(super) fn restart(&mut self) {
        self.doubts.clear();
        self.check_at = None;
        self.is_clean = true;
        self.through = None;
    }

    /// The database could not read this number of rows in time.
    pub(super) fn shrink(&mut self) {
        self.largest = (self.limit / 2).max(SLICE_ROWS.0 / 4);
    }

    /// The answer to a slice took this long.
    pub(super) fn note_answer(&mut self, took: Duration, pace: SweepPace) {
        let share = Load::share_of(pace.interval);
        if took > share {
            self.largest = (self.limit / 2).max(SLICE_ROWS.0);
        } else if took < share / 2 && self.limit == self.largest {
            self.largest = (self.largest * 2).min(SLICE_ROWS.1);
        }
    }

    /// Compares a slice with what is held.
    pub(super) fn take(
        &mut self,
        tracked: &Tracked,
        page: &Page,
        column: Option<&str>,
        passed: &Passed,
        at: Duration,
    ) -> Swept {
        let Some(since) = self.since else {
            return Swept::Open;
        };
        if passed.is_full() {
            // Too much changed meanwhile: the slice is asked for again.
            return Swept::Open;
        }
        for row in page {
            let Some(id) = tracked.source.id_of(row) else {
                continue;
            };
            self.see(&id);
            self.after = Some(id.clone());
            let held = tracked.rows.get(&id);
            match column {
                Some(column) => {
                    let changed = row.get(column).map_or(Changed::Other, |cell| Changed::of(&cell));
                    if passed.is_different(&id, held, |held| is_behind(held, Some(column), &changed)) {
                        self.doubts.add(id, Doubt::Behind(changed));
                    }
                }
                None => {
                    if passed.is_different(&id, held, |held| differs(held, row, tracked)) {
                        self.doubts.add(id, Doubt::Differs(row.clone()));
                    }
                }
            }
        }
        if page.is_empty() {
            self.add_extra(tracked);
            self.through = Some(since);
            self.forget();
        }
        if self.has_doubts() {
            self.check_at = Some(at + PROVEN_AFTER);
            return Swept::Open;
        }
        self.finish()
    }

    /// Adds the rows that are held and were not seen in the whole sweep.
    fn add_extra(&mut self, tracked: &Tracked) {
        self.seen.sort_unstable();
        for (id, _) in tracked.rows.iter() {
            if self.seen.binary_search(&self.hasher.hash_one(id.as_str())).is_err() {
                self.doubts.add(id.clone(), Doubt::Extra);
            }
        }
    }

    /// Judges doubts when it is time.
    pub(super) fn run(&mut self, tracked: &Tracked, at: Duration) -> Swept {
        if self.check_at.take_if(|due| at >= *due).is_none() {
            return Swept::Open;
        }
        self.doubts.check(tracked);
        if self.doubts.is_empty() {
            return self.finish();
        }
        self.doubts.clear();
        self.through = None;
        self.is_clean = false;
        Swept::Different
    }

    fn finish(&mut self) -> Swept {
        match self.through.take() {
            Some(since) if self.is_clean => Swept::All(since),
            Some(_) => Swept::Open,
            None => Swept::Slice,
        }
    }
}
