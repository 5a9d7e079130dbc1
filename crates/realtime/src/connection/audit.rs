//! The cheap audit between two readings: the row count of each source and all rows that changed since it was last proven
//! equal, compared with what is held.
//!
//! Of a table that fits into one page all keys are compared, which also finds deleted rows; of a larger one the count is.
//! A difference may be on its way: if the stream removes it, the audit was equal all the same, as of the moment at which it
//! asked. A difference that persists is proven, and brings the next reading of everything forward.

use std::{collections::HashSet, time::Duration};

use super::{
    Requests,
    sources::{Sources, Tracked},
};
use crate::{
    api::{NewestRows, Now, PageError, Probe, ProbeRequest},
    timestamp,
};
use model::{Cell, Record, RowId};

/// Delay before a difference is looked at again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(4);
/// A difference that persists for this long is none that was on its way (docs/realtime-protocol.md §15.6).
const PROVEN_AFTER: Duration = Duration::from_secs(10);
/// Rounds that a difference in rows has to outlast.
const PROVEN_ROUNDS: u32 = 3;
/// Changes are on their way for this long at most, under load.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// Delay of the audit after something suspicious: what was on its way has arrived by then.
const SUSPICIOUS_AFTER: Duration = Duration::from_secs(5);
/// A second look follows after this: a limit that was exceeded drops changes for a minute.
const SECOND_LOOK_AFTER: Duration = Duration::from_secs(65);
/// Rows changed up to this long before the last known change are compared again: a transaction that takes this long
/// commits changes that are older than others known already.
const SLACK: Duration = Duration::from_secs(30);
/// Fewest and most rows in one answer. The first number covers what changes in a quiet table.
const PAGE_ROWS: (usize, usize) = (8, 1_000);
/// Distance of two pages of one round.
const PAGE_PACE: Duration = Duration::from_millis(500);
/// Rows changed since the last proof that are compared; when there are more, everything is read.
const MAX_COMPARED: usize = 20_000;
/// Rows that differ which are remembered. When there are more, what was on its way is not told from what was lost.
const MAX_SUSPECTS: usize = 2_000;
/// Rows from before the last proof that are compared at most: a table may have been filled by one transaction.
const MAX_COMPARED_AGAIN: usize = 200;
/// A count of a large table that takes this long twice in a row is not asked for again on this connection.
const SLOW_COUNT: Duration = Duration::from_secs(1);

/// What an audit found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing yet.
    Open,
    /// The token of the probe has expired.
    TokenExpired,
    /// All sources are equal.
    Equal,
    /// A difference is proven.
    Different,
}

#[derive(Debug)]
pub(super) struct Audit {
    /// `None`: there is no audit.
    interval: Option<Duration>,
    /// A shorter interval that is in force at present.
    limit: Option<Duration>,
    next: Option<Duration>,
    /// A second look at something suspicious.
    second_look: Option<Duration>,
    /// Sources found equal since the last audit began.
    equal: usize,
    /// When all were found equal last, or one different; and which.
    last: Option<(Duration, bool)>,
    watches: Vec<Watch>,
    /// Sources proven equal, and as of when; for the lease.
    proofs: Vec<(usize, Duration)>,
}

/// The audit of one source.
#[derive(Debug, Default)]
struct Watch {
    /// The probe asked for: its id, and when it was asked for.
    asked: Option<(u64, Duration)>,
    /// When the next probe of this round is asked for, or the suspect is looked at again.
    again_at: Option<Duration>,
    round: Option<Round>,
    suspect: Option<Suspect>,
    /// The latest change known when the source was last proven equal; and by how much earlier ones are compared again.
    mark: Option<Changed>,
    slack: Duration,
    /// Rows to ask for first.
    page_rows: usize,
    /// Counts in a row that took long.
    slow_counts: u32,
    /// The fewest and the most rows held since the round began.
    held: (u64, u64),
    /// Rows inserted by the stream since the round began, which its pages may not have; `None`: too many to remember.
    fresh: Option<Vec<RowId>>,
    /// Rows that the stream inserted or deleted.
    moves: u64,
    last_arrival: Option<Duration>,
    /// Why the last probe failed.
    error: Option<String>,
}

