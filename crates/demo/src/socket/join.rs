//! Joins: reading the request, refusing it or opening the channel; and the end of a channel, a leave.

use std::time::{Duration, Instant};

use realtime::{Frame, Vsn};
use serde_json::{Map, Value, json};

use super::{
    Due, Member, ServerChannel, Subscription,
    entry::{self, Tables},
    task,
};
use crate::{
    Store, Subscribe, TableId,
    auth::Guard,
    broadcast::{Replay, TOPIC},
    hub::{Hub, Inner, JoinRefusal, now_micros},
    store::write_commit_time,
};

/// Most channels on a socket.
const MAX_CHANNELS: usize = 100;

/// A join that can be granted.
#[derive(Debug)]
struct Join {
    channel: ServerChannel,
    /// The list for the reply: the requested entries with their ids.
    echo: Vec<Value>,
    wants_presence: bool,
    /// Messages of the database that are sent again.
    replay: Option<Replay>,
    /// When the token expires, in seconds since the Unix epoch.
    expires: Option<i64>,
}

/// A join as it is requested.
struct Request<'a> {
    topic: &'a str,
    payload: &'a Value,
    /// Number of other channels on the same socket.
    channels: usize,
    /// The key that the socket was opened with.
    key: &'a str,
    /// Changes are broadcast, and everybody may receive them.
    has_broadcasts: bool,
}

/// Answers a join: at once, or after a wait during which the socket does nothing else.
pub(super) async fn join(hub: &Hub, socket: u64, frame: &Frame<'_>) {
    #[cfg(unix)]
    hub.read_publication().await;
    let read = match next_refusal(hub, frame).or_else(|| too_many_joins(hub)) {
        Some(refusal) => Err(refusal),
        None => match read(hub, socket, frame) {
            Some(read) => read.map_err(|reason| JoinRefusal {
                reason,
                closes: None,
                is_immediate: false,
                times: 1,
            }),
            None => return,
        },
    };
    match read {
        Ok(join) => {
            let delay = hub.delays().join;
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            admit(&mut hub.lock(), socket, frame, join);
        }
        Err(refusal) => refuse(hub, socket, frame, refusal).await,
    }
}

/// The refusal that was requested for the next join, if there is one.
fn next_refusal(hub: &Hub, frame: &Frame<'_>) -> Option<JoinRefusal> {
    let mut inner = hub.lock();
    let pending = inner.join_refusals.front_mut()?;
    pending.times = pending.times.saturating_sub(1);
    let mut refusal = pending.clone();
    if refusal.times == 0 {
        inner.join_refusals.pop_front();
    }
    let topic = frame.topic.trim_start_matches("realtime:");
    refusal.reason = refusal.reason.replace("topic: opswall", &format!("topic: {topic}"));
    Some(refusal)
}

/// The refusal of a join above the limit on joins. One below the limit is counted.
fn too_many_joins(hub: &Hub) -> Option<JoinRefusal> {
    let limiter = &mut hub.lock().join_limiter;
    let now = Instant::now();
    limiter.begin(now);
    if limiter.allows(now) {
        limiter.count(1);
        return None;
    }
    JoinRefusal::named("too_many_joins")
}

async fn refuse(hub: &Hub, socket: u64, frame: &Frame<'_>, refusal: JoinRefusal) {
    let behaviour = hub.lock().behaviour.clone();
    hub.lock().seen.refused_joins += 1;
    let wait = if refusal.is_immediate {
        Duration::ZERO
    } else {
        behaviour.delays.join_error
    };
    if behaviour.blocks_while_joining {
        tokio::time::sleep(wait).await;
    }
    let inner = &mut *hub.lock();
    let Some(member) = inner.members.get(socket) else {
        return;
    };
    let response = json!({ "reason": refusal.reason });
    let answer = reply(frame, false, &response);
    if behaviour.blocks_while_joining {
        member.send(&answer);
        if let Some(code) = refusal.closes {
            member.schedule(Duration::ZERO, Due::Close(code));
        }
    } else {
        let text = member.encode(&answer);
        member.schedule(wait, Due::Send(text));
        if let Some(code) = refusal.closes {
            member.schedule(wait + Duration::from_millis(1), Due::Close(code));
        }
    }
}

/// Reads a join; `None` when its socket is gone.
fn read(hub: &Hub, socket: u64, frame: &Frame<'_>) -> Option<Result<Join, String>> {
    let payload = serde_json::from_str(frame.payload.get()).unwrap_or_default();
    let inner = &mut *hub.lock();
    let member = inner.members.get(socket)?;
    let others = member.channels.iter().filter(|channel| channel.topic != frame.topic);
    let request = Request {
        topic: &frame.topic,
        payload: &payload,
        channels: others.count(),
        key: &member.key,
        has_broadcasts: inner.broadcasts.is_some(),
    };
    #[cfg(unix)]
    let tables = match hub.database {
        Some(_) => Tables::Database(&inner.published),
        None => Tables::Simulated(&inner.rules),
    };
    #[cfg(not(unix))]
    let tables = Tables::Simulated(&inner.rules);
    Some(request.read(&hub.guard, tables, now_micros() / 1_000_000))
}

