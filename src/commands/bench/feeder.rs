//! The child process that sends the frames, so that making and sending them costs the measured process nothing.
//!
//! Each frame is written by itself, without Nagle's delay, as real servers do: how many frames a read returns is up to
//! the kernel and the reader. The process prints its port, serves one client at a time, sends everything after each
//! line on standard input, prints its progress, and ends with standard input.

use std::{
    io::{self, BufRead as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::frames::{Frames, Plan, TABLES, TOPIC};
use crate::commands::Failure;

/// Frames are made in advance in blocks of about this size.
const BLOCK_BYTES: usize = 256 * 1024;
/// Progress reports of one run.
const PROGRESS_STEPS: u64 = 20;
/// Longest wait for a client that sends nothing.
const CLIENT_DEADLINE: Duration = Duration::from_secs(120);

/// How the frames are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    /// Make all frames before the port is printed; otherwise while sending, for floods that would not fit in memory.
    pub(crate) prebuilt: bool,
    /// Frames per second; `None` sends as fast as the socket takes them.
    pub(crate) rate: Option<u32>,
}

/// Frames as they go over the wire.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    /// Where each frame ends in `bytes`.
    ends: Vec<usize>,
}

impl Block {
    fn frames(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().filter_map(move |end| {
            let frame = self.bytes.get(start..*end);
            start = *end;
            frame
        })
    }
}

/// Serves clients until standard input ends.
pub(crate) fn run(plan: Plan, sending: Sending) -> Result<(), Failure> {
    serve(plan, sending).map_err(|error| Failure::Running(format!("the feeder failed: {error}; run the bench again")))
}

fn serve(plan: Plan, sending: Sending) -> io::Result<()> {
    let built: Option<Vec<Block>> = sending.prebuilt.then(|| blocks(plan).collect());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut out = io::stdout().lock();
    let starts = starts();
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
        if starts.recv().is_err() {
            return Ok(());
        }
        let mut sender = Sender::new(plan, sending.rate);
        let stream = socket.get_mut();
        let done = match &built {
            Some(built) => built.iter().try_for_each(|block| sender.send(block, stream, &mut out)),
            None => blocks(plan).try_for_each(|block| sender.send(&block, stream, &mut out)),
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

/// One run: paces the frames and reports the progress.
struct Sender {
    started: Instant,
    interval: Option<Duration>,
    total: u64,
    sent: u64,
}

impl Sender {
    fn new(plan: Plan, rate: Option<u32>) -> Self {
        Self {
            started: Instant::now(),
            interval: rate.map(|rate| Duration::from_secs(1) / rate.max(1)),
            total: plan.changes.max(1),
            sent: 0,
        }
    }

    fn send(&mut self, block: &Block, stream: &mut TcpStream, out: &mut impl io::Write) -> io::Result<()> {
        for frame in block.frames() {
            if let Some(interval) = self.interval {
                // Counted from the start, so that an overslept frame does not lower the rate.
                let due = interval.mul_f64(self.sent as f64);
                thread::sleep(due.saturating_sub(self.started.elapsed()));
            }
            stream.write_all(frame)?;
            let before = self.step();
            self.sent += 1;
            if self.step() > before {
                writeln!(out, "sent {}", self.sent)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    fn step(&self) -> u64 {
        self.sent * PROGRESS_STEPS / self.total
    }
}

/// A message for each line of standard input. The process ends with its input, whatever it is doing: its parent has
/// ended.
fn starts() -> mpsc::Receiver<()> {
    let (sender, starts) = mpsc::channel();
    thread::spawn(move || {
        for _ in io::stdin().lock().lines().map_while(Result::ok) {
            let _ = sender.send(());
        }
        process::exit(0);
    });
    starts
}

/// The handshake, the join and its answers: from here on the client is live on the stream.
fn greet(stream: TcpStream) -> Result<WebSocket<TcpStream>, tungstenite::Error> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(CLIENT_DEADLINE))?;
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

fn blocks(plan: Plan) -> impl Iterator<Item = Block> {
    let mut frames = Frames::new(plan);
    std::iter::from_fn(move || {
        let mut block = Block::default();
        block.bytes.reserve(BLOCK_BYTES);
        while block.bytes.len() < BLOCK_BYTES {
            let Some(text) = frames.next() else { break };
            append(&mut block.bytes, text);
            block.ends.push(block.bytes.len());
        }
        (!block.ends.is_empty()).then_some(block)
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
