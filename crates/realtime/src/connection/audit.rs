//! The cheap audit between two reconciles: row count and newest change of each table, compared with what is held.
//!
//! A difference may be on its way: it is proven by its staying. What is proven calls the reconcile early; and where the
//! stream was silent all the while, the channel is joined but does not deliver, and is joined anew.

use std::time::Duration;

use super::{Connection, Out, Phase, Tracked};
use crate::{
    api::{Effect, PageError, Probe, ProbeRequest},
    timestamp,
};
use model::{Cell, RowId};

/// A table with a difference is looked at again this soon.
const AGAIN_AFTER: Duration = Duration::from_secs(4);
/// A difference that stays for so long is none that was on its way (realtime-protocol.md §15.6).
const PROVEN_AFTER: Duration = Duration::from_secs(10);
/// Looks that a difference in rows has to outlast.
const PROVEN_LOOKS: u32 = 3;
/// Changes are this long on their way at most, under load.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Audit {
    next: Option<Duration>,
    /// Tables found equal since the last round began.
    equal: usize,
    /// When all were found equal last, and whether the last finding was that.
    pub last: Option<(Duration, bool)>,
}

/// What is known of one table's audit.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The probe asked for: its id, and when it counts as lost.
    asked: Option<(u64, Duration)>,
    again_at: Option<Duration>,
    suspect: Option<Suspect>,
    /// Rows that the stream brought or took.
    pub moves: u64,
    /// When the last change came.
    pub last_arrival: Option<Duration>,
}

/// A difference that may be on its way.
#[derive(Debug)]
struct Suspect {
    since: Duration,
    moves: u64,
    looks: u32,
    /// The least difference in rows seen, and its sign; none: at least one look found the counts equal.
    count: Option<(bool, u64)>,
    /// A row that had changed there and not here.
    newest: Option<(RowId, Changed)>,
}

/// What a probe and what is held differ by.
struct Found {
    count: Option<(bool, u64)>,
    newest: Option<(RowId, Changed)>,
}

impl Watch {
    fn due(&self) -> Option<Duration> {
        self.asked.map(|(_, deadline)| deadline).or(self.again_at)
    }

    /// Whether the difference is proven by now. `stays`: the row that was suspected still differs.
    fn judge(&mut self, found: Found, stays: bool, at: Duration) -> bool {
        let Some(suspect) = &mut self.suspect else {
            self.suspect = Some(Suspect {
                since: at,
                moves: self.moves,
                looks: 1,
                count: found.count,
                newest: found.newest,
            });
            return false;
        };
        suspect.looks += 1;
        suspect.count = match (suspect.count, found.count) {
            (Some((sign, least)), Some((same, rows))) if sign == same => Some((sign, least.min(rows))),
            _ => None,
        };
        if !stays {
            suspect.newest = None;
        }
        if suspect.count.is_none() && suspect.newest.is_none() {
            // It was on its way; what is found now may be too.
            self.suspect = None;
            return false;
        }
        let waited = at.saturating_sub(suspect.since);
        if waited < PROVEN_AFTER {
            return false;
        }
        // What of these rows may still be on the way, at the pace that they come and go.
        let moved = (self.moves - suspect.moves) as f64;
        let on_the_way = moved * ON_THE_WAY.as_secs_f64() / waited.as_secs_f64();
        let rows_stay = suspect
            .count
            .is_some_and(|(_, least)| suspect.looks >= PROVEN_LOOKS && least as f64 > on_the_way);
        suspect.newest.is_some() || rows_stay
    }
}

/// When a row changed, as its column says it.
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
        // Somebody set it to null, or to something else: not a matter of age.
        _ => false,
    }
}

impl Tracked {
    /// The column that tells when a row changed last: the first configured one that a row has.
    fn newest_by(&self) -> Option<String> {
        let (_, row) = self.rows.iter().next()?;
        let mut columns = self.source.updated_at.iter();
        columns.find(|column| row.get(column).is_some()).cloned()
    }

    fn is_behind(&self, id: &RowId, column: &str, changed: &Changed) -> bool {
        is_older(self.rows.get(id).and_then(|row| row.get(column)), changed)
    }

    /// The row that was suspected still differs.
    fn stays(&self) -> bool {
        let newest = self.watch.suspect.as_ref().and_then(|suspect| suspect.newest.as_ref());
        newest
            .zip(self.newest_by())
            .is_some_and(|((id, changed), column)| self.is_behind(id, &column, changed))
    }