impl Request<'_> {
    /// Reads a join at `now` (seconds since the Unix epoch). The error is the `reason` of the reply.
    fn read(&self, guard: &Guard, tables: Tables<'_>, now: i64) -> Result<Join, String> {
        let name = self.topic.strip_prefix("realtime:").unwrap_or_default();
        if name.is_empty() {
            return Err("TopicNameRequired: You must provide a topic name".into());
        }
        let payload = match self.payload {
            Value::Object(payload) => payload,
            Value::Null => return Err("UnknownErrorOnChannel: expected params to be a :map, got: `nil`".into()),
            other => {
                return Err(format!(
                    "UnknownErrorOnChannel: expected params to be a :map, got: `{other}`"
                ));
            }
        };
        if self.channels >= MAX_CHANNELS {
            return Err("ChannelRateLimitReached: Too many channels".into());
        }
        let token = ["user_token", "access_token"]
            .into_iter()
            .find_map(|key| payload.get(key)?.as_str());
        // A publishable key in this place counts as no token.
        let token = token.filter(|token| !token.starts_with("sb_"));
        let bearer = guard.token(token.unwrap_or(self.key), now);
        let bearer = bearer.map_err(|error| error.in_join())?;
        let config = match payload.get("config") {
            Some(Value::Object(config)) => Some(config),
            None => None,
            Some(_) => return Err("UnknownErrorOnChannel: no function clause matching in Access.get/3".into()),
        };
        let is_private = matches!(config.and_then(|config| config.get("private")), Some(Value::Bool(true)))
            || config.and_then(|config| config.get("private")?.as_str()) == Some("true");
        if is_private && !(self.has_broadcasts && name == TOPIC) {
            return Err(format!(
                "Unauthorized: You do not have permissions to read from this Channel topic: {name}"
            ));
        }
        let replay = config.and_then(|config| config.get("broadcast")?.get("replay"));
        let replay = Replay::read(replay, is_private)?;
        let (entries, echo) = read_entries(&requested_entries(name, config), tables)?;
        let flag = |section: &str, key: &str| {
            let value = config.and_then(|config| config.get(section)?.get(key));
            matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_str) == Some("true")
        };
        let channel = ServerChannel {
            serial: 0,
            topic: self.topic.into(),
            join_ref: None,
            is_legacy: config.is_none(),
            entries,
            is_live: false,
            lost_until: None,
            is_deaf: false,
            is_private,
            acks: flag("broadcast", "ack"),
            echoes: flag("broadcast", "self"),
            token: token.map(Into::into),
            role: bearer.role.into(),
        };
        Ok(Join {
            channel,
            echo,
            wants_presence: flag("presence", "enabled"),
            replay,
            expires: bearer.expires,
        })
    }
}

/// The entries of a join's configuration. Without one, the topic names schema, table and filter, as in the first API.
fn requested_entries(name: &str, config: Option<&Map<String, Value>>) -> Vec<Value> {
    match config {
        None => {
            let keys = ["schema", "table", "filter"].into_iter();
            let entry = keys
                .zip(name.splitn(3, ':'))
                .map(|(key, value)| (key.into(), value.into()));
            vec![Value::Object(entry.collect())]
        }
        Some(config) => match config.get("postgres_changes") {
            Some(Value::Array(entries)) => entries.iter().filter(|entry| !entry.is_null()).cloned().collect(),
            _ => Vec::new(),
        },
    }
}

/// The subscription's entries, or the message of the first bad one, which disables all of them; and the list for the reply.
type Entries = (Result<Vec<Subscription>, String>, Vec<Value>);

fn read_entries(requested: &[Value], tables: Tables<'_>) -> Result<Entries, String> {
    let mut echo = Vec::with_capacity(requested.len());
    let mut entries = Ok(Vec::with_capacity(requested.len()));
    for requested in requested {
        let Value::Object(requested) = requested else {
            return Err(format!("UnknownErrorOnChannel: expected a map, got: {requested}"));
        };
        if let Ok(list) = &mut entries {
            match Subscription::parse(requested, tables) {
                Ok(entry) => list.push(entry),
                Err(message) => entries = Err(message),
            }
        }
        let mut answer = requested.clone();
        answer.insert("id".into(), entry::id(requested).into());
        echo.push(Value::Object(answer));
    }
    Ok((entries, echo))
}

