//! One comparison of a source: the rows changed last, back to the last proof; or all rows of a small table that has no
//! change column; or the number of rows alone.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{
    changed::Changed,
    doubts::{Doubt, Doubts, differs, is_behind},
};
use crate::{
    api::{NewestRows, Page, ProbeRows, RowSlice},
    connection::sources::Tracked,
};
use model::{Record, RowId};

/// Fewest and most rows in one answer. The first number covers what changes in a quiet table.
pub(super) const PAGE_ROWS: (usize, usize) = (8, 1_000);
/// Rows changed since the last proof that are compared; when there are more, everything is read.
pub(super) const MAX_COMPARED: usize = 20_000;
/// Rows from before the last proof that are compared at most: a table may have been filled by one transaction.
const MAX_COMPARED_AGAIN: usize = 200;
/// Rows remembered that the stream changed while an answer was on its way.
const MAX_PASSED: usize = 10_000;

/// What a round compares.
#[derive(Debug)]
pub(super) enum Compares {
    /// The rows changed last, by this column.
    Newest(String),
    /// All rows, with all columns, in the order of the key.
    Whole,
    /// The number of rows.
    Count,
}

impl Compares {
    /// What is compared of a source.
    pub(super) fn of(tracked: &Tracked) -> Self {
        match tracked.newest_by() {
            Some(column) => Self::Newest(column),
            None if tracked.rows.len() < PAGE_ROWS.1 => Self::Whole,
            None => Self::Count,
        }
    }
}

/// Where the last round of a source ended that proved it equal.
#[derive(Debug, Default)]
pub(super) struct Mark {
    /// The latest change known then.
    pub(super) latest: Option<Changed>,
    /// By how much earlier changes are compared again.
    pub(super) slack: Duration,
}

/// Versions of rows that were held while an answer was on its way: it may show one of them.
#[derive(Debug, Default)]
pub(super) struct Passed {
    rows: HashMap<RowId, Vec<Record>>,
    count: usize,
}

impl Passed {
    /// A change of a row is about to be applied.
    pub(super) fn note(&mut self, id: &RowId, held: Option<&Record>) {
        if self.count < MAX_PASSED
            && let Some(held) = held
        {
            self.rows.entry(id.clone()).or_default().push(held.clone());
        }
        self.count += 1;
    }

    /// More rows changed than could be remembered.
    pub(super) fn is_full(&self) -> bool {
        self.count >= MAX_PASSED
    }

    /// Whether a row is equal in none of the versions held since the request was sent.
    pub(super) fn is_different(
        &self,
        id: &RowId,
        held: Option<&Record>,
        is_other: impl Fn(Option<&Record>) -> bool,
    ) -> bool {
        let mut earlier = self.rows.get(id).into_iter().flatten();
        is_other(held) && earlier.all(|held| is_other(Some(held)))
    }
}

/// The requests of one comparison.
#[derive(Debug)]
pub(super) struct Round {
    /// When it began.
    pub(super) since: Duration,
    compares: Compares,
    /// Rows compared.
    pub(super) compared: usize,
    /// Those that had changed before the last proof.
    again: usize,
    /// The number of rows, as the server counted them.
    pub(super) count: Option<u64>,
    /// The latest change seen.
    pub(super) newest: Option<Changed>,
    /// The last key of the pages so far.
    after: Option<RowId>,
    /// The rows of a table that may fit into one page.
    seen: HashSet<RowId>,
    pub(super) doubts: Doubts,
}

/// How far a page went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// To the end: a row that was changed before the last proof, or the last row.
    End,
    /// Not so far.
    More,
}

impl Round {
    pub(super) fn new(tracked: &Tracked, since: Duration) -> Self {
        Self {
            since,
            compares: Compares::of(tracked),
            compared: 0,
            again: 0,
            count: None,
            newest: None,
            after: None,
            seen: HashSet::new(),
            doubts: Doubts::default(),
        }
    }

    /// Only the number of rows is compared.
    pub(super) fn is_by_count(&self) -> bool {
        matches!(self.compares, Compares::Count)
    }

