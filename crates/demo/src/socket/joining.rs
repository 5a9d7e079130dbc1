//! A join, from the request to the channel; and the end of it, a leave.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        Subscribe,
        hub::{Hub, Inner, now_micros},
    },
    Channel, Due, Member, join, timers,
};
use realtime::Frame;

/// Answers a join: now, or after a wait during which the socket does nothing else.
pub async fn join(hub: &Hub, socket: u64, frame: &Frame<'_>) {
    let behaviour = hub.lock().behaviour.clone();
    let refused = refusal(hub, frame);
    let (refused, join) = match refused {
        Some(refused) => (Some(refused), None),
        None => match read(hub, socket, frame) {
            Some(Ok(join)) => (None, Some(join)),
            Some(Err(reason)) => (
                Some(Refused {
                    reason,
                    closes: None,
                    is_immediate: false,
                }),
                None,
            ),
            None => return,
        },
    };
    if let Some(refused) = refused {
        hub.lock().seen.refused_joins += 1;
        let wait = if refused.is_immediate {
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
        let response = json!({ "reason": refused.reason });
        let answer = reply(frame, false, &response);
        if behaviour.blocks_while_joining {
            member.send(&answer);
            if let Some(code) = refused.closes {
                member.schedule(Duration::ZERO, Due::Close(code));
            }
        } else {
            let text = member.spell(&answer);
            member.schedule(wait, Due::Send(text));
            if let Some(code) = refused.closes {
                member.schedule(wait + Duration::from_millis(1), Due::Close(code));
            }
        }
        return;
    }
    if !behaviour.delays.join.is_zero() {
        tokio::time::sleep(behaviour.delays.join).await;
    }
    if let Some(join) = join {
        admit(&mut hub.lock(), socket, frame, join);
    }
}

/// Why a join is refused.
struct Refused {
    reason: String,
    closes: Option<u16>,
    is_immediate: bool,
}

/// What was ordered for the next join.
fn refusal(hub: &Hub, frame: &Frame<'_>) -> Option<Refused> {
    let mut inner = hub.lock();
    let ordered = inner.join_refusals.front_mut()?;
    ordered.times = ordered.times.saturating_sub(1);
    let refused = Refused {
        reason: ordered.reason.replace(
            "topic: opswall",
            &format!("topic: {}", frame.topic.trim_start_matches("realtime:")),
        ),
        closes: ordered.closes,
        is_immediate: ordered.is_immediate,
    };
    if ordered.times == 0 {
        inner.join_refusals.pop_front();
    }
    Some(refused)
}

fn read(hub: &Hub, socket: u64, frame: &Frame<'_>) -> Option<Result<join::Join, String>> {
    let payload = serde_json::from_str(frame.payload.get()).unwrap_or_default();
    let inner = &mut *hub.lock();
    let member = inner.members.get(socket)?;
    let others = member.channels.iter().filter(|channel| channel.topic != frame.topic);
    let asked = join::Asked {
        topic: &frame.topic,
        payload: &payload,
        channels: others.count(),
        key: &member.key,
    };
    Some(join::read(&asked, &hub.guard, &inner.rules, now_micros() / 1_000_000))
}

/// Makes the channel, and answers.
fn admit(inner: &mut Inner, socket: u64, frame: &Frame<'_>, join: join::Join) {
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
    // A join that names none is known by its own reference.
    let join_ref = frame.join_ref.as_deref().or(frame.reference.as_deref());
    let old_ref = member.remember(&frame.topic, join_ref);
    if join.wants_presence {
        let join_ref = frame.join_ref.as_deref();
        member.send(&Frame::new(join_ref, None, &frame.topic, "presence_state", &json!({})));
    }
    let channel = Channel {
        serial,
        join_ref: join_ref.map(Into::into),
        is_deaf: behaviour.subscribe == Subscribe::Deaf,
        ..join.channel
    };
    if let Some(old_ref) = old_ref.filter(|_| behaviour.sends_stale_frames) {
        stale(&inner.store, member, &channel, &old_ref);
    }
    // An empty list is no subscription; an error is one that will not be.
    let has_entries = channel.entries.as_ref().map_or(true, |entries| !entries.is_empty());
    let is_good = channel.entries.is_ok();
    member.channels.push(channel);
    timers::watch(member, serial, join.expires, behaviour.delays.token_check);
    if !has_entries {
        return;
    }
    let after = behaviour.delays.subscribe;
    match behaviour.subscribe {
        Subscribe::Never if is_good => return,
        Subscribe::ErrorFirst if is_good => {
            let again = behaviour.delays.resubscribe;
            return member.schedule(after, Due::Stumble { serial, again });
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

/// What was still on its way for the topic's former join: what it was told, and a change.
fn stale(store: &super::super::Store, member: &Member, channel: &Channel, old_ref: &str) {
    let (old, topic) = (Some(old_ref), channel.topic.as_str());
    member.send(&Frame::reply(
        old,
        old,
        topic,
        false,
        &json!({ "reason": "join crashed" }),
    ));
    if member.vsn == realtime::Vsn::V2 {
        // The first serializer does not say which join this is for: it could not be told from a fresh one.
        member.send(&Frame::system(old, topic, "system", false, "Node request timeout"));
    }
    member.send(&Frame::new(old, old, topic, "phx_error", &json!({})));
    member.send(&Frame::new(old, old, topic, "phx_close", &json!({})));
    for entry in channel.entries.as_deref().unwrap_or_default() {
        let table = super::super::TableId::ALL
            .into_iter()
            .find(|table| entry.covers(*table));
        let Some((table, row)) = table.and_then(|table| Some((table, store.table(table).values().next()?))) else {
            continue;
        };
        let mut record = String::new();
        row.write_record(table, |_, _| true, &mut record);
        let record: Value = serde_json::from_str(&record).unwrap_or_default();
        let mut commit = String::new();
        super::super::store::write_commit_time(now_micros(), &mut commit);
        let columns: Value = serde_json::from_str(&table.schema().columns_json).unwrap_or_default();
        let data = json!({
            "columns": columns, "commit_timestamp": commit, "errors": null, "old_record": {"id": row.id().to_string()},
            "record": record, "schema": "public", "table": table.name(), "type": "UPDATE",
        });
        let change = json!({ "ids": [entry.id], "data": data });
        member.send(&Frame::new(None, None, topic, "postgres_changes", &change));
        break;
    }
}

pub fn leave(member: &mut Member, frame: &Frame<'_>) {
    match member.channel(&frame.topic) {
        // A leave that belongs to another join is not heard.
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

/// The answer to a frame.
pub fn reply<'a>(to: &'a Frame<'_>, ok: bool, response: &Value) -> Frame<'a> {
    Frame::reply(to.join_ref.as_deref(), to.reference.as_deref(), &to.topic, ok, response)
}
