//! Malformed input to every API: nothing panics, and the next client is served.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, get, http},
    quiet, start,
};

/// The messages of real clients, from the recordings.
fn recorded() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/transcripts");
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|kind| kind != "jsonl") {
            continue;
        }
        let file = std::fs::read_to_string(path).expect("a transcript");
        let lines = file.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        texts.extend(
            lines
                .filter(|line| line["dir"] == "out")
                .filter_map(|line| line["text"].as_str().map(str::to_owned)),
        );
    }
    texts.sort();
    texts.dedup();
    assert!(texts.len() > 50, "{}", texts.len());
    texts
}

#[tokio::test]
async fn the_server_accepts_clients_after_frames_changed_at_random() {
    let server = start(quiet());
    server
        .control()
        .set_behaviour(|behaviour| behaviour.delays = behaviour.delays.scaled(0.0));
    // A scale of zero would close every idle socket at once.
    server
        .control()
        .set_behaviour(|behaviour| behaviour.delays.idle = Duration::from_secs(60));
    let recorded = recorded();
    let mut rng = fastrand::Rng::with_seed(11);
    for round in 0..40 {
        let path = ["?apikey=demo&vsn=2.0.0", "?apikey=demo&vsn=1.0.0"][round % 2];
        let mut client = Client::open(server.addr(), &format!("/realtime/v1/websocket{path}")).await;
        for _ in 0..50 {
            let mut bytes = recorded[rng.usize(..recorded.len())].clone().into_bytes();
            for _ in 0..rng.usize(0..4) {
                let at = rng.usize(..bytes.len());
                match rng.u8(0..4) {
                    0 => bytes[at] = rng.u8(..),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"[]{}\",:0\\n"[rng.usize(..9)]),
                    _ => bytes.truncate(at.max(1)),
                }
                if bytes.is_empty() {
                    bytes.push(b'[');
                }
            }
            let message = match String::from_utf8(bytes) {
                Ok(text) => Message::text(text),
                Err(error) => Message::binary(error.into_bytes()),
            };
            if client.ws.send(message).await.is_err() {
                break;
            }
        }
        let drain = async { while let Some(Ok(_)) = client.ws.next().await {} };
        let _ = tokio::time::timeout(Duration::from_millis(20), drain).await;
    }
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
}

#[tokio::test]
async fn malformed_requests_are_answered_or_closed_and_the_next_one_is_served() {
    let server = start(quiet());
    let mut rng = fastrand::Rng::with_seed(12);
    for _ in 0..60 {
        let mut stream = tokio::net::TcpStream::connect(server.addr())
            .await
            .expect("a connection");
        let bytes: Vec<u8> = (0..rng.usize(1..400)).map(|_| rng.u8(..)).collect();
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "it hangs");
    }
    for path in [
        "/rest/v1/agents?select=%FF%00&order=%22",
        "/rest/v1/agents?id=in.(((((",
        "/rest/v1/agents?limit=99999999999999999999",
        "/rest/v1/agents?offset=18446744073709551615&limit=18446744073709551615",
        "/rest/v1/%2e%2e/%00",
        "/auth/v1/token?grant_type=%FF",
        "/auth/v1/../../etc/passwd",
        "/demo/control",
    ] {
        for method in ["GET", "POST", "HEAD", "DELETE", "BREW"] {
            let answer = http(server.addr(), method, path, &[("apikey", "demo")], "[[[").await;
            assert!((200..600).contains(&answer.status), "{method} {path}: {answer:?}");
        }
    }
    assert_eq!(get(server.addr(), "/rest/v1/agents").await.status, 200);
}
