//! Trouble on the sockets while they stay open: refused joins, messages, gaps, a drain, a database that restarts.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Bytes, Message,
    protocol::frame::{
        Frame as WireFrame,
        coding::{Data, OpCode},
    },
};

use super::{
    super::{
        Conduct, JoinError, SystemMessage,
        hub::JoinRefusal,
        socket::{Due, Member},
    },
    Control, Cut, DAY, TableId,
};
use realtime::Frame;

/// Orders to refuse joins that may wait.
const MOST_ORDERS: usize = 1_000;

impl Control {
    /// Changes how the server conducts itself, from now on.
    pub fn conduct<T>(&self, change: impl FnOnce(&mut Conduct) -> T) -> T {
        let done = change(&mut self.hub.lock().conduct);
        self.hub.wake_poller();
        done
    }

    /// The next `times` joins are refused with a reason: one of [`super::super::JOINS`] by its name, or any text.
    pub fn refuse_joins(&self, reason: &str, times: u32) {
        let named = JoinError::named(reason);
        let refusal = JoinRefusal {
            reason: named.map_or(reason, |named| named.reason).into(),
            closes: named.and_then(|named| named.closes),
            is_immediate: named.is_some_and(|named| named.is_immediate),
            times,
        };
        let mut inner = self.hub.lock();
        if times > 0 && inner.join_refusals.len() < MOST_ORDERS {
            inner.join_refusals.push_back(refusal);
        }
    }

    /// Joins are granted again.
    pub fn allow_joins(&self) {
        self.hub.lock().join_refusals.clear();
    }

    /// Something for every joined channel; answers how many there were.
    pub(super) fn for_channels(&self, mut act: impl FnMut(&mut Member, u64)) -> usize {
        let mut inner = self.hub.lock();
        let mut count = 0;
        for member in inner.members.iter_mut() {
            let serials: Vec<u64> = member.channels.iter().map(|channel| channel.serial).collect();
            count += serials.len();
            for serial in serials {
                act(member, serial);
            }
        }
        count
    }

    /// A `system` message for every joined channel, followed by `phx_close` where `closes` says so; answers how many
    /// there were.
    pub fn system(&self, message: SystemMessage) -> usize {
        self.for_channels(|member, serial| {
            let Some(at) = member.channels.iter().position(|channel| channel.serial == serial) else {
                return;
            };
            let SystemMessage {
                extension, is_ok, text, ..
            } = message;
            if let Some(channel) = member.channels.get(at) {
                member.send_system(channel, extension, is_ok, text);
            }
            if message.closes {
                let channel = member.channels.swap_remove(at);
                member.send_end(&channel, "phx_close");
            }
        })
    }

    /// Every subscription is gone for a while, without a word; then comes a second "Subscribed to PostgreSQL". So it is
    /// when the publication changes. Answers how many channels there were.
    pub fn gap(&self, span: Duration) -> usize {
        self.for_channels(|member, serial| {
            if let Some(channel) = member.by_serial(serial) {
                channel.is_live = false;
            }
            member.schedule(span.min(DAY), Due::Subscribe { serial });
        })
    }

    /// The server shuts down: on request one message for each joined topic first, then close code 1012. Answers how many
    /// sockets there were.
    pub fn drain(&self, says_so: bool) -> usize {
        let inner = self.hub.lock();
        let mut count = 0;
        for member in inner.members.iter() {
            count += 1;
            for channel in member.channels.iter().filter(|_| says_so) {
                let payload = json!({"extension": "system", "message": "Server requested disconnect", "status": "ok"});
                member.send(&Frame::new(None, None, &channel.topic, "system", &payload));
            }
            member.outbox.finish(Cut::Close(1012));
        }
        count
    }

    /// Kills, without a close frame, the sockets that have joined once and have no channel now; answers how many.
    pub fn reap(&self) -> usize {
        let inner = self.hub.lock();
        let idle = inner
            .members
            .iter()
            .filter(|member| member.channels.is_empty() && !member.past.is_empty());
        idle.map(|member| member.outbox.cut(Cut::Rst)).count()
    }

    /// Changes reach the tables and no socket for so long.
    pub fn lose_for(&self, span: Duration) {
        self.hub.lock().blind_until = Instant::now().checked_add(span.min(DAY));
    }

    /// PostgreSQL restarts: pages cannot be read for `down`; and until `blind` after that no change reaches a socket,
    /// which nobody is told.
    pub fn restart_database(&self, down: Duration, blind: Duration) {
        let mut inner = self.hub.lock();
        let now = Instant::now();
        inner.down_until = now.checked_add(down.min(DAY));
        inner.blind_until = now.checked_add(down.min(DAY) + blind.min(DAY));
    }

    /// Everything that the sockets still have coming comes now, in its order, and everything that lasts ends: what a
    /// test would wait for.
    pub fn hurry(&self) {
        let inner = &mut *self.hub.lock();
        (inner.blind_until, inner.down_until) = (None, None);
        let now = Instant::now();
        for member in inner.members.iter_mut() {
            member.timers.sort_by_key(|timer| timer.at);
            for timer in &mut member.timers {
                timer.at = timer.at.min(now);
            }
            for channel in &mut member.channels {
                channel.lost_until = None;
            }
            member.outbox.ring();
        }
    }

    /// Empties a table as TRUNCATE does, without a change on the stream; answers how many rows there were.
    pub fn truncate(&self, table: TableId) -> usize {
        self.hub.lock().store.truncate(table)
    }

    /// A text message to every socket, whatever it says.
    pub fn say(&self, text: &str) -> usize {
        self.say_message(&Message::text(text))
    }

    /// A binary message to every socket.
    pub fn say_bytes(&self, bytes: &[u8]) -> usize {
        self.say_message(&Message::binary(bytes.to_vec()))
    }

    /// A text message that may be no UTF-8, which no honest server sends.
    pub fn say_raw_text(&self, bytes: &[u8]) -> usize {
        let frame = WireFrame::message(Bytes::copy_from_slice(bytes), OpCode::Data(Data::Text), true);
        self.say_message(&Message::Frame(frame))
    }

    /// A WebSocket ping to every socket, which the real server never sends.
    pub fn ping(&self) -> usize {
        self.say_message(&Message::Ping(Bytes::from_static(b"demo")))
    }

    fn say_message(&self, message: &Message) -> usize {
        let inner = self.hub.lock();
        inner
            .members
            .iter()
            .map(|member| member.outbox.push(message.clone()))
            .count()
    }
}
