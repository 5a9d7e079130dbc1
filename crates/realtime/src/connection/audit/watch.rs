//! The audit of one source: which request comes next, and what its answer means.

use std::{collections::HashSet, time::Duration};

use super::{
    Finding,
    doubts::{Difference, Doubts, Found, Suspect},
    is_swept,
    load::Load,
    round::{MAX_COMPARED, Mark, PAGE_ROWS, Passed, Reached, Round},
    sweep::{Sweep, SweepPace, Swept},
};
use crate::{
    api::{PageError, Probe, ProbeRows},
    connection::sources::Tracked,
};
use model::RowId;

/// Delay before a difference is looked at again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(4);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// Rows changed up to this long before the last known change are compared again: a transaction that takes this long
/// commits changes that are older than others known already.
const SLACK: Duration = Duration::from_secs(30);
/// Distance of two pages of one round.
const PAGE_PACE: Duration = Duration::from_millis(500);
/// Rows remembered that were inserted since a round began.
const MAX_FRESH: usize = 2_000;
/// A count of a large table that takes this long twice in a row is not asked for again on this connection.
const SLOW_COUNT: Duration = Duration::from_secs(1);
/// Counts in a row that may take long.
const MAX_SLOW_COUNTS: u32 = 2;

/// As of when a source was equal, and how far that was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// The position of the source.
    pub(crate) source: usize,
    pub(crate) since: Duration,
    pub(crate) reach: Reach,
}

/// What a proof rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The rows were compared.
    Rows,
    /// Only their number, or a part of them, was.
    Part,
}

/// What a step of a source's audit works with.
pub(super) struct Step<'a> {
    /// The position of the source.
    pub(super) source: usize,
    pub(super) tracked: &'a Tracked,
    pub(super) pace: SweepPace,
    /// A difference that persists for this long is none that was on its way.
    pub(super) proven_after: Duration,
    pub(super) now: Duration,
    /// Where proofs go.
    pub(super) proofs: &'a mut Vec<Proof>,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Asked {
    id: u64,
    at: Duration,
    /// It is for a slice of the sweep; `column`: what is compared.
    slice: Option<Option<String>>,
}

/// The next request of a source.
pub(super) struct Next {
    pub(super) is_counted: bool,
    pub(super) rows: ProbeRows,
    slice: Option<Option<String>>,
}

/// The audit of one source.
#[derive(Debug, Default)]
pub(super) struct Watch {
    asked: Option<Asked>,
    /// When the next request of the round is due, or the suspect is looked at again.
    round_at: Option<Duration>,
    /// When the next slice is due.
    slice_at: Option<Duration>,
    round: Option<Round>,
    suspect: Option<Suspect>,
    sweep: Sweep,
    mark: Mark,
    /// Each row of the last reading had a change time, so that rows without one can be left out.
    all_have_times: bool,
    /// Rows to ask for first.
    page_rows: usize,
    /// Counts in a row that took long.
    slow_counts: u32,
    /// The fewest and the most rows held since the round began.
    held: (u64, u64),
    /// Rows inserted by the stream since the round began, which its pages may not have; `None`: too many to remember.
    fresh: Option<HashSet<RowId>>,
    /// Versions of rows replaced since the request was sent.
    passed: Passed,
    /// Rows that the stream inserted or deleted.
    moves: u64,
    pub(super) last_arrival: Option<Duration>,
    /// Why the last probe failed.
    pub(super) error: Option<String>,
    /// It was found equal since the last audit began.
    pub(super) is_equal: bool,
}

impl Watch {
    /// When there is something to do next; a request also has to wait for its turn.
    pub(super) fn due(&self, turn: Duration) -> Option<Duration> {
        let request = match &self.asked {
            Some(asked) => Some(asked.at + ANSWER_DEADLINE),
            None => [self.round_at, self.slice_at]
                .into_iter()
                .flatten()
                .min()
                .map(|due| due.max(turn)),
        };
        [request, self.sweep.due()].into_iter().flatten().min()
    }

