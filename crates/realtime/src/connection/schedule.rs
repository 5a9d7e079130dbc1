//! When the sources are read again: after a gap, after drift, and now and then without a known loss; and what is therefore
//! not proven.

use std::{collections::HashSet, time::Duration};

use super::sync::Why;
use crate::api::Now;
use model::RowId;

/// The first snapshot of a socket is followed by an audit at a random moment within these, because a cold server may
/// have confirmed a subscription before changes flowed (docs/realtime-protocol.md, R3).
const CONFIRM_AFTER: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// Least distance between two resyncs after gaps, however many gaps there are.
const GAP_PACE: Duration = Duration::from_secs(5);
/// Malformed frames within a minute from which on the connection is taken to be broken.
const MAX_MALFORMED: u32 = 20;
/// Delay of the next audit after one that found drift: whatever dropped the changes may drop more.
const AUDIT_AFTER_DRIFT: Duration = Duration::from_secs(15);
/// A source without a change for this long in which an audit found drift is suspected of not being subscribed.
const SILENT: Duration = Duration::from_secs(60);
/// Least distance between two joins for that reason.
const REJOIN_PACE: Duration = Duration::from_secs(600);
const MINUTE: Duration = Duration::from_secs(60);
/// For this long after a snapshot unexpected inserts are verified (docs/realtime-protocol.md, R40), and a row that an
/// audit corrected may still be explained by a change that was on its way.
const AFTERMATH: Duration = Duration::from_secs(5);
/// Corrected rows remembered for that.
const MAX_CORRECTED: usize = 10_000;

/// A row of a source, by the source's position.
pub(super) type RowOf = (usize, RowId);

/// When sources are read again, and what is in doubt until then.
#[derive(Debug)]
pub(super) struct SyncSchedule {
    /// False: nothing is ever read.
    snapshots: bool,
    reconcile_interval: Option<Duration>,
    /// The next audit.
    audit_at: Option<Duration>,
    /// The next resync after a gap.
    resync_at: Option<Duration>,
    last_resync: Option<Duration>,
    verify_until: Option<Duration>,
    corrected: HashSet<RowOf>,
    judge_corrected_at: Option<Duration>,
    malformed: PerMinute,
    /// A loss is known, and no snapshot that was begun since is merged.
    gap: bool,
    /// A loss became known while a snapshot was being read.
    gap_while_reading: bool,
    /// The last audit found rows whose changes never came.
    drifting: bool,
    /// When one last did, and how many rows.
    last_drift: Option<(Duration, usize)>,
    last_rejoin: Option<Duration>,
}

/// A count that starts anew every minute.
#[derive(Debug, Default)]
struct PerMinute {
    start: Duration,
    count: u32,
}

