//! The cheap audit between two reconciles: row count and newest change of each source, compared with what is held.
//!
//! A difference may be on its way: it is proven by persisting. A proven one brings the next reconcile forward.

use std::time::Duration;

use super::{
    Requests,
    sources::{Sources, Tracked},
};
use crate::{
    api::{Now, PageError, Probe, ProbeRequest},
    timestamp,
};
use model::{Cell, RowId};

/// Delay before a source with a difference is probed again.
const PROBE_AGAIN_AFTER: Duration = Duration::from_secs(4);
/// A difference that persists for this long is none that was on its way (docs/realtime-protocol.md §15.6).
const PROVEN_AFTER: Duration = Duration::from_secs(10);
/// Probes that a difference in rows has to outlast.
const PROVEN_PROBES: u32 = 3;
/// Changes are on their way for this long at most, under load.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// What the answer to a probe showed.
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
    next: Option<Duration>,
    /// Sources found equal since the last round began.
    equal: usize,
    /// When all were found equal last, or one different; and which.
    last: Option<(Duration, bool)>,
    watches: Vec<Watch>,
}

/// The audit of one source.
#[derive(Debug, Default)]
struct Watch {
    /// The probe asked for: its id, and when it counts as lost.
    asked: Option<(u64, Duration)>,
    again_at: Option<Duration>,
    suspect: Option<Suspect>,
    /// Rows that the stream inserted or deleted.
    moves: u64,
    last_arrival: Option<Duration>,
}

/// A difference that may be on its way.
#[derive(Debug)]
struct Suspect {
    since: Duration,
    moves: u64,
    probes: u32,
    /// The least difference in rows found, and its sign; none: at least one probe found the counts equal.
    count: Option<(bool, u64)>,
    /// A row that had changed there and not here.
    newest: Option<(RowId, Changed)>,
}

/// How a probe and what is held differ.
struct AuditDifference {
    count: Option<(bool, u64)>,
    newest: Option<(RowId, Changed)>,
}

impl Watch {
    fn due(&self) -> Option<Duration> {
        self.asked.map(|(_, deadline)| deadline).or(self.again_at)
    }

    /// Whether the difference is proven by now. `stays`: the suspected row still differs.
    fn judge(&mut self, found: AuditDifference, stays: bool, at: Duration) -> bool {
        let Some(suspect) = &mut self.suspect else {
            self.suspect = Some(Suspect {
                since: at,
                moves: self.moves,
                probes: 1,
                count: found.count,
                newest: found.newest,
            });
            return false;
        };
        suspect.probes += 1;
        suspect.count = match (suspect.count, found.count) {
            (Some((sign, least)), Some((same, rows))) if sign == same => Some((sign, least.min(rows))),
            _ => None,
        };
        if !stays {
            suspect.newest = None;
        }
        if suspect.count.is_none() && suspect.newest.is_none() {
            // It was on its way; what is found now may be as well.
            self.suspect = None;
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
            .is_some_and(|(_, least)| suspect.probes >= PROVEN_PROBES && least as f64 > on_the_way);
        suspect.newest.is_some() || rows_stay
    }
}

/// When a row changed, as its column says.
#[derive(Debug)]
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
}

/// Whether a row that was changed at `ours` here is older than `theirs`.
fn is_older(ours: Option<Cell<'_>>, theirs: &Changed) -> bool {
    let Some(ours) = ours else { return true };
    let moment = |text: &str| timestamp::parse_ms(text).or_else(|| timestamp::parse_ms(&format!("{text}Z")));
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

    /// The suspected row still differs.
    fn stays(&self, suspect: Option<&Suspect>) -> bool {
        suspect
            .and_then(|suspect| suspect.newest.as_ref())
            .zip(self.newest_by())
            .is_some_and(|((id, changed), column)| self.is_behind(id, &column, changed))
    }

    fn compare(&self, probe: &Probe) -> Option<AuditDifference> {
        let rows = self.rows.len() as u64;
        let count = probe
            .count
            .filter(|count| *count != rows)
            .map(|count| (count > rows, count.abs_diff(rows)));
        let newest = probe.newest.as_ref().and_then(|row| {
            let id = self.source.id_of(row)?;
            let column = self.newest_by()?;
            let changed = Changed::of(&row.get(&column)?);
            self.is_behind(&id, &column, &changed).then_some((id, changed))
        });
        (count.is_some() || newest.is_some()).then_some(AuditDifference { count, newest })
    }
}

