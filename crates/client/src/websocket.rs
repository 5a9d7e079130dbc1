//! The WebSocket: connecting with deadlines and limits, reading frame by frame, and sending without waiting.

use std::{
    collections::VecDeque,
    fmt, future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use futures_util::{Sink as _, Stream as _};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Sleep, sleep, timeout},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{self, Message, Utf8Bytes, protocol::WebSocketConfig},
};
use url::Url;

use super::{dial::dial, error_text, http, paced::Paced};
use realtime::{CloseReason, ConnectFailure, Vsn};

/// TCP, TLS and upgrade together (realtime-protocol.md §15.1): the server delays a refusal by 2 s on purpose.
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);
/// A small frame that the kernel does not take for this long means a dead link.
const SEND_DEADLINE: Duration = Duration::from_secs(5);
/// Longest wait for the close frame to be sent.
const CLOSE_DEADLINE: Duration = Duration::from_millis(200);
/// Frames that may wait to be sent. A session sends a few per minute.
const MAX_QUEUED: usize = 64;
/// Largest message taken (realtime-protocol.md §2.4): a 1 MiB change with its old record and JSON overhead fits well.
const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// What the library reads at once, zeroing it each time. The stream below reads in larger pieces.
const LIBRARY_READ_BYTES: usize = 16 * 1024;

/// Something that came off the socket.
#[derive(Debug)]
pub(crate) enum Received {
    /// A text frame.
    Text(Utf8Bytes),
    /// A binary frame.
    Binary(Vec<u8>),
    /// The socket is over; nothing follows.
    Closed(CloseReason),
}

/// The transport of a real connection.
pub(crate) type Transport = MaybeTlsStream<Paced>;

/// An open socket. Sending never waits: frames are queued, and written while the socket is polled.
pub(crate) struct WebSocket<S = Transport> {
    stream: WebSocketStream<S>,
    queue: VecDeque<Message>,
    /// Something was given to the library that the kernel has not taken yet.
    is_unflushed: bool,
    /// Ends when the kernel has taken nothing for too long.
    send_deadline: Option<Pin<Box<Sleep>>>,
    /// More was sent than is allowed to wait.
    is_overfull: bool,
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Frames hold tokens.
        f.debug_struct("WebSocket")
            .field("queued", &self.queue.len())
            .finish_non_exhaustive()
    }
}

/// Turns off the loudest log level before anything is sent, whatever RUST_LOG requests: the library would log what it
/// sends, key and tokens included.
fn keep_secrets_out_of_the_log() {
    log::set_max_level(log::max_level().min(log::LevelFilter::Debug));
}

