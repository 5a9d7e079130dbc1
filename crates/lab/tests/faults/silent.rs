//! What a real server does without a message (docs/realtime-protocol.md §8.1), injected as faults of the list and seen from a raw
//! WebSocket: the channel stays joined, heartbeats are answered, and changes are missing.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use ::demo::{Control, Cut, Options, Server};
use fastrand::Rng;
use futures_util::{SinkExt as _, StreamExt as _};
use lab::{Detection, Fault, Severity, Target};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};

/// Against hanging.
const WATCHDOG: Duration = Duration::from_secs(60);
/// Longer than the test; what lasts is ended by `run_timers`.
const SEVERITY: Severity = Severity {
    span: Duration::from_secs(3_600),
    cut: Cut::Fin,
    changes: None,
};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

fn server() -> Server {
    let options = Options {
        rate: 0.0,
        ..Options::default()
    };
    Server::start((Ipv4Addr::LOCALHOST, 0).into(), options).expect("a server")
}

async fn connect(server: &Server) -> Result<Socket, Error> {
    let url = format!("ws://{}/realtime/v1/websocket?apikey=demo&vsn=2.0.0", server.addr());
    connect_async(url).await.map(|(socket, _)| socket)
}

/// Joins the tables and waits for the confirmation.
async fn subscribe(socket: &mut Socket) {
    let entries = ["agents", "tasks", "workflows"].map(|table| json!({"event":"*","schema":"public","table":table}));
    let payload = json!({"config":{"postgres_changes": entries}});
    let join = json!(["1", "1", "realtime:x", "phx_join", payload]).to_string();
    socket.send(Message::text(join)).await.expect("sent");
    while next(socket).await[4]["message"] != "Subscribed to PostgreSQL" {}
}

async fn next(socket: &mut Socket) -> Value {
    let message = timeout(WATCHDOG, socket.next()).await.expect("something in time");
    let text = message.expect("an open socket").expect("a message").into_text();
    serde_json::from_str(&text.expect("text")).expect("JSON")
}

/// The frames that come before the answer to a heartbeat.
async fn frames(socket: &mut Socket) -> Vec<Value> {
    let heartbeat = r#"[null,"beat","phoenix","heartbeat",{}]"#;
    socket.send(Message::text(heartbeat)).await.expect("sent");
    let mut frames = Vec::new();
    loop {
        let frame = next(socket).await;
        if frame[1] == "beat" {
            return frames;
        }
        frames.push(frame);
    }
}

fn inject(fault: Fault, control: &Control) {
    let target = Target { control, proxy: None };
    fault
        .inject(target, SEVERITY, &mut Rng::with_seed(1))
        .expect("a fault of the server");
}

/// The status of a page of a table.
fn page(server: &Server, table: &str) -> u16 {
    let mut stream = TcpStream::connect(server.addr()).expect("a connection");
    let request = format!("GET /rest/v1/{table} HTTP/1.1\r\nhost: x\r\napikey: demo\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status")
}

#[tokio::test]
async fn changes_go_missing_on_a_joined_channel_without_a_message() {
    for fault in [
        Fault::SilentLoss,
        Fault::DatabaseRestart,
        Fault::DatabaseDown,
        Fault::PollerKilled,
        Fault::PollerTimeout,
        Fault::ChangeLimit,
    ] {
        assert_eq!(fault.detection(), Detection::BySnapshot, "{fault}");
        let server = server();
        let control = server.control();
        let mut socket = connect(&server).await.expect("a socket");
        subscribe(&mut socket).await;
        let before = control.state().changes;
        inject(fault, &control);
        let sent = frames(&mut socket).await.len() as u64;
        let committed = control.state().changes - before;
        match fault {
            Fault::ChangeLimit => assert!(sent == committed && sent >= 1_000, "{fault}: the burst itself is sent"),
            Fault::PollerTimeout => assert!(sent == 0 && committed >= 1_000, "{fault}: the transaction is lost"),
            _ => assert_eq!((sent, committed), (0, 0), "{fault}"),
        }
        assert!(control.step(20) >= 20, "{fault}");
        assert_eq!(frames(&mut socket).await, Vec::<Value>::new(), "{fault}");
        let is_down = matches!(fault, Fault::DatabaseRestart | Fault::DatabaseDown);
        assert_eq!(page(&server, "agents"), if is_down { 503 } else { 200 }, "{fault}");
        assert_eq!(control.state().subscribed, 1, "{fault}: it is joined as before");
        control.run_timers();
        let committed = control.step(20);
        assert_eq!(frames(&mut socket).await.len(), committed, "{fault}");
        assert_eq!(page(&server, "agents"), 200, "{fault}");
    }
}

#[tokio::test]
async fn revoked_select_sends_errors_and_refuses_pages() {
    let server = server();
    let mut socket = connect(&server).await.expect("a socket");
    subscribe(&mut socket).await;
    inject(Fault::SelectRevoked, &server.control());
    let refused: Vec<&str> = ["agents", "tasks", "workflows"]
        .into_iter()
        .filter(|table| page(&server, table) == 401)
        .collect();
    let [table] = refused[..] else {
        panic!("one table: {refused:?}")
    };
    server.control().step(2_000);
    let changes = frames(&mut socket).await;
    let of_table = changes.iter().filter(|change| change[4]["data"]["table"] == table);
    assert!(of_table.clone().count() > 0, "{table}");
    for change in of_table {
        let data = &change[4]["data"];
        assert_eq!(data["errors"], json!(["Error 401: Unauthorized"]), "{change}");
        assert!(data["record"].as_object().is_none_or(|row| row.is_empty()), "{change}");
    }
    server.control().run_timers();
    assert_eq!(page(&server, table), 200);
}

#[tokio::test]
async fn a_truncated_table_sends_no_delete() {
    let server = server();
    let mut socket = connect(&server).await.expect("a socket");
    subscribe(&mut socket).await;
    let rows = || {
        server
            .control()
            .state()
            .tables
            .values()
            .map(|table| table.rows)
            .sum::<usize>()
    };
    let before = rows();
    inject(Fault::Truncate, &server.control());
    assert!(rows() < before);
    let changes = frames(&mut socket).await;
    assert!(!changes.is_empty());
    for change in changes {
        assert_eq!(change[4]["data"]["type"], "INSERT", "{change}");
    }
}

#[tokio::test]
async fn too_many_joins_end_their_sockets() {
    let server = server();
    let mut socket = connect(&server).await.expect("a socket");
    subscribe(&mut socket).await;
    inject(Fault::TooManyJoins, &server.control());
    let is_open = |message: Option<Result<Message, Error>>| message.is_some_and(|message| message.is_ok());
    while is_open(timeout(WATCHDOG, socket.next()).await.expect("an end in time")) {}
    match connect(&server).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status().as_u16(), 429),
        other => panic!("it was let in: {other:?}"),
    }
    server.control().run_timers();
    subscribe(&mut connect(&server).await.expect("a socket")).await;
}
