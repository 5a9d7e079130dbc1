//! A server made by hand, byte by byte: a WebSocket that is confirmed and then does as the test likes, and a REST
//! endpoint that answers whatever the test writes. What was asked of it is kept.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Read timeout: without it, the thread of a peer that has disconnected would never end.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a test does with a socket that is open, and its number: 0 for the first.
pub(crate) type OnSocket = Arc<dyn Fn(Peer, usize) + Send + Sync>;
/// A whole HTTP answer to a request's path and query, and the request's number.
pub(crate) type OnRead = Arc<dyn Fn(&str, usize) -> Vec<u8> + Send + Sync>;
/// A whole HTTP answer in the place of the upgrade; empty: it is upgraded.
pub(crate) type OnUpgrade = Arc<dyn Fn(usize) -> Option<Vec<u8>> + Send + Sync>;

/// What a test does before the server reads the join of a socket that is open, and the socket's number.
pub(crate) type BeforeJoin = Arc<dyn Fn(usize) + Send + Sync>;

/// What the server does.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) upgrade: OnUpgrade,
    pub(crate) before_join: BeforeJoin,
    pub(crate) socket: OnSocket,
    pub(crate) read: OnRead,
}

/// Upgrades, quiet sockets and empty tables.
impl Default for Script {
    fn default() -> Self {
        Self {
            upgrade: Arc::new(|_| None),
            before_join: Arc::new(|_| {}),
            socket: Arc::new(|peer, _| peer.linger()),
            read: Arc::new(|_, _| rows(&json!([]))),
        }
    }
}

pub(crate) struct Wild {
    pub(crate) url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Wild {
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = heads.clone();
        let (sockets, reads) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let script = script.clone();
                let (noted, sockets, reads) = (noted.clone(), sockets.clone(), reads.clone());
                thread::spawn(move || serve(stream, &noted, &sockets, &reads, &script));
            }
        });
        Self { url, heads }
    }

    /// Rows for every table, and sockets that stay quiet.
    pub(crate) fn reading(read: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(Script {
            read: Arc::new(read),
            ..Script::default()
        })
    }

    /// Empty tables, and sockets that do as they like once they are confirmed.
    pub(crate) fn talking(socket: impl Fn(Peer, usize) + Send + Sync + 'static) -> Self {
        Self::start(Script {
            socket: Arc::new(socket),
            ..Script::default()
        })
    }

    /// The first lines of all requests: method, path, query.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.heads.lock().expect("the heads").clone()
    }
}

/// A well answer.
pub(crate) fn rows(rows: &Value) -> Vec<u8> {
    answer("200 OK", "application/json", &[], rows.to_string().as_bytes())
}

pub(crate) fn answer(status: &str, kind: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let mut whole = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    whole.extend(body);
    whole
}

fn serve(stream: TcpStream, noted: &Mutex<Vec<String>>, sockets: &AtomicUsize, reads: &AtomicUsize, script: &Script) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let mut reader = BufReader::new(stream);
    let (mut first, mut key) = (String::new(), String::new());
    if reader.read_line(&mut first).is_err() || first.is_empty() {
        return;
    }
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(1..) if line.trim().is_empty() => break,
            Ok(1..) => {}
            _ => return,
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("sec-websocket-key")
        {
            key = value.trim().to_owned();
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    noted.lock().expect("the heads").push(first.trim().to_owned());
    if key.is_empty() {
        let bytes = (script.read)(&path, reads.fetch_add(1, Ordering::Relaxed));
        let _ = reader.get_mut().write_all(&bytes);
        return;
    }
    let number = sockets.fetch_add(1, Ordering::Relaxed);
    if let Some(bytes) = (script.upgrade)(number) {
        let _ = reader.get_mut().write_all(&bytes);
        return;
    }
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    if reader.get_mut().write_all(head.as_bytes()).is_ok() {
        let mut peer = Peer {
            reader,
            topic: String::new(),
        };
        (script.before_join)(number);
        if peer.confirm().is_some() {
            (script.socket)(peer, number);
        }
    }
}

