//! The open sockets, their channels, and what is scheduled for them.

use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use realtime::{Direction, Frame, Vsn, encode_text};

use super::{Outbox, Subscription};

/// The open sockets by number.
#[derive(Debug, Default)]
pub(crate) struct Members {
    last: u64,
    sockets: BTreeMap<u64, Member>,
}

/// One socket.
pub(crate) struct Member {
    /// The serializer version that the client asked for.
    pub(crate) vsn: Vsn,
    /// The frames that wait to be written to the socket.
    pub(crate) outbox: Arc<Outbox>,
    /// The API key that it was opened with. It is the token of joins that carry none.
    pub(crate) key: Arc<str>,
    /// The joined channels, one for each topic.
    pub(crate) channels: Vec<ServerChannel>,
    /// The reference of the last join of every topic that was joined on this socket.
    pub(crate) past: BTreeMap<String, String>,
    /// What is scheduled, in no order.
    pub(crate) timers: Vec<Timer>,
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("vsn", &self.vsn)
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}

/// One joined topic.
pub(crate) struct ServerChannel {
    /// A number that is unique on this server.
    pub(crate) serial: u64,
    /// The topic as the client joined it, `realtime:…`.
    pub(crate) topic: String,
    /// The reference of the join, which frames of the channel repeat.
    pub(crate) join_ref: Option<String>,
    /// It was joined in the first API, where the topic names the table and the operation is the event.
    pub(crate) is_legacy: bool,
    /// What it subscribes to, or the message that says why it cannot.
    pub(crate) entries: Result<Vec<Subscription>, String>,
    /// Whether changes are sent to it.
    pub(crate) is_live: bool,
    /// Changes before this moment are not sent to it, because its replication slot does not exist yet.
    pub(crate) lost_until: Option<Instant>,
    /// Its subscription is confirmed, but changes are never sent to it.
    pub(crate) is_deaf: bool,
    /// It is a private channel, which has nothing to do with a public one of the same topic.
    pub(crate) is_private: bool,
    /// Whether the client wants replies to its broadcasts.
    pub(crate) acks: bool,
    /// Whether the client wants its own broadcasts back.
    pub(crate) echoes: bool,
    /// The token of the join or a later one; without one the socket's key applies.
    pub(crate) token: Option<String>,
    /// The role of the subscription. A token of another role applies when the subscription is made again.
    pub(crate) role: Arc<str>,
}

impl ServerChannel {
    /// The messages of the database are sent to it.
    pub(crate) fn is_of_broadcasts(&self) -> bool {
        self.is_private && self.topic.strip_prefix("realtime:") == Some(crate::broadcast::TOPIC)
    }
}

impl fmt::Debug for ServerChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("topic", &self.topic)
            .field("is_live", &self.is_live)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Something that is scheduled for a socket.
#[derive(Debug)]
pub(crate) struct Timer {
    /// When it is due.
    pub(crate) at: Instant,
    /// What happens then.
    pub(crate) kind: Due,
}

/// What happens when a timer is due.
#[derive(Debug)]
pub(crate) enum Due {
    /// The subscription of a channel is made, and changes are sent from now on.
    Subscribe { serial: u64 },
    /// The subscription fails with an error from which the server recovers, and is tried again after this delay.
    FailSubscription { serial: u64, again: Duration },
    /// The token of a channel is checked.
    CheckToken { serial: u64 },
    /// A text message is sent.
    Send(String),
    /// The socket ends with this close code once everything is sent.
    Close(u16),
}

/// Most topics of a socket whose last join is remembered; further ones are not.
const MAX_PAST: usize = 256;
/// Most timers of a socket; further ones are dropped.
const MAX_TIMERS: usize = 1_024;