/// The probes of one audit of one source, from the latest change to the mark.
#[derive(Debug)]
struct Round {
    since: Duration,
    /// Rows compared.
    compared: usize,
    /// Those that had changed before the last proof.
    again: usize,
    count: Option<u64>,
    /// The latest change seen.
    newest: Option<Changed>,
    /// The rows of a table that may fit into one page.
    seen: HashSet<RowId>,
    doubts: Vec<Doubt>,
}

/// A row that differs.
#[derive(Debug, Clone)]
struct Doubt {
    id: RowId,
    kind: DoubtKind,
}

#[derive(Debug, Clone)]
enum DoubtKind {
    /// It changed there at this time, and not here.
    Behind(Changed),
    /// It is held here, and does not exist there.
    Extra,
}

/// A difference that may be on its way.
#[derive(Debug)]
struct Suspect {
    since: Duration,
    moves: u64,
    rounds: u32,
    /// The last round that found it: when it began, the count it found, the latest change it saw.
    last: (Duration, Option<u64>, Option<Changed>),
    /// The least difference in rows found, and its sign; none: at least one round found the counts equal.
    count: Option<(bool, u64)>,
    /// Rows that differ since it was first found.
    rows: Vec<Doubt>,
    /// Rows that differed when the last round ended.
    latest: Vec<Doubt>,
}

impl Watch {
    fn due(&self) -> Option<Duration> {
        self.asked.map(|(_, asked)| asked + ANSWER_DEADLINE).or(self.again_at)
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

    fn note_rows(&mut self, rows: u64) {
        self.held = (self.held.0.min(rows), self.held.1.max(rows));
    }

    /// The source is equal as of the moment at which this round began.
    fn prove(&mut self, newest: Option<Changed>) {
        self.suspect = None;
        self.again_at = None;
        self.slack = SLACK;
        if newest.is_some() {
            self.mark = newest;
        }
    }

    /// Whether the difference that this round found is proven by now. Rows that still differ are in the suspect.
    fn judge(&mut self, round: Round, count: Option<(bool, u64)>, at: Duration) -> bool {
        let last = (round.since, round.count, round.newest);
        let Some(suspect) = &mut self.suspect else {
            self.suspect = Some(Suspect {
                since: at,
                moves: self.moves,
                rounds: 1,
                last,
                count,
                latest: round.doubts.clone(),
                rows: round.doubts,
            });
            return false;
        };
        suspect.rounds += 1;
        suspect.last = last;
        suspect.latest.clone_from(&round.doubts);
        suspect.count = match (suspect.count, count) {
            (Some((sign, least)), Some((same, rows))) if sign == same => Some((sign, least.min(rows))),
            _ => None,
        };
        if suspect.count.is_none() && suspect.rows.is_empty() {
            // It was on its way; what is found now may be as well.
            suspect.since = at;
            suspect.moves = self.moves;
            suspect.rounds = 1;
            suspect.count = count;
            suspect.rows = round.doubts;
            return false;
        }
        let waited = at.saturating_sub(suspect.since);
        if waited < PROVEN_AFTER {
            return false;
        }
        // How many of these rows may still be on their way, at the rate at which rows come and go.
        let moved = (self.moves - suspect.moves) as f64;
        let on_the_way = moved * ON_THE_WAY.as_secs_f64() / waited.as_secs_f64();
        let rows_stay = suspect
            .count
            .is_some_and(|(_, least)| suspect.rounds >= PROVEN_ROUNDS && least as f64 > on_the_way);
        !suspect.rows.is_empty() || rows_stay
    }
}

/// When a row changed, as its column says.
#[derive(Debug, Clone)]
enum Changed {
    Text(Box<str>),
    Number(f64),
    /// Nothing that has an age.
    Other,
}

impl Changed {
    fn of(cell: &Cell<'_>) -> Self {
        match cell {
            Cell::Text(text) => Self::Text((&**text).into()),
            Cell::Number(digits) => digits.parse().map_or(Self::Other, Self::Number),
            _ => Self::Other,
        }
    }

