//! Changes that are lost without any sign of it: above the limit, on request, while PostgreSQL restarts.

use std::time::Duration;

use demo::{Limit, Server, TableId};
use serde_json::{Map, json};

use crate::{
    client::{Client, control, get},
    quiet, start,
};

fn insert(server: &Server, name: &str) {
    let row = Map::from_iter([("name".to_owned(), json!(name))]);
    server.control().insert(TableId::Agents, row).expect("inserted");
}

async fn next_name(client: &mut Client) -> String {
    let change = client.next().await;
    change[4]["data"]["record"]["name"].as_str().expect("a name").into()
}

/// The window is a shorter one than the real server's. First all changes pass, then none, then all again.
#[tokio::test]
async fn above_the_limit_changes_are_dropped_until_the_average_is_low_enough() {
    let server = start(quiet());
    let call = json!({"do":"behaviour","limit_per_s":50,"limit_bucket_s":0.2});
    assert_eq!(control(server.addr(), call).await.status, 200);
    let bucket = Duration::from_millis(200);
    let limit = server.control().set_behaviour(|behaviour| behaviour.limit);
    assert_eq!(limit, Some(Limit { per_s: 50.0, bucket }));
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    insert(&server, "first");
    assert_eq!(next_name(&mut client).await, "first");
    for _ in 0..40 {
        insert(&server, "burst");
    }
    let mut phases = Vec::new();
    while phases.last() != Some(&"again") {
        insert(&server, "probe");
        client.send(r#"[null,"silence","phoenix","heartbeat",{}]"#).await;
        let mut is_delivered = false;
        loop {
            let next = client.next().await;
            if next[1] == "silence" {
                break;
            }
            is_delivered |= next[4]["data"]["record"]["name"] == "probe";
        }
        let phase = match (is_delivered, phases.last()) {
            (true, None | Some(&"before")) => "before",
            (false, _) => "silence",
            (true, _) => "again",
        };
        phases.push(phase);
        tokio::time::sleep(bucket / 2).await;
        assert!(phases.len() < 1_000, "it never ends");
    }
    assert!(phases.contains(&"silence"), "{phases:?}");
    let dropped = phases.iter().filter(|phase| **phase == "silence").count();
    let rows = get(server.addr(), "/rest/v1/agents?name=eq.probe").await.json();
    assert_eq!(
        rows.as_array().map(Vec::len),
        Some(phases.len()),
        "{dropped} were dropped, none of the table's rows"
    );
    control(server.addr(), json!({"do":"behaviour","limit_per_s":0})).await;
    assert_eq!(server.control().set_behaviour(|behaviour| behaviour.limit), None);
}

#[tokio::test]
async fn a_restart_of_postgresql_loses_changes_without_any_sign() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    control(
        server.addr(),
        json!({"do":"restart_database","down_s":3600,"blind_s":3600}),
    )
    .await;
    let page = get(server.addr(), "/rest/v1/agents").await;
    assert_eq!((page.status, &page.json()["code"]), (503, &json!("PGRST001")));
    insert(&server, "lost");
    client.expect_silence().await;
    control(server.addr(), json!({"do":"restart_database","blind_s":3600})).await;
    let page = get(server.addr(), "/rest/v1/agents?name=eq.lost").await;
    assert_eq!((page.status, page.json().as_array().map(Vec::len)), (200, Some(1)));
    insert(&server, "lost too");
    client.expect_silence().await;
    server.control().run_timers();
    insert(&server, "seen");
    assert_eq!(next_name(&mut client).await, "seen");
    control(server.addr(), json!({"do":"lose_for","for_s":3600})).await;
    insert(&server, "lost again");
    client.expect_silence().await;
}

#[tokio::test]
async fn truncating_a_table_is_not_reported() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let answer = control(server.addr(), json!({"do":"truncate","table":"tasks"})).await;
    assert!(answer.json()["rows"].as_u64() > Some(0), "{answer:?}");
    client.expect_silence().await;
    assert_eq!(get(server.addr(), "/rest/v1/tasks").await.body, "[]");
}

#[tokio::test]
async fn a_server_that_polls_sends_changes_together() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    control(server.addr(), json!({"do":"behaviour","poll_s":3600})).await;
    insert(&server, "one");
    insert(&server, "two");
    client.expect_silence().await;
    control(server.addr(), json!({"do":"behaviour","poll_s":0.01})).await;
    assert_eq!(next_name(&mut client).await, "one");
    assert_eq!(next_name(&mut client).await, "two");
    control(server.addr(), json!({"do":"behaviour","poll_s":0})).await;
    insert(&server, "three");
    assert_eq!(next_name(&mut client).await, "three");
}
