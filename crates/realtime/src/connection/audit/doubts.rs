//! Rows that differ, and when a difference is none that was on its way.

use std::{collections::HashMap, time::Duration};

use super::changed::Changed;
use crate::connection::sources::Tracked;
use model::{Record, RowId};

/// A difference that persists for this long is none that was on its way (docs/realtime-protocol.md §15.6).
pub(super) const PROVEN_AFTER: Duration = Duration::from_secs(10);
/// The same while a pulse arrives in time: changes take the same way, so that none is on its way for this long.
pub(super) const PROVEN_AFTER_WITH_PULSE: Duration = Duration::from_secs(6);
/// Rounds that a difference in the number of rows has to outlast.
const PROVEN_ROUNDS: u32 = 3;
/// Changes are on their way for this long at most, under load.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// Rows that differ which are remembered. When there are more, changes that are on their way cannot be distinguished from
/// lost ones.
const MAX_DOUBTS: usize = 2_000;

/// How a row differs.
#[derive(Debug, Clone)]
pub(super) enum Doubt {
    /// On the server it was changed at this time, and what is held is older or missing.
    Behind(Changed),
    /// On the server it is this.
    Differs(Record),
    /// It is held, and was not found on the server.
    Extra,
}

impl Doubt {
    /// Whether a row still differs. `column`: the change column of the source.
    fn holds(&self, id: &RowId, tracked: &Tracked, column: Option<&str>) -> bool {
        let held = tracked.rows.get(id);
        match self {
            Self::Behind(changed) => is_behind(held, column, changed),
            Self::Differs(record) => differs(held, record, tracked),
            Self::Extra => held.is_some(),
        }
    }
}

/// Whether a row, as it is held, is older than a change on the server.
pub(super) fn is_behind(held: Option<&Record>, column: Option<&str>, changed: &Changed) -> bool {
    let ours = held.and_then(|held| held.get(column?));
    ours.is_none_or(|ours| Changed::of(&ours).is_before(changed))
}

/// Whether a row, as it is held, is another than the server's.
pub(super) fn differs(held: Option<&Record>, record: &Record, tracked: &Tracked) -> bool {
    held.is_none_or(|held| !tracked.columns.is_same(held, record))
}

/// Rows that differ, by key: a bounded number of them.
#[derive(Debug, Default, Clone)]
pub(super) struct Doubts {
    rows: HashMap<RowId, Doubt>,
}

impl Doubts {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= MAX_DOUBTS
    }

    pub(super) fn add(&mut self, id: RowId, doubt: Doubt) {
        if !self.is_full() {
            self.rows.insert(id, doubt);
        }
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    /// Removes the rows that differ no longer.
    pub(super) fn check(&mut self, tracked: &Tracked) {
        if self.is_empty() {
            return;
        }
        let column = tracked.newest_by();
        self.rows
            .retain(|id, doubt| doubt.holds(id, tracked, column.as_deref()));
    }

    /// A change of a row was applied.
    pub(super) fn check_row(&mut self, id: &RowId, tracked: &Tracked) {
        if let Some(doubt) = self.rows.get(id)
            && !doubt.holds(id, tracked, tracked.newest_by().as_deref())
        {
            self.rows.remove(id);
        }
    }

    /// Removes the rows that are not in another round's doubts.
    fn keep(&mut self, again: &Self) {
        self.rows.retain(|id, _| again.rows.contains_key(id));
    }
}

/// What a round found: when it began, how many rows there are, and the latest change that it saw.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) since: Duration,
    pub(super) count: Option<u64>,
    pub(super) newest: Option<Changed>,
}

/// How what a round found differs from what is held.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) doubts: Doubts,
    /// The difference in the number of rows, with its sign.
    pub(super) count: Option<(bool, u64)>,
    /// Rows that the stream inserted or deleted so far.
    pub(super) moves: u64,
}

/// A difference that may be on its way.
#[derive(Debug)]
pub(super) struct Suspect {
    since: Duration,
    moves: u64,
    rounds: u32,
    /// What the last round found.
    last: Found,
    /// The least difference in the number of rows, and its sign; none: at least one round found the numbers equal.
    count: Option<(bool, u64)>,
    /// Rows that differ since the difference was first found.
    rows: Doubts,
    /// Rows that differed when the last round ended.
    latest: Doubts,
}

impl Suspect {
    /// A round found a difference for the first time.
    pub(super) fn new(found: Found, difference: Difference, at: Duration) -> Self {
        let Difference { doubts, count, moves } = difference;
        Self {
            since: at,
            moves,
            rounds: 1,
            last: found,
            count,
            rows: doubts.clone(),
            latest: doubts,
        }
    }

    /// A change of a row was applied.
    pub(super) fn check_row(&mut self, id: &RowId, tracked: &Tracked) {
        self.rows.check_row(id, tracked);
        self.latest.check_row(id, tracked);
    }

    /// What the last round found, if all rows that differed then have arrived since.
    pub(super) fn arrived(&mut self, tracked: &Tracked) -> Option<Found> {
        let is_known = !self.latest.is_full();
        self.rows.check(tracked);
        self.latest.check(tracked);
        let is_gone = is_known && self.rows.is_empty() && self.latest.is_empty();
        is_gone.then(|| self.last.clone())
    }

    /// Whether the difference that another round found is proven by now.
    /// `proven_after`: nothing is on its way for this long.
    pub(super) fn judge(
        &mut self,
        found: Found,
        difference: Difference,
        tracked: &Tracked,
        proven_after: Duration,
        at: Duration,
    ) -> bool {
        // What was on its way when it was first found does not differ in each round.
        self.rows.keep(&difference.doubts);
        self.rows.check(tracked);
        self.rounds += 1;
        self.count = match (self.count, difference.count) {
            (Some((sign, least)), Some((same, rows))) if sign == same => Some((sign, least.min(rows))),
            _ => None,
        };
        if self.count.is_none() && self.rows.is_empty() {
            // It was on its way; what is found now may be as well.
            *self = Self::new(found, difference, at);
            return false;
        }
        self.last = found;
        self.latest = difference.doubts;
        let waited = at.saturating_sub(self.since);
        if waited < proven_after {
            return false;
        }
        // How many of these rows may still be on their way, at the rate at which rows come and go.
        let moved = (difference.moves - self.moves) as f64;
        let on_the_way = moved * ON_THE_WAY.as_secs_f64() / waited.as_secs_f64();
        let rows_stay = self
            .count
            .is_some_and(|(_, least)| self.rounds >= PROVEN_ROUNDS && least as f64 > on_the_way);
        !self.rows.is_empty() || rows_stay
    }
}