    /// Whether this is a change before `mark`, by more than `slack` where that can be told.
    fn is_before(&self, mark: &Self, slack: Duration) -> bool {
        match (self, mark) {
            (Self::Text(text), Self::Text(mark)) => match (moment(text), moment(mark)) {
                (Some(at), Some(mark)) => i128::from(at) + (slack.as_millis() as i128) < i128::from(mark),
                _ => text < mark,
            },
            (Self::Number(number), Self::Number(mark)) => number < mark,
            // Rows without a time come last.
            (Self::Other, _) => true,
            _ => false,
        }
    }

    /// Whether this is a later change than `other`.
    fn is_after(&self, other: &Self) -> bool {
        other.is_before(self, Duration::ZERO)
    }
}

/// Milliseconds since the Unix epoch; a time without a zone is taken as UTC.
fn moment(text: &str) -> Option<i64> {
    timestamp::parse_ms(text).or_else(|| timestamp::parse_ms(&format!("{text}Z")))
}

/// Whether a row that was changed at `ours` here is older than `theirs`.
fn is_older(ours: Option<Cell<'_>>, theirs: &Changed) -> bool {
    let Some(ours) = ours else { return true };
    match (ours, theirs) {
        (Cell::Text(ours), Changed::Text(theirs)) if *ours == **theirs => false,
        (Cell::Text(ours), Changed::Text(theirs)) => match (moment(&ours), moment(theirs)) {
            (Some(a), Some(b)) if a != b => a < b,
            // The same millisecond: the rest of the digits decides.
            _ => *ours < **theirs,
        },
        (Cell::Number(ours), Changed::Number(theirs)) => ours.parse::<f64>().is_ok_and(|ours| ours < *theirs),
        // It was set to null or to something else, which has no age.
        _ => false,
    }
}

impl Tracked {
    /// The column that says when a row was last changed: the first configured one that a row has.
    fn newest_by(&self) -> Option<String> {
        let (_, row) = self.rows.iter().next()?;
        let mut columns = self.source.updated_at.iter();
        columns.find(|column| row.get(column).is_some()).cloned()
    }

    fn is_behind(&self, id: &RowId, column: &str, changed: &Changed) -> bool {
        is_older(self.rows.get(id).and_then(|row| row.get(column)), changed)
    }

    /// The row still differs.
    fn is_in_doubt(&self, doubt: &Doubt) -> bool {
        match &doubt.kind {
            DoubtKind::Behind(changed) => self
                .newest_by()
                .is_some_and(|column| self.is_behind(&doubt.id, &column, changed)),
            DoubtKind::Extra => self.rows.get(&doubt.id).is_some(),
        }
    }

    /// The latest change of the rows held.
    fn latest(&self) -> Option<Changed> {
        let column = self.newest_by()?;
        let times = self
            .rows
            .iter()
            .filter_map(|(_, row)| Some(Changed::of(&row.get(&column)?)));
        times
            .filter(|time| !matches!(time, Changed::Other))
            .reduce(|latest, time| if time.is_after(&latest) { time } else { latest })
    }

    /// The key of a row of a probe, and when it was changed.
    fn changed(&self, row: &Record, column: &str) -> Option<(RowId, Changed)> {
        Some((self.source.id_of(row)?, Changed::of(&row.get(column)?)))
    }
}

impl Audit {
    /// The audit of so many sources.
    pub(super) fn new(interval: Option<Duration>, sources: usize) -> Self {
        Self {
            interval,
            limit: None,
            next: None,
            second_look: None,
            equal: 0,
            last: None,
            watches: (0..sources).map(|_| Watch::default()).collect(),
            proofs: Vec::new(),
        }
    }