    /// All columns are compared.
    pub(super) fn reads_whole_rows(&self) -> bool {
        matches!(self.compares, Compares::Whole)
    }

    /// The rows to ask for next. `rows`: those held; `usual`: those that the round before compared; `all_have_times`: no
    /// row is known to be without a change time.
    pub(super) fn request(&self, rows: usize, usual: usize, all_have_times: bool) -> ProbeRows {
        let (fewest, most) = PAGE_ROWS;
        match &self.compares {
            Compares::Newest(column) => ProbeRows::Newest(NewestRows {
                column: column.clone(),
                with_nulls: rows < most || !all_have_times,
                offset: self.compared,
                limit: match self.compared {
                    // A small table is compared whole.
                    0 if rows < most => most,
                    0 => usual.clamp(fewest, most),
                    _ => most,
                },
            }),
            Compares::Whole => ProbeRows::After(RowSlice {
                after: self.after.clone(),
                limit: most,
                column: None,
            }),
            Compares::Count => ProbeRows::None,
        }
    }

    /// Compares a page with what is held.
    pub(super) fn take(&mut self, tracked: &Tracked, page: &Page, mark: &Mark, passed: &Passed) -> Reached {
        let is_through = match &self.compares {
            Compares::Newest(column) => {
                let column = column.clone();
                self.take_newest(tracked, page, &column, mark)
            }
            Compares::Whole => {
                self.take_whole(tracked, page, passed);
                false
            }
            Compares::Count => true,
        };
        self.compared += page.len();
        // Behind the last row the page is empty.
        if is_through || self.is_whole() || page.is_empty() {
            Reached::End
        } else {
            Reached::More
        }
    }

    /// True when a row was changed long enough before the last proof.
    fn take_newest(&mut self, tracked: &Tracked, page: &Page, column: &str, mark: &Mark) -> bool {
        let mut is_through = false;
        let earliest = mark.latest.as_ref().map(|latest| latest.earlier_by(mark.slack));
        for row in page {
            let (Some(id), Some(changed)) = (tracked.source.id_of(row), row.get(column)) else {
                continue;
            };
            let changed = Changed::of(&changed);
            if self.newest.is_none() && changed != Changed::Other {
                self.newest = Some(changed.clone());
            }
            if let (Some(latest), Some(earliest)) = (&mark.latest, &earliest)
                && !latest.is_before(&changed)
            {
                self.again += 1;
                is_through |= self.again >= MAX_COMPARED_AGAIN || changed.is_before(earliest);
            }
            self.see(&id);
            if is_behind(tracked.rows.get(&id), Some(column), &changed) {
                self.doubts.add(id, Doubt::Behind(changed));
            }
        }
        is_through
    }

    fn take_whole(&mut self, tracked: &Tracked, page: &Page, passed: &Passed) {
        for row in page {
            let Some(id) = tracked.source.id_of(row) else {
                continue;
            };
            self.see(&id);
            self.after = Some(id.clone());
            if passed.is_different(&id, tracked.rows.get(&id), |held| differs(held, row, tracked)) {
                self.doubts.add(id, Doubt::Differs(row.clone()));
            }
        }
    }

    fn see(&mut self, id: &RowId) {
        if self.seen.len() < PAGE_ROWS.1 {
            self.seen.insert(id.clone());
        }
    }

    /// Whether all rows of the table were compared, as far as their number says.
    pub(super) fn is_whole(&self) -> bool {
        self.count.is_some_and(|count| self.compared as u64 >= count)
    }

    /// Whether all keys of the table are known.
    pub(super) fn has_all_keys(&self) -> bool {
        self.is_whole() && self.seen.len() == self.compared
    }

    /// Adds the rows that are held and were not seen. `fresh`: rows inserted since the round began.
    pub(super) fn add_extra(&mut self, tracked: &Tracked, fresh: &HashSet<RowId>) {
        for (id, _) in tracked.rows.iter() {
            if !self.seen.contains(id) && !fresh.contains(id) {
                self.doubts.add(id.clone(), Doubt::Extra);
            }
        }
    }
}
