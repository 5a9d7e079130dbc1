//! The session: one feed to its reader, whichever connection its rows come from.
//!
//! A server cuts connections without a signed-in user after a day. Before it does, a second connection is opened, joins
//! and reads its snapshot while the first goes on; when both hold equal rows the second takes over and the first is
//! closed. The reader sees none of it.

use std::time::Duration;

use crate::{
    api::{Command, Effect, Event, Now, SessionConfig},
    connection::Connection,
};

/// Interval between two comparisons of the rows of both connections.
const COMPARE_EVERY: Duration = Duration::from_millis(500);
/// While rows keep changing the two may never be equal at the moment of a comparison. After this many comparisons the
/// second connection's rows, which are equally true, are taken.
const MAX_COMPARISONS: u32 = 20;
/// The second connection has to be live within this time.
const DEADLINE: Duration = Duration::from_secs(120);
/// Delay after an attempt that failed. The first connection has another hour when the first attempt is made.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// Which of the at most two connections of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum ConnectionId {
    /// The one that a session begins with.
    #[default]
    A,
    /// The one that replaces it; the next replacement is `A` again.
    B,
}

impl ConnectionId {
    /// The other one.
    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// The state of one feed. It does no I/O: a driver hands in events and carries out the effects that are appended.
///
/// Every event and every effect belongs to a connection: sockets, requests and timers are kept apart by its id.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    id: ConnectionId,
    successor: Option<Successor>,
    /// Empty between calls; kept for its memory.
    scratch: Vec<Effect>,
}

/// The connection that is to take over.
#[derive(Debug)]
struct Successor {
    connection: Connection,
    deadline: Duration,
    compare_at: Duration,
    comparisons: u32,
}

impl Session {
    /// A session that has not started: the first event must be [`Event::Start`].
    pub fn new(config: SessionConfig) -> Self {
        Self {
            connection: Connection::new(config),
            id: ConnectionId::default(),
            successor: None,
            scratch: Vec::new(),
        }
    }

    /// The connection whose rows the reader gets. `Start`, commands and tokens are for it, whatever id they are handed
    /// in with.
    pub fn connection(&self) -> ConnectionId {
        self.id
    }

    /// Handles one event of a connection, and appends the effects to carry out, in order.
    pub fn handle(&mut self, id: ConnectionId, event: Event, now: Now, effects: &mut Vec<(ConnectionId, Effect)>) {
        if matches!(&event, Event::Command(Command::Reconnect | Command::Disconnect)) {
            self.drop_successor(now, effects);
        }
        if id == self.id || matches!(event, Event::Start | Event::Command(_) | Event::Token(_)) {
            self.connection.handle(event, now, &mut self.scratch);
            self.pass_on(effects);
            self.check_replacement(now, effects);
        } else if let Some(successor) = &mut self.successor {
            successor.connection.handle(event, now, &mut self.scratch);
            self.check_successor(now, effects);
        }
    }

    /// Handles text frames that were received together, as [`Session::handle`] handles each. Deadlines, status and
    /// details are looked after once behind them instead of behind each: that costs more than a change does.
    pub fn handle_frames<F: AsRef<str>>(
        &mut self,
        id: ConnectionId,
        frames: impl IntoIterator<Item = F>,
        now: Now,
        effects: &mut Vec<(ConnectionId, Effect)>,
    ) {
        let mut is_first = true;
        let mut is_settled = true;
        for frame in frames {
            let text = frame.as_ref();
            // The first one in full: the machine may have slept before it.
            if !is_first && id == self.id && self.connection.take_change(text, now, &mut self.scratch) {
                is_settled = false;
                self.pass_on(effects);
            } else {
                self.handle(id, Event::Text(text.to_owned()), now, effects);
            }
            is_first = false;
        }
        if !is_settled {
            self.connection.settle(now, &mut self.scratch);
            self.pass_on(effects);
            self.check_replacement(now, effects);
        }
    }

    /// Appends the effects of the connection in force.
    fn pass_on(&mut self, effects: &mut Vec<(ConnectionId, Effect)>) {
        effects.extend(self.scratch.drain(..).map(|effect| (self.id, effect)));
    }

    /// Begins a replacement when it is due, and ends one that is of no use any more.
    fn check_replacement(&mut self, now: Now, effects: &mut Vec<(ConnectionId, Effect)>) {
        match &self.successor {
            None if self.connection.is_replace_due(now.at) => {
                self.connection.replace_at(None);
                let mut connection = self.connection.successor();
                connection.handle(Event::Start, now, &mut self.scratch);
                self.successor = Some(Successor {
                    connection,
                    deadline: now.at + DEADLINE,
                    compare_at: Duration::ZERO,
                    comparisons: 0,
                });
                self.check_successor(now, effects);
            }
            // The first connection was lost: it connects anew by itself, sooner than a second one that is not live yet.
            Some(_) if !self.connection.is_live() => self.drop_successor(now, effects),
            _ => {}
        }
    }

    /// Passes on the effects of the second connection except its reports, which are not the reader's yet; and decides
    /// whether it takes over.
    fn check_successor(&mut self, now: Now, effects: &mut Vec<(ConnectionId, Effect)>) {
        let id = self.id.other();
        let silent = self
            .scratch
            .drain(..)
            .filter(|effect| !matches!(effect, Effect::Emit(_)));
        effects.extend(silent.map(|effect| (id, effect)));
        let Some(successor) = &mut self.successor else { return };
        if successor.connection.is_live() {
            if now.at >= successor.compare_at {
                successor.compare_at = now.at + COMPARE_EVERY;
                successor.comparisons += 1;
                let is_enough = successor.comparisons > MAX_COMPARISONS;
                if is_enough || self.connection.holds_the_same(&successor.connection) {
                    return self.take_over(now, effects);
                }
            }
            effects.push((id, Effect::WakeAt(Some(successor.compare_at))));
        } else if successor.connection.has_failed() || now.at >= successor.deadline {
            // No retry: the first connection is still good.
            self.drop_successor(now, effects);
            self.connection.replace_at(Some(now.at + AGAIN_AFTER));
        }
    }

    fn drop_successor(&mut self, now: Now, effects: &mut Vec<(ConnectionId, Effect)>) {
        if let Some(mut successor) = self.successor.take() {
            successor.connection.retire(now, &mut self.scratch);
            let id = self.id.other();
            effects.extend(self.scratch.drain(..).map(|effect| (id, effect)));
        }
    }

    fn take_over(&mut self, now: Now, effects: &mut Vec<(ConnectionId, Effect)>) {
        let Some(successor) = self.successor.take() else { return };
        let mut old = std::mem::replace(&mut self.connection, successor.connection);
        old.retire(now, &mut self.scratch);
        self.pass_on(effects);
        self.id = self.id.other();
        self.connection.inherit(&mut old, now, &mut self.scratch);
        self.pass_on(effects);
    }
}