    /// When the last audit ended, and whether it found all sources equal.
    pub(super) fn last(&self) -> Option<(Duration, bool)> {
        self.last
    }

    /// A change of a source arrived.
    pub(super) fn note_arrival(&mut self, at: usize, now: Duration) {
        if let Some(watch) = self.watches.get_mut(at) {
            watch.last_arrival = Some(now);
        }
    }

    /// The stream inserted or, without an `id`, deleted a row; so many are held now.
    pub(super) fn note_move(&mut self, at: usize, inserted: Option<&RowId>, rows: usize) {
        let Some(watch) = self.watches.get_mut(at) else { return };
        watch.moves += 1;
        watch.note_rows(rows as u64);
        if watch.round.is_some()
            && let Some(id) = inserted
        {
            let has_room = watch.fresh.as_ref().is_some_and(|fresh| fresh.len() < MAX_SUSPECTS);
            match &mut watch.fresh {
                Some(fresh) if has_room => fresh.push(id.clone()),
                fresh => *fresh = None,
            }
        }
    }

    /// When the last change of a source arrived on this connection.
    pub(super) fn last_arrival(&self, at: usize) -> Option<Duration> {
        self.watches.get(at)?.last_arrival
    }

    /// Why the last probe of a source failed.
    pub(super) fn error(&self, at: usize) -> Option<&str> {
        self.watches.get(at)?.error.as_deref()
    }

    /// The sources proven equal since the last call, and as of when.
    pub(super) fn take_proofs(&mut self) -> Vec<(usize, Duration)> {
        std::mem::take(&mut self.proofs)
    }

    /// When there is something to do next, while live.
    pub(super) fn due(&self) -> Option<Duration> {
        let probes = self.watches.iter().filter_map(Watch::due).min();
        [self.next, self.second_look, probes].into_iter().flatten().min()
    }

    /// Something suspicious happened: looks soon, and once more after a minute.
    pub(super) fn suspect(&mut self, at: Duration) {
        if self.interval.is_none() {
            return;
        }
        let soon = at + SUSPICIOUS_AFTER;
        self.next = Some(self.next.map_or(soon, |next| next.min(soon)));
        self.second_look = Some(at + SECOND_LOOK_AFTER);
    }

    /// Looks at once, and once more after a minute.
    pub(super) fn suspect_now(&mut self, at: Duration) {
        self.suspect(at);
        self.next = self.next.map(|next| next.min(at));
    }

    /// Looks at this interval, if that is shorter than the configured one; `None`: the configured one.
    pub(super) fn limit_interval(&mut self, limit: Option<Duration>, at: Duration) {
        if std::mem::replace(&mut self.limit, limit) != limit
            && let Some(limit) = limit
        {
            self.next = self.next.map(|next| next.min(at + limit));
        }
    }

    /// The lease has run out: looks every few seconds until it is renewed.
    pub(super) fn hurry(&mut self, at: Duration) {
        let soon = at + SUSPICIOUS_AFTER;
        self.next = self.next.map(|next| next.min(soon));
    }

    /// All sources were read and merged. Changes during the `took` that the reading took may have been lost.
    pub(super) fn restart(&mut self, sources: &Sources, took: Duration, now: Now) {
        self.plan(now);
        let soon = now.at + SUSPICIOUS_AFTER;
        if self.interval.is_some() && took >= SUSPICIOUS_AFTER {
            // What is held is as old as the beginning of a long reading.
            self.next = self.next.map(|next| next.min(soon));
        }
        for (watch, tracked) in self.watches.iter_mut().zip(sources.iter()) {
            watch.asked = None;
            watch.round = None;
            watch.suspect = None;
            watch.again_at = None;
            watch.mark = self.interval.and_then(|_| tracked.latest());
            watch.slack = SLACK + took;
        }
    }