impl PerMinute {
    fn add(&mut self, at: Duration) -> u32 {
        if at.saturating_sub(self.start) >= MINUTE {
            self.start = at;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

impl SyncSchedule {
    /// A schedule without anything planned. `None`: never reads only to reconcile.
    pub(super) fn new(snapshots: bool, reconcile_interval: Option<Duration>) -> Self {
        Self {
            snapshots,
            reconcile_interval,
            audit_at: None,
            resync_at: None,
            last_resync: None,
            verify_until: None,
            corrected: HashSet::new(),
            judge_corrected_at: None,
            malformed: PerMinute::default(),
            gap: false,
            gap_while_reading: false,
            drifting: false,
            last_drift: None,
            last_rejoin: None,
        }
    }

    /// The connection is closed: what comes next is a first snapshot.
    pub(super) fn clear(&mut self) {
        let mut fresh = Self::new(self.snapshots, self.reconcile_interval);
        fresh.inherit(self);
        *self = fresh;
    }

    /// Continues where another connection is.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.last_drift = old.last_drift;
        self.last_rejoin = old.last_rejoin;
    }

    /// Counts a malformed frame. True when they are too many.
    pub(super) fn count_malformed(&mut self, at: Duration) -> bool {
        self.malformed.add(at) > MAX_MALFORMED
    }

    /// Why the rows held are not proven, while live.
    pub(super) fn doubt(&self) -> Option<&'static str> {
        if self.gap {
            Some("catching up: changes were lost; the tables are read again")
        } else if self.drifting {
            Some("catching up: rows changed without a message; the tables are read until they match")
        } else {
            None
        }
    }

    /// When an audit last found drift, and how many rows.
    pub(super) fn last_drift(&self) -> Option<(Duration, usize)> {
        self.last_drift
    }

    /// Audits at this moment at the latest.
    pub(super) fn audit_by(&mut self, at: Duration) {
        self.audit_at = Some(self.audit_at.map_or(at, |planned| planned.min(at)));
    }

    /// An audit could not be done.
    pub(super) fn postpone_audit(&mut self, at: Duration) {
        self.audit_by(at + MINUTE);
    }

    /// Rows held may be wrong: reads the sources again after `delay`, at a bounded pace.
    pub(super) fn mark_gap(&mut self, delay: Duration, at: Duration, is_reading: bool) {
        self.gap = true;
        self.gap_while_reading |= is_reading;
        let soonest = self.last_resync.map_or(Duration::ZERO, |last| last + GAP_PACE);
        let at = (at + delay).max(soonest);
        self.resync_at = Some(self.resync_at.map_or(at, |planned| planned.min(at)));
    }

    /// A row that appears now is to be verified: the snapshot before did not have it, and it may be deleted already.
    pub(super) fn is_verifying(&self, at: Duration) -> bool {
        self.verify_until.is_some_and(|until| at < until)
    }

    /// A change of a row arrived: an audit's correction of it was on its way anyway.
    pub(super) fn explain(&mut self, at: usize, id: &RowId) {
        if !self.corrected.is_empty() {
            self.corrected.remove(&(at, id.clone()));
        }
    }

    /// When there is something to do next.
    pub(super) fn due(&self) -> Option<Duration> {
        [self.audit_at, self.resync_at, self.judge_corrected_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// Why the sources are to be read now, if they are. `is_free`: live, and no snapshot is being read.
    pub(super) fn check(&mut self, at: Duration, is_free: bool) -> Option<Why> {
        let is_due = |due: Option<Duration>| due.is_some_and(|due| at >= due);
        let (resync, audit) = (is_due(self.resync_at), is_due(self.audit_at));
        if !resync && !audit {
            return None;
        }
        if !is_free {
            let later = Some(at + Duration::from_secs(1));
            if resync {
                self.resync_at = later;
            }
            if audit {
                self.audit_at = later;
            }
            return None;
        }
        self.audit_at = if audit { None } else { self.audit_at };
        self.resync_at = None;
        self.last_resync = Some(at);
        self.gap_while_reading = false;
        Some(if resync { Why::Gap } else { Why::Audit })
    }

    /// A snapshot was merged. `corrected`: rows that an audit found other than they were held. True when drift found
    /// before is now proven to be corrected.
    pub(super) fn after_sync(&mut self, why: Why, corrected: Vec<RowOf>, now: Now) -> bool {
        let mut has_caught_up = false;
        let random = now.random.clamp(0.0, 1.0);
        self.verify_until = Some(now.at + AFTERMATH);
        match why {
            Why::First => {
                let (least, most) = CONFIRM_AFTER;
                self.audit_by(now.at + least + (most - least).mul_f64(random));
            }
            Why::Audit if !corrected.is_empty() => {
                self.corrected = corrected.into_iter().take(MAX_CORRECTED).collect();
                self.judge_corrected_at = Some(now.at + AFTERMATH);
            }
            Why::Audit => has_caught_up = self.proven_equal(),
            Why::Gap | Why::Poll => {}
        }
        self.gap = std::mem::take(&mut self.gap_while_reading);
        if self.audit_at.is_none()
            && let Some(interval) = self.reconcile_interval
        {
            // A fifth more or less, so that many clients do not read at the same moment.
            self.audit_by(now.at + interval.mul_f64(0.8 + 0.4 * random));
        }
        has_caught_up
    }

    /// A whole reading found nothing that had not been reported by changes. True when the one before had found drift.
    pub(super) fn proven_equal(&mut self) -> bool {
        std::mem::take(&mut self.drifting)
    }

    /// The corrected rows that no change explained until now, once after each audit that corrected rows.
    pub(super) fn take_unexplained(&mut self, at: Duration) -> Option<HashSet<RowOf>> {
        self.judge_corrected_at.take_if(|due| at >= *due)?;
        Some(std::mem::take(&mut self.corrected))
    }

    /// An audit found a difference that was not on its way: everything is read at once, and is in doubt until then.
    pub(super) fn note_difference(&mut self, at: Duration) {
        self.drifting = true;
        self.audit_by(at);
    }

    /// Rows had changed whose changes never came.
    pub(super) fn note_drift(&mut self, rows: usize, at: Duration) {
        self.last_drift = Some((at, rows));
        self.drifting = true;
        self.audit_by(at + AUDIT_AFTER_DRIFT);
    }

    /// Whether drift is to be healed by a new join: a source in which it was found had no change for long, although
    /// the channel is that old. `last_arrivals`: of the sources with drift. `may_be_limited`: a limit may be what drops
    /// changes, which no join heals.
    pub(super) fn should_rejoin(
        &mut self,
        live_since: Option<Duration>,
        mut last_arrivals: impl Iterator<Item = Option<Duration>>,
        may_be_limited: bool,
        at: Duration,
    ) -> bool {
        let is_old = |since: Duration| at.saturating_sub(since) >= SILENT;
        let is_suspected =
            !may_be_limited && live_since.is_some_and(is_old) && last_arrivals.any(|last| last.is_none_or(is_old));
        let may_rejoin = self
            .last_rejoin
            .is_none_or(|last| at.saturating_sub(last) >= REJOIN_PACE);
        let should = is_suspected && may_rejoin;
        if should {
            self.last_rejoin = Some(at);
        }
        should
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn now(at: u64) -> Now {
        Now {
            at: second(at),
            wall_ms: 0,
            random: 0.5,
        }
    }

    fn schedule() -> SyncSchedule {
        SyncSchedule::new(true, Some(second(600)))
    }

    #[test]
    fn gaps_are_read_at_a_bounded_pace_and_closed_by_a_snapshot_begun_after_them() {
        let mut schedule = schedule();
        schedule.mark_gap(Duration::ZERO, second(10), false);
        assert_eq!(schedule.check(second(10), true), Some(Why::Gap));
        schedule.mark_gap(Duration::ZERO, second(11), true);
        schedule.after_sync(Why::Gap, Vec::new(), now(12));
        assert!(schedule.doubt().is_some(), "the second gap is open");
        assert_eq!(schedule.check(second(12), true), None);
        assert_eq!(schedule.check(second(15), true), Some(Why::Gap));
        schedule.after_sync(Why::Gap, Vec::new(), now(16));
        assert_eq!(schedule.doubt(), None);
    }

    #[test]
    fn a_reading_that_cannot_be_done_now_is_done_later() {
        let mut schedule = schedule();
        schedule.audit_by(second(10));
        assert_eq!(schedule.check(second(10), false), None);
        assert_eq!(schedule.due(), Some(second(11)));
        assert_eq!(schedule.check(second(11), true), Some(Why::Audit));
    }

    #[test]
    fn corrected_rows_without_a_change_are_drift_and_explained_ones_are_not() {
        let mut schedule = schedule();
        let corrected = vec![(0, RowId::from("1")), (0, RowId::from("2"))];
        schedule.after_sync(Why::Audit, corrected, now(0));
        schedule.explain(0, &"1".into());
        assert_eq!(schedule.take_unexplained(second(4)), None);
        let left = schedule.take_unexplained(second(5)).expect("due");
        assert_eq!(left.into_iter().collect::<Vec<_>>(), [(0, RowId::from("2"))]);
        schedule.note_drift(1, second(5));
        assert!(schedule.doubt().is_some() && schedule.due() == Some(second(20)));
    }

    #[test]
    fn drift_in_a_silent_source_asks_for_a_new_join_now_and_then() {
        let mut schedule = schedule();
        let silent = || [None].into_iter();
        assert!(!schedule.should_rejoin(Some(second(950)), silent(), false, second(1_000)));
        assert!(!schedule.should_rejoin(Some(second(0)), silent(), true, second(1_000)));
        assert!(schedule.should_rejoin(Some(second(0)), silent(), false, second(1_000)));
        assert!(!schedule.should_rejoin(Some(second(0)), silent(), false, second(1_500)));
        assert!(schedule.should_rejoin(Some(second(0)), silent(), false, second(1_600)));
        assert!(!schedule.should_rejoin(Some(second(0)), [Some(second(2_990))].into_iter(), false, second(3_000)));
    }
}