impl Audit {
    /// The audit of so many sources.
    pub(super) fn new(interval: Option<Duration>, sources: usize) -> Self {
        Self {
            interval,
            next: None,
            equal: 0,
            last: None,
            watches: (0..sources).map(|_| Watch::default()).collect(),
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

    /// The stream inserted or deleted a row.
    pub(super) fn note_move(&mut self, at: usize) {
        if let Some(watch) = self.watches.get_mut(at) {
            watch.moves += 1;
        }
    }

    /// When the last change of a source arrived on this connection.
    pub(super) fn last_arrival(&self, at: usize) -> Option<Duration> {
        self.watches.get(at)?.last_arrival
    }

    /// When there is something to do next, while live.
    pub(super) fn due(&self) -> Option<Duration> {
        let probes = self.watches.iter().filter_map(Watch::due).min();
        [self.next, probes].into_iter().flatten().min()
    }

    /// The sources are equal as of now: the next round is an interval away.
    pub(super) fn restart(&mut self, now: Now) {
        for watch in &mut self.watches {
            watch.asked = None;
            watch.again_at = None;
            watch.suspect = None;
        }
        let spread = 0.8 + 0.4 * now.random.clamp(0.0, 1.0);
        self.next = self.interval.map(|interval| now.at + interval.mul_f64(spread));
    }

    /// The connection is closed.
    pub(super) fn stop(&mut self) {
        self.next = None;
        self.watches.fill_with(Watch::default);
    }

    /// Sends the probes that are due.
    pub(super) fn run(&mut self, requests: &mut Requests<'_, '_>) {
        let now = requests.call.at();
        if self.due().is_none_or(|due| now < due) {
            return;
        }
        let is_round = self.next.is_some_and(|next| now >= next);
        if is_round {
            self.restart(requests.call.now);
            self.equal = 0;
        }
        for (at, watch) in self.watches.iter_mut().enumerate() {
            let Some(tracked) = requests.sources.get(at) else {
                return;
            };
            if tracked.is_limited() {
                self.equal += usize::from(is_round);
                continue;
            }
            if watch.asked.is_some_and(|(_, deadline)| now >= deadline) {
                watch.asked = None;
            }
            let is_again = watch.again_at.is_some_and(|again| now >= again);
            if (is_round || is_again) && watch.asked.is_none() {
                watch.again_at = None;
                let newest_by = tracked.newest_by();
                let source = tracked.source.clone();
                let id = requests.probe(|id, token| ProbeRequest {
                    id,
                    source,
                    newest_by,
                    token,
                });
                watch.asked = Some((id, now + ANSWER_DEADLINE));
            }
        }
    }

    /// Takes the answer to a probe; one that is not waited for is dropped.
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
        watch.asked = None;
        let probe = match result {
            Ok(probe) => probe,
            Err(PageError::Expired(_)) => return Finding::TokenExpired,
            // The reconcile reports what is wrong.
            Err(_) => return Finding::Open,
        };
        let Some(found) = tracked.compare(&probe) else {
            watch.suspect = None;
            self.equal += 1;
            if self.equal < self.watches.len() {
                return Finding::Open;
            }
            self.last = Some((now, true));
            return Finding::Equal;
        };
        let stays = tracked.stays(watch.suspect.as_ref());
        if !watch.judge(found, stays, now) {
            watch.again_at = Some(now + PROBE_AGAIN_AFTER);
            return Finding::Open;
        }
        watch.suspect = None;
        self.last = Some((now, false));
        Finding::Different
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
                    newest: None,
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
        audit.restart(fixture.now());
        assert_eq!(probe(&mut audit, &mut fixture, 1), (Finding::Equal, 60));
        let (found, after) = probe(&mut audit, &mut fixture, 3);
        assert_eq!(found, Finding::Different);
        assert!((70..=75).contains(&after), "{after} s");
        assert_eq!(audit.last().map(|(_, equal)| equal), Some(false));
    }

    #[test]
    fn without_an_interval_nothing_is_probed() {
        let mut audit = Audit::new(None, 1);
        audit.restart(testing::Fixture::new(1).now());
        assert_eq!(audit.due(), None);
    }
}