    /// The next audit is an interval away.
    fn plan(&mut self, now: Now) {
        let spread = 0.8 + 0.2 * now.random.clamp(0.0, 1.0);
        let limit = self.limit.unwrap_or(Duration::MAX);
        self.next = (self.interval).map(|interval| now.at + interval.min(limit).mul_f64(spread));
    }

    /// The connection is closed.
    pub(super) fn stop(&mut self) {
        self.next = None;
        self.second_look = None;
        self.limit = None;
        self.proofs.clear();
        self.watches.fill_with(Watch::default);
    }

    /// Looks at suspects again, and sends the probes that are due.
    pub(super) fn run(&mut self, requests: &mut Requests<'_, '_>) -> Finding {
        let now = requests.call.at();
        if self.due().is_none_or(|due| now < due) {
            return Finding::Open;
        }
        let is_second_look = self.second_look.take_if(|look| now >= *look).is_some();
        let is_due = is_second_look || self.next.is_some_and(|next| now >= next);
        if is_due {
            self.plan(requests.call.now);
            self.equal = 0;
        }
        let mut finding = Finding::Open;
        for at in 0..self.watches.len() {
            let Some(tracked) = requests.sources.get(at) else { break };
            if !tracked.is_owed_proof() {
                if is_due && self.count_equal(now) {
                    finding = Finding::Equal;
                }
                continue;
            }
            if self.is_suspect_gone(at, tracked, now) {
                if self.count_equal(now) {
                    finding = Finding::Equal;
                }
                if !is_due {
                    continue;
                }
            }
            self.ask(at, is_due, requests);
        }
        finding
    }

    /// Whether the suspect of a source was on its way: whatever differed when the round asked has arrived since.
    fn is_suspect_gone(&mut self, at: usize, tracked: &Tracked, now: Duration) -> bool {
        let Some(watch) = self.watches.get_mut(at) else {
            return false;
        };
        if watch.asked.is_some() || watch.round.is_some() || watch.again_at.is_none_or(|again| now < again) {
            return false;
        }
        watch.note_rows(tracked.rows.len() as u64);
        let Some((since, count, newest)) = watch.suspect.as_mut().and_then(|suspect| {
            let is_known = suspect.latest.len() < MAX_SUSPECTS;
            suspect.rows.retain(|doubt| tracked.is_in_doubt(doubt));
            suspect.latest.retain(|doubt| tracked.is_in_doubt(doubt));
            let is_gone = is_known && suspect.rows.is_empty() && suspect.latest.is_empty();
            is_gone.then(|| suspect.last.clone())
        }) else {
            return false;
        };
        if watch.count_difference(count).is_some() {
            return false;
        }
        watch.prove(newest);
        self.proofs.push((at, since));
        true
    }

    /// Counts a source that was found equal. True when all were.
    fn count_equal(&mut self, now: Duration) -> bool {
        self.equal += 1;
        let is_all = self.equal == self.watches.len();
        if is_all {
            self.last = Some((now, true));
        }
        is_all
    }

