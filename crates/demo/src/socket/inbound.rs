//! The frames of a client. Every answer goes through the outbox, which keeps the order.

use serde_json::{Value, json};

use realtime::{Frame, Vsn, decode_text};

use super::{
    Due, Member,
    join::{join, leave, reply},
    task,
};
use crate::{
    Delays,
    hub::{Hub, now_micros},
};

/// Answers a text message: at once, or after a wait during which the socket does nothing else.
pub(super) async fn handle(hub: &Hub, socket: u64, vsn: Vsn, text: &str) {
    // A real server ignores a message that is not a frame, and keeps the socket open.
    let Ok(frame) = decode_text(vsn, text) else { return };
    if let ("phx_join", true) = (&*frame.event, frame.topic.starts_with("realtime:")) {
        return join(hub, socket, &frame).await;
    }
    let inner = &mut *hub.lock();
    let Some(member) = inner.members.get(socket) else {
        return;
    };
    match (&*frame.topic, &*frame.event) {
        ("phoenix", "heartbeat") => {
            inner.seen.heartbeats += 1;
            member.send(&reply(&frame, true, &json!({})));
        }
        // A topic that cannot be joined. The answer has no join reference, because there is no join.
        (topic, "phx_join") => {
            let response = json!({ "reason": "unmatched topic" });
            let answer = Frame::reply(None, frame.reference.as_deref(), topic, false, &response);
            member.send(&answer);
        }
        (_, "phx_leave") => leave(member, &frame),
        (topic, event) => {
            match (member.channel(topic).is_some(), event) {
                (false, _) => inner.seen.unmatched += 1,
                (true, "access_token") => inner.seen.token_pushes += 1,
                (true, _) => {}
            }
            let delays = inner.behaviour.delays;
            push(member, &frame, hub, delays);
        }
    }
}

/// Handles any other event.
fn push(member: &mut Member, frame: &Frame<'_>, hub: &Hub, delays: Delays) {
    let Some(channel) = member.channel(&frame.topic) else {
        return member.send(&reply(frame, false, &json!({ "reason": "unmatched topic" })));
    };
    let payload: Value = serde_json::from_str(frame.payload.get()).unwrap_or_default();
    match &*frame.event {
        "access_token" => {
            renew_token(member, frame, &payload, hub, delays);
        }
        "broadcast" => {
            let (acks, echoes) = (channel.acks, channel.echoes);
            if echoes {
                member.send(&Frame::new(None, None, &frame.topic, "broadcast", &payload));
            }
            if acks {
                member.send(&reply(frame, true, &json!({})));
            }
        }
        "presence" => match payload.get("payload") {
            Some(Value::Object(_)) | None => member.send(&reply(frame, true, &json!({}))),
            Some(_) => {
                let response = json!({ "reason": "Presence track payload must be a map" });
                member.send(&reply(frame, false, &response));
            }
        },
        _ => {}
    }
}

/// Sets a channel's token. An accepted token is not answered.
fn renew_token(member: &mut Member, frame: &Frame<'_>, payload: &Value, hub: &Hub, delays: Delays) -> Option<()> {
    let text = payload.get("access_token")?.as_str()?;
    let channel = member.channel(&frame.topic)?;
    if text.starts_with("sb_") || channel.token.as_deref() == Some(text) {
        return None;
    }
    let token = match hub.guard.token(text, now_micros() / 1_000_000) {
        Ok(token) => token,
        Err(error) => {
            member.end(&frame.topic, &error.in_system());
            return None;
        }
    };
    channel.token = Some(text.into());
    let serial = channel.serial;
    let has_entries = channel.entries.as_ref().is_ok_and(|entries| !entries.is_empty());
    task::schedule_token_check(member, serial, token.expires, delays.token_check);
    if has_entries {
        member.schedule(delays.resubscribe, Due::Subscribe { serial });
    }
    Some(())
}