    /// A request whose answer was lost is given up.
    pub(super) fn give_up_lost_request(&mut self, now: Duration) {
        if self.asked.take_if(|asked| now >= asked.at + ANSWER_DEADLINE).is_some() {
            self.round = None;
        }
    }

    /// An audit begins. A round in progress begins anew, unless an answer is on its way.
    pub(super) fn begin(&mut self, now: Duration) {
        self.is_equal = false;
        if self.asked.is_none() {
            self.round = None;
        }
        self.round_at = Some(now);
    }

    /// A slice of the sweep is due, unless rows of the last one are in doubt: false then.
    pub(super) fn begin_slice(&mut self, now: Duration) -> bool {
        let is_free = self.sweep.is_free();
        if is_free {
            self.slice_at = Some(now);
        }
        is_free
    }

    /// The source has neither a change column nor a count that could be asked for.
    pub(super) fn is_proven_by_slices(&self, tracked: &Tracked) -> bool {
        self.slow_counts >= MAX_SLOW_COUNTS && is_swept(tracked) && tracked.newest_by().is_none()
    }

    /// How the count differs from what was held while the round lasted.
    fn count_difference(&self, count: Option<u64>) -> Option<(bool, u64)> {
        let (least, most) = self.held;
        match count? {
            count if count > most => Some((true, count - most)),
            count if count < least => Some((false, least - count)),
            _ => None,
        }
    }

    fn note_rows(&mut self, rows: usize) {
        let rows = rows as u64;
        self.held = (self.held.0.min(rows), self.held.1.max(rows));
    }

    /// The stream inserted or, without an `id`, deleted a row. `rows`: how many are held now.
    pub(super) fn note_move(&mut self, inserted: Option<&RowId>, rows: usize) {
        self.moves += 1;
        self.note_rows(rows);
        let Some(id) = inserted else { return };
        self.sweep.note_insert(id);
        if self.round.is_some() {
            let has_room = self.fresh.as_ref().is_some_and(|fresh| fresh.len() < MAX_FRESH);
            match &mut self.fresh {
                Some(fresh) if has_room => drop(fresh.insert(id.clone())),
                fresh => *fresh = None,
            }
        }
    }

    /// A reading inserted a row.
    pub(super) fn note_insert(&mut self, id: &RowId) {
        self.sweep.note_insert(id);
    }

    /// A change of a row is about to be applied.
    pub(super) fn note_change(&mut self, id: &RowId, tracked: &Tracked) {
        let is_reading = match (&self.asked, &self.round) {
            (Some(asked), Some(round)) => asked.slice.is_some() || round.reads_whole_rows(),
            (Some(asked), None) => asked.slice.is_some(),
            (None, _) => false,
        };
        if is_reading {
            self.passed.note(id, tracked.rows.get(id));
        }
    }

    /// A change of a row was applied.
    pub(super) fn note_applied(&mut self, id: &RowId, tracked: &Tracked) {
        if let Some(suspect) = &mut self.suspect {
            suspect.check_row(id, tracked);
        }
        if self.sweep.has_doubts() {
            self.sweep.check_row(id, tracked);
        }
    }

    /// Everything was read and merged. `took`: the time of that reading. `is_audited`: audits follow.
    pub(super) fn restart(&mut self, tracked: &Tracked, took: Duration, is_audited: bool) {
        self.asked = None;
        self.round = None;
        self.suspect = None;
        self.round_at = None;
        self.slice_at = None;
        self.sweep.restart();
        let (latest, all_have_times) = match is_audited {
            true => tracked.latest(),
            false => (None, false),
        };
        self.all_have_times = all_have_times;
        self.mark = Mark {
            latest,
            slack: SLACK + took,
        };
    }

    /// Judges the doubts of the sweep when it is time.
    pub(super) fn run_sweep(&mut self, step: &mut Step<'_>) -> Finding {
        let swept = self.sweep.run(step.tracked, step.now);
        self.swept(swept, step)
    }

