//! Who is connected, and to what they have subscribed.

use std::{collections::BTreeMap, sync::Arc};

use super::{Entry, Outbox};
use crate::realtime::{Direction, Frame, Vsn, encode_text};

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
    /// One per topic.
    pub channels: Vec<Channel>,
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
    /// Replies to broadcasts are wanted; broadcasts are wanted back.
    pub acks: bool,
    pub echoes: bool,
    pub token: Option<String>,
}

impl Members {
    /// Takes in a new socket and answers its number.
    pub fn enter(&mut self, vsn: Vsn, outbox: Arc<Outbox>) -> u64 {
        let number = self.next_number();
        self.sockets.insert(
            number,
            Member {
                vsn,
                outbox,
                channels: Vec::new(),
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
        self.outbox
            .push(encode_text(self.vsn, Direction::ToClient, frame).into());
    }

    pub fn channel(&mut self, topic: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.topic == topic)
    }

    /// Takes a channel out.
    pub fn remove(&mut self, topic: &str) -> Option<Channel> {
        let at = self.channels.iter().position(|channel| channel.topic == topic)?;
        Some(self.channels.swap_remove(at))
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
}
