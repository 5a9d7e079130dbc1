//! The pulse: a table that is there when it is asked for, readable and joinable, and lost like every other.

use std::time::Duration;

use demo::{Options, Server};
use serde_json::{Value, json};

use crate::{
    client::{Client, get},
    quiet, start,
};

const TABLE: &str = "/rest/v1/opswall_pulse?select=seq,at&apikey=demo";

/// A server whose pulse is raised by the test.
fn with_pulse() -> Server {
    start(Options {
        pulse: Some(Duration::from_secs(3_600)),
        ..quiet()
    })
}

fn entries() -> Value {
    json!([{"event": "*", "schema": "public", "table": "opswall_pulse"}])
}

async fn next_seq(client: &mut Client) -> i64 {
    let change = client.next().await;
    change[4]["data"]["record"]["seq"].as_i64().expect("a number")
}

#[tokio::test]
async fn without_one_the_table_does_not_exist() {
    let server = start(quiet());
    assert_eq!(get(server.addr(), TABLE).await.status, 404);
    let mut client = Client::v2(server.addr()).await;
    let join = json!(["1", "1", "realtime:p", "phx_join", {"config": {"postgres_changes": entries()}}]);
    client.send(join.to_string()).await;
    let mut refusal = client.next().await;
    while refusal[3] != "system" {
        refusal = client.next().await;
    }
    let message = refusal[4]["message"].as_str().unwrap_or_default();
    assert!(message.contains("Please check Realtime is enabled"), "{refusal}");
}

#[tokio::test]
async fn it_is_read_and_followed_and_lost_like_every_table() {
    let server = with_pulse();
    let control = server.control();
    let mut client = Client::v2(server.addr()).await;
    client.subscribe_to("realtime:p", entries()).await;
    control.raise_pulse();
    let first = next_seq(&mut client).await;
    control.lose(1);
    control.raise_pulse();
    control.raise_pulse();
    assert_eq!(next_seq(&mut client).await, first + 2, "one was lost");
    let answer = get(server.addr(), TABLE).await;
    let rows: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!((answer.status, rows[0]["seq"].as_i64()), (200, Some(first + 2)));
    // A job that does not run raises nothing.
    control.run_pulse(false);
    control.raise_pulse();
    control.run_pulse(true);
    control.raise_pulse();
    assert_eq!(next_seq(&mut client).await, first + 3);
}
