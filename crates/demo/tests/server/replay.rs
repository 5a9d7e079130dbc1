//! Replays of recorded conversations with a real server: the same input must give the same output.

use demo::{Delays, Options, TableId};
use serde_json::{Value, json};

use crate::{client::Client, quiet, start};

/// A frame without what differs between any two servers: the ids of entries, and the rows of changes.
fn comparable(text: &str) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    match key.as_str() {
                        "id" | "ids" | "commit_timestamp" | "columns" | "record" | "old_record" => *value = json!("…"),
                        _ => strip(value),
                    }
                }
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).expect("a frame");
    strip(&mut value);
    value
}

/// Sends what the recorded client sent and expects what it received. Topics in `left_out` need what the demo does not have.
async fn replay(file: &str, left_out: &[&str]) -> usize {
    let path = format!("{}/../../tests/data/transcripts/{file}", env!("CARGO_MANIFEST_DIR"));
    let transcript = std::fs::read_to_string(path).expect("a transcript");
    let delays = Delays {
        join_error: std::time::Duration::ZERO,
        ..Delays::DEMO
    };
    let server = start(Options { delays, ..quiet() });
    let control = server.control();
    let mut client = None;
    let mut compared = 0;
    for line in transcript.lines() {
        let line: Value = serde_json::from_str(line).expect("a line");
        let text = line["text"].as_str().expect("text");
        if left_out.iter().any(|topic| text.contains(topic)) {
            continue;
        }
        match line["dir"].as_str() {
            Some("note") if text.starts_with("CONNECT") => {
                let vsn = if text.contains("vsn=1") { "1.0.0" } else { "2.0.0" };
                let query = format!("/socket/websocket?apikey=demo&vsn={vsn}");
                client = Some(Client::open(server.addr(), &query).await);
            }
            Some("note") if text.starts_with("SQL insert into agents(name) values('") => {
                let name = text.split('\'').nth(1).unwrap_or_default();
                let row = json!({"name": name, "status": "idle"});
                control
                    .insert(TableId::Agents, row.as_object().expect("a row").clone())
                    .expect("inserted");
            }
            Some("out") => client.as_mut().expect("a socket").send(text).await,
            Some("in") => {
                let got = client
                    .as_mut()
                    .expect("a socket")
                    .next_text()
                    .await
                    .unwrap_or_else(|end| panic!("{file}: {end} instead of {text}"));
                assert_eq!(
                    comparable(&got),
                    comparable(text),
                    "{file}: expected {text}\n     but got {got}"
                );
                compared += 1;
            }
            _ => {}
        }
    }
    compared
}

#[tokio::test]
async fn heartbeats_leaves_and_double_joins_are_answered_as_recorded() {
    for file in [
        "c_heartbeat_leave_doublejoin_v1.jsonl",
        "c_heartbeat_leave_doublejoin_v2.jsonl",
    ] {
        let compared = replay(file, &[]).await;
        assert!(compared > 20, "{file}: {compared}");
    }
}

#[tokio::test]
async fn subscriptions_that_cannot_work_fail_as_recorded() {
    // f3 needs grants and dup needs rows from before the subscription, which the demo does not have.
    let compared = replay("f_bad_subscriptions_v2.jsonl", &["realtime:f3\"", "realtime:dup"]).await;
    assert!(compared > 40, "{compared}");
}

#[tokio::test]
async fn odd_joins_and_the_first_api_are_answered_as_recorded() {
    for file in ["f_odd_join_payloads_v1.jsonl", "f_odd_join_payloads_v2.jsonl"] {
        let compared = replay(file, &[]).await;
        assert!(compared > 20, "{file}: {compared}");
    }
}
