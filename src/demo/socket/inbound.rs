//! What a client sends, and what happens for it. Everything goes out through the outbox, so order is kept.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    super::hub::{Hub, now_micros},
    Channel, Member, join,
};
use crate::realtime::{Frame, Vsn, decode_text};

/// Something that a channel still has coming.
#[derive(Debug)]
pub struct Timer {
    pub at: Instant,
    topic: String,
    serial: u64,
    kind: TimerKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimerKind {
    /// The subscription is written: changes flow from here on.
    Subscribe,
    /// The token ends at this second of the Unix epoch.
    Expire(i64),
}

/// Answer to a text message: now, or after a wait during which the socket does nothing else.
pub async fn handle(hub: &Hub, socket: u64, vsn: Vsn, text: &str, timers: &mut Vec<Timer>) {
    // What is no frame is dropped without a word, and the socket lives.
    let Ok(frame) = decode_text(vsn, text) else { return };
    match (&*frame.topic, &*frame.event) {
        ("phoenix", "heartbeat") => {
            hub.lock().seen.heartbeats += 1;
            with(hub, socket, |member| reply(member, &frame, true, &json!({})));
        }
        (topic, "phx_join") if topic.starts_with("realtime:") => join(hub, socket, &frame, timers).await,
        // A topic that no channel has: nothing was joined, so the answer belongs to no join.
        (topic, "phx_join") => {
            let response = json!({ "reason": "unmatched topic" });
            let answer = Frame::reply(None, frame.reference.as_deref(), topic, false, &response);
            with(hub, socket, |member| member.send(&answer));
        }
        (_, "phx_leave") => {
            with(hub, socket, |member| leave(member, &frame));
        }
        _ => {
            let inner = &mut *hub.lock();
            let Some(member) = inner.members.get(socket) else {
                return;
            };
            match (member.channel(&frame.topic).is_some(), &*frame.event) {
                (false, _) => inner.seen.unmatched += 1,
                (true, "access_token") => inner.seen.token_pushes += 1,
                (true, _) => {}
            }
            timers.extend(push(member, &frame, hub));
        }
    }
}

/// The moment to look at a channel's token again.
fn expiry(topic: &str, serial: u64, expires: i64) -> Timer {
    let seconds = (expires - now_micros() / 1_000_000).max(0) as u64;
    // Days at most, so that the sum stays far from the clock's end; a timer that comes early looks again.
    let at = Instant::now() + Duration::from_secs(seconds.min(86_400) + 1);
    Timer {
        at,
        topic: topic.into(),
        serial,
        kind: TimerKind::Expire(expires),
    }
}

fn with<T>(hub: &Hub, socket: u64, act: impl FnOnce(&mut Member) -> T) -> Option<T> {
    hub.lock().members.get(socket).map(act)
}

fn reply(member: &Member, to: &Frame<'_>, ok: bool, response: &Value) {
    member.send(&Frame::reply(
        to.join_ref.as_deref(),
        to.reference.as_deref(),
        &to.topic,
        ok,
        response,
    ));
}

async fn join(hub: &Hub, socket: u64, frame: &Frame<'_>, timers: &mut Vec<Timer>) {
    let payload = serde_json::from_str(frame.payload.get()).unwrap_or_default();
    let others = with(hub, socket, |member| {
        member
            .channels
            .iter()
            .filter(|channel| channel.topic != frame.topic)
            .count()
    });
    let now = now_micros() / 1_000_000;
    let join = match join::read(&frame.topic, &payload, others.unwrap_or_default(), &hub.guard, now) {
        Ok(join) => join,
        Err(reason) => {
            hub.lock().seen.refused_joins += 1;
            tokio::time::sleep(hub.options.delays.join_error).await;
            with(hub, socket, |member| {
                reply(member, frame, false, &json!({ "reason": reason }))
            });
            return;
        }
    };
    let mut inner = hub.lock();
    inner.seen.joins += 1;
    inner.seen.joins_with_token += u64::from(join.channel.token.is_some());
    let serial = inner.members.next_number();
    let Some(member) = inner.members.get(socket) else {
        return;
    };
    reply(member, frame, true, &json!({ "postgres_changes": join.echo }));
    // The new join is answered before the old one is closed.
    if let Some(old) = member.remove(&frame.topic) {
        member.send_end(&old, "phx_close");
    }
    // A join that names none is known by its own reference.
    let join_ref = frame.join_ref.as_deref().or(frame.reference.as_deref()).map(Into::into);
    let has_entries = join
        .channel
        .entries
        .as_ref()
        .map_or(true, |entries| !entries.is_empty());
    if join.wants_presence {
        member.send(&Frame::new(
            frame.join_ref.as_deref(),
            None,
            &frame.topic,
            "presence_state",
            &json!({}),
        ));
    }
    member.channels.push(Channel {
        serial,
        join_ref,
        ..join.channel
    });
    if has_entries {
        let at = Instant::now() + hub.options.delays.subscribe;
        timers.push(Timer {
            at,
            topic: frame.topic.to_string(),
            serial,
            kind: TimerKind::Subscribe,
        });
    }
    timers.extend(join.expires.map(|expires| expiry(&frame.topic, serial, expires)));
}

fn leave(member: &mut Member, frame: &Frame<'_>) {
    match member.channel(&frame.topic) {
        // A leave that belongs to another join is not heard.
        Some(channel) if channel.join_ref.as_deref() != frame.join_ref.as_deref() => {}
        Some(_) => {
            reply(member, frame, true, &json!({}));
            if let Some(channel) = member.remove(&frame.topic) {
                member.send_end(&channel, "phx_close");
            }
        }
        None => reply(member, frame, true, &json!({})),
    }
}

/// Any other event.
fn push(member: &mut Member, frame: &Frame<'_>, hub: &Hub) -> Vec<Timer> {
    let Some(channel) = member.channel(&frame.topic) else {
        reply(member, frame, false, &json!({ "reason": "unmatched topic" }));
        return Vec::new();
    };
    let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
    match &*frame.event {
        "access_token" => return token(member, frame, &payload, hub).unwrap_or_default(),
        "broadcast" => {
            let (acks, echoes) = (channel.acks, channel.echoes);
            if echoes {
                member.send(&Frame::new(None, None, &frame.topic, "broadcast", &payload));
            }
            if acks {
                reply(member, frame, true, &json!({}));
            }
        }
        "presence" => match payload.get("payload") {
            Some(Value::Object(_)) | None => reply(member, frame, true, &json!({})),
            Some(_) => {
                reply(
                    member,
                    frame,
                    false,
                    &json!({ "reason": "Presence track payload must be a map" }),
                );
            }
        },
        _ => {}
    }
    Vec::new()
}

/// A new token for a channel: silence when it is good.
fn token(member: &mut Member, frame: &Frame<'_>, payload: &Value, hub: &Hub) -> Option<Vec<Timer>> {
    let text = payload.get("access_token")?.as_str()?;
    let channel = member.channel(&frame.topic)?;
    if text.starts_with("sb_") || channel.token.as_deref() == Some(text) {
        return None;
    }
    let token = match hub.guard.token(text, now_micros() / 1_000_000) {
        Ok(token) => token,
        Err(error) => {
            end(member, &frame.topic, &error.in_system());
            return None;
        }
    };
    channel.token = Some(text.into());
    let (topic, serial) = (channel.topic.clone(), channel.serial);
    let mut timers: Vec<Timer> = token
        .expires
        .map(|expires| expiry(&topic, serial, expires))
        .into_iter()
        .collect();
    if channel.entries.as_ref().is_ok_and(|entries| !entries.is_empty()) {
        let at = Instant::now() + hub.options.delays.resubscribe;
        timers.push(Timer {
            at,
            topic,
            serial,
            kind: TimerKind::Subscribe,
        });
    }
    Some(timers)
}

/// A channel ends with the one message that says why.
fn end(member: &mut Member, topic: &str, message: &str) {
    if let Some(channel) = member.remove(topic) {
        member.send_system(&channel, "system", false, message);
        member.send_end(&channel, "phx_close");
    }
}

/// Does what has come due.
pub fn ring(hub: &Hub, socket: u64, timers: &mut Vec<Timer>) {
    let now = Instant::now();
    let due: Vec<Timer> = timers.extract_if(.., |timer| timer.at <= now).collect();
    let mut inner = hub.lock();
    let Some(member) = inner.members.get(socket) else {
        return;
    };
    for timer in due {
        let Some(channel) = member
            .channel(&timer.topic)
            .filter(|channel| channel.serial == timer.serial)
        else {
            continue;
        };
        match timer.kind {
            TimerKind::Subscribe => {
                channel.is_live = channel.entries.is_ok();
                let message = match &channel.entries {
                    Ok(_) => "Subscribed to PostgreSQL".to_owned(),
                    Err(message) => message.clone(),
                };
                let ok = channel.is_live;
                let at = member
                    .channels
                    .iter()
                    .position(|channel| channel.serial == timer.serial);
                if let Some(channel) = at.and_then(|at| member.channels.get(at)) {
                    member.send_system(channel, "postgres_changes", ok, &message);
                }
            }
            TimerKind::Expire(expires) => {
                let token = channel.token.clone().unwrap_or_default();
                match hub.guard.token(&token, now_micros() / 1_000_000) {
                    Err(error) => end(member, &timer.topic, &error.in_system()),
                    // Renewed meanwhile, in which case the new one has its own timer; or it is too early.
                    Ok(token) if token.expires == Some(expires) => {
                        timers.push(expiry(&timer.topic, timer.serial, expires));
                    }
                    Ok(_) => {}
                }
            }
        }
    }
}
