//! Replacing a connection by another without a gap: what the two have to say to each other.

use std::time::Duration;

use super::{Connection, Out, Phase, report::millis};
use crate::event::{Change, FeedEvent, Resync, SyncReport};
use crate::{
    api::{Effect, Now, SessionConfig},
    store::{Difference, difference},
};
use model::{NoticeKind, Op};

impl Connection {
    /// Begins the next replacement at this moment at the earliest.
    pub(crate) fn replace_at(&mut self, at: Option<Duration>) {
        self.replace_at = at;
    }

    /// The chain is live on this connection.
    pub(crate) fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// It has failed or was refused.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Resting)
    }

    /// When this connection is replaced: not by the second, so that many clients do not do it together.
    pub(super) fn plan_replacement(&mut self, out: &Out<'_>) {
        let after = self
            .config
            .replace_after
            .filter(|_| !self.config.sign_in && self.config.snapshots);
        let share = 0.95 + 0.05 * out.now.random.clamp(0.0, 1.0);
        self.replace_at = after.map(|after| out.at() + after.mul_f64(share));
    }

    /// Time to begin a replacement.
    pub(crate) fn is_replace_due(&self, at: Duration) -> bool {
        self.is_proven() && self.replace_at.is_some_and(|due| at >= due)
    }

    /// One that knows the same rows, so that what it reads is shared where it is equal.
    pub(crate) fn successor(&self) -> Self {
        let mut session = Self::new(SessionConfig {
            backoff: self.retry.backoff,
            ..self.config.clone()
        });
        for (new, old) in session.tables.iter_mut().zip(&self.tables) {
            new.rows = old.rows.clone();
        }
        session
    }

    /// When the replacement is due, as far as it can be begun then.
    pub(super) fn replacement_due(&self) -> Option<Duration> {
        self.replace_at.filter(|_| self.is_proven())
    }

    /// Both are proven, and hold equal rows.
    pub(crate) fn holds_the_same(&self, other: &Self) -> bool {
        self.is_proven()
            && other.is_proven()
            && self.tables.iter().zip(&other.tables).all(|(ours, theirs)| {
                ours.rows.len() == theirs.rows.len()
                    && ours
                        .rows
                        .iter()
                        .all(|(id, row)| theirs.rows.get(id).is_some_and(|other| ours.shape.is_same(row, other)))
            })
    }

    /// Leaves the channel and closes the socket without a word.
    pub(crate) fn retire(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let out = &mut Out { now, effects };
        self.leave(out);
        self.hang_up("replaced by another connection", out);
        self.phase = Phase::Resting;
        out.act(Effect::WakeAt(None));
        out.effects.retain(|action| !matches!(action, Effect::Emit(_)));
    }

    /// Takes the place of `old`, and reports what differs from what `old` reported.
    pub(crate) fn inherit(&mut self, old: &mut Self, now: Now, effects: &mut Vec<Effect>) {
        let out = &mut Out { now, effects };
        self.report = std::mem::take(&mut old.report);
        self.plan.inherit(&mut old.plan);
        self.heart.round_trips = std::mem::take(&mut old.heart.round_trips);
        self.channel.count_joins(old.channel.joins());
        self.retry.was_ever_live = true;
        self.retry.backoff = old.retry.backoff;
        self.config.backoff = old.config.backoff;
        self.report.begin_attempt(out.at());
        self.report.count_connect();
        self.report.live_attempt(out.at());
        let mut report = SyncReport {
            audit: true,
            epoch: self.plan.synced,
            ..SyncReport::default()
        };
        for (old, new) in old.tables.iter().zip(&mut self.tables) {
            for Difference { id, op, record, .. } in difference(&old.rows, &mut new.rows, &new.shape) {
                match op {
                    Op::Insert => report.added += 1,
                    Op::Update => report.changed += 1,
                    Op::Delete => report.removed += 1,
                }
                out.act(Effect::Emit(FeedEvent::Change(Change {
                    source: new.id,
                    id,
                    op,
                    record,
                    committed_ms: None,
                })));
            }
            report.rows.push(new.rows.len());
        }
        self.report.note_resync(Resync {
            at_ms: millis(out.at()),
            took_ms: 0,
            why: "replaced",
            added: report.added,
            changed: report.changed,
            removed: report.removed,
        });
        out.act(Effect::Emit(FeedEvent::Synced(report)));
        let text = "The connection was replaced before the server's limit on its age.";
        self.say(NoticeKind::Replaced, text, out);
        self.say_proof(out);
        // The timer that was asked for silently stays in force.
        out.act(Effect::WakeAt(self.wake));
    }
}
