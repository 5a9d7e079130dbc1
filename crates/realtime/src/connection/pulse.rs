//! The pulse: a table of one row in which the database raises a number at a regular interval (`seq`, and the time `at`).
//!
//! Its changes take the same way as all others: database, replication slot, poller, socket. A number that is missing
//! therefore means that changes were lost, and a pulse that does not come in time is a reason to look. A look at the
//! row by REST decides between the two causes: when the number was raised meanwhile, changes are committed that do not
//! arrive; when it was not, the job in the database has stopped, which says nothing about the changes of other tables.
//!
//! A contiguous pulse does not prove the sources equal: a change that was dropped between two pulses leaves no trace
//! in their numbers. Sources are proven by audits, which are more frequent while a pulse runs; the pulse has to be
//! young on top of that (docs/realtime-protocol.md §15.7).

use std::{collections::VecDeque, time::Duration};

use super::{
    Call, Connection,
    channel::all_changes,
    report::{duration_words, millis},
    side::{SideId, SideNews},
};
use crate::{
    Frame, JoinConfig,
    api::{Effect, Page, PageError, PageQuery, PageRequest},
    change::{self, ChangeType},
    event::{PulseReport, PulseState},
    source::Source,
    timestamp,
};
use model::{Cell, NoticeKind, Record};

/// The columns of the pulse table.
const SEQ: &str = "seq";
const AT: &str = "at";
/// Bounds of an interval that is learned.
const INTERVAL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(120));
/// Distances of pulses that the interval is the median of.
const DISTANCES: usize = 5;
/// A pulse is late by a share of the interval, and by this at least.
const LATE_SHARE: f64 = 0.3;
const LATE_AT_LEAST: Duration = Duration::from_secs(1);
/// A pulse without a known interval is late after this.
const LATE_WITHOUT_INTERVAL: Duration = Duration::from_secs(20);
/// A pulse that was read by REST may still be on its way for this long.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// The job has stopped when the number was not raised during this number of intervals.
const STOPPED_INTERVALS: u32 = 3;
/// The same without a known interval.
const STOPPED_WITHOUT_INTERVAL: Duration = Duration::from_secs(360);
/// Without a pulse for this number of intervals the connection is unproven.
const YOUNG_INTERVALS: u32 = 4;
/// Without REST the cause cannot be found. After this time without a pulse nothing is claimed any more.
const SILENT_WITHOUT_READS: Duration = Duration::from_secs(300);
/// Interval of looks at the row while pulses are missing, and after a read that failed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Interval of looks for a table that is not there, and at one whose job has stopped.
const SEARCH_EVERY: Duration = Duration::from_secs(600);
const STOPPED_EVERY: Duration = Duration::from_secs(60);
/// The I/O has a deadline of its own; this one only keeps a lost answer from blocking for ever.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
/// The channel is joined anew when raised numbers have not arrived for this long, and again at this interval.
const REJOIN_AFTER: Duration = Duration::from_secs(60);
const REJOIN_EVERY: Duration = Duration::from_secs(600);
/// Interval of the audits while a pulse runs that is faster than they are, and no change arrives. Three tables are asked
/// for eleven times a minute then.
const QUIET_AUDITS: Duration = Duration::from_secs(18);
/// The same while changes arrive; it is no shorter than the pulse's.
const BUSY_AUDITS: Duration = Duration::from_secs(5);

/// What follows from a pulse, or from its absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PulseFinding {
    /// It is late: the tables are to be compared at once.
    Late,
    /// Changes were lost: the tables are to be read at once.
    Lost,
    /// The job in the database does not run.
    Stopped,
    /// The job runs again.
    Resumed,
    /// Pulses do not arrive although they are committed: a new join may help.
    Deaf,
}