/// Connects. The key is sent in the query, as the server requires; the address appears in no text.
pub(crate) async fn connect(
    url: Url,
    key: SecretString,
    vsn: Vsn,
    tls: Arc<ClientConfig>,
) -> Result<WebSocket, ConnectFailure> {
    keep_secrets_out_of_the_log();
    let mut address = url;
    address
        .query_pairs_mut()
        .append_pair("apikey", key.expose_secret())
        .append_pair("vsn", vsn.as_str());
    let connecting = async {
        let stream = Paced::new(dial(&address).await?);
        let connector = Some(Connector::Rustls(tls));
        client_async_tls_with_config(address.as_str(), stream, Some(limits()), connector).await
    };
    match timeout(CONNECT_DEADLINE, connecting).await {
        Ok(Ok((mut stream, _))) => {
            match stream.get_mut() {
                MaybeTlsStream::Plain(tcp) => tcp.collect(),
                MaybeTlsStream::Rustls(tls) => tls.get_mut().0.collect(),
                _ => {}
            }
            Ok(WebSocket::new(stream))
        }
        Ok(Err(tungstenite::Error::Http(response))) => Err(ConnectFailure::Refused {
            http: response.status().as_u16(),
            message: error_text::without(
                &error_text::body_message(response.body().as_deref().unwrap_or_default()),
                &[key.expose_secret()],
            ),
            retry_after: http::retry_after(response.headers()),
        }),
        Ok(Err(error)) => Err(ConnectFailure::Unreachable(error_text::socket_words(&error))),
        Err(_) => Err(ConnectFailure::Unreachable(format!(
            "no answer within {} s",
            CONNECT_DEADLINE.as_secs()
        ))),
    }
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(LIBRARY_READ_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    fn new(stream: WebSocketStream<S>) -> Self {
        Self {
            stream,
            queue: VecDeque::new(),
            is_unflushed: false,
            send_deadline: None,
            is_overfull: false,
        }
    }

    /// Queues a text frame. It is written when the socket is next polled.
    pub(crate) fn send(&mut self, text: String) {
        if self.queue.len() < MAX_QUEUED {
            self.queue.push_back(Message::text(text));
        } else {
            self.is_overfull = true;
        }
    }

    /// Waits for the next thing that came, and writes what is queued meanwhile. Nothing is lost when the wait is
    /// dropped.
    pub(crate) async fn receive(&mut self) -> Received {
        future::poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// What can be received without waiting.
    pub(crate) fn receive_now(&mut self) -> Option<Received> {
        match self.poll_read(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(received) => Some(received),
            Poll::Pending => None,
        }
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        if let Poll::Ready(Err(reason)) = self.poll_send(cx) {
            return Poll::Ready(Received::Closed(reason));
        }
        self.poll_read(cx)
    }

    /// Pings are answered by the library while reading.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        loop {
            let closed = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(Message::Text(text))) => return Poll::Ready(Received::Text(text)),
                Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Received::Binary(bytes.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(Some(frame)))) => CloseReason::Frame {
                    code: frame.code.into(),
                    text: error_text::tidy(&frame.reason),
                },
                Some(Ok(Message::Close(None))) => {
                    CloseReason::Lost("the server closed the connection without a code".into())
                }
                Some(Err(error)) => CloseReason::Lost(error_text::socket_words(&error)),
                None => CloseReason::Lost("the server closed the connection without giving a reason".into()),
            };
            return Poll::Ready(Received::Closed(closed));
        }
    }

    /// Writes what is queued. Pending while the kernel does not take all of it; an error when that lasts too long.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CloseReason>> {
        let stuck = || CloseReason::Lost("the connection accepts no more data".into());
        if self.is_overfull {
            return Poll::Ready(Err(stuck()));
        }
        match self.poll_write(cx) {
            Poll::Ready(Ok(())) => {
                self.send_deadline = None;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(CloseReason::Lost(error_text::socket_words(&error)))),
            Poll::Pending => {
                let deadline = self.send_deadline.get_or_insert_with(|| Box::pin(sleep(SEND_DEADLINE)));
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(Err(stuck()))
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), tungstenite::Error>> {
        while !self.queue.is_empty() {
            ready!(Pin::new(&mut self.stream).poll_ready(cx))?;
            if let Some(message) = self.queue.pop_front() {
                Pin::new(&mut self.stream).start_send(message)?;
                self.is_unflushed = true;
            }
        }
        if self.is_unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what is queued.
    ///
    /// # Errors
    /// Why the socket is over.
    pub(crate) async fn flush(&mut self) -> Result<(), CloseReason> {
        future::poll_fn(|cx| self.poll_send(cx)).await
    }

    /// Sends what is queued and a close frame, if the link takes them soon. It is dropped either way.
    pub(crate) async fn close(mut self) {
        let closing = async {
            if self.flush().await.is_ok() {
                let _ = self.stream.close(None).await;
            }
        };
        let _ = timeout(CLOSE_DEADLINE, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::DuplexStream, time::Instant};
    use tungstenite::protocol::Role;

    /// Both ends of a link that holds only a few bytes.
    async fn narrow() -> (WebSocket<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (near, far) = tokio::io::duplex(256);
        let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(limits())).await;
        let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
        (WebSocket::new(near), far)
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_peer_does_not_take_delays_no_reading_and_ends_the_link_after_the_deadline() {
        use futures_util::SinkExt as _;
        let (mut near, mut far) = narrow().await;
        let started = Instant::now();
        near.send("x".repeat(10_000));
        far.send(Message::text("hello")).await.expect("sent");
        assert!(matches!(near.receive().await, Received::Text(text) if text.as_str() == "hello"));
        assert_eq!(started.elapsed(), Duration::ZERO);
        let Received::Closed(CloseReason::Lost(text)) = near.receive().await else {
            panic!("the link is stuck");
        };
        assert_eq!(
            (text.as_str(), started.elapsed()),
            ("the connection accepts no more data", SEND_DEADLINE)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_queued_arrives_in_order_and_before_the_close_frame() {
        use futures_util::StreamExt as _;
        let (mut near, mut far) = narrow().await;
        for at in 0..20 {
            near.send(format!("{at} {}", "x".repeat(100)));
        }
        let closing = tokio::spawn(near.close());
        for at in 0..20 {
            let message = far.next().await.expect("a message").expect("no error");
            assert!(message.to_text().expect("text").starts_with(&format!("{at} ")));
        }
        assert!(matches!(far.next().await, Some(Ok(Message::Close(_)))));
        closing.await.expect("no panic");
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_bounded() {
        let (mut near, _far) = narrow().await;
        for _ in 0..=MAX_QUEUED {
            near.send("x".into());
        }
        assert!(matches!(near.receive().await, Received::Closed(CloseReason::Lost(_))));
    }

    #[tokio::test]
    async fn no_frame_is_printed() {
        let (mut near, _far) = narrow().await;
        near.send("secret".into());
        assert!(!format!("{near:?}").contains("secret"));
    }
}
