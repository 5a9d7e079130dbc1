//! The child process that sends the frames, so that making and sending them costs the measured process nothing.
//!
//! It says its port on standard output, serves one client at a time, sends everything once a line comes on standard
//! input, says how far it is, and ends when standard input does.

use std::{
    io::{self, BufRead as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::frames::{Frames, Plan, TABLES, TOPIC};
use crate::commands::Failure;

/// Bytes handed to the socket at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// How often it says how far it is, of a flood.
const STEPS: u64 = 20;
/// A client that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Frames as they go over the wire, and how many.
struct Chunk {
    bytes: Vec<u8>,
    frames: u64,
}

/// Runs until standard input ends. `prebuilt`: everything is made before the port is said; else while sending, for
/// floods that no memory should hold.
pub fn run(plan: Plan, prebuilt: bool) -> Result<(), Failure> {
    serve(plan, prebuilt).map_err(|error| Failure::Running(format!("the feeder failed: {error}; run the bench again")))
}

fn serve(plan: Plan, prebuilt: bool) -> io::Result<()> {
    let built: Option<Vec<Chunk>> = prebuilt.then(|| chunks(plan).collect());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut out = io::stdout().lock();
    let orders = orders();
    writeln!(out, "port {}", listener.local_addr()?.port())?;
    out.flush()?;
    loop {
        let mut socket = match greet(listener.accept()?.0) {
            Ok(socket) => socket,
            Err(error) => {
                eprintln!("opswall: a client was not served: {error}");
                continue;
            }
        };
        if orders.recv().is_err() {
            return Ok(());
        }
        let mut sent = 0;
        let mut send = |chunk: &Chunk| -> io::Result<()> {
            socket.get_mut().write_all(&chunk.bytes)?;
            let step = |sent: u64| sent * STEPS / plan.changes.max(1);
            let before = step(sent);
            sent += chunk.frames;
            if step(sent) > before {
                writeln!(out, "sent {sent}")?;
                out.flush()?;
            }
            Ok(())
        };
        let done = match &built {
            Some(built) => built.iter().try_for_each(&mut send),
            None => chunks(plan).try_for_each(|chunk| send(&chunk)),
        };
        if let Err(error) = done {
            eprintln!("opswall: the client left early: {error}");
        } else {
            wait_until_read(&mut socket);
        }
        writeln!(out, "done")?;
        out.flush()?;
    }
}

/// A message for each line of standard input. At its end the process ends, wherever it is: nobody wants it any more.
fn orders() -> mpsc::Receiver<()> {
    let (sender, orders) = mpsc::channel();
    thread::spawn(move || {
        for _ in io::stdin().lock().lines().map_while(Result::ok) {
            let _ = sender.send(());
        }
        process::exit(0);
    });
    orders
}

/// The handshake, the join and its answers: from here on the client is live on the stream.
fn greet(stream: TcpStream) -> Result<WebSocket<TcpStream>, tungstenite::Error> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut socket = tungstenite::accept(stream).map_err(|error| io::Error::other(error.to_string()))?;
    loop {
        let Message::Text(text) = socket.read()? else { continue };
        let Ok(frame) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        if frame.get(3).and_then(Value::as_str) != Some("phx_join") {
            continue;
        }
        if frame.get(2).and_then(Value::as_str) != Some(TOPIC) {
            return Err(io::Error::other("it joined another channel").into());
        }
        let (join, reference) = (frame.get(0), frame.get(1));
        let entries: Vec<Value> = TABLES
            .iter()
            .map(|table| json!({"id": table.entry, "event": "*", "schema": "public", "table": table.name}))
            .collect();
        let reply =
            json!([join, reference, TOPIC, "phx_reply", {"status": "ok", "response": {"postgres_changes": entries}}]);
        let system = json!([join, null, TOPIC, "system", {
            "channel": "opswall-1", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL", "status": "ok"
        }]);
        socket.send(Message::text(reply.to_string()))?;
        socket.send(Message::text(system.to_string()))?;
        return Ok(socket);
    }
}

/// A client answers a ping when it has read all that came before.
fn wait_until_read(socket: &mut WebSocket<TcpStream>) {
    if socket.send(Message::Ping(Vec::new().into())).is_err() {
        return;
    }
    while let Ok(message) = socket.read() {
        if matches!(message, Message::Pong(_)) {
            return;
        }
    }
}

fn chunks(plan: Plan) -> impl Iterator<Item = Chunk> {
    let mut frames = Frames::new(plan);
    std::iter::from_fn(move || {
        let mut chunk = Chunk {
            bytes: Vec::with_capacity(CHUNK_BYTES),
            frames: 0,
        };
        while chunk.bytes.len() < CHUNK_BYTES {
            let Some(text) = frames.next() else { break };
            append(&mut chunk.bytes, text);
            chunk.frames += 1;
        }
        (chunk.frames > 0).then_some(chunk)
    })
}

/// One unmasked text frame (RFC 6455, §5.2).
fn append(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(0x81);
    match u16::try_from(text.len()) {
        Ok(length @ 0..126) => bytes.push(length as u8),
        Ok(length) => {
            bytes.push(126);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(127);
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(text.as_bytes());
}