#[derive(Debug)]
pub(super) struct Pulse {
    /// `None`: none is looked for.
    table: Option<Source>,
    /// Rows can be read by REST.
    reads: bool,
    /// The table was found on this connection, or is taken to be there.
    is_found: bool,
    /// The next look at the row.
    look_at: Option<Duration>,
    /// The look in progress: its id, and when it began.
    asked: Option<(u64, Duration)>,
    /// Since when pulses flow; `None`: the channel is not joined.
    joined: Option<Duration>,
    /// The last number received, or read after the join: every one after it has to arrive.
    received: Option<i64>,
    /// That number was read; it may still arrive.
    is_read: bool,
    /// When a pulse last arrived; at first, when the channel was joined.
    arrived: Duration,
    /// The highest number known to be committed, and since when it is.
    known: Option<(i64, Duration)>,
    /// When the number that was read must have arrived.
    judge_at: Option<Duration>,
    /// Since when pulses are known to be committed that do not arrive.
    missing: Option<Duration>,
    rejoin_at: Option<Duration>,
    /// The job does not run; without reads also: no pulse has come for a long time, whatever the cause.
    is_stopped: bool,
    was_stop_reported: bool,
    rhythm: Rhythm,
    /// Pulses that never arrived, since the session was made.
    losses: u64,
    /// Changes of sources until the last pulse, and whether there were any since the one before.
    changes: u64,
    is_busy: bool,
}

/// The interval of the pulse, as learned from its times in the database.
#[derive(Debug, Clone, Default)]
struct Rhythm {
    /// The number and the time of the last pulse, in milliseconds since the Unix epoch.
    last: Option<(i64, i64)>,
    distances: VecDeque<Duration>,
}

impl Rhythm {
    fn note(&mut self, seq: i64, at_ms: i64) {
        if let Some((last, before)) = self.last
            && let (Some(pulses @ 1..), Some(ms @ 1..)) = (seq.checked_sub(last), at_ms.checked_sub(before))
        {
            let distance = Duration::from_millis((ms / pulses).unsigned_abs());
            let (least, most) = INTERVAL;
            if self.distances.len() >= DISTANCES {
                self.distances.pop_front();
            }
            self.distances.push_back(distance.clamp(least, most));
        }
        self.last = Some((seq, at_ms));
    }

    /// The median of the last distances.
    fn interval(&self) -> Option<Duration> {
        let mut distances: Vec<Duration> = self.distances.iter().copied().collect();
        distances.sort_unstable();
        distances.get(distances.len() / 2).copied()
    }
}

impl Pulse {
    /// `table`: the table to look for. `reads`: rows can be read by REST.
    pub(super) fn new(table: Option<Source>, reads: bool) -> Self {
        Self {
            table,
            reads,
            is_found: false,
            look_at: None,
            asked: None,
            joined: None,
            received: None,
            is_read: false,
            arrived: Duration::ZERO,
            known: None,
            judge_at: None,
            missing: None,
            rejoin_at: None,
            is_stopped: false,
            was_stop_reported: false,
            rhythm: Rhythm::default(),
            losses: 0,
            changes: 0,
            is_busy: false,
        }
    }

    /// Notes how many changes of sources there have been until this pulse.
    fn count_changes(&mut self, changes: u64) {
        self.is_busy = std::mem::replace(&mut self.changes, changes) != changes;
    }

    /// Reads in progress are dropped.
    pub(super) fn drop_read(&mut self, now: Duration) {
        if self.asked.take().is_some() {
            self.look_at = Some(now + LOOK_EVERY);
        }
    }

    /// The connection is closed: the interval and the number of losses are kept.
    pub(super) fn close(&mut self) {
        let fresh = Self {
            rhythm: std::mem::take(&mut self.rhythm),
            losses: self.losses,
            was_stop_reported: self.was_stop_reported,
            ..Self::new(self.table.take(), self.reads)
        };
        *self = fresh;
    }

    /// Continues the counts of another connection.
    pub(super) fn inherit(&mut self, old: &mut Self) {
        self.losses += old.losses;
        self.was_stop_reported |= old.was_stop_reported;
        if self.rhythm.distances.is_empty() {
            self.rhythm = std::mem::take(&mut old.rhythm);
        }
    }

