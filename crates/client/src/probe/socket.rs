//! A WebSocket that is led by hand: open, say, listen.

use std::{sync::Arc, time::Duration};

use rustls::ClientConfig;
use tokio::time::timeout;

use super::{
    super::{
        failure, tls,
        websocket::{self, Received, WebSocket},
    },
    reach,
};
use realtime::{CloseReason, ConnectFailure};
use settings::FeedSettings;

/// An open socket.
pub struct Socket {
    socket: WebSocket,
}

/// What came.
#[derive(Debug)]
pub enum Heard {
    Text(String),
    /// A binary frame: nothing that `doctor` asked for comes as one.
    Binary,
    Closed(CloseReason),
}

impl Socket {
    /// # Errors
    /// How it failed; the text is free of secrets.
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

    /// # Errors
    /// Why the socket took it not.
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

    /// Says goodbye, if it is heard at once.
    pub async fn close(self) {
        self.socket.close().await;
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Socket")
    }
}

/// The TLS configuration that every connection of ours has.
///
/// # Errors
/// When this machine has nothing to trust, in words.
pub fn client_config(needed: bool) -> Result<ClientConfig, String> {
    tls::client_config(needed).map_err(|error| failure::tidy(&error.to_string()))
}
