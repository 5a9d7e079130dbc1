//! What can follow a join, and what can happen to a subscription later.

use std::time::Duration;

use demo::{Delays, Options, Server, Subscribe, TableId};
use serde_json::{Map, Value, json};

use crate::{
    client::{Client, control},
    quiet, start,
};

const HOUR: Duration = Duration::from_secs(3_600);
const ENTRIES: &str = r#"[{"event":"*","schema":"public","table":"agents"}]"#;

async fn join(client: &mut Client, reference: &str) -> Value {
    let entries: Value = serde_json::from_str(ENTRIES).expect("JSON");
    let payload = json!({"config":{"postgres_changes":entries}});
    client
        .send(json!([reference, reference, "realtime:x", "phx_join", payload]).to_string())
        .await;
    let reply = client.next().await;
    assert_eq!(
        (&reply[1], &reply[4]["status"]),
        (&json!(reference), &json!("ok")),
        "{reply}"
    );
    reply
}

fn insert(server: &Server, name: &str) {
    let row = Map::from_iter([("name".to_owned(), json!(name))]);
    server.control().insert(TableId::Agents, row).expect("inserted");
}

fn serve(subscribe: Subscribe) -> Server {
    let server = start(Options {
        delays: Delays {
            // Nothing is sent before the timers are run.
            subscribe: HOUR,
            resubscribe: HOUR,
            ..Delays::DEMO
        },
        ..quiet()
    });
    server
        .control()
        .set_behaviour(|behaviour| behaviour.subscribe = subscribe);
    server
}

#[tokio::test]
async fn the_confirmation_can_be_late_absent_or_after_an_error() {
    let server = serve(Subscribe::Confirmed);
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    insert(&server, "too early");
    client.expect_silence().await;
    server.control().run_timers();
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");

    let server = serve(Subscribe::Never);
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    server.control().run_timers();
    insert(&server, "unheard");
    client.expect_silence().await;

    let server = serve(Subscribe::ErrorFirst);
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    server.control().run_timers();
    let error = client.next().await;
    assert_eq!(
        (&error[3], &error[4]["status"]),
        (&json!("system"), &json!("error")),
        "{error}"
    );
    assert_eq!(error[4]["message"], "{:error, \"Too many database timeouts\"}");
    insert(&server, "not yet");
    client.expect_silence().await;
    server.control().run_timers();
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    insert(&server, "heard");
    assert_eq!(client.next().await[4]["data"]["record"]["name"], "heard");
}

#[tokio::test]
async fn changes_can_precede_the_confirmation() {
    let server = serve(Subscribe::ChangesFirst);
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    insert(&server, "early");
    assert_eq!(client.next().await[4]["data"]["record"]["name"], "early");
    server.control().run_timers();
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
}

#[tokio::test]
async fn changes_between_the_confirmation_and_the_slot_are_lost() {
    let server = serve(Subscribe::Confirmed);
    control(
        server.addr(),
        json!({"do":"behaviour","subscribe":"slot_late","slot_late_s":3600}),
    )
    .await;
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    server.control().run_timers();
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    insert(&server, "lost");
    client.expect_silence().await;
    server.control().run_timers();
    insert(&server, "seen");
    assert_eq!(client.next().await[4]["data"]["record"]["name"], "seen");
}

#[tokio::test]
async fn a_joined_channel_can_be_deaf() {
    let server = serve(Subscribe::Deaf);
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    server.control().run_timers();
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    insert(&server, "unheard");
    client.expect_silence().await;
}

#[tokio::test]
async fn a_gap_ends_with_a_second_confirmation() {
    let server = serve(Subscribe::Confirmed);
    let mut client = Client::v2(server.addr()).await;
    join(&mut client, "1").await;
    server.control().run_timers();
    client.next().await;
    assert_eq!(
        control(server.addr(), json!({"do":"gap","for_s":3600})).await.json()["channels"],
        1
    );
    insert(&server, "in the gap");
    client.expect_silence().await;
    control(server.addr(), json!({"do":"run_timers"})).await;
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    insert(&server, "behind it");
    assert_eq!(client.next().await[4]["data"]["record"]["name"], "behind it");
}

