//! When the tables are read again although nothing forced it: after doubts, and now and then.

use std::{collections::HashSet, time::Duration};

use super::{Out, Phase, Session, sync::Why};
use crate::domain::{Level, RowId};

/// Confirming pass after the first snapshot of a socket, because a cold server may have confirmed a subscription before
/// changes flowed (R3): at a random moment within these.
const CONFIRM_AFTER: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// Resyncs for doubts are at least this far apart, however many doubts there are.
const DIRTY_PACE: Duration = Duration::from_secs(5);
/// More malformed frames than this within a minute: something on the way delivers garbage.
const MAX_MALFORMED: u32 = 20;
/// A server whose limit a burst has tripped drops changes silently for up to a minute (R22). So many changes within a
/// minute are taken for such a burst on the smallest plan.
const BURST_CHANGES: u32 = 3_000;
const BURST_AUDIT_AFTER: Duration = Duration::from_secs(75);
const BURST_AUDIT_PACE: Duration = Duration::from_secs(300);
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
    changes: Window,
    last_burst: Option<Duration>,
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
        let (last_burst, synced) = (self.last_burst, self.synced);
        *self = Self {
            last_burst,
            synced,
            ..Self::default()
        };
    }

    /// Counts a malformed frame; true when they are too many.
    pub fn count_malformed(&mut self, at: Duration) -> bool {
        self.malformed.add(at) > MAX_MALFORMED
    }

    pub fn count_change(&mut self, at: Duration) {
        if self.changes.add(at) == BURST_CHANGES
            && self
                .last_burst
                .is_none_or(|last| at.saturating_sub(last) >= BURST_AUDIT_PACE)
        {
            self.last_burst = Some(at);
            self.audit_by(at + BURST_AUDIT_AFTER);
        }
    }

    fn audit_by(&mut self, at: Duration) {
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

    pub fn due(&self) -> Option<Duration> {
        [self.audit_at, self.dirty_at, self.corrected_due]
            .into_iter()
            .flatten()
            .min()
    }
}

impl Session {
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
        let soonest = self.plan.last_resync.map_or(Duration::ZERO, |last| last + DIRTY_PACE);
        let at = (out.at() + delay).max(soonest);
        self.plan.dirty_at = Some(self.plan.dirty_at.map_or(at, |planned| planned.min(at)));
    }

    /// A snapshot has been merged.
    pub(super) fn plan_after_sync(&mut self, why: Why, corrected: Vec<(usize, RowId)>, out: &mut Out<'_>) {
        let now = out.at();
        let random = out.now.random;
        self.plan.verify_until = Some(now + AFTERMATH);
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
            Why::Audit | Why::Gap => {}
        }
        if self.plan.audit_at.is_none()
            && let Some(interval) = self.config.reconcile_interval
        {
            // A fifth more or less, so that many walls do not read at the same moment.
            self.plan
                .audit_by(now + interval.mul_f64(0.8 + 0.4 * random.clamp(0.0, 1.0)));
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
            self.plan.corrected_due = None;
            let unexplained = std::mem::take(&mut self.plan.corrected).len();
            if unexplained > 0 {
                let rows = if unexplained == 1 {
                    "1 row".to_owned()
                } else {
                    format!("{unexplained} rows")
                };
                let text = format!("An audit corrected {rows} whose changes never came.");
                self.say(Level::Warn, "drift", &text, out);
            }
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
        self.start_sync(if dirty { Why::Gap } else { Why::Audit }, out);
    }
}
