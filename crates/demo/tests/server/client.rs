//! A raw WebSocket client and a raw HTTP client: nothing of the program under test is in them.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

/// Against hanging, not for measuring.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    pub(crate) ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn open(addr: SocketAddr, path_and_query: &str) -> Self {
        Self::try_open(addr, path_and_query).await.expect("a socket")
    }

    pub(crate) async fn try_open(addr: SocketAddr, path_and_query: &str) -> Result<Self, Error> {
        let url = format!("ws://{addr}{path_and_query}");
        let (ws, _) = timeout(WATCHDOG, connect_async(url))
            .await
            .expect("an answer in time")?;
        Ok(Self { ws })
    }

    pub(crate) async fn v2(addr: SocketAddr) -> Self {
        Self::open(addr, "/realtime/v1/websocket?apikey=demo&vsn=2.0.0").await
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.ws.send(Message::text(text.into())).await.expect("sent");
    }

    /// The next text message, or how the socket ended.
    pub(crate) async fn next_text(&mut self) -> Result<String, String> {
        loop {
            match timeout(WATCHDOG, self.ws.next()).await.expect("something in time") {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or("close".into(), |frame| u16::from(frame.code).to_string()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("end".into()),
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Value {
        serde_json::from_str(&self.next_text().await.expect("a message")).expect("JSON")
    }

    /// Nothing comes: shown by a heartbeat that is answered before anything else.
    pub(crate) async fn expect_silence(&mut self) {
        self.send(r#"[null,"silence","phoenix","heartbeat",{}]"#).await;
        let next = self.next().await;
        assert_eq!(next[1], "silence", "{next}");
    }

    /// Joins the three tables and waits until changes flow.
    pub(crate) async fn subscribe(&mut self, topic: &str) {
        let entries: Vec<Value> = ["agents", "tasks", "workflows"]
            .map(|table| json!({"event":"*","schema":"public","table":table}))
            .into();
        self.subscribe_to(topic, json!(entries)).await;
    }

    pub(crate) async fn subscribe_to(&mut self, topic: &str, entries: Value) {
        let payload = json!({"config":{"postgres_changes": entries}});
        self.send(json!(["1", "1", topic, "phx_join", payload]).to_string())
            .await;
        let reply = self.next().await;
        assert_eq!(reply[4]["status"], "ok", "{reply}");
        let system = self.next().await;
        assert_eq!(system[4]["message"], "Subscribed to PostgreSQL", "{system}");
    }
}

/// An HTTP answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

pub(crate) async fn http(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await.expect("a connection");
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n");
        stream
            .write_all(format!("{head}{headers}\r\n{body}").as_bytes())
            .await
            .expect("sent");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("an answer");
        String::from_utf8(bytes).expect("text")
    };
    let text = timeout(WATCHDOG, exchange).await.expect("an answer in time");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    Answer {
        status,
        head: head.into(),
        body: body.into(),
    }
}

pub(crate) async fn get(addr: SocketAddr, path: &str) -> Answer {
    http(addr, "GET", path, &[("apikey", "demo")], "").await
}

pub(crate) async fn control(addr: SocketAddr, call: Value) -> Answer {
    http(addr, "POST", "/demo/control", &[], &call.to_string()).await
}