#[tokio::test]
async fn after_a_second_join_frames_of_the_first_one_are_still_sent() {
    let server = serve(Subscribe::Confirmed);
    control(server.addr(), json!({"do":"behaviour","stale_frames":true})).await;
    let mut client = Client::v2(server.addr()).await;
    let first = join(&mut client, "1").await;
    server.control().run_timers();
    client.next().await;
    join(&mut client, "5").await;
    assert_eq!(
        client.next().await,
        json!(["1", "1", "realtime:x", "phx_close", {}]),
        "the duplicate is closed"
    );
    for (event, reference) in [
        ("phx_reply", json!("1")),
        ("system", Value::Null),
        ("phx_error", json!("1")),
        ("phx_close", json!("1")),
    ] {
        let stale = client.next().await;
        assert_eq!(
            (&stale[0], &stale[1], &stale[3]),
            (&json!("1"), &reference, &json!(event)),
            "{stale}"
        );
    }
    let change = client.next().await;
    assert_eq!(
        (&change[0], &change[3]),
        (&Value::Null, &json!("postgres_changes")),
        "{change}"
    );
    assert_eq!(change[4]["ids"][0], first[4]["response"]["postgres_changes"][0]["id"]);
    let row = server.control().rows(TableId::Agents)[0].clone();
    assert_eq!(change[4]["data"]["record"], row, "it is late, not wrong");
    server.control().run_timers();
    let confirmed = client.next().await;
    assert_eq!(
        (&confirmed[0], &confirmed[4]["message"]),
        (&json!("5"), &json!("Subscribed to PostgreSQL"))
    );

    // In the first serializer a `system` message does not name its join, so it would not be recognised as stale.
    let mut old = Client::open(server.addr(), "/socket/websocket?apikey=demo&vsn=1.0.0").await;
    for reference in ["1", "5"] {
        let join = json!({"topic":"realtime:x","event":"phx_join","payload":{"config":{}},"ref":reference});
        old.send(join.to_string()).await;
        assert_eq!(old.next().await["event"], "phx_reply");
    }
    let events = [old.next().await, old.next().await, old.next().await, old.next().await];
    let words: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(words, ["phx_close", "phx_reply", "phx_error", "phx_close"]);
}

#[tokio::test]
async fn a_drain_says_so_or_not_and_closes_with_1012() {
    let server = start(quiet());
    for says_so in [true, false] {
        let mut client = Client::v2(server.addr()).await;
        client.subscribe("realtime:x").await;
        insert(&server, "last words");
        let answer = control(server.addr(), json!({"do":"drain","message":says_so})).await;
        assert_eq!(answer.json()["sockets"], 1);
        assert_eq!(
            client.next().await[3],
            "postgres_changes",
            "what was on its way still comes"
        );
        if says_so {
            let payload = json!({"extension":"system","message":"Server requested disconnect","status":"ok"});
            assert_eq!(
                client.next().await,
                json!([null, null, "realtime:x", "system", payload])
            );
        }
        assert_eq!(client.next_text().await.expect_err("an end"), "1012");
        while server.control().state().sockets > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_socket_without_channels_is_reaped_if_it_has_joined_before() {
    let server = start(quiet());
    let (mut fresh, mut used) = (Client::v2(server.addr()).await, Client::v2(server.addr()).await);
    fresh.expect_silence().await;
    used.subscribe("realtime:x").await;
    assert_eq!(server.control().reap(), 0, "it has a channel");
    used.send(r#"["1","9","realtime:x","phx_leave",{}]"#).await;
    used.next().await;
    used.next().await;
    assert_eq!(control(server.addr(), json!({"do":"reap"})).await.json()["sockets"], 1);
    used.next_text().await.expect_err("an end");
    fresh.expect_silence().await;
}
