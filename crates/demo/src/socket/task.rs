//! One open socket: reads what the client sends, writes what waits for it, ends as it is told to.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
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

use super::{
    super::{Cut, hub::Hub},
    Outbox,
    inbound::handle,
    timers,
};
use realtime::Vsn;

type Socket = WebSocketStream<TcpStream>;

/// Largest message that a client may send; a larger one closes the socket with 1009.
const MOST_INBOUND: usize = 5_000_000;
/// Messages written between two flushes.
const BATCH: usize = 256;
/// How long a closing socket waits for the client to close too.
const FAREWELL: Duration = Duration::from_millis(500);

/// Serves a socket until it ends. `read` is what the client sent right behind its handshake.
pub async fn serve(hub: Arc<Hub>, io: TcpStream, read: Vec<u8>, vsn: Vsn, key: Arc<str>) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MOST_INBOUND))
        .max_frame_size(Some(MOST_INBOUND));
    let mut socket = WebSocketStream::from_partially_read(io, read, Role::Server, Some(config)).await;
    let outbox = Arc::new(Outbox::default());
    let number = {
        let mut inner = hub.lock();
        inner.seen.connects += 1;
        inner.members.enter(vsn, key, outbox.clone())
    };
    let how = converse(&hub, number, vsn, &mut socket, &outbox).await;
    hub.lock().members.leave(number);
    if let Some(how) = how {
        end(socket, how).await;
    }
}

/// Answers how the server wants to end the socket; `None` when the client, or the network, has ended it.
async fn converse(hub: &Hub, number: u64, vsn: Vsn, socket: &mut Socket, outbox: &Outbox) -> Option<Cut> {
    let mut heard = Instant::now();
    loop {
        let next = timers::next(hub, number);
        let idle = heard + hub.delays().idle;
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
                heard = Instant::now();
                hub.until_unstalled(Some(outbox)).await;
                match message? {
                    Ok(Message::Text(text)) => {
                        tokio::select! {
                            how = outbox.until_cut() => return Some(how),
                            () = handle(hub, number, vsn, &text) => {}
                        }
                    }
                    // Binary broadcasts are taken without a word; pings are answered by the library.
                    Ok(_) => {}
                    Err(Error::Capacity(_)) => return Some(Cut::Close(CloseCode::Size.into())),
                    Err(Error::Utf8(_)) => return Some(Cut::Close(CloseCode::Invalid.into())),
                    Err(Error::Protocol(_)) => return Some(Cut::Close(CloseCode::Protocol.into())),
                    Err(_) => return None,
                }
            }
            () = until(next) => {
                hub.until_unstalled(Some(outbox)).await;
                timers::ring(hub, number);
            }
            () = outbox.until_rung() => {}
            // A minute of silence ends the socket, and with the code of an orderly close.
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
            // Without it the kernel would still deliver what is queued.
            let _ = socket.get_ref().set_zero_linger();
        }
        Cut::Close(code) => {
            let frame = CloseFrame {
                code: code.into(),
                reason: Utf8Bytes::default(),
            };
            let farewell = async {
                socket.close(Some(frame)).await.ok()?;
                while socket.next().await?.is_ok() {}
                Some(())
            };
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
        }
    }
}
