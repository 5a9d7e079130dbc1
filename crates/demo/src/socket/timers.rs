//! What comes due on a socket: subscriptions that are written, tokens that end, messages that were put off.

use std::time::{Duration, Instant};

use super::{
    super::{
        Cut, Subscribe,
        hub::{Hub, now_micros},
    },
    Due, Member, Timer,
};

/// The moment at which a socket's next thing is due.
pub fn next(hub: &Hub, socket: u64) -> Option<Instant> {
    hub.lock()
        .members
        .get(socket)
        .and_then(|member| member.timers.iter().map(|timer| timer.at).min())
}

/// Has a channel's token looked at: at its end (seconds since the Unix epoch), and now and then before.
pub fn watch(member: &mut Member, serial: u64, expires: Option<i64>, check: Duration) {
    let Some(expires) = expires else { return };
    let micros = expires.saturating_mul(1_000_000).saturating_sub(now_micros());
    let left = Duration::from_micros(micros.max(0).unsigned_abs());
    // A moment late rather than early: at its end the token has ended.
    let after = left.min(check.max(Duration::from_millis(10))) + Duration::from_millis(1);
    member.schedule(after, Due::CheckToken { serial });
}

/// Does what has come due.
pub fn ring(hub: &Hub, socket: u64) {
    let now = Instant::now();
    let inner = &mut *hub.lock();
    let behaviour = inner.behaviour.clone();
    let Some(member) = inner.members.get(socket) else {
        return;
    };
    let mut due: Vec<Timer> = member.timers.extract_if(.., |timer| timer.at <= now).collect();
    due.sort_by_key(|timer| timer.at);
    for timer in due {
        match timer.kind {
            Due::Subscribe { serial } => subscribe(hub, member, serial, behaviour.subscribe, now),
            Due::Stumble { serial, again } => {
                let stumbled = member.channels.iter().find(|channel| channel.serial == serial);
                if let Some(channel) = stumbled {
                    let message = "{:error, \"Too many database timeouts\"}";
                    member.send_system(channel, "postgres_changes", false, message);
                    member.schedule(again, Due::Subscribe { serial });
                }
            }
            Due::CheckToken { serial } => check(hub, member, serial, behaviour.delays.token_check),
            Due::Send(text) => member.outbox.push_text(text),
            Due::Close(code) => member.outbox.finish(Cut::Close(code)),
        }
    }
}

/// Writes a subscription and says how that went.
fn subscribe(hub: &Hub, member: &mut Member, serial: u64, how: Subscribe, now: Instant) {
    let key = member.key.clone();
    let Some(channel) = member.by_serial(serial) else {
        return;
    };
    // Renewed tokens count from here on.
    let token = channel.token.as_deref().unwrap_or(&key);
    if let Ok(token) = hub.guard.token(token, now_micros() / 1_000_000) {
        channel.role = token.role.into();
    }
    channel.is_live = channel.entries.is_ok() && !channel.is_deaf;
    if let Subscribe::SlotLate(span) = how {
        channel.lost_until = now.checked_add(span);
    }
    let (ok, message) = match &channel.entries {
        Ok(_) => (true, "Subscribed to PostgreSQL".to_owned()),
        Err(message) => (false, message.clone()),
    };
    if let Some(channel) = member.channels.iter().find(|channel| channel.serial == serial) {
        member.send_system(channel, "postgres_changes", ok, &message);
    }
}

fn check(hub: &Hub, member: &mut Member, serial: u64, every: Duration) {
    let key = member.key.clone();
    let Some(channel) = member.by_serial(serial) else {
        return;
    };
    let token = channel.token.as_deref().unwrap_or(&key);
    match hub.guard.token(token, now_micros() / 1_000_000) {
        Ok(token) => {
            // One look at a time is enough, however often the token was renewed.
            let is_watched = |timer: &Timer| matches!(timer.kind, Due::CheckToken { serial: other } if other == serial);
            if !member.timers.iter().any(is_watched) {
                watch(member, serial, token.expires, every);
            }
        }
        Err(error) => {
            let topic = channel.topic.clone();
            member.end(&topic, &error.in_system());
        }
    }
}
