//! When the tables are read again although nothing forced it: after doubts, and now and then.

use std::{collections::HashSet, time::Duration};

use super::{Connection, Out, Phase, burst::Bursts, stream::UNFOLLOWABLE_PACE, sync::Why};
use crate::refusal::Class;
use model::{
    NoticeKind, RowId,
    format::{counted, grouped},
};

/// Confirming pass after the first snapshot of a socket, because a cold server may have confirmed a subscription before
/// changes flowed (R3): at a random moment within these.
const CONFIRM_AFTER: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// Resyncs for doubts are at least this far apart, however many doubts there are.
const DIRTY_PACE: Duration = Duration::from_secs(5);
/// More malformed frames than this within a minute: something on the way delivers garbage.
const MAX_MALFORMED: u32 = 20;
/// While changes may be missing, and nothing else proves them to be there, the tables are read this often; or this many
/// times as long as a reading takes, so that a large project is not read all the time.
const CATCH_UP_PACE: Duration = Duration::from_secs(10);
const CATCH_UP_SHARE: u32 = 3;
/// After an audit found drift: whatever dropped the changes may drop more.
const DRIFT_AGAIN_AFTER: Duration = Duration::from_secs(15);
/// A table without a change for so long, in which an audit found drift, is suspected of not being told of any more.
const SILENT: Duration = Duration::from_secs(60);
/// For that a channel is joined anew at most this often.
const REJOIN_PACE: Duration = Duration::from_secs(600);
const MINUTE: Duration = Duration::from_secs(60);
/// For so long after a snapshot a row that it did not have is looked up when it turns up (R40), and a row that an audit
/// corrected may still be explained by a change that was on its way.
const AFTERMATH: Duration = Duration::from_secs(5);
/// Corrected rows remembered for that.
const MAX_CORRECTED: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The next audit.
    audit_at: Option<Duration>,
    /// The next resync for a doubt.
    dirty_at: Option<Duration>,
    last_resync: Option<Duration>,
    verify_until: Option<Duration>,
    corrected: HashSet<(usize, RowId)>,
    corrected_due: Option<Duration>,
    malformed: Window,
    /// A loss is known, and no snapshot that was begun since is merged.
    gap: bool,
    /// One became known while a snapshot was under way.
    gap_again: bool,
    /// When the reading under way began the server's limit was no longer in the way.
    began_cool: bool,
    /// The last audit found rows that had changed without a word.
    drifting: bool,
    /// When rows last had, and how many.
    pub last_drift: Option<(Duration, usize)>,
    last_rejoin: Option<Duration>,
    pub bursts: Bursts,
    /// Snapshots merged since the session was made.
    pub synced: u64,
}

/// A count that starts anew every minute.
#[derive(Debug, Default)]
struct Window {
    start: Duration,
    count: u32,
}