/// Opens the channel and replies.
fn admit(inner: &mut Inner, socket: u64, frame: &Frame<'_>, join: Join) {
    let behaviour = inner.behaviour.clone();
    inner.seen.joins += 1;
    inner.seen.joins_with_token += u64::from(join.channel.token.is_some());
    let serial = inner.members.next_number();
    let Some(member) = inner.members.get(socket) else {
        return;
    };
    member.send(&reply(frame, true, &json!({ "postgres_changes": join.echo })));
    // The new join is answered before the old one is closed.
    if let Some(old) = member.remove(&frame.topic) {
        member.send_end(&old, "phx_close");
    }
    // A join without a `join_ref` is known by its own reference.
    let join_ref = frame.join_ref.as_deref().or(frame.reference.as_deref());
    let old_ref = member.set_last_join(&frame.topic, join_ref);
    if join.wants_presence {
        let join_ref = frame.join_ref.as_deref();
        member.send(&Frame::new(join_ref, None, &frame.topic, "presence_state", &json!({})));
    }
    let channel = ServerChannel {
        serial,
        join_ref: join_ref.map(Into::into),
        is_deaf: behaviour.subscribe == Subscribe::Deaf,
        ..join.channel
    };
    if let Some((broadcasts, replay)) = inner.broadcasts.as_ref().zip(join.replay) {
        broadcasts.replay(replay, member, &channel);
    }
    if let Some(old_ref) = old_ref.filter(|_| behaviour.sends_stale_frames) {
        send_stale_frames(&inner.store, member, &channel, &old_ref);
    }
    // An empty list is no subscription; a bad entry is one that will be refused.
    let has_entries = channel.entries.as_ref().map_or(true, |entries| !entries.is_empty());
    let is_good = channel.entries.is_ok();
    member.channels.push(channel);
    task::schedule_token_check(member, serial, join.expires, behaviour.delays.token_check);
    if !has_entries {
        return;
    }
    let after = behaviour.delays.subscribe;
    match behaviour.subscribe {
        Subscribe::Never if is_good => return,
        Subscribe::ErrorFirst if is_good => {
            let again = behaviour.delays.resubscribe;
            return member.schedule(after, Due::FailSubscription { serial, again });
        }
        Subscribe::ChangesFirst => {
            if let Some(channel) = member.by_serial(serial) {
                channel.is_live = is_good;
            }
        }
        _ => {}
    }
    member.schedule(after, Due::Subscribe { serial });
}

/// Sends frames of the topic's former join, as if they had been under way: its end, and a change.
fn send_stale_frames(store: &Store, member: &Member, channel: &ServerChannel, old_ref: &str) {
    let (old, topic) = (Some(old_ref), channel.topic.as_str());
    let reason = json!({ "reason": "join crashed" });
    member.send(&Frame::reply(old, old, topic, false, &reason));
    if member.vsn == Vsn::V2 {
        // In the first serializer the frame would not name its join, so a client could not recognise it as stale.
        member.send(&Frame::system(old, topic, "system", false, "Node request timeout"));
    }
    member.send(&Frame::new(old, old, topic, "phx_error", &json!({})));
    member.send(&Frame::new(old, old, topic, "phx_close", &json!({})));
    let entries = channel.entries.as_deref().unwrap_or_default();
    if let Some(change) = entries.iter().find_map(|entry| any_change(store, entry)) {
        member.send(&Frame::new(None, None, topic, "postgres_changes", &change));
    }
}

/// The payload of an update of some row that an entry covers.
fn any_change(store: &Store, entry: &Subscription) -> Option<Value> {
    let table = TableId::EVERY.into_iter().find(|table| entry.covers(*table))?;
    let row = store.table(table).values().next()?;
    let mut commit = String::new();
    write_commit_time(now_micros(), &mut commit);
    let columns: Value = serde_json::from_str(&table.schema().columns_json).unwrap_or_default();
    let data = json!({
        "columns": columns, "commit_timestamp": commit, "errors": null, "old_record": {"id": row.id().to_string()},
        "record": row.to_value(table), "schema": "public", "table": table.name(), "type": "UPDATE",
    });
    Some(json!({ "ids": [entry.id], "data": data }))
}

/// Closes a channel on the client's request.
pub(super) fn leave(member: &mut Member, frame: &Frame<'_>) {
    match member.channel(&frame.topic) {
        // A leave that belongs to another join is ignored.
        Some(channel) if channel.join_ref.as_deref() != frame.join_ref.as_deref() => {}
        Some(_) => {
            member.send(&reply(frame, true, &json!({})));
            if let Some(channel) = member.remove(&frame.topic) {
                member.send_end(&channel, "phx_close");
            }
        }
        None => member.send(&reply(frame, true, &json!({}))),
    }
}

/// The reply to a frame.
pub(super) fn reply<'a>(to: &'a Frame<'_>, ok: bool, response: &Value) -> Frame<'a> {
    Frame::reply(to.join_ref.as_deref(), to.reference.as_deref(), &to.topic, ok, response)
}