    /// The main channel is live. True: the pulse's channel is to be joined without a look at the table.
    fn live(&mut self, at: Duration) -> bool {
        if self.table.is_none() || self.is_found {
            return false;
        }
        if self.reads {
            self.look_at.get_or_insert(at);
        }
        self.is_found = !self.reads;
        self.is_found
    }

    /// A read of the row is in progress under this id.
    pub(super) fn owns(&self, id: u64) -> bool {
        self.asked.is_some_and(|(asked, _)| asked == id)
    }

    /// Pulses flow. Confirmed again, nothing changes: what was lost in between is missing in the numbers.
    fn joined(&mut self, at: Duration) {
        if self.joined.is_some() {
            return;
        }
        self.joined = Some(at);
        self.arrived = at;
        self.received = None;
        self.look_at = Some(if self.reads { at } else { at + self.look_after() });
    }

    /// No pulses flow any more: the sources are proven by audits alone.
    fn left(&mut self) {
        self.joined = None;
        self.received = None;
        self.asked = None;
        self.missing = None;
        self.judge_at = None;
        self.rejoin_at = None;
        self.look_at = None;
        self.is_stopped = false;
    }

    /// A pulse arrived.
    fn arrive(&mut self, seq: i64, at_ms: Option<i64>, now: Duration) -> Option<PulseFinding> {
        self.joined?;
        if let Some(at_ms) = at_ms {
            self.rhythm.note(seq, at_ms);
        }
        self.arrived = now;
        self.look_at = Some(now + self.look_after());
        let before = self.received;
        let is_known = |before: i64| seq == before || (self.is_read && seq < before);
        if before.is_some_and(is_known) {
            // Delivered twice, or read before it arrived.
            self.is_read &= before != Some(seq);
            return None;
        }
        self.is_read = false;
        self.received = Some(seq);
        let is_reset = before.is_some_and(|before| seq < before);
        if is_reset || self.known.is_none_or(|(known, _)| known < seq) {
            self.known = Some((seq, now));
        }
        if self.known.is_some_and(|(known, _)| seq >= known) {
            self.judge_at = None;
            self.missing = None;
            self.rejoin_at = None;
        }
        let has_resumed = std::mem::take(&mut self.is_stopped) && std::mem::take(&mut self.was_stop_reported);
        let lost = match before {
            Some(_) if is_reset => 1,
            Some(before) => seq.saturating_sub(before).saturating_sub(1).unsigned_abs(),
            None => 0,
        };
        self.losses = self.losses.saturating_add(lost);
        match lost {
            0 => has_resumed.then_some(PulseFinding::Resumed),
            _ => Some(PulseFinding::Lost),
        }
    }

    /// The time without a pulse after which to look for the cause.
    fn look_after(&self) -> Duration {
        if self.reads {
            self.late_after()
        } else {
            SILENT_WITHOUT_READS
        }
    }

    /// The time without a pulse after which one is late.
    fn late_after(&self) -> Duration {
        match self.rhythm.interval() {
            Some(interval) => interval + LATE_AT_LEAST.max(interval.mul_f64(LATE_SHARE)),
            None => LATE_WITHOUT_INTERVAL,
        }
    }

    /// The row was read while pulses flow.
    fn read(&mut self, (seq, at_ms): (i64, Option<i64>), max_age: Duration, now: Duration) -> Option<PulseFinding> {
        if let Some(at_ms) = at_ms {
            self.rhythm.note(seq, at_ms);
        }
        let is_reset = self.known.is_some_and(|(known, _)| seq < known);
        if self.received.is_none() || is_reset {
            self.begin_at(seq);
        }
        let is_raised = self.known.is_none_or(|(known, _)| seq != known);
        if is_raised {
            self.known = Some((seq, now));
        }
        let since_raised = self
            .known
            .map_or(Duration::ZERO, |(_, since)| now.saturating_sub(since));
        let stopped_after = self.stopped_after(max_age);
        if since_raised >= stopped_after {
            self.begin_at(seq);
            self.look_at = Some(now + STOPPED_EVERY);
            let is_news = !std::mem::replace(&mut self.is_stopped, true);
            return (is_news && !std::mem::replace(&mut self.was_stop_reported, true)).then_some(PulseFinding::Stopped);
        }
        if self.is_stopped && is_raised {
            self.is_stopped = false;
            self.arrived = now;
        }
        if self.received.is_some_and(|received| received < seq) && self.missing.is_none() {
            self.judge_at.get_or_insert(now + ON_THE_WAY);
        }
        // A job that has stopped is found when it has, and not a whole interval later.
        let stopped_at = now + stopped_after.saturating_sub(since_raised);
        self.look_at = Some((now + self.late_after()).min(stopped_at.max(now + LOOK_EVERY)));
        None
    }