impl Members {
    /// Registers a new socket and returns its number.
    pub(crate) fn enter(&mut self, vsn: Vsn, key: Arc<str>, outbox: Arc<Outbox>) -> u64 {
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

    /// Removes a connection with its channels.
    pub(crate) fn leave(&mut self, number: u64) {
        self.sockets.remove(&number);
    }

    /// A number that no other socket or channel has.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The connection with this number.
    pub(crate) fn get(&mut self, number: u64) -> Option<&mut Member> {
        self.sockets.get_mut(&number)
    }

    /// All connections.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.sockets.values()
    }

    /// All connections, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.sockets.values_mut()
    }
}

impl Member {
    /// Queues a frame.
    pub(crate) fn send(&self, frame: &Frame<'_>) {
        self.outbox.push_text(self.encode(frame));
    }

    /// The frame's text in this socket's serializer.
    pub(crate) fn encode(&self, frame: &Frame<'_>) -> String {
        encode_text(self.vsn, Direction::ToClient, frame)
    }

    /// Schedules something and wakes the socket's task, which waits for the earliest timer.
    pub(crate) fn schedule(&mut self, after: Duration, kind: Due) {
        let Some(at) = Instant::now().checked_add(after) else {
            return;
        };
        if self.timers.len() < MAX_TIMERS {
            self.timers.push(Timer { at, kind });
            self.outbox.ring();
        }
    }

    /// The channel with this topic.
    pub(crate) fn channel(&mut self, topic: &str) -> Option<&mut ServerChannel> {
        self.channels.iter_mut().find(|channel| channel.topic == topic)
    }

    /// The channel with this serial number.
    pub(crate) fn by_serial(&mut self, serial: u64) -> Option<&mut ServerChannel> {
        self.channels.iter_mut().find(|channel| channel.serial == serial)
    }

    /// Removes a channel and returns it.
    pub(crate) fn remove(&mut self, topic: &str) -> Option<ServerChannel> {
        let at = self.channels.iter().position(|channel| channel.topic == topic)?;
        Some(self.channels.swap_remove(at))
    }

    /// Stores the reference of a topic's join and returns the one of its join before.
    pub(crate) fn set_last_join(&mut self, topic: &str, join_ref: Option<&str>) -> Option<String> {
        if self.past.len() >= MAX_PAST && !self.past.contains_key(topic) {
            return None;
        }
        self.past.insert(topic.into(), join_ref?.into())
    }

    /// Sends the end of a channel: `phx_close` or `phx_error`.
    pub(crate) fn send_end(&self, channel: &ServerChannel, event: &str) {
        let join_ref = channel.join_ref.as_deref();
        self.send(&Frame::new(
            join_ref,
            join_ref,
            &channel.topic,
            event,
            &serde_json::json!({}),
        ));
    }

    /// Sends a `system` message of a channel.
    pub(crate) fn send_system(&self, channel: &ServerChannel, extension: &str, ok: bool, message: &str) {
        self.send(&Frame::system(
            channel.join_ref.as_deref(),
            &channel.topic,
            extension,
            ok,
            message,
        ));
    }

    /// Closes a channel with a `system` error that gives the reason.
    pub(crate) fn end(&mut self, topic: &str, message: &str) {
        if let Some(channel) = self.remove(topic) {
            self.send_system(&channel, "system", false, message);
            self.send_end(&channel, "phx_close");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_tokens_are_not_shown() {
        let mut members = Members::default();
        let number = members.enter(Vsn::V2, "hidden-key".into(), Arc::default());
        let member = members.get(number).expect("a member");
        member.channels.push(ServerChannel {
            serial: 1,
            topic: "realtime:x".into(),
            join_ref: None,
            is_legacy: false,
            entries: Ok(Vec::new()),
            is_live: true,
            lost_until: None,
            is_deaf: false,
            is_private: false,
            acks: false,
            echoes: false,
            token: Some("hidden-token".into()),
            role: "anon".into(),
        });
        let shown = format!("{members:?}");
        assert!(shown.contains("realtime:x") && !shown.contains("hidden"), "{shown}");
    }
}