impl Window {
    fn add(&mut self, at: Duration) -> u32 {
        if at.saturating_sub(self.start) >= MINUTE {
            self.start = at;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

impl Plan {
    pub fn clear(&mut self) {
        // A limit that was tripped is the project's: another connection does not lift it.
        *self = Self {
            bursts: std::mem::take(&mut self.bursts),
            last_drift: self.last_drift,
            last_rejoin: self.last_rejoin,
            synced: self.synced,
            ..Self::default()
        };
    }

    /// Counts a malformed frame; true when they are too many.
    pub fn count_malformed(&mut self, at: Duration) -> bool {
        self.malformed.add(at) > MAX_MALFORMED
    }

    /// A change was lost, and the tables are not read again yet.
    pub fn has_gap(&self) -> bool {
        self.gap
    }

    pub fn is_drifting(&self) -> bool {
        self.drifting
    }

    pub fn audit_by(&mut self, at: Duration) {
        self.audit_at = Some(self.audit_at.map_or(at, |planned| planned.min(at)));
    }

    pub fn is_verifying(&self, at: Duration) -> bool {
        self.verify_until.is_some_and(|until| at < until)
    }

    /// A change came for a row: an audit's correction of it was on its way anyway.
    pub fn explain(&mut self, at: usize, id: &RowId) {
        if !self.corrected.is_empty() {
            self.corrected.remove(&(at, id.clone()));
        }
    }

    /// Goes on from where another connection's stood.
    pub fn inherit(&mut self, old: &mut Self) {
        self.bursts = std::mem::take(&mut old.bursts);
        self.last_drift = old.last_drift;
        self.last_rejoin = old.last_rejoin;
        self.synced += old.synced;
    }

    pub fn due(&self) -> Option<Duration> {
        [self.audit_at, self.dirty_at, self.corrected_due]
            .into_iter()
            .flatten()
            .min()
    }
}

impl Connection {
    /// What we have may be wrong: read the tables again, after `delay` and at a bounded pace.
    pub(super) fn mark_dirty(&mut self, delay: Duration, out: &mut Out<'_>) {
        if !self.config.snapshots {
            return;
        }
        if let Some(sync) = &mut self.sync
            && sync.why == Why::First
            && delay.is_zero()
        {
            // It will be read again before it is believed.
            sync.tainted = true;
            return;
        }
        if delay < UNFOLLOWABLE_PACE {
            self.plan.gap = true;
            self.plan.gap_again |= self.sync.is_some();
        }
        let soonest = self.plan.last_resync.map_or(Duration::ZERO, |last| last + DIRTY_PACE);
        let at = (out.at() + delay).max(soonest);
        self.plan.dirty_at = Some(self.plan.dirty_at.map_or(at, |planned| planned.min(at)));
    }

    /// Counts a change of ours.
    pub(super) fn count_change(&mut self, out: &mut Out<'_>) {
        if let Some(limit) = self.config.change_limit
            && self.config.snapshots
            && self.plan.bursts.count(out.at(), limit)
        {
            // A reading under way began before it, and proves nothing of what is dropped from here on.
            self.plan.began_cool = false;
            self.plan.audit_by(out.at() + CATCH_UP_PACE);
        }
    }

    /// A snapshot has been merged. `corrected`: rows that an audit found other than they were held.
    pub(super) fn plan_after_sync(
        &mut self,
        why: Why,
        took: Duration,
        corrected: Vec<(usize, RowId)>,
        out: &mut Out<'_>,
    ) {
        let now = out.at();
        let random = out.now.random;
        self.plan.verify_until = Some(now + AFTERMATH);
        self.restart_audit(out);
        match why {
            Why::First => {
                let (least, most) = CONFIRM_AFTER;
                self.plan
                    .audit_by(now + least + (most - least).mul_f64(random.clamp(0.0, 1.0)));
            }
            Why::Audit if !corrected.is_empty() => {
                self.plan.corrected = corrected.into_iter().take(MAX_CORRECTED).collect();
                self.plan.corrected_due = Some(now + AFTERMATH);
            }
            Why::Audit => self.proven_equal(out),
            Why::Gap => {}
        }
        self.plan.gap = std::mem::take(&mut self.plan.gap_again);
        if self.plan.bursts.is_tripped() {
            self.plan.audit_by(now + CATCH_UP_PACE.max(took * CATCH_UP_SHARE));
        }
        if self.plan.audit_at.is_none()
            && let Some(interval) = self.config.reconcile_interval
        {
            // A fifth more or less, so that many walls do not read at the same moment.
            self.plan
                .audit_by(now + interval.mul_f64(0.8 + 0.4 * random.clamp(0.0, 1.0)));
        }
    }

    /// A whole reading found nothing that had not been told of.
    fn proven_equal(&mut self, out: &mut Out<'_>) {
        self.plan.drifting = false;
        // What was dropped behind the reader's back is not in what it read.
        if self.plan.bursts.is_tripped() && self.plan.began_cool {
            let changes = grouped(self.plan.bursts.settle());
            let text = format!("Caught up after a burst of {changes} changes: all tables match the database.");
            self.say(NoticeKind::CaughtUp, &text, out);
        }
    }

    /// An audit corrected rows, and what was on its way has come since.
    fn judge_corrected(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        self.plan.corrected_due = None;
        let unexplained = std::mem::take(&mut self.plan.corrected);
        if unexplained.is_empty() {
            return self.proven_equal(out);
        }
        let count = unexplained.len();
        let rows = counted(count as u64, "row", "rows");
        let text = format!("An audit corrected {rows} whose changes never arrived.");
        self.say(NoticeKind::Drift, &text, out);
        self.plan.last_drift = Some((now, count));
        self.plan.drifting = true;
        self.report.note_news();
        self.plan.audit_by(now + DRIFT_AGAIN_AFTER);
        let is_silent = |at: usize| {
            let tracked = self.tables.get(at)?;
            let last = tracked.watch.last_arrival;
            Some(last.is_none_or(|last| now.saturating_sub(last) >= SILENT))
        };
        // After a burst silence is what is expected, and no join heals it.
        let is_deaf = !self.plan.bursts.is_tripped()
            && self
                .retry
                .live_since
                .is_some_and(|since| now.saturating_sub(since) >= SILENT)
            && unexplained.iter().any(|(at, _)| is_silent(*at) == Some(true));
        let may_rejoin = self
            .plan
            .last_rejoin
            .is_none_or(|last| now.saturating_sub(last) >= REJOIN_PACE);
        if is_deaf && may_rejoin {
            self.plan.last_rejoin = Some(now);
            let text = "rows changed, but the channel did not report them".to_owned();
            self.lose(text, Class::AtOnce, out);
        }
    }

    /// An audit could not be done: another time.
    pub(super) fn postpone_audit(&mut self, out: &mut Out<'_>) {
        self.plan.audit_by(out.at() + MINUTE);
    }

    pub(super) fn run_plan(&mut self, out: &mut Out<'_>) {
        let now = out.at();
        let is_due = |at: Option<Duration>| at.is_some_and(|at| now >= at);
        if is_due(self.plan.corrected_due) {
            self.judge_corrected(out);
        }
        let (dirty, audit) = (is_due(self.plan.dirty_at), is_due(self.plan.audit_at));
        if !dirty && !audit {
            return;
        }
        // While one is under way, or before the first, the marks stay and are looked at when it is done.
        if self.sync.is_some() || self.phase != Phase::Live {
            let later = now + Duration::from_secs(1);
            if dirty {
                self.plan.dirty_at = Some(later);
            }
            if audit {
                self.plan.audit_at = Some(later);
            }
            return;
        }
        self.plan.audit_at = if audit { None } else { self.plan.audit_at };
        self.plan.dirty_at = None;
        self.plan.last_resync = Some(now);
        self.plan.gap_again = false;
        let limit = self.config.change_limit.unwrap_or(u32::MAX);
        self.plan.began_cool = !self.plan.bursts.look(now, limit);
        self.start_sync(if dirty { Why::Gap } else { Why::Audit }, out);
    }
}
