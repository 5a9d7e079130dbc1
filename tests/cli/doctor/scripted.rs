//! A scripted project: REST, Auth and Realtime on one port, with the answers that the test sets. It is for answers that the
//! demo feed's server does not give, like errors of another schema, or unanswered heartbeats on a working socket.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message};

/// Status and body.
pub(super) type Page = (u16, Value);

/// The project's answers.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Answers by path. Other tables have one row.
    pub(super) pages: BTreeMap<String, Page>,
    /// Status and message of the `system` frame by table. Other tables are subscribed.
    pub(super) system: BTreeMap<String, (String, String)>,
    pub(super) answers_beats: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            pages: BTreeMap::new(),
            system: BTreeMap::new(),
            answers_beats: true,
        }
    }
}

/// Serves until the test ends; returns the URL.
pub(super) fn serve(script: Script) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let addr: SocketAddr = listener.local_addr().expect("an address");
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = script.clone();
            std::thread::spawn(move || connection(&script, stream));
        }
    });
    format!("http://{addr}")
}

/// Time limit of every read.
const DEADLINE: Duration = Duration::from_secs(30);

fn connection(script: &Script, mut stream: TcpStream) -> Option<()> {
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let head = head(&mut stream)?;
    if head.to_lowercase().contains("upgrade: websocket") {
        let socket = tungstenite::accept(stream).ok()?;
        return converse(script, socket);
    }
    // Bytes left unread would reset the connection when it is closed.
    let mut read = vec![0; head.len()];
    stream.read_exact(&mut read).ok()?;
    let path = head.split([' ', '?']).nth(1)?;
    let row = json!([{
        "id": "one", "name": "Ada", "title": "Sort it", "status": "running", "updated_at": "2026-01-01T00:00:00Z"
    }]);
    let (status, body) = match script.pages.get(path) {
        Some(page) => page.clone(),
        None if path.starts_with("/rest/v1/") => (200, row),
        None => (200, json!({"name": "GoTrue", "version": "v2.1"})),
    };
    let rows = body.as_array().map(Vec::len);
    let range = match rows {
        Some(0) => "Content-Range: */0\r\n".to_owned(),
        Some(rows) => format!("Content-Range: 0-{}/{rows}\r\n", rows - 1),
        None => String::new(),
    };
    let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let answer = format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{range}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).ok()
}

/// The head of the request, which stays in the stream.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = stream.peek(&mut buffer).ok().filter(|length| *length > 0)?;
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            return Some(text[..end + 4].to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn converse(script: &Script, mut socket: tungstenite::WebSocket<TcpStream>) -> Option<()> {
    loop {
        let Message::Text(text) = socket.read().ok()? else {
            continue;
        };
        let frame: Value = serde_json::from_str(&text).ok()?;
        let (reference, topic) = (frame[1].clone(), frame[2].as_str()?.to_owned());
        let mut say = |event: &str, reference: &Value, topic: &str, payload: Value| {
            let frame = json!([reference, reference, topic, event, payload]);
            socket.send(Message::text(frame.to_string())).ok()
        };
        match frame[3].as_str()? {
            "heartbeat" if script.answers_beats => {
                say("phx_reply", &reference, &topic, json!({"status": "ok", "response": {}}))?;
            }
            "phx_join" => {
                let entry = &frame[4]["config"]["postgres_changes"][0];
                let table = entry["table"].as_str()?.to_owned();
                let payload = json!({"status": "ok", "response": {"postgres_changes": [{"id": 1}]}});
                say("phx_reply", &reference, &topic, payload)?;
                let subscribed = ("ok".to_owned(), "Subscribed to PostgreSQL".to_owned());
                let (status, message) = script.system.get(&table).unwrap_or(&subscribed);
                let payload = json!({
                    "channel": topic.trim_start_matches("realtime:"), "extension": "postgres_changes",
                    "status": status, "message": message
                });
                say("system", &Value::Null, &topic, payload)?;
            }
            _ => {}
        }
    }
}
