//! Make before break: a session and, for a moment, its successor on a second socket.
//!
//! A server cuts connections without a signed-in user after a day. Before it does, a successor connects, joins and reads
//! its snapshot while the session goes on; when both hold the same rows the successor takes over and the old socket is
//! closed. Nothing of it is seen: it was live all the while.

use std::time::Duration;

use super::{Out, Phase, Session, report::millis};
use crate::{
    api::{Action, Command, Input, Now, SessionConfig},
    store::{Difference, difference},
};
use model::{Change, FeedEvent, NoticeKind, Op, Resync, RowKey, SyncReport};

/// How often the rows of both are compared.
const COMPARE_EVERY: Duration = Duration::from_millis(500);
/// On a feed that never rests the two are never equal at one moment; after so many comparisons the successor's rows,
/// which are as true, are taken.
const MAX_COMPARISONS: u32 = 20;
/// The successor has this long to get there.
const DEADLINE: Duration = Duration::from_secs(120);
/// After an attempt that failed. The connection still has an hour when the first is made.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// Which of the two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Side {
    #[default]
    Left,
    Right,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Left, Self::Right];

    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// A feed as its reader sees it: one, whichever socket it comes from. Driven like a [`Session`], with the side that an
/// input comes from and an action is for.
#[derive(Debug)]
pub struct Feed {
    session: Session,
    side: Side,
    successor: Option<Successor>,
    actions: Vec<Action>,
}

#[derive(Debug)]
struct Successor {
    session: Session,
    deadline: Duration,
    compare_at: Duration,
    comparisons: u32,
}

impl Feed {
    pub fn new(config: SessionConfig) -> Self {
        Self {
            session: Session::new(config),
            side: Side::default(),
            successor: None,
            actions: Vec::new(),
        }
    }

    /// The side in force. `Start`, commands and tokens are for it whatever side they are given with.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Takes what happened on a side, and appends what to do on which side, in order.
    pub fn handle(&mut self, side: Side, input: Input, now: Now, actions: &mut Vec<(Side, Action)>) {
        if matches!(&input, Input::User(Command::Reconnect | Command::Disconnect)) {
            self.drop_successor(now, actions);
        }
        if side == self.side || matches!(input, Input::Start | Input::User(_) | Input::Token(_)) {
            self.session.handle(input, now, &mut self.actions);
            actions.extend(self.actions.drain(..).map(|action| (self.side, action)));
            self.look_after(now, actions);
        } else if let Some(successor) = &mut self.successor {
            successor.session.handle(input, now, &mut self.actions);
            self.pass_on_silently(now, actions);
        }
    }

    /// Takes a text frame that came together with the one before it, at the same moment: as `handle` does, but what is
    /// due may wait for [`Feed::settle`], which must follow the last of them.
    pub fn handle_next(&mut self, side: Side, text: &str, now: Now, actions: &mut Vec<(Side, Action)>) {
        if side == self.side && self.session.take_change(text, now, &mut self.actions) {
            actions.extend(self.actions.drain(..).map(|action| (self.side, action)));
        } else {
            self.handle(side, Input::Text(text.to_owned()), now, actions);
        }
    }

    /// Looks after what is due behind a row of frames.
    pub fn settle(&mut self, now: Now, actions: &mut Vec<(Side, Action)>) {
        self.session.settle(now, &mut self.actions);
        actions.extend(self.actions.drain(..).map(|action| (self.side, action)));
        self.look_after(now, actions);
    }

    /// The session has been served: is it time for a successor, or is there one that it needs?
    fn look_after(&mut self, now: Now, actions: &mut Vec<(Side, Action)>) {
        match &self.successor {
            None if self.session.is_replace_due(now.at) => {
                self.session.replace_at = None;
                let mut session = self.session.successor();
                session.handle(Input::Start, now, &mut self.actions);
                self.successor = Some(Successor {
                    session,
                    deadline: now.at + DEADLINE,
                    compare_at: Duration::ZERO,
                    comparisons: 0,
                });
                self.pass_on_silently(now, actions);
            }
            // It lost its socket: whoever is not there yet is of no help.
            Some(_) if self.session.phase != Phase::Live => self.drop_successor(now, actions),
            _ => {}
        }
    }

