//! Who is connected, to what they have subscribed, and what they still have coming.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Entry, Outbox};
use realtime::{Direction, Frame, Vsn, encode_text};

/// The open sockets by number.
#[derive(Debug, Default)]
pub struct Members {
    last: u64,
    sockets: BTreeMap<u64, Member>,
}

/// One socket.
#[derive(Debug)]
pub struct Member {
    pub vsn: Vsn,
    pub outbox: Arc<Outbox>,
    /// The API key that it was opened with: the token of joins that bring none.
    pub key: Arc<str>,
    /// One per topic.
    pub channels: Vec<Channel>,
    /// The last join's reference of every topic that was joined on this socket.
    pub past: BTreeMap<String, String>,
    /// In no order.
    pub timers: Vec<Timer>,
}

/// One joined topic.
#[derive(Debug)]
pub struct Channel {
    /// Unique on this server.
    pub serial: u64,
    pub topic: String,
    pub join_ref: Option<String>,
    /// The first API: the event is named after the operation, and the topic names the table.
    pub is_legacy: bool,
    /// What is subscribed to; or the message that says why not.
    pub entries: Result<Vec<Entry>, String>,
    /// Changes flow.
    pub is_live: bool,
    /// Changes before this moment are lost to it: there is no slot yet.
    pub lost_until: Option<Instant>,
    /// "Subscribed to PostgreSQL" was said, and changes will not come all the same.
    pub is_deaf: bool,
    /// Replies to broadcasts are wanted; broadcasts are wanted back.
    pub acks: bool,
    pub echoes: bool,
    /// What the client brought, in the join or later; the socket's key otherwise.
    pub token: Option<String>,
    /// Whom the subscription is written for; another token's role counts once the subscription is written anew.
    pub role: Arc<str>,
}

/// Something that a socket still has coming.
#[derive(Debug)]
pub struct Timer {
    pub at: Instant,
    pub kind: Due,
}

/// What that is.
#[derive(Debug)]
pub enum Due {
    /// The subscription is written: changes flow from here on.
    Subscribe { serial: u64 },
    /// The server has trouble with the subscription, gets over it, and tries again so much later.
    Stumble { serial: u64, again: Duration },
    /// The token is looked at.
    CheckToken { serial: u64 },
    /// A message is sent.
    Send(String),
    /// The socket ends once everything is sent.
    Close(u16),
}

/// Topics whose last join is remembered, and things to come, of one socket; those beyond are left out.
const MOST_PAST: usize = 256;
const MOST_TIMERS: usize = 1_024;

impl Members {
    /// Takes in a new socket and answers its number.
    pub fn enter(&mut self, vsn: Vsn, key: Arc<str>, outbox: Arc<Outbox>) -> u64 {
        let number = self.next_number();
        self.sockets.insert(
            number,
            Member {
                vsn,
                outbox,
                key,
                channels: Vec::new(),
                past: BTreeMap::new(),
                timers: Vec::new(),
            },
        );
        number
    }

    pub fn leave(&mut self, number: u64) {
        self.sockets.remove(&number);
    }

    /// A number that nothing else has.
    pub fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub fn get(&mut self, number: u64) -> Option<&mut Member> {
        self.sockets.get_mut(&number)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.sockets.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.sockets.values_mut()
    }
}

impl Member {
    pub fn send(&self, frame: &Frame<'_>) {
        self.outbox.push_text(self.spell(frame));
    }

    /// The frame's text in this socket's serializer.
    pub fn spell(&self, frame: &Frame<'_>) -> String {
        encode_text(self.vsn, Direction::ToClient, frame)
    }

    /// Has something come later. Its socket looks at its timers again.
    pub fn schedule(&mut self, after: Duration, kind: Due) {
        let Some(at) = Instant::now().checked_add(after) else {
            return;
        };
        if self.timers.len() < MOST_TIMERS {
            self.timers.push(Timer { at, kind });
            self.outbox.ring();
        }
    }

    pub fn channel(&mut self, topic: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.topic == topic)
    }

    pub fn by_serial(&mut self, serial: u64) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.serial == serial)
    }

    /// Takes a channel out.
    pub fn remove(&mut self, topic: &str) -> Option<Channel> {
        let at = self.channels.iter().position(|channel| channel.topic == topic)?;
        Some(self.channels.swap_remove(at))
    }

    /// Remembers a join, and answers the reference of the topic's join before.
    pub fn remember(&mut self, topic: &str, join_ref: Option<&str>) -> Option<String> {
        if self.past.len() >= MOST_PAST && !self.past.contains_key(topic) {
            return None;
        }
        self.past.insert(topic.into(), join_ref?.into())
    }

    /// Tells the client that a channel is gone: `phx_close` or `phx_error`.
    pub fn send_end(&self, channel: &Channel, event: &str) {
        let join_ref = channel.join_ref.as_deref();
        self.send(&Frame::new(
            join_ref,
            join_ref,
            &channel.topic,
            event,
            &serde_json::json!({}),
        ));
    }

    pub fn send_system(&self, channel: &Channel, extension: &str, ok: bool, message: &str) {
        self.send(&Frame::system(
            channel.join_ref.as_deref(),
            &channel.topic,
            extension,
            ok,
            message,
        ));
    }

    /// A channel ends with the one message that says why.
    pub fn end(&mut self, topic: &str, message: &str) {
        if let Some(channel) = self.remove(topic) {
            self.send_system(&channel, "system", false, message);
            self.send_end(&channel, "phx_close");
        }
    }
}