/// What a client sends.
pub(crate) enum Received {
    Heartbeat,
    /// Opcode and payload of another frame.
    Frame(u8, Vec<u8>),
}

/// The server's end of one socket.
pub(crate) struct Peer {
    reader: BufReader<TcpStream>,
    pub(crate) topic: String,
}

impl Peer {
    /// Takes the join, grants it, and confirms the subscription.
    fn confirm(&mut self) -> Option<()> {
        let join: Value = loop {
            let (_, bytes) = self.receive()?;
            let frame: Value = serde_json::from_slice(&bytes).ok()?;
            if frame[3] == "phx_join" {
                break frame;
            }
        };
        self.topic = join[2].as_str()?.to_owned();
        let mut entries = join[4]["config"]["postgres_changes"].as_array()?.clone();
        for (entry, id) in entries.iter_mut().zip(100..) {
            entry["id"] = json!(id);
        }
        let reply = json!([join[0], join[1], join[2], "phx_reply", {"status": "ok", "response": {"postgres_changes": entries}}]);
        self.text(&reply.to_string());
        let ok = json!([join[0], null, join[2], "system", {"channel": "x", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL", "status": "ok"}]);
        self.text(&ok.to_string());
        Some(())
    }

    /// The next frame of the client: its opcode and payload. Heartbeats are answered and left out.
    pub(crate) fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Received::Frame(opcode, payload) = self.receive_any()? {
                return Some((opcode, payload));
            }
        }
    }

    /// The next frame of the client. A heartbeat is answered.
    pub(crate) fn receive_any(&mut self) -> Option<Received> {
        let mut head = [0; 2];
        self.reader.read_exact(&mut head).ok()?;
        let length = match head[1] & 0x7f {
            126 => {
                let mut bytes = [0; 2];
                self.reader.read_exact(&mut bytes).ok()?;
                u64::from(u16::from_be_bytes(bytes))
            }
            127 => {
                let mut bytes = [0; 8];
                self.reader.read_exact(&mut bytes).ok()?;
                u64::from_be_bytes(bytes)
            }
            length => u64::from(length),
        };
        let mut mask = [0; 4];
        self.reader.read_exact(&mut mask).ok()?;
        let mut payload = vec![0; usize::try_from(length).ok()?];
        self.reader.read_exact(&mut payload).ok()?;
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        let frame: Option<Value> = serde_json::from_slice(&payload).ok();
        match frame {
            Some(frame) if frame[3] == "heartbeat" => {
                let reply = json!([null, frame[1], "phoenix", "phx_reply", {"status": "ok", "response": {}}]);
                self.text(&reply.to_string());
                Some(Received::Heartbeat)
            }
            _ => Some(Received::Frame(head[0] & 0x0f, payload)),
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes());
    }

    /// One frame with this first byte, whole or not.
    pub(crate) fn frame(&mut self, first: u8, payload: &[u8]) {
        let mut bytes = vec![first];
        match payload.len() {
            length @ ..126 => bytes.push(length as u8),
            length @ 126..65_536 => {
                bytes.push(126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(payload);
        self.raw(&bytes);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let _ = self.reader.get_mut().write_all(bytes);
    }

    /// A change of the tasks.
    pub(crate) fn change(&mut self, data: &Value) {
        let mut data = data.clone();
        for (name, value) in [
            ("schema", "public"),
            ("table", "tasks"),
            ("commit_timestamp", "2026-11-23T10:00:00Z"),
        ] {
            data[name] = json!(value);
        }
        let frame = json!([null, null, self.topic, "postgres_changes", {"ids": [100, 101, 102], "data": data}]);
        self.text(&frame.to_string());
    }

    /// Answers heartbeats until the client disconnects.
    pub(crate) fn linger(mut self) {
        while self.receive().is_some() {}
    }
}
