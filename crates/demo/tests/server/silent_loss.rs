//! Changes that are lost without any sign of it, as docs/realtime-protocol.md §8.1 has them measured: above the limit, with the
//! poller's slot, while PostgreSQL is down or restarts, by TRUNCATE.

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

/// Inserts rows called `name` and reads them from each of these clients. Returns how many each got.
async fn insert_and_receive(server: &Server, clients: &mut [Client], name: &str, count: usize) -> Vec<usize> {
    /// Rows that are inserted before they are read, so that no client is cut off for reading too slowly.
    const PART: usize = 500;
    let mut received = vec![0; clients.len()];
    let mut left = count;
    while left > 0 {
        let part = left.min(PART);
        (0..part).for_each(|_| insert(server, name));
        left -= part;
        for (client, received) in clients.iter_mut().zip(&mut received) {
            client.send(r#"[null,"part","phoenix","heartbeat",{}]"#).await;
            loop {
                let next = client.next().await;
                if next[1] == "part" {
                    break;
                }
                assert_eq!(next[4]["data"]["record"]["name"], name, "{next}");
                *received += 1;
            }
        }
    }
    received
}

/// A server at the default limit of 100 changes a second with real buckets, and clients that have just subscribed to it.
async fn limited(clients: usize) -> (Server, Vec<Client>) {
    let server = start(quiet());
    let call = json!({"do":"behaviour","limit_per_s":100});
    assert_eq!(control(server.addr(), call).await.status, 200);
    let mut joined = Vec::new();
    for _ in 0..clients {
        let mut client = Client::v2(server.addr()).await;
        client.subscribe("realtime:x").await;
        joined.push(client);
    }
    (server, joined)
}

async fn age(server: &Server, seconds: f64) {
    let call = json!({"do":"age_limits","by_s":seconds});
    assert_eq!(control(server.addr(), call).await.status, 200);
}

/// Every step of this test begins half a second after a bucket, and each bucket takes 5 s.
#[tokio::test]
async fn a_fresh_counter_lets_5000_rows_pass_and_drops_the_next_20_seconds() {
    let (server, mut clients) = limited(1).await;
    age(&server, 25.5).await;
    assert_eq!(insert_and_receive(&server, &mut clients, "bulk", 5_000).await, [5_000]);
    age(&server, 5.0).await;
    assert_eq!(
        insert_and_receive(&server, &mut clients, "lost", 10).await,
        [0],
        "at 30 s"
    );
    age(&server, 14.0).await;
    assert_eq!(
        insert_and_receive(&server, &mut clients, "lost", 10).await,
        [0],
        "before 50 s"
    );
    age(&server, 6.0).await;
    assert_eq!(
        insert_and_receive(&server, &mut clients, "seen", 10).await,
        [10],
        "from 50 s"
    );
    let rows = server.control().state().tables["agents"].rows;
    assert_eq!(rows, 5 + 5_030, "the table has them all");
}

/// A change counts once for each subscription, and what other clients were sent counts as well.
#[tokio::test]
async fn two_sockets_with_3500_rows_are_silent_for_a_minute() {
    let (server, mut clients) = limited(2).await;
    let first = insert_and_receive(&server, &mut clients, "before", 18).await;
    let bulk = insert_and_receive(&server, &mut clients, "bulk", 3_500).await;
    assert_eq!((first, bulk), (vec![18, 18], vec![3_500, 3_500]));
    for _ in 0..12 {
        age(&server, 5.0).await;
        assert_eq!(insert_and_receive(&server, &mut clients, "lost", 1).await, [0, 0]);
    }
    age(&server, 5.0).await;
    assert_eq!(
        insert_and_receive(&server, &mut clients, "seen", 1).await,
        [1, 1],
        "after 60 s"
    );
}

#[tokio::test]
async fn a_client_that_connects_after_a_burst_of_others_gets_nothing() {
    let (server, mut clients) = limited(1).await;
    assert_eq!(insert_and_receive(&server, &mut clients, "bulk", 3_000).await, [3_000]);
    drop(clients);
    age(&server, 5.0).await;
    let mut late = Client::v2(server.addr()).await;
    late.subscribe("realtime:x").await;
    insert(&server, "lost");
    late.expect_silence().await;
}

/// The buckets are shorter than the real server's. First all changes pass, then none, then all again.
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
    // Above the limit however old the counter is by now.
    for _ in 0..200 {
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

/// The channel stays joined and heartbeats are answered, however the poller loses its slot.
#[tokio::test]
async fn a_poller_that_loses_its_slot_takes_changes_with_it() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    for call in [
        json!({"do":"end_poller","for_s":16}),
        json!({"do":"time_out_poller","changes":50,"for_s":15}),
        json!({"do":"restart_database","blind_s":16}),
    ] {
        // These changes wait in the slot.
        control(server.addr(), json!({"do":"behaviour","poll_s":3600})).await;
        insert(&server, "waiting");
        let changes = server.control().state().changes;
        let answer = control(server.addr(), call.clone()).await;
        assert_eq!(answer.status, 200, "{call}");
        let committed = server.control().state().changes - changes;
        let announced = answer.json()["changes"].as_u64().unwrap_or_default();
        assert_eq!(committed, announced, "{call}");
        assert!(committed >= call["changes"].as_u64().unwrap_or_default(), "{call}");
        insert(&server, "no slot");
        control(server.addr(), json!({"do":"behaviour","poll_s":0})).await;
        insert(&server, "no slot");
        client.expect_silence().await;
        assert_eq!(server.control().state().subscribed, 1, "{call}");
        server.control().run_timers();
        insert(&server, "new slot");
        assert_eq!(next_name(&mut client).await, "new slot", "{call}");
        let rows = get(server.addr(), "/rest/v1/agents?name=eq.no%20slot").await;
        assert!(rows.json().as_array().is_some_and(|rows| rows.len() >= 2), "{call}");
    }
}

/// PostgreSQL is down: nothing is written, REST answers 503, and no message reports it.
#[tokio::test]
async fn a_database_that_is_down_is_not_reported() {
    let server = start(demo::Options { rate: 500.0, ..quiet() });
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    client.next().await;
    let call = json!({"do":"stop_database","for_s":150,"blind_s":5});
    assert_eq!(control(server.addr(), call).await.status, 200);
    let changes = server.control().state().changes;
    client.send(r#"[null,"after","phoenix","heartbeat",{}]"#).await;
    while client.next().await[1] != "after" {}
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.expect_silence().await;
        let page = get(server.addr(), "/rest/v1/agents").await;
        assert_eq!((page.status, &page.json()["code"]), (503, &json!("PGRST001")));
    }
    let state = server.control().state();
    assert_eq!((state.changes, state.sockets, state.subscribed), (changes, 1, 1));
    server.control().run_timers();
    client.next().await;
    assert_eq!(get(server.addr(), "/rest/v1/agents").await.status, 200);
}

/// docs/realtime-protocol.md §7.4: an error in place of the row.
#[tokio::test]
async fn revoked_select_leaves_errors_in_place_of_rows() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let id = {
        let row = Map::from_iter([("name".to_owned(), json!("seen"))]);
        server.control().insert(TableId::Agents, row).expect("inserted")
    };
    client.next().await;
    let call = json!({"do":"revoke_select","table":"agents","for_s":3600});
    assert_eq!(control(server.addr(), call).await.status, 200);
    let name = Map::from_iter([("name".to_owned(), json!("hidden"))]);
    server.control().update(TableId::Agents, id, &name).expect("updated");
    let change = client.next().await;
    let data = &change[4]["data"];
    assert_eq!(data["errors"], json!(["Error 401: Unauthorized"]), "{change}");
    assert_eq!((&data["record"], &data["old_record"]), (&json!({}), &json!({})));
    assert_eq!(
        (&data["columns"], &data["commit_timestamp"]),
        (&json!([]), &json!(null))
    );
    let page = get(server.addr(), "/rest/v1/agents").await;
    assert_eq!((page.status, &page.json()["code"]), (401, &json!("42501")));
    assert_eq!(
        get(server.addr(), "/rest/v1/tasks").await.status,
        200,
        "the others can be read"
    );
    server.control().run_timers();
    insert(&server, "seen again");
    assert_eq!(next_name(&mut client).await, "seen again");
    assert_eq!(get(server.addr(), "/rest/v1/agents").await.status, 200);
}

/// An import that truncates first: the inserts are sent, and nothing reports the rows that are gone.
#[tokio::test]
async fn a_reloaded_table_reports_its_inserts_alone() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let answer = control(server.addr(), json!({"do":"reload","table":"agents","omitted_of":2})).await;
    assert_eq!(answer.json()["rows"], 2, "two of five: {answer:?}");
    for _ in 0..3 {
        let change = client.next().await;
        assert_eq!(change[4]["data"]["type"], "INSERT", "{change}");
    }
    client.expect_silence().await;
    assert_eq!(server.control().state().tables["agents"].rows, 3);
}
