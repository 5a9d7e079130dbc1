//! Broadcast from the database: the private channel, its messages, their replay, and that the stream's faults do not
//! concern them.

use std::time::Duration;

use demo::{Options, TableId};
use futures_util::StreamExt as _;
use realtime::decode_binary;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, WATCHDOG},
    quiet, start,
};

const TOPIC: &str = "realtime:opswall";

fn broadcasting() -> Options {
    Options {
        broadcast: true,
        ..quiet()
    }
}

impl Client {
    /// Joins the private channel. Returns the reply.
    async fn join_private(&mut self, topic: &str, broadcast: Value) -> Value {
        let config = json!({"broadcast": broadcast, "presence": {"key": "", "enabled": false},
                            "postgres_changes": [], "private": true});
        self.send(json!(["7", "7", topic, "phx_join", {"config": config}]).to_string())
            .await;
        self.next().await[4].clone()
    }

    /// The next binary message: its event, its id and its payload.
    async fn next_broadcast(&mut self) -> (String, String, Value) {
        loop {
            match timeout(WATCHDOG, self.ws.next()).await.expect("something in time") {
                Some(Ok(Message::Binary(bytes))) => {
                    let frame = decode_binary(&bytes).expect("a frame");
                    assert_eq!((frame.topic, frame.json), (TOPIC, true));
                    let meta: Value = serde_json::from_str(frame.meta).expect("JSON");
                    let payload: Value = serde_json::from_slice(frame.data).expect("JSON");
                    assert_eq!(meta["id"], payload["id"]);
                    let id = meta["id"].as_str().expect("an id").to_owned();
                    return (frame.event.to_owned(), id, payload);
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?} instead of a message"),
            }
        }
    }
}

fn title(row: &Value) -> &Value {
    &row["title"]
}

#[tokio::test]
async fn each_change_makes_one_message_with_both_rows() {
    let server = start(broadcasting());
    let mut client = Client::v2(server.addr()).await;
    let reply = client.join_private(TOPIC, json!({})).await;
    assert_eq!(reply, json!({"status": "ok", "response": {"postgres_changes": []}}));
    // A public channel of the same name is another one.
    let mut public = Client::v2(server.addr()).await;
    public
        .send(json!(["1", "1", TOPIC, "phx_join", {"config": {}}]).to_string())
        .await;
    public.next().await;
    let control = server.control();
    let row = json!({"title": "a"});
    let id = control
        .insert(TableId::Tasks, row.as_object().expect("a row").clone())
        .expect("inserted");
    let row = json!({"title": "b"});
    control
        .update(TableId::Tasks, id, row.as_object().expect("a row"))
        .expect("updated");
    control.delete(TableId::Tasks, id).expect("deleted");
    for (operation, old, new) in [
        ("INSERT", json!(null), json!("a")),
        ("UPDATE", json!("a"), json!("b")),
        ("DELETE", json!("b"), json!(null)),
    ] {
        let (event, _, payload) = client.next_broadcast().await;
        assert_eq!((event.as_str(), &payload["operation"]), (operation, &json!(operation)));
        assert_eq!(
            (&payload["schema"], &payload["table"]),
            (&json!("public"), &json!("tasks"))
        );
        assert_eq!((title(&payload["old_record"]), title(&payload["record"])), (&old, &new));
    }
    public.expect_silence().await;
}

#[tokio::test]
async fn the_stream_and_the_messages_lose_each_their_own() {
    let server = start(broadcasting());
    let control = server.control();
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:stream").await;
    client.join_private(TOPIC, json!({})).await;
    let insert = |title: &str| {
        let row = json!({ "title": title });
        control
            .insert(TableId::Tasks, row.as_object().expect("a row").clone())
            .expect("inserted");
    };
    control.lose(1);
    insert("by message only");
    assert_eq!(title(&client.next_broadcast().await.2["record"]), "by message only");
    control.lose_broadcasts(1);
    insert("by the stream only");
    assert_eq!(title(&client.next().await[4]["data"]["record"]), "by the stream only");
    insert("by both");
    assert_eq!(title(&client.next_broadcast().await.2["record"]), "by both");
}

#[tokio::test]
async fn missed_messages_are_sent_again_once_after_a_join() {
    let server = start(broadcasting());
    let control = server.control();
    for number in 0..40 {
        let row = json!({"title": number.to_string()});
        control
            .insert(TableId::Tasks, row.as_object().expect("a row").clone())
            .expect("inserted");
    }
    for (limit, expected) in [(json!(3), 3), (json!(100), 25), (Value::Null, 25)] {
        let mut client = Client::v2(server.addr()).await;
        let reply = client
            .join_private(TOPIC, json!({"replay": {"since": 0, "limit": limit}}))
            .await;
        assert_eq!(reply["status"], "ok", "{reply}");
        for number in 40 - expected..40 {
            let frame = client.next().await;
            assert_eq!((&frame[0], &frame[3]), (&json!("7"), &json!("broadcast")));
            assert_eq!(frame[4]["meta"]["replayed"], true);
            assert_eq!(title(&frame[4]["payload"]["record"]), &json!(number.to_string()));
        }
        client.expect_silence().await;
    }
    let mut client = Client::v2(server.addr()).await;
    client
        .join_private(TOPIC, json!({"replay": {"since": 4_000_000_000_000_u64, "limit": 9}}))
        .await;
    client.expect_silence().await;
}

#[tokio::test]
async fn joins_are_refused_as_a_real_server_refuses_them() {
    let unauthorized =
        |topic: &str| format!("Unauthorized: You do not have permissions to read from this Channel topic: {topic}");
    let mut options = broadcasting();
    for (is_on, topic, broadcast, reason) in [
        (false, "opswall", json!({}), unauthorized("opswall")),
        (true, "secret", json!({}), unauthorized("secret")),
        (
            true,
            "opswall",
            json!({"replay": {"since": "x"}}),
            "UnableToReplayMessages: Replay params are not valid".to_owned(),
        ),
    ] {
        options.broadcast = is_on;
        options.delays.join_error = Duration::ZERO;
        let server = start(options.clone());
        let mut client = Client::v2(server.addr()).await;
        let reply = client.join_private(&format!("realtime:{topic}"), broadcast).await;
        assert_eq!(reply, json!({"status": "error", "response": {"reason": reason}}));
    }
}

#[tokio::test]
async fn the_older_serializer_gets_texts() {
    let server = start(broadcasting());
    let mut client = Client::open(server.addr(), "/realtime/v1/websocket?apikey=demo&vsn=1.0.0").await;
    let join = json!({"topic": TOPIC, "event": "phx_join", "ref": "1", "payload": {"config": {"private": true}}});
    client.send(join.to_string()).await;
    client.next().await;
    let row = json!({"title": "a"});
    let control = server.control();
    control
        .insert(TableId::Tasks, row.as_object().expect("a row").clone())
        .expect("inserted");
    let message = client.next().await;
    assert_eq!(
        (&message["event"], &message["payload"]["event"]),
        (&json!("broadcast"), &json!("INSERT"))
    );
    assert_eq!(title(&message["payload"]["payload"]["record"]), "a");
}