    /// Every number after this one has to arrive.
    fn begin_at(&mut self, seq: i64) {
        self.received = Some(seq);
        self.is_read = true;
        self.judge_at = None;
        self.missing = None;
        self.rejoin_at = None;
    }

    /// The row could not be read while pulses flow.
    fn read_failed(&mut self, now: Duration) {
        self.look_at = Some(now + LOOK_EVERY);
    }

    /// When there is something to do next.
    pub(super) fn due(&self) -> Option<Duration> {
        let asked = self.asked.map(|(_, asked)| asked + ANSWER_DEADLINE);
        let look = self.look_at.filter(|_| self.asked.is_none());
        [asked, look, self.judge_at, self.rejoin_at].into_iter().flatten().min()
    }

    /// What is due: a finding, and whether the row is to be read.
    fn run(&mut self, now: Duration) -> (Option<PulseFinding>, bool) {
        if self.due().is_none_or(|due| now < due) {
            return (None, false);
        }
        self.asked = self.asked.filter(|(_, asked)| now < *asked + ANSWER_DEADLINE);
        if self.judge_at.take_if(|judge| now >= *judge).is_some()
            && let (Some(received), Some((known, _))) = (self.received, self.known)
            && received < known
        {
            self.missing = Some(now);
            self.rejoin_at = Some(now + REJOIN_AFTER);
            return (Some(PulseFinding::Lost), false);
        }
        if self.rejoin_at.is_some_and(|rejoin| now >= rejoin) {
            self.rejoin_at = Some(now + REJOIN_EVERY);
            return (Some(PulseFinding::Deaf), false);
        }
        if self.asked.is_some() || self.look_at.take_if(|look| now >= *look).is_none() {
            return (None, false);
        }
        if self.reads {
            let is_late = self.is_running() && now >= self.arrived + self.late_after();
            let is_first_look = is_late && self.missing.is_none() && self.judge_at.is_none();
            return (is_first_look.then_some(PulseFinding::Late), true);
        }
        self.is_stopped = true;
        let is_news = !std::mem::replace(&mut self.was_stop_reported, true);
        (is_news.then_some(PulseFinding::Stopped), false)
    }

    /// A pulse runs, and has to be young.
    pub(super) fn is_running(&self) -> bool {
        self.joined.is_some() && !self.is_stopped && self.received.is_some()
    }

    /// The time without a pulse after which the connection is unproven.
    fn young_for(&self, max_age: Duration) -> Option<Duration> {
        let intervals = self.rhythm.interval()? * YOUNG_INTERVALS;
        // The age of a proof may be less than the interval of a slow pulse.
        Some(intervals.min(max_age).max(self.late_after() + LOOK_EVERY))
    }

    /// The time without a raise of the number after which the job has stopped. That is before the connection becomes
    /// unproven for it.
    fn stopped_after(&self, max_age: Duration) -> Duration {
        match (self.rhythm.interval(), self.young_for(max_age)) {
            (Some(interval), Some(young_for)) => (interval * STOPPED_INTERVALS).min(young_for - LOOK_EVERY),
            _ => STOPPED_WITHOUT_INTERVAL,
        }
    }