    /// Carries out what the successor wants, but for what it says: it is not heard yet.
    fn pass_on_silently(&mut self, now: Now, actions: &mut Vec<(Side, Action)>) {
        let side = self.side.other();
        let spoken = self
            .actions
            .drain(..)
            .filter(|action| !matches!(action, Action::Emit(_)));
        actions.extend(spoken.map(|action| (side, action)));
        let Some(successor) = &mut self.successor else { return };
        match successor.session.phase {
            Phase::Live => {
                if now.at >= successor.compare_at {
                    successor.compare_at = now.at + COMPARE_EVERY;
                    successor.comparisons += 1;
                    if successor.comparisons > MAX_COMPARISONS || self.session.holds_the_same(&successor.session) {
                        return self.take_over(now, actions);
                    }
                }
                actions.push((side, Action::WakeAt(Some(successor.compare_at))));
            }
            // The first failure is one too many: there is no hurry.
            Phase::Waiting | Phase::Resting => self.give_up(now, actions),
            _ if now.at >= successor.deadline => self.give_up(now, actions),
            _ => {}
        }
    }

    fn give_up(&mut self, now: Now, actions: &mut Vec<(Side, Action)>) {
        self.drop_successor(now, actions);
        self.session.replace_at = Some(now.at + AGAIN_AFTER);
    }

    fn drop_successor(&mut self, now: Now, actions: &mut Vec<(Side, Action)>) {
        if let Some(mut successor) = self.successor.take() {
            successor.session.retire(now, &mut self.actions);
            let side = self.side.other();
            actions.extend(self.actions.drain(..).map(|action| (side, action)));
        }
    }

    fn take_over(&mut self, now: Now, actions: &mut Vec<(Side, Action)>) {
        let Some(successor) = self.successor.take() else { return };
        let mut old = std::mem::replace(&mut self.session, successor.session);
        let (from, to) = (self.side, self.side.other());
        old.retire(now, &mut self.actions);
        actions.extend(self.actions.drain(..).map(|action| (from, action)));
        self.side = to;
        self.session.inherit(
            &mut old,
            &mut Out {
                now,
                actions: &mut self.actions,
            },
        );
        actions.extend(self.actions.drain(..).map(|action| (to, action)));
    }
}

impl Session {
    /// When this connection is replaced: not by the second, so that many walls do not do it together.
    pub(super) fn plan_replacement(&mut self, out: &Out<'_>) {
        let after = self
            .config
            .replace_after
            .filter(|_| !self.config.sign_in && self.config.snapshots);
        let share = 0.95 + 0.05 * out.now.random.clamp(0.0, 1.0);
        self.replace_at = after.map(|after| out.at() + after.mul_f64(share));
    }

    fn is_replace_due(&self, at: Duration) -> bool {
        self.is_proven() && self.replace_at.is_some_and(|due| at >= due)
    }

    /// One that knows the same rows, so that what it reads is shared where it is equal.
    fn successor(&self) -> Self {
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

    fn holds_the_same(&self, other: &Self) -> bool {
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
    fn retire(&mut self, now: Now, actions: &mut Vec<Action>) {
        let out = &mut Out { now, actions };
        self.leave(out);
        self.hang_up("replaced by another connection", out);
        self.phase = Phase::Resting;
        out.act(Action::WakeAt(None));
        out.actions.retain(|action| !matches!(action, Action::Emit(_)));
    }

    /// Takes the place of `old`: what was told of it goes on from there.
    fn inherit(&mut self, old: &mut Self, out: &mut Out<'_>) {
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
                out.act(Action::Emit(FeedEvent::Change(Change {
                    key: RowKey::new(new.table.kind, id),
                    op,
                    record,
                    committed_ms: None,
                })));
            }
            report.rows[new.table.kind] += new.rows.len();
        }
        self.report.note_resync(Resync {
            at_ms: millis(out.at()),
            took_ms: 0,
            why: "replaced",
            added: report.added,
            changed: report.changed,
            removed: report.removed,
        });
        out.act(Action::Emit(FeedEvent::Synced(report)));
        let text = "The connection was replaced before the server would have cut it.";
        self.say(NoticeKind::Replaced, text, out);
        self.say_proof(out);
        // The timer that was asked for silently stays in force.
        out.act(Action::WakeAt(self.wake));
    }
}
