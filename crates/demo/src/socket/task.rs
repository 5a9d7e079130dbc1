//! The task of one open socket: it reads what the client sends, writes what is queued, runs the socket's timers, and ends it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use realtime::Vsn;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        protocol::{
            CloseFrame, Role, WebSocketConfig,
            frame::{
                Frame,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

use super::{Due, Member, Outbox, Timer, inbound::handle};
use crate::{
    Cut, Subscribe,
    hub::{Hub, now_micros},
};

type Socket = WebSocketStream<TcpStream>;

/// Most bytes of a message from a client; a larger one closes the socket with 1009.
const MAX_INBOUND: usize = 5_000_000;
/// Most messages written between two flushes.
const BATCH: usize = 256;
/// How long a closing socket waits for the client's close frame.
const CLOSE_DEADLINE: Duration = Duration::from_millis(500);
/// Shortest interval between two checks of a token.
const MIN_TOKEN_CHECK: Duration = Duration::from_millis(10);

/// Serves a socket until it ends. `read` is what the client sent directly after its handshake.
pub(super) async fn serve(hub: Arc<Hub>, io: TcpStream, read: Vec<u8>, vsn: Vsn, key: Arc<str>) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_INBOUND))
        .max_frame_size(Some(MAX_INBOUND));
    let mut socket = WebSocketStream::from_partially_read(io, read, Role::Server, Some(config)).await;
    let outbox = Arc::new(Outbox::default());
    let number = {
        let mut inner = hub.lock();
        inner.seen.connects += 1;
        inner.members.enter(vsn, key, outbox.clone())
    };
    let how = run(&hub, number, vsn, &mut socket, &outbox).await;
    hub.lock().members.leave(number);
    if let Some(how) = how {
        end(socket, how).await;
    }
}