    /// Sends the next probe of a source, if it is due.
    fn ask(&mut self, at: usize, is_due: bool, requests: &mut Requests<'_, '_>) {
        let now = requests.call.at();
        let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), requests.sources.get(at)) else {
            return;
        };
        if watch.asked.is_some_and(|(_, asked)| now >= asked + ANSWER_DEADLINE) {
            watch.asked = None;
            watch.round = None;
        }
        let is_again = watch.again_at.is_some_and(|again| now >= again);
        if watch.asked.is_some() || !(is_due || is_again) {
            return;
        }
        watch.again_at = None;
        if is_due {
            // One in progress begins anew.
            watch.round = None;
        }
        let rows = tracked.rows.len() as u64;
        let round = watch.round.get_or_insert_with(|| {
            watch.held = (rows, rows);
            watch.fresh = Some(Vec::new());
            Round {
                since: now,
                compared: 0,
                again: 0,
                count: None,
                newest: None,
                seen: HashSet::new(),
                doubts: Vec::new(),
            }
        });
        let (fewest, most) = PAGE_ROWS;
        let newest = tracked.newest_by().map(|column| NewestRows {
            column,
            offset: round.compared,
            limit: match round.compared {
                // A small table is compared whole.
                0 if rows < most as u64 => most,
                0 => watch.page_rows.clamp(fewest, most),
                _ => most,
            },
        });
        // Counting is dear in a large table only, and of a small one it says whether all of it was compared.
        let is_counted = round.compared == 0 && (rows < most as u64 || watch.slow_counts < 2);
        if newest.is_none() && !is_counted {
            // There is nothing that could be compared.
            watch.round = None;
            return;
        }
        let source = tracked.source.clone();
        let id = requests.probe(|id, token| ProbeRequest {
            id,
            source,
            is_counted,
            newest,
            token,
        });
        watch.asked = Some((id, now));
    }

    /// Takes the answer to a probe; one that is not waited for is dropped. A text of an error is fit to be shown.
    pub(super) fn answer(
        &mut self,
        id: u64,
        result: Result<Probe, PageError>,
        sources: &Sources,
        now: Duration,
    ) -> Finding {
        let is_asked = |watch: &Watch| watch.asked.is_some_and(|(asked, _)| asked == id);
        let Some(at) = self.watches.iter().position(is_asked) else {
            return Finding::Open;
        };
        let (Some(watch), Some(tracked)) = (self.watches.get_mut(at), sources.get(at)) else {
            return Finding::Open;
        };
        let asked = watch.asked.take().map_or(now, |(_, asked)| asked);
        let Some(mut round) = watch.round.take() else {
            return Finding::Open;
        };
        let fresh = watch.fresh.take();
        let probe = match result {
            Ok(probe) => probe,
            Err(PageError::Expired(_)) => return Finding::TokenExpired,
            Err(
                PageError::Fatal(text)
                | PageError::Denied(text)
                | PageError::TooLarge(text)
                | PageError::Transient { text, .. },
            ) => {
                // The lease runs out, unless a later audit succeeds.
                watch.error = Some(text);
                return Finding::Open;
            }
        };
        watch.error = None;
        watch.note_rows(tracked.rows.len() as u64);
        if round.compared == 0 {
            round.count = probe.count;
            if probe.count.is_some() {
                let is_slow = now.saturating_sub(asked) >= SLOW_COUNT;
                watch.slow_counts = if is_slow { watch.slow_counts + 1 } else { 0 };
            }
        }
        match compare(tracked, watch, &mut round, &probe) {
            Compared::More if round.compared < MAX_COMPARED => {
                watch.round = Some(round);
                watch.fresh = fresh;
                watch.again_at = Some(now + PAGE_PACE);
                return Finding::Open;
            }
            Compared::More => {
                // More rows changed than can be compared.
                watch.suspect = None;
                self.last = Some((now, false));
                return Finding::Different;
            }
            Compared::All => {}
        }
        let is_whole = is_whole(&round) && round.seen.len() == round.compared;
        if is_whole && let Some(fresh) = fresh {
            let fresh: HashSet<RowId> = fresh.into_iter().collect();
            let is_extra = |id: &&RowId| !round.seen.contains(*id) && !fresh.contains(*id);
            let extra = tracked.rows.iter().map(|(id, _)| id).filter(is_extra);
            let extra: Vec<Doubt> = extra
                .take(MAX_SUSPECTS)
                .map(|id| Doubt {
                    id: id.clone(),
                    kind: DoubtKind::Extra,
                })
                .collect();
            round.doubts.extend(extra);
        }
        watch.page_rows = round.compared;
        if !tracked.has_unique_key() {
            // Rows that share a key are held as one, so that neither their number nor their times can be compared.
            round.count = None;
            round.doubts.clear();
        }
        // The keys say more than their number.
        let count = watch.count_difference(round.count).filter(|_| !is_whole);
        if is_whole {
            round.count = None;
        }
        if count.is_none() && round.doubts.is_empty() {
            watch.prove(round.newest);
            self.proofs.push((at, round.since));
            return if self.count_equal(now) {
                Finding::Equal
            } else {
                Finding::Open
            };
        }
        if let Some(suspect) = &mut watch.suspect {
            // What was on its way when it was first found does not differ in each round.
            let again: HashSet<&RowId> = round.doubts.iter().map(|doubt| &doubt.id).collect();
            suspect
                .rows
                .retain(|doubt| again.contains(&doubt.id) && tracked.is_in_doubt(doubt));
        }
        if !watch.judge(round, count, now) {
            watch.again_at = Some(now + LOOK_AGAIN_AFTER);
            return Finding::Open;
        }
        watch.suspect = None;
        self.last = Some((now, false));
        Finding::Different
    }
}