    /// While it runs: why it proves nothing. `max_age`: the age of a proof from which on it is none.
    pub(super) fn unproven(&self, max_age: Duration, now: Duration) -> Option<String> {
        if !self.is_running() {
            return None;
        }
        let silence = now.saturating_sub(self.arrived);
        if self.missing.is_some() {
            return Some("unproven: changes are committed that do not arrive (the pulse is missing)".to_owned());
        }
        let young_for = self.young_for(max_age)?;
        (silence > young_for).then(|| format!("unproven: no pulse for {}", duration_words(young_for)))
    }

    /// When it becomes unproven if no pulse arrives.
    pub(super) fn unproven_at(&self, max_age: Duration) -> Option<Duration> {
        let young_for = self.young_for(max_age).filter(|_| self.is_running())?;
        Some(self.arrived + young_for + Duration::from_millis(1))
    }

    /// The interval of audits beside it; `None`: the usual one.
    pub(super) fn audit_interval(&self) -> Option<Duration> {
        let interval = self.rhythm.interval().filter(|_| self.is_running())?;
        let audits = if self.is_busy {
            BUSY_AUDITS.max(interval)
        } else {
            QUIET_AUDITS
        };
        (interval < QUIET_AUDITS).then_some(audits)
    }

    /// For the details of the connection; `None`: there is no pulse.
    pub(super) fn report(&self) -> Option<PulseReport> {
        self.joined?;
        let state = match self.received {
            _ if self.is_stopped => PulseState::Stopped,
            _ if self.missing.is_some() => PulseState::Missing,
            Some(_) => PulseState::Running,
            None => PulseState::Awaited,
        };
        Some(PulseReport {
            state,
            interval_ms: self.rhythm.interval().map(millis),
            last_ms: (self.joined != Some(self.arrived)).then(|| millis(self.arrived)),
            lost: self.losses,
        })
    }
}

/// The number and the time of a row.
fn pulse_of(row: &Record) -> Option<(i64, Option<i64>)> {
    let seq = match row.get(SEQ)? {
        Cell::Number(digits) => digits.parse().ok()?,
        Cell::Text(digits) => digits.parse().ok()?,
        _ => return None,
    };
    let at_ms = match row.get(AT) {
        Some(Cell::Text(text)) => timestamp::parse_ms(&text),
        _ => None,
    };
    Some((seq, at_ms))
}

impl Connection {
    /// The main channel is live: looks for the pulse.
    pub(super) fn find_pulse(&mut self, call: &mut Call<'_>) {
        if self.pulse.live(call.at()) {
            self.join_pulse();
        }
    }

    fn join_pulse(&mut self) {
        let Some(table) = &self.pulse.table else { return };
        let topic = format!("{}pulse", self.channel.prefix());
        let config = JoinConfig {
            postgres_changes: vec![all_changes(&table.schema, &table.table)],
            ..JoinConfig::default()
        };
        self.sides.want(SideId::Pulse, topic, config);
    }

    /// What its channel brings.
    pub(super) fn pulse_news(&mut self, news: SideNews, frame: Option<&Frame<'_>>, call: &mut Call<'_>) {
        match news {
            SideNews::Nothing => {}
            SideNews::Joined => self.pulse.joined(call.at()),
            SideNews::Lost { .. } => self.pulse.left(),
            SideNews::Message => {
                let Some(frame) = frame.filter(|frame| frame.event == "postgres_changes") else {
                    return;
                };
                let arrived = self.pulse_in(frame);
                self.pulse.count_changes(self.report.changes());
                if let Some((seq, at_ms)) = arrived {
                    let finding = self.pulse.arrive(seq, at_ms, call.at());
                    self.pulse_found(finding, call);
                }
            }
        }
        self.report.note_change();
        self.audit.limit_interval(self.pulse.audit_interval(), call.at());
    }