    fn compare(&self, probe: &Probe) -> Option<Found> {
        let rows = self.rows.len() as u64;
        let count = probe
            .count
            .filter(|count| *count != rows)
            .map(|count| (count > rows, count.abs_diff(rows)));
        let newest = probe.newest.as_ref().and_then(|row| {
            let id = self.source.id_of(row)?;
            let column = self.newest_by()?;
            let changed = row.get(&column)?;
            let changed = Changed::of(&changed);
            self.is_behind(&id, &column, &changed).then_some((id, changed))
        });
        (count.is_some() || newest.is_some()).then_some(Found { count, newest })
    }
}

impl Connection {
    pub(super) fn audit_due(&self) -> Option<Duration> {
        if self.phase != Phase::Live || self.sync.is_some() {
            return None;
        }
        let tables = self.tables.iter().filter_map(|tracked| tracked.watch.due()).min();
        [self.audit.next, tables].into_iter().flatten().min()
    }

    /// The tables are equal as of now: the next look is an interval away.
    pub(super) fn restart_audit(&mut self, out: &mut Out<'_>) {
        for tracked in &mut self.tables {
            tracked.watch.asked = None;
            tracked.watch.again_at = None;
            tracked.watch.suspect = None;
        }
        let spread = 0.8 + 0.4 * out.now.random.clamp(0.0, 1.0);
        let interval = self.config.audit_interval.filter(|_| self.config.snapshots);
        self.audit.next = interval.map(|interval| out.at() + interval.mul_f64(spread));
    }

    pub(super) fn stop_audit(&mut self) {
        self.audit.next = None;
        for tracked in &mut self.tables {
            tracked.watch = Watch::default();
        }
    }

    pub(super) fn run_audit(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        if self.audit_due().is_none_or(|due| now < due) {
            return;
        }
        let is_round = self.audit.next.is_some_and(|next| now >= next);
        if is_round {
            self.restart_audit(out);
            self.audit.equal = 0;
        }
        for at in 0..self.tables.len() {
            let Some(tracked) = self.tables.get_mut(at) else { return };
            if tracked.limits.is_some() {
                self.audit.equal += usize::from(is_round);
                continue;
            }
            if tracked.watch.asked.is_some_and(|(_, deadline)| now >= deadline) {
                tracked.watch.asked = None;
            }
            let is_again = tracked.watch.again_at.is_some_and(|again| now >= again);
            if (is_round || is_again) && tracked.watch.asked.is_none() {
                self.probe(at, out);
            }
        }
    }

    fn probe(&mut self, at: usize, out: &mut Out<'_>) {
        let id = self.page_id();
        let token = self.token_to_read();
        let Some(tracked) = self.tables.get_mut(at) else { return };
        tracked.watch.again_at = None;
        tracked.watch.asked = Some((id, out.at() + ANSWER_DEADLINE));
        out.act(Effect::Probe(Box::new(ProbeRequest {
            id,
            newest_by: tracked.newest_by(),
            source: tracked.source.clone(),
            token,
        })));
    }

    /// An answer. One that nobody waits for is dropped.
    pub(super) fn probed(&mut self, id: u64, result: Result<Probe, PageError>, out: &mut Out<'_>) {
        let is_asked = |tracked: &Tracked| tracked.watch.asked.is_some_and(|(asked, _)| asked == id);
        let Some(at) = self.tables.iter().position(is_asked) else {
            return;
        };
        let Some(tracked) = self.tables.get_mut(at) else { return };
        tracked.watch.asked = None;
        let probe = match result {
            Ok(probe) => probe,
            Err(PageError::Expired(_)) => return self.token_expired(out),
            // The reconcile is there for that, and says what is wrong.
            Err(_) => return,
        };
        let Some(found) = tracked.compare(&probe) else {
            tracked.watch.suspect = None;
            self.audit.equal += 1;
            if self.audit.equal >= self.tables.len() {
                self.audit.last = Some((out.at(), true));
                self.report.note_news();
            }
            return;
        };
        let stays = tracked.stays();
        if !tracked.watch.judge(found, stays, out.at()) {
            tracked.watch.again_at = Some(out.at() + AGAIN_AFTER);
            return;
        }
        tracked.watch.suspect = None;
        self.audit.last = Some((out.at(), false));
        self.report.note_news();
        self.plan.audit_by(out.at());
    }
}
