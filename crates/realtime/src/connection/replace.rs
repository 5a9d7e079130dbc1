//! Replacing a connection by another without a gap: when, by what, and what the new one reports.

use std::time::Duration;

use super::{Call, Connection, ConnectionPhase, StopEnd, report::millis, standing::Way};
use crate::{
    api::{Effect, Now, SessionConfig},
    event::{Change, FeedEvent, Resync, SyncReport},
    store::{Difference, difference},
};
use model::{NoticeKind, Op};

impl Connection {
    /// Plans the replacement of a socket that was opened: not to the second, so that many clients do not do it together.
    pub(super) fn plan_replacement(&mut self, call: &Call<'_>) {
        let after = self.config.replace_after.filter(|_| self.can_be_replaced());
        let share = 0.95 + 0.05 * call.now.random.clamp(0.0, 1.0);
        self.replace_at = after.map(|after| call.at() + after.mul_f64(share));
    }

    /// Replaces this connection soon, so that its successor follows a source that this one does not. False where a second
    /// connection cannot be made.
    pub(super) fn replace_soon(&mut self, at: Duration) -> bool {
        let can_be_replaced = self.can_be_replaced();
        if can_be_replaced {
            self.replace_at = Some(at);
        }
        can_be_replaced
    }

    /// A successor needs no session token, and can be compared with this connection.
    fn can_be_replaced(&self) -> bool {
        !self.config.sign_in && self.config.snapshots
    }

    /// Begins the next replacement at this moment at the earliest.
    pub(crate) fn replace_at(&mut self, at: Option<Duration>) {
        self.replace_at = at;
    }

    /// When the replacement is due, if it can be begun then.
    pub(super) fn replacement_due(&self) -> Option<Duration> {
        self.replace_at.filter(|_| self.is_proven())
    }

    /// The replacement is to be begun.
    pub(crate) fn is_replace_due(&self, at: Duration) -> bool {
        self.replacement_due().is_some_and(|due| at >= due)
    }

    /// The whole chain is live.
    pub(crate) fn is_live(&self) -> bool {
        self.phase == ConnectionPhase::Live
    }

    /// It failed, or was refused.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.phase, ConnectionPhase::Waiting | ConnectionPhase::Stopped { .. })
    }

    /// A connection that holds the same rows, so that rows it reads are shared where they are equal.
    pub(crate) fn successor(&self) -> Self {
        let mut successor = Self::new(SessionConfig {
            backoff: self.retry.backoff(),
            ..self.config.clone()
        });
        for (new, old) in successor.sources.iter_mut().zip(self.sources.iter()) {
            new.rows = old.rows.clone();
            new.standing = old.standing.clone();
            new.standing.close();
            new.subscription = old.subscription.clone();
        }
        successor
    }

    /// Both are proven and hold equal rows.
    pub(crate) fn holds_the_same(&self, other: &Self) -> bool {
        self.is_proven() && other.is_proven() && self.sources.holds_the_same(&other.sources)
    }

    /// Leaves the channel and closes the socket without a report.
    pub(crate) fn retire(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let call = &mut Call { now, effects };
        self.leave(call);
        self.close("replaced by another connection", call);
        self.phase = ConnectionPhase::Stopped { end: StopEnd::User };
        self.watch_network(call);
        call.push(Effect::WakeAt(None));
        effects.retain(|effect| !matches!(effect, Effect::Emit(_)));
    }

    /// Reports the sources that `old` did not follow and this connection does.
    fn report_followed(&mut self, old: &Self, call: &mut Call<'_>) {
        for at in &old.gained {
            let tracked = self.sources.get(*at).filter(|tracked| tracked.way() == Way::Followed);
            if let Some(name) = tracked.map(|tracked| tracked.source.name()) {
                let text = format!("{name} is followed from now on.");
                self.notice(NoticeKind::TableFound, &text, call);
            }
        }
    }

    /// Takes the place of `old`, and reports how its rows differ from those that `old` reported.
    pub(crate) fn inherit(&mut self, old: &mut Self, now: Now, effects: &mut Vec<Effect>) {
        let call = &mut Call { now, effects };
        self.report.inherit(&mut old.report);
        self.schedule.inherit(&old.schedule);
        self.heartbeats.inherit(&mut old.heartbeats);
        self.channel.inherit(&old.channel);
        self.pulse.inherit(&mut old.pulse);
        self.broadcasts.inherit(&old.broadcasts);
        self.retry.inherit(&old.retry);
        self.report.begin_attempt(call.at());
        self.report.count_connect();
        self.report.live_attempt(call.at());
        let (mut added, mut changed, mut removed) = (0, 0, 0);
        for (old, new) in old.sources.iter().zip(self.sources.iter_mut()) {
            for Difference { id, op, record, .. } in difference(&old.rows, &mut new.rows, &new.columns) {
                match op {
                    Op::Insert => added += 1,
                    Op::Update => changed += 1,
                    Op::Delete => removed += 1,
                }
                call.report(FeedEvent::Change(Change {
                    source: new.id,
                    id,
                    op,
                    record,
                    committed_ms: None,
                }));
            }
        }
        self.report.note_resync(Resync {
            at_ms: millis(call.at()),
            took_ms: 0,
            why: "replaced",
            added,
            changed,
            removed,
        });
        call.report(FeedEvent::Synced(SyncReport {
            snapshot: self.report.synced(),
            rows: self.sources.counts(),
            added,
            changed,
            removed,
            reconcile: true,
        }));
        self.report_followed(old, call);
        if old.gained.is_empty() {
            let text = "The connection was replaced before the server's limit on its age.";
            self.notice(NoticeKind::Replaced, text, call);
        }
        self.report_proof(call);
        // The timer that was asked for before stays in force.
        call.push(Effect::WakeAt(self.wake));
    }
}
