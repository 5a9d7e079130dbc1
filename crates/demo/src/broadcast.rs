//! Broadcast from the database: with each committed change a message for the private channel, as the triggers of
//! `opswall schema --broadcast` send it; kept for replays.
//!
//! Messages have a way of their own: the limit on changes, the poller and the faults of the stream do not concern them.

use std::collections::VecDeque;

use realtime::{Frame, Vsn};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::{
    socket::{Member, Members, ServerChannel},
    store::{Applied, quote},
};

/// The topic of the messages, without `realtime:`.
pub(crate) const TOPIC: &str = model::schema::BROADCAST_TOPIC;
/// Messages that are kept; a real server keeps three days.
const MAX_KEPT: usize = 1_000;
/// Most messages of a replay, as on a real server.
const MAX_REPLAYED: u64 = 25;

/// The messages sent so far.
#[derive(Debug, Default)]
pub(crate) struct Broadcasts {
    kept: VecDeque<Kept>,
    /// Messages that are still to be lost without any sign of it.
    pub(crate) lose: u64,
}

#[derive(Debug)]
struct Kept {
    id: String,
    event: &'static str,
    payload: String,
    /// Milliseconds since the Unix epoch.
    inserted_ms: i64,
}

/// The messages that a join asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replay {
    since: i64,
    limit: usize,
}

impl Replay {
    /// Reads `config.broadcast.replay`. The error is the reason of the refusal.
    pub(crate) fn read(replay: Option<&Value>, is_private: bool) -> Result<Option<Self>, String> {
        let refused = |what: &str| Err(format!("UnableToReplayMessages: {what}"));
        let Some(replay) = replay else { return Ok(None) };
        if !is_private {
            return refused("Replay is not allowed for public channels");
        }
        let since = replay.get("since").and_then(Value::as_i64);
        let limit = match replay.get("limit") {
            None | Some(Value::Null) => Some(MAX_REPLAYED),
            Some(limit) => limit
                .as_i64()
                .map(|limit| limit.max(1).unsigned_abs().min(MAX_REPLAYED)),
        };
        match since.zip(limit) {
            Some((since, limit)) => Ok(Some(Self {
                since,
                limit: limit as usize,
            })),
            None => refused("Replay params are not valid"),
        }
    }
}

impl Broadcasts {
    /// Sends the message of a change that was committed at `now` (microseconds since the Unix epoch) to every channel.
    pub(crate) fn commit(&mut self, change: &Applied, now: i64, members: &Members) {
        let kept = Kept::of(change, now);
        if self.lose > 0 {
            // Lost on its way to the sockets; the database still has it.
            self.lose -= 1;
        } else {
            for member in members.iter() {
                let channels = member.channels.iter().filter(|channel| channel.is_of_broadcasts());
                for channel in channels {
                    kept.send(member, channel);
                }
            }
        }
        self.kept.push_back(kept);
        if self.kept.len() > MAX_KEPT {
            self.kept.pop_front();
        }
    }

    /// Sends the last messages again to a channel that has just been joined, oldest first.
    pub(crate) fn replay(&self, replay: Replay, member: &Member, channel: &ServerChannel) {
        let asked = |kept: &&Kept| kept.inserted_ms >= replay.since;
        let last = self.kept.iter().rev().filter(asked).take(replay.limit);
        for kept in last.collect::<Vec<_>>().into_iter().rev() {
            let payload: Value = serde_json::from_str(&kept.payload).unwrap_or_default();
            let message = json!({
                "event": kept.event, "meta": {"id": kept.id, "replayed": true}, "payload": payload, "type": "broadcast",
            });
            let join_ref = channel.join_ref.as_deref();
            member.send(&Frame::new(join_ref, None, &channel.topic, "broadcast", &message));
        }
    }
}

impl Kept {
    fn of(change: &Applied, now: i64) -> Self {
        let event = match (&change.old, &change.new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "UPDATE",
            (Some(_), None) => "DELETE",
        };
        let id = uuid::Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid();
        Self {
            id: id.to_string(),
            event,
            payload: payload(change, event, id),
            inserted_ms: now.div_euclid(1_000),
        }
    }

    /// A binary frame for serializer 2.0.0, and a text for the older one.
    fn send(&self, member: &Member, channel: &ServerChannel) {
        let meta = json!({ "id": self.id });
        if member.vsn == Vsn::V1 {
            let payload: Value = serde_json::from_str(&self.payload).unwrap_or_default();
            let message = json!({"event": self.event, "meta": meta, "payload": payload, "type": "broadcast"});
            return member.send(&Frame::new(None, None, &channel.topic, "broadcast", &message));
        }
        let meta = meta.to_string();
        let texts = [channel.topic.as_str(), self.event, &meta];
        // A user's broadcast (4), the lengths of its texts, and that the data is JSON (1).
        let mut bytes = vec![4];
        bytes.extend(texts.map(|text| u8::try_from(text.len()).unwrap_or(u8::MAX)));
        bytes.push(1);
        for text in texts {
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(self.payload.as_bytes());
        member.outbox.push(Message::binary(bytes));
    }
}

/// The payload in jsonb's order of keys, with the whole rows.
fn payload(change: &Applied, event: &str, id: Uuid) -> String {
    let mut out = format!("{{\"id\": \"{id}\", \"table\": ");
    quote(change.table.name(), &mut out);
    let row = |key: &str, row: Option<&crate::Row>, out: &mut String| {
        out.push_str(key);
        match row {
            Some(row) => row.write_record(change.table, |_, _| true, out),
            None => out.push_str("null"),
        }
    };
    row(", \"record\": ", change.new.as_ref(), &mut out);
    out.push_str(", \"schema\": \"public\", \"operation\": \"");
    out.push_str(event);
    row("\", \"old_record\": ", change.old.as_ref(), &mut out);
    out.push('}');
    out
}