    /// Whether the suspect was on its way: whatever differed when the round asked has arrived since.
    pub(super) fn check_suspect(&mut self, step: &mut Step<'_>) {
        let is_due = self.round_at.is_some_and(|again| step.now >= again);
        if self.asked.is_some() || self.round.is_some() || !is_due {
            return;
        }
        self.note_rows(step.tracked.rows.len());
        let found = self.suspect.as_mut().and_then(|suspect| suspect.arrived(step.tracked));
        if let Some(found) = found
            && self.count_difference(found.count).is_none()
        {
            self.prove(found, reach(step.tracked), step);
        }
    }

    /// The source is equal as of the moment at which this round began.
    fn prove(&mut self, found: Found, reach: Reach, step: &mut Step<'_>) {
        self.suspect = None;
        self.round_at = None;
        self.mark.slack = SLACK;
        if found.newest.is_some() {
            self.mark.latest = found.newest;
        }
        self.is_equal = true;
        step.proofs.push(Proof {
            source: step.source,
            since: found.since,
            reach,
        });
    }

    /// The request that is due.
    pub(super) fn next(&mut self, tracked: &Tracked, pace: SweepPace, now: Duration) -> Option<Next> {
        if self.asked.is_some() {
            return None;
        }
        if self.round_at.take_if(|due| now >= *due).is_some()
            && let Some(next) = self.next_of_round(tracked, now)
        {
            return Some(next);
        }
        self.slice_at.take_if(|due| now >= *due)?;
        let column = tracked.newest_by();
        let slice = self.sweep.request(tracked.rows.len(), column.clone(), pace, now);
        Some(Next {
            is_counted: false,
            rows: ProbeRows::After(slice),
            slice: Some(column),
        })
    }

    fn next_of_round(&mut self, tracked: &Tracked, now: Duration) -> Option<Next> {
        let rows = tracked.rows.len();
        let round = self.round.get_or_insert_with(|| {
            self.held = (rows as u64, rows as u64);
            self.fresh = Some(HashSet::new());
            Round::new(tracked, now)
        });
        // Counting is dear in a large table only, and of a small one it says whether all of it was compared.
        let is_small = rows < PAGE_ROWS.1;
        let is_counted = round.compared == 0 && (is_small || self.slow_counts < MAX_SLOW_COUNTS);
        if round.is_by_count() && !is_counted {
            // There is nothing that could be compared; slices of the rows are.
            self.round = None;
            return None;
        }
        Some(Next {
            is_counted,
            rows: round.request(rows, self.page_rows, self.all_have_times),
            slice: None,
        })
    }

    /// The request was sent.
    pub(super) fn note_request(&mut self, id: u64, next: Next, at: Duration) {
        self.passed = Passed::default();
        self.asked = Some(Asked {
            id,
            at,
            slice: next.slice,
        });
    }

