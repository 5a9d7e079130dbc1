//! The WebSocket: connect with deadlines and limits, and read or write one thing at a time.

use std::{sync::Arc, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{self, Message, Utf8Bytes, protocol::WebSocketConfig},
};
use url::Url;

use super::{dial::dial, failure, http};
use realtime::{CloseReason, ConnectFailure, Vsn};

pub(super) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// TCP, TLS and upgrade together (realtime-protocol.md §15.1): the server delays a refusal by 2 s on purpose.
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);
/// A small frame that cannot be handed to the kernel for so long means a dead link.
const SEND_DEADLINE: Duration = Duration::from_secs(5);
/// How long a socket may take to say goodbye.
pub(super) const GOODBYE: Duration = Duration::from_millis(200);
/// Largest message taken (§2.4): a 1 MiB change with its old record and JSON overhead fits well.
const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// What came off the socket.
pub(super) enum Received {
    Text(Utf8Bytes),
    Binary(Vec<u8>),
    Closed(CloseReason),
}

/// The library logs what it sends, key and tokens included, at its loudest level; whatever RUST_LOG says, that level is
/// off before anything is sent.
fn keep_secrets_out_of_the_log() {
    log::set_max_level(log::max_level().min(log::LevelFilter::Debug));
}

/// Opens the socket. The key goes in the query, where the server wants it; the address never reaches a text.
pub(super) async fn open(
    url: Url,
    key: SecretString,
    vsn: Vsn,
    tls: Arc<ClientConfig>,
) -> Result<Box<Stream>, ConnectFailure> {
    keep_secrets_out_of_the_log();
    let mut address = url;
    address
        .query_pairs_mut()
        .append_pair("apikey", key.expose_secret())
        .append_pair("vsn", vsn.as_str());
    let mut config = WebSocketConfig::default();
    config.max_message_size = Some(MAX_MESSAGE_BYTES);
    config.max_frame_size = Some(MAX_MESSAGE_BYTES);
    let connecting = async {
        let stream = dial(&address).await?;
        client_async_tls_with_config(address.as_str(), stream, Some(config), Some(Connector::Rustls(tls))).await
    };
    match timeout(CONNECT_DEADLINE, connecting).await {
        Ok(Ok((stream, _))) => Ok(Box::new(stream)),
        Ok(Err(tungstenite::Error::Http(response))) => Err(ConnectFailure::Refused {
            http: response.status().as_u16(),
            message: failure::without(
                &failure::body_message(response.body().as_deref().unwrap_or_default()),
                &[key.expose_secret()],
            ),
            retry_after: http::retry_after(response.headers()),
        }),
        Ok(Err(error)) => Err(ConnectFailure::Unreachable(failure::socket_words(&error))),
        Err(_) => Err(ConnectFailure::Unreachable(format!(
            "no answer within {} s",
            CONNECT_DEADLINE.as_secs()
        ))),
    }
}

/// Sends one text frame.
pub(super) async fn send(stream: &mut Stream, text: String) -> Result<(), CloseReason> {
    match timeout(SEND_DEADLINE, stream.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(CloseReason::Lost(failure::socket_words(&error))),
        Err(_) => Err(CloseReason::Lost("the connection accepts no more data".into())),
    }
}

/// The next thing that matters: pings are answered by the library while reading.
pub(super) async fn receive(stream: &mut Stream) -> Received {
    loop {
        match stream.next().await {
            Some(Ok(Message::Text(text))) => return Received::Text(text),
            Some(Ok(Message::Binary(bytes))) => return Received::Binary(bytes.into()),
            Some(Ok(Message::Close(frame))) => {
                return Received::Closed(match frame {
                    Some(frame) => CloseReason::Frame {
                        code: frame.code.into(),
                        text: failure::tidy(&frame.reason),
                    },
                    None => CloseReason::Lost("the server closed the connection without a code".into()),
                });
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Received::Closed(CloseReason::Lost(failure::socket_words(&error))),
            None => {
                return Received::Closed(CloseReason::Lost(
                    "the server closed the connection without giving a reason".into(),
                ));
            }
        }
    }
}