/// Runs until the socket ends. Returns how the server wants to end it; `None` when the client or the network has.
async fn run(hub: &Hub, number: u64, vsn: Vsn, socket: &mut Socket, outbox: &Outbox) -> Option<Cut> {
    let mut last_received = Instant::now();
    loop {
        let next = next_timer(hub, number);
        let idle = last_received + hub.delays().idle;
        tokio::select! {
            how = outbox.until_cut() => return Some(how),
            batch = outbox.take(BATCH) => {
                hub.until_unstalled(Some(outbox)).await;
                tokio::select! {
                    how = outbox.until_cut() => return Some(how),
                    written = write(socket, batch, hub.fragment()) => written.ok()?,
                }
            }
            message = socket.next() => {
                last_received = Instant::now();
                hub.until_unstalled(Some(outbox)).await;
                match message? {
                    Ok(Message::Text(text)) => {
                        tokio::select! {
                            how = outbox.until_cut() => return Some(how),
                            () = handle(hub, number, vsn, &text) => {}
                        }
                    }
                    // Binary broadcasts are accepted and ignored; the library answers pings.
                    Ok(_) => {}
                    Err(Error::Capacity(_)) => return Some(Cut::Close(CloseCode::Size.into())),
                    Err(Error::Utf8(_)) => return Some(Cut::Close(CloseCode::Invalid.into())),
                    Err(Error::Protocol(_)) => return Some(Cut::Close(CloseCode::Protocol.into())),
                    Err(_) => return None,
                }
            }
            () = until(next) => {
                hub.until_unstalled(Some(outbox)).await;
                run_timers(hub, number);
            }
            () = outbox.until_rung() => {}
            // A real server closes silent sockets with the code of an orderly close, too.
            () = until(Some(idle)) => return Some(Cut::Close(CloseCode::Normal.into())),
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// Writes messages, in frames of at most `fragment` bytes where that is set.
async fn write(socket: &mut Socket, batch: Vec<Message>, fragment: Option<usize>) -> Result<(), Error> {
    for message in batch {
        match (message, fragment) {
            (Message::Text(text), Some(most)) if text.len() > most => {
                let mut rest = bytes::Bytes::from(text);
                let mut code = Data::Text;
                while !rest.is_empty() {
                    let part = rest.split_to(most.clamp(1, rest.len()));
                    let frame = Frame::message(part, OpCode::Data(code), rest.is_empty());
                    socket.feed(Message::Frame(frame)).await?;
                    code = Data::Continue;
                }
            }
            (message, _) => socket.feed(message).await?,
        }
    }
    socket.flush().await
}

async fn end(mut socket: Socket, how: Cut) {
    match how {
        Cut::Fin => {}
        Cut::Rst => {
            // Otherwise the kernel would still deliver what is queued, and end with a FIN.
            let _ = socket.get_ref().set_zero_linger();
        }
        Cut::Close(code) => {
            let frame = CloseFrame {
                code: code.into(),
                reason: Utf8Bytes::default(),
            };
            let close = async {
                socket.close(Some(frame)).await.ok()?;
                while socket.next().await?.is_ok() {}
                Some(())
            };
            let _ = tokio::time::timeout(CLOSE_DEADLINE, close).await;
        }
    }
}

/// When the socket's earliest timer is due.
fn next_timer(hub: &Hub, socket: u64) -> Option<Instant> {
    let mut inner = hub.lock();
    inner.members.get(socket)?.timers.iter().map(|timer| timer.at).min()
}

/// Schedules the next check of a channel's token: when it expires (seconds since the Unix epoch), or after `interval` if that
/// is earlier.
pub(super) fn schedule_token_check(member: &mut Member, serial: u64, expires: Option<i64>, interval: Duration) {
    let Some(expires) = expires else { return };
    let micros = expires.saturating_mul(1_000_000).saturating_sub(now_micros());
    let left = Duration::from_micros(micros.max(0).unsigned_abs());
    // One millisecond late, so that the token has expired when it is checked at its end.
    let after = left.min(interval.max(MIN_TOKEN_CHECK)) + Duration::from_millis(1);
    member.schedule(after, Due::CheckToken { serial });
}

/// Does everything that is due on a socket, in the order of its times.
fn run_timers(hub: &Hub, socket: u64) {
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
            Due::Subscribe { serial } => {
                // The first subscription starts change capture, and with it the counter of changes.
                inner.change_limiter.begin(now);
                subscribe(hub, member, serial, behaviour.subscribe, now);
            }
            Due::FailSubscription { serial, again } => {
                let failed = member.channels.iter().find(|channel| channel.serial == serial);
                if let Some(channel) = failed {
                    let message = "{:error, \"Too many database timeouts\"}";
                    member.send_system(channel, "postgres_changes", false, message);
                    member.schedule(again, Due::Subscribe { serial });
                }
            }
            Due::CheckToken { serial } => check_token(hub, member, serial, behaviour.delays.token_check),
            Due::Send(text) => member.outbox.push_text(text),
            Due::Close(code) => member.outbox.finish(Cut::Close(code)),
        }
    }
}

/// Makes a subscription and sends its confirmation or its error.
fn subscribe(hub: &Hub, member: &mut Member, serial: u64, how: Subscribe, now: Instant) {
    let key = member.key.clone();
    let Some(channel) = member.by_serial(serial) else {
        return;
    };
    // The role of a renewed token applies from now on.
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

/// Checks a channel's token, and closes the channel if it is refused.
fn check_token(hub: &Hub, member: &mut Member, serial: u64, interval: Duration) {
    let key = member.key.clone();
    let Some(channel) = member.by_serial(serial) else {
        return;
    };
    let token = channel.token.as_deref().unwrap_or(&key);
    match hub.guard.token(token, now_micros() / 1_000_000) {
        Ok(token) => {
            // A renewed token has scheduled a check already; one at a time is enough.
            let is_scheduled =
                |timer: &Timer| matches!(timer.kind, Due::CheckToken { serial: other } if other == serial);
            if !member.timers.iter().any(is_scheduled) {
                schedule_token_check(member, serial, token.expires, interval);
            }
        }
        Err(error) => {
            let topic = channel.topic.clone();
            member.end(&topic, &error.in_system());
        }
    }
}