/// Whether all rows of the table were compared.
fn is_whole(round: &Round) -> bool {
    round.count.is_some_and(|count| round.compared as u64 >= count)
}

/// How far a page went.
enum Compared {
    /// To a row that was changed before the last proof.
    All,
    /// Not so far.
    More,
}

/// Compares a page of the rows changed last with what is held.
fn compare(tracked: &Tracked, watch: &Watch, round: &mut Round, probe: &Probe) -> Compared {
    let Some(column) = tracked.newest_by() else {
        return Compared::All;
    };
    let mut is_through = false;
    for row in &probe.newest {
        let Some((id, changed)) = tracked.changed(row, &column) else {
            continue;
        };
        if round.newest.is_none() && !matches!(changed, Changed::Other) {
            round.newest = Some(changed.clone());
        }
        if let Some(mark) = &watch.mark
            && !changed.is_after(mark)
        {
            round.again += 1;
            is_through |= round.again >= MAX_COMPARED_AGAIN || changed.is_before(mark, watch.slack);
        }
        if tracked.is_behind(&id, &column, &changed) && round.doubts.len() < MAX_SUSPECTS {
            round.doubts.push(Doubt {
                id: id.clone(),
                kind: DoubtKind::Behind(changed),
            });
        }
        if round.seen.len() < PAGE_ROWS.1 {
            round.seen.insert(id);
        }
    }
    round.compared += probe.newest.len();
    // Behind the last row the page is empty.
    if is_through || is_whole(round) || probe.newest.is_empty() {
        Compared::All
    } else {
        Compared::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::testing;

    /// Probes until the audit decides; the probes show this many rows.
    fn probe(audit: &mut Audit, fixture: &mut testing::Fixture, rows: u64) -> (Finding, u64) {
        let started = fixture.at;
        loop {
            fixture.at += Duration::from_secs(1);
            fixture.request(|requests| audit.run(requests));
            for request in fixture.probed() {
                let probe = Probe {
                    count: Some(rows),
                    newest: Vec::new(),
                };
                let found = audit.answer(request.id, Ok(probe), &fixture.sources, fixture.at);
                if found != Finding::Open {
                    return (found, (fixture.at - started).as_secs());
                }
            }
        }
    }

    #[test]
    fn equal_counts_are_equal_at_once_and_a_difference_has_to_persist() {
        let mut fixture = testing::Fixture::new(1);
        fixture.hold(0, "1", r#"{"id":"1"}"#);
        let mut audit = Audit::new(Some(Duration::from_secs(60)), 1);
        audit.restart(&fixture.sources, Duration::ZERO, fixture.now());
        assert_eq!(probe(&mut audit, &mut fixture, 1), (Finding::Equal, 54));
        let (found, after) = probe(&mut audit, &mut fixture, 3);
        assert_eq!(found, Finding::Different);
        assert!((64..=69).contains(&after), "{after} s");
        assert_eq!(audit.last().map(|(_, equal)| equal), Some(false));
    }

    #[test]
    fn without_an_interval_nothing_is_probed() {
        let mut audit = Audit::new(None, 1);
        let fixture = testing::Fixture::new(1);
        audit.restart(&fixture.sources, Duration::ZERO, fixture.now());
        assert_eq!(audit.due(), None);
    }
}