    /// The request with this id waits for its answer.
    pub(super) fn owns(&self, id: u64) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.id == id)
    }

    /// Takes the answer to the request. A text of an error is fit to be shown.
    pub(super) fn answer(&mut self, result: Result<Probe, PageError>, load: &mut Load, step: &mut Step<'_>) -> Finding {
        let Some(asked) = self.asked.take() else {
            return Finding::Open;
        };
        let took = step.now.saturating_sub(asked.at);
        load.note_answer(took, step.now);
        if let Some(column) = asked.slice {
            return self.answer_slice(result, column.as_deref(), took, step);
        }
        let Some(round) = self.round.take() else {
            return Finding::Open;
        };
        let probe = match result {
            Ok(probe) => probe,
            Err(PageError::Expired(_)) => return Finding::TokenExpired,
            Err(
                PageError::Fatal(text)
                | PageError::Denied(text)
                | PageError::NotExposed(text)
                | PageError::TooLarge(text)
                | PageError::Transient { text, .. },
            ) => {
                // The lease runs out, unless a later audit succeeds.
                self.error = Some(text);
                return Finding::Open;
            }
        };
        self.error = None;
        self.answer_round(round, &probe, took, step)
    }

    fn answer_slice(
        &mut self,
        result: Result<Probe, PageError>,
        column: Option<&str>,
        took: Duration,
        step: &mut Step<'_>,
    ) -> Finding {
        match result {
            Ok(probe) => {
                self.sweep.note_answer(took, step.pace);
                let swept = self
                    .sweep
                    .take(step.tracked, &probe.rows, column, &self.passed, step.now);
                self.swept(swept, step)
            }
            Err(PageError::Expired(_)) => Finding::TokenExpired,
            Err(PageError::TooLarge(_)) => {
                self.sweep.shrink();
                Finding::Open
            }
            // The next audit asks for it again.
            Err(_) => Finding::Open,
        }
    }

    fn swept(&mut self, swept: Swept, step: &mut Step<'_>) -> Finding {
        let has_change_column = step.tracked.newest_by().is_some();
        let source = step.source;
        match swept {
            Swept::All(since) if !has_change_column => step.proofs.push(Proof {
                source,
                since,
                reach: Reach::Rows,
            }),
            // Where rows are not even counted, a part of them is all that is compared.
            Swept::Slice if self.is_proven_by_slices(step.tracked) => {
                self.is_equal = true;
                step.proofs.push(Proof {
                    source,
                    since: self.sweep.asked(),
                    reach: Reach::Part,
                });
            }
            Swept::Open | Swept::Slice | Swept::All(_) => {}
            Swept::Different => return Finding::Different,
        }
        Finding::Open
    }

    fn answer_round(&mut self, mut round: Round, probe: &Probe, took: Duration, step: &mut Step<'_>) -> Finding {
        self.note_rows(step.tracked.rows.len());
        if round.reads_whole_rows() && self.passed.is_full() {
            // Too much changed meanwhile; the next audit compares it.
            return Finding::Open;
        }
        if round.compared == 0 {
            round.count = probe.count;
            if probe.count.is_some() {
                let is_slow = took >= SLOW_COUNT;
                self.slow_counts = if is_slow { self.slow_counts + 1 } else { 0 };
            }
        }
        match round.take(step.tracked, &probe.rows, &self.mark, &self.passed) {
            Reached::End => self.end_round(round, step),
            Reached::More if round.compared < MAX_COMPARED => {
                self.round = Some(round);
                self.round_at = Some(step.now + PAGE_PACE);
                Finding::Open
            }
            Reached::More => {
                // More rows changed than can be compared.
                self.suspect = None;
                Finding::Different
            }
        }
    }

    fn end_round(&mut self, mut round: Round, step: &mut Step<'_>) -> Finding {
        let tracked = step.tracked;
        let has_all_keys = round.has_all_keys();
        if has_all_keys && let Some(fresh) = self.fresh.take() {
            round.add_extra(tracked, &fresh);
        }
        self.page_rows = round.compared;
        if !tracked.has_unique_key() {
            // Rows that share a key are held as one, so that neither their number nor their times can be compared.
            round.count = None;
            round.doubts.clear();
        }
        let reach = if round.is_by_count() {
            Reach::Part
        } else {
            reach(tracked)
        };
        let found = Found {
            since: round.since,
            // The keys say more than their number.
            count: round.count.filter(|_| !has_all_keys),
            newest: round.newest,
        };
        let doubts: Doubts = round.doubts;
        let count = self.count_difference(found.count);
        if count.is_none() && doubts.is_empty() {
            self.prove(found, reach, step);
            return Finding::Open;
        }
        let difference = Difference {
            doubts,
            count,
            moves: self.moves,
        };
        let is_proven = match &mut self.suspect {
            Some(suspect) => suspect.judge(found, difference, tracked, step.proven_after, step.now),
            None => {
                self.suspect = Some(Suspect::new(found, difference, step.now));
                false
            }
        };
        if is_proven {
            self.suspect = None;
            return Finding::Different;
        }
        self.round_at = Some(step.now + LOOK_AGAIN_AFTER);
        Finding::Open
    }
}

/// What an audit of a source proves that found no difference in a round.
fn reach(tracked: &Tracked) -> Reach {
    let is_compared = tracked.has_unique_key() && (tracked.newest_by().is_some() || tracked.rows.len() < PAGE_ROWS.1);
    match is_compared {
        true => Reach::Rows,
        false => Reach::Part,
    }
}