    /// The number and the time in a change of the pulse table.
    fn pulse_in(&mut self, frame: &Frame<'_>) -> Option<(i64, Option<i64>)> {
        let event = change::decode(frame.payload.get(), &mut self.sources.names).ok()?;
        let table = self.pulse.table.as_ref()?;
        // The server matches names by LIKE.
        let is_of_table = event.schema == table.schema && event.table == table.table;
        let is_raised = matches!(event.change, ChangeType::Insert | ChangeType::Update);
        let (seq, at_ms) = pulse_of(event.record.as_ref().filter(|_| is_of_table && is_raised)?)?;
        Some((seq, at_ms.or(event.committed_ms)))
    }

    /// The answer to a look at the row.
    pub(super) fn pulse_read(&mut self, result: Result<Page, PageError>, call: &mut Call<'_>) {
        self.pulse.asked = None;
        let now = call.at();
        let is_joined = self.pulse.joined.is_some();
        match result {
            Ok(page) => match page.first().and_then(pulse_of) {
                Some(row) if is_joined => {
                    let finding = self.pulse.read(row, self.config.proof_max_age, now);
                    self.pulse_found(finding, call);
                }
                Some((seq, at_ms)) => {
                    self.pulse.is_found = true;
                    if let Some(at_ms) = at_ms {
                        self.pulse.rhythm.note(seq, at_ms);
                    }
                    self.join_pulse();
                }
                None if is_joined => self.pulse.read_failed(now),
                None => self.pulse.look_at = Some(now + SEARCH_EVERY),
            },
            Err(error) => {
                let is_absent = matches!(
                    error,
                    PageError::Fatal(_) | PageError::Denied(_) | PageError::NotExposed(_)
                );
                match error {
                    PageError::Expired(_) => self.token_expired(call),
                    PageError::Fatal(_)
                    | PageError::Denied(_)
                    | PageError::NotExposed(_)
                    | PageError::TooLarge(_)
                    | PageError::Transient { .. } => {}
                }
                if is_joined {
                    self.pulse.read_failed(now);
                } else if is_absent {
                    self.pulse.look_at = Some(now + SEARCH_EVERY);
                } else {
                    self.pulse.look_at = Some(now + STOPPED_EVERY);
                }
            }
        }
        self.report.note_change();
        self.audit.limit_interval(self.pulse.audit_interval(), call.at());
    }

    /// Looks at the row when it is time, while the main channel is live.
    pub(super) fn run_pulse(&mut self, call: &mut Call<'_>) {
        if !self.may_join_sides() {
            return;
        }
        let (finding, is_to_be_read) = self.pulse.run(call.at());
        if is_to_be_read && let Some(source) = self.pulse.table.clone() {
            let id = self.numbers.request();
            self.pulse.asked = Some((id, call.at()));
            call.push(Effect::Fetch(Box::new(PageRequest {
                id,
                source,
                query: PageQuery::After { after: None, limit: 1 },
                token: self.tokens.to_read(),
            })));
        }
        self.pulse_found(finding, call);
    }

    fn pulse_found(&mut self, finding: Option<PulseFinding>, call: &mut Call<'_>) {
        match finding {
            None => {}
            Some(PulseFinding::Late) => self.audit.suspect_now(call.at()),
            Some(PulseFinding::Lost) if self.config.snapshots => self.mark_gap(Duration::ZERO, call),
            Some(PulseFinding::Lost) => {
                let text = "Changes were lost, and without REST they cannot be read: rows may be out of date.";
                self.notice(NoticeKind::PulseLost, text, call);
            }
            Some(PulseFinding::Deaf) => self.sides.rejoin(SideId::Pulse, &mut self.numbers, call),
            Some(PulseFinding::Stopped) => {
                let text = match self.config.snapshots {
                    true => &self.config.remedies.pulse_stopped,
                    false => "no pulse arrives any more: either its job does not run, or no changes arrive",
                };
                let text = format!("The pulse has stopped: {text}.");
                self.notice(NoticeKind::PulseStopped, &text, call);
            }
            Some(PulseFinding::Resumed) => {
                let text = "The pulse runs again.";
                self.notice(NoticeKind::PulseRuns, text, call);
            }
        }
    }
}
