//! A WebSocket for diagnostics: opened, written to and read step by step, without a session.

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use tokio::time::timeout;

use super::{
    super::{
        error_text, tls,
        websocket::{self, Received, WebSocket},
    },
    reach,
};
use realtime::{CloseReason, ConnectFailure};
use settings::FeedSettings;

/// A WebSocket that is open and has joined nothing.
pub struct Socket {
    socket: WebSocket,
}

/// What a socket received.
#[derive(Debug)]
pub enum Heard {
    /// A text frame; its payload.
    Text(String),
    /// A binary frame. No answer that `doctor` waits for is one.
    Binary,
    /// The socket is closed; why.
    Closed(CloseReason),
}

impl Socket {
    /// Connects.
    ///
    /// # Errors
    /// Why the connection failed; the text is free of secrets.
    pub async fn open(settings: &FeedSettings, tls: ClientConfig, deadline: Duration) -> Result<Self, ConnectFailure> {
        let FeedSettings {
            realtime_url, key, vsn, ..
        } = settings;
        let opening = websocket::connect(realtime_url.clone(), key.clone(), *vsn, Arc::new(tls));
        match timeout(deadline, opening).await {
            Ok(opened) => opened.map(|socket| Self { socket }),
            Err(_) => Err(ConnectFailure::Unreachable(reach::no_answer(deadline))),
        }
    }

    /// Sends one text frame.
    ///
    /// # Errors
    /// Why the frame was not sent.
    pub async fn send(&mut self, text: String) -> Result<(), CloseReason> {
        self.socket.send(text);
        self.socket.flush().await
    }

    /// Waits for the next frame.
    pub async fn receive(&mut self) -> Heard {
        match self.socket.receive().await {
            Received::Text(text) => Heard::Text(text.to_string()),
            Received::Binary(_) => Heard::Binary,
            Received::Closed(reason) => Heard::Closed(reason),
        }
    }

    /// Sends the close frame, if that is possible soon.
    pub async fn close(self) {
        self.socket.close().await;
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Socket")
    }
}

/// The TLS configuration that every connection uses.
///
/// # Errors
/// When this machine trusts no certificate authority, in words.
pub fn client_config(needed: bool) -> Result<ClientConfig, String> {
    tls::client_config(needed).map_err(|error| error_text::tidy(&error.to_string()))
}
