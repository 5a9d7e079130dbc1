//! Changes: compared with recorded ones, filters, order, tokens, and the consistency of pages and stream.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use demo::{Identity, Options, Server, TableId};
use serde_json::{Map, Value, json};

use crate::{
    client::{Client, get},
    quiet, start,
};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

/// The three changes of one agent: insert, update, delete.
fn insert_update_delete(server: &Server) {
    let control = server.control();
    let row = json!({"name":"planner","status":"idle","created_at":"2026-11-23T06:56:53.923047+00:00"});
    let id = control.insert(TableId::Agents, object(row)).expect("inserted");
    control
        .update(TableId::Agents, id, &object(json!({"status":"busy"})))
        .expect("updated");
    control.delete(TableId::Agents, id).expect("deleted");
}

/// The recorded frames with changes of `agents`.
fn recorded(file: &str) -> Vec<String> {
    let path = format!("{}/../../tests/data/transcripts/{file}", env!("CARGO_MANIFEST_DIR"));
    let transcript = std::fs::read_to_string(path).expect("a transcript");
    let lines = transcript
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line"));
    lines
        .filter(|line| line["dir"] == "in")
        .filter_map(|line| line["text"].as_str().map(Into::into))
        .filter(|text: &String| text.contains("\"postgres_changes\"") && text.contains("\"table\":\"agents\""))
        .filter(|text| text.contains("\"data\":"))
        .collect()
}

/// A frame with the values of its row replaced, and its order and spacing kept.
fn skeleton(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    // Rows and column lists differ between the tables; everything else is compared byte for byte.
    for (open, close) in [
        ("\"columns\":[", "}]"),
        ("\"old_record\":{", "}"),
        ("\"record\":{", "}"),
    ] {
        let Some((before, after)) = rest.split_once(open) else {
            continue;
        };
        let first = after.split_once(": ").map_or("", |(key, _)| key);
        let end = match open {
            "\"columns\":[" => after.find("}],").map(|at| at + close.len()),
            "\"record\":{" => after.find("},\"schema\"").map(|at| at + close.len()),
            _ => after
                .find("},\"record\"")
                .or_else(|| after.find("},\"schema\""))
                .map(|at| at + close.len()),
        };
        out.push_str(before);
        out.push_str(open);
        out.push_str(first);
        out.push('…');
        rest = after.get(end.expect("an end")..).expect("a rest");
    }
    out.push_str(rest);
    // Times and ids have the same form and other digits.
    let mut digits = String::new();
    for c in out.chars() {
        match c {
            '0'..='9' if digits.ends_with('0') => {}
            '0'..='9' => digits.push('0'),
            c => digits.push(c),
        }
    }
    digits.replace("realtime:hive", "realtime:x")
}

#[tokio::test]
async fn a_change_has_the_format_of_a_recorded_one_byte_for_byte() {
    for (vsn, identity, file) in [
        ("1.0.0", Identity::default(), "a_crud_v1_default_authenticated.jsonl"),
        ("2.0.0", Identity::default(), "a_crud_v2_default_authenticated.jsonl"),
        ("1.0.0", Identity::FULL, "a_crud_v1_full_authenticated.jsonl"),
        ("2.0.0", Identity::FULL, "a_crud_v2_full_authenticated.jsonl"),
    ] {
        let server = start(Options { identity, ..quiet() });
        let mut client = Client::open(server.addr(), &format!("/socket/websocket?apikey=demo&vsn={vsn}")).await;
        let entries = json!([{"event":"*","schema":"public","table":"agents"}]);
        let payload = json!({"config":{"postgres_changes": entries}});
        let join = match vsn {
            "1.0.0" => json!({"topic":"realtime:x","event":"phx_join","payload":payload,"ref":"1","join_ref":"1"}),
            _ => json!(["1", "1", "realtime:x", "phx_join", payload]),
        };
        client.send(join.to_string()).await;
        client.next().await;
        client.next().await;
        insert_update_delete(&server);
        let recorded = recorded(file);
        assert_eq!(recorded.len(), 3, "{file}");
        for theirs in recorded {
            let ours = client.next_text().await.expect("a change");
            assert_eq!(
                skeleton(&ours),
                skeleton(&theirs),
                "{file}\nours   {ours}\ntheirs {theirs}"
            );
        }
    }
}

#[tokio::test]
async fn the_row_is_complete_and_in_the_order_of_the_columns() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let control = server.control();
    let row = json!({"title":"write \"docs\"","status":"queued","progress":5,"metadata":{"bb":[1,{"x":null}],"a":1}});
    let id = control.insert(TableId::Tasks, object(row)).expect("inserted");
    let text = client.next_text().await.expect("a change");
    assert!(
        text.contains(&format!(
            "\"record\":{{\"id\": \"{id}\", \"title\": \"write \\\"docs\\\"\""
        )),
        "{text}"
    );
    assert!(
        text.contains("\"metadata\": {\"a\": 1, \"bb\": [1, {\"x\": null}]}"),
        "{text}"
    );
    let data = &serde_json::from_str::<Value>(&text).expect("JSON")[4]["data"];
    let columns: Vec<&str> = data["columns"]
        .as_array()
        .expect("columns")
        .iter()
        .filter_map(|column| column["name"].as_str())
        .collect();
    assert_eq!(columns.len(), data["record"].as_object().expect("a record").len());
    assert_eq!(columns.first(), Some(&"id"));
    let page = get(server.addr(), &format!("/rest/v1/tasks?id=eq.{id}")).await.json();
    assert_eq!(page[0], data["record"], "the page shows what the stream sent");
}

#[tokio::test]
async fn entries_get_the_changes_that_they_cover_and_ids_name_them() {
    let server = start(Options {
        identity: Identity {
            full: [true, false, false, false],
        },
        ..quiet()
    });
    let mut client = Client::v2(server.addr()).await;
    let entries = json!([
        {"event":"*","schema":"public","table":"agents"},
        {"event":"UPDATE","schema":"public","table":"agents"},
        {"event":"*","schema":"public","table":"agents","filter":"status=eq.busy"},
        {"event":"*","schema":"public","table":"tasks","filter":"status=in.(blocked,review)"},
        {"event":"INSERT","schema":"public"},
    ]);
    let payload = json!({"config":{"postgres_changes": entries}});
    client
        .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    let reply = client.next().await;
    let ids: Vec<i64> = reply[4]["response"]["postgres_changes"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["id"].as_i64().expect("an id"))
        .collect();
    assert!(ids.iter().all(|id| (0..1 << 27).contains(id)), "{ids:?}");
    client.next().await;
    insert_update_delete(&server);
    for (kind, expected) in [
        ("INSERT", vec![ids[4], ids[0]]),
        ("UPDATE", vec![ids[2], ids[1], ids[0]]),
        ("DELETE", vec![ids[2], ids[0]]),
    ] {
        let change = client.next().await;
        assert_eq!(
            (&change[4]["data"]["type"], &change[4]["ids"]),
            (&json!(kind), &json!(expected))
        );
    }
    // The log has only the key of a deleted task, so a filter on its status is not met and nothing is sent.
    let control = server.control();
    let id = control
        .insert(TableId::Tasks, object(json!({"status":"review"})))
        .expect("inserted");
    assert_eq!(client.next().await[4]["ids"], json!([ids[4], ids[3]]));
    control
        .update(TableId::Tasks, id, &object(json!({"status":"completed"})))
        .expect("updated");
    control.delete(TableId::Tasks, id).expect("deleted");
    client.expect_silence().await;
}

#[tokio::test]
async fn broadcasts_presence_and_tokens_are_accepted() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    let config = json!({"broadcast":{"ack":true,"self":true},"presence":{"key":"me","enabled":true},
        "postgres_changes":[{"event":"*","schema":"public","table":"agents"}]});
    let payload = json!({"config":config,"access_token":"sb_publishable_x"});
    client
        .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    assert_eq!(client.next().await[4]["status"], "ok");
    assert_eq!(client.next().await[3], "presence_state");
    assert_eq!(client.next().await[3], "system");
    let cast = json!({"type":"broadcast","event":"cursor","payload":{"x":1}});
    client
        .send(json!(["1", "2", "realtime:x", "broadcast", cast]).to_string())
        .await;
    assert_eq!(
        client.next().await,
        json!([null, null, "realtime:x", "broadcast", cast])
    );
    assert_eq!(client.next().await[1], "2");
    client
        .send(json!(["1", "3", "realtime:x", "access_token", {"access_token":null}]).to_string())
        .await;
    client
        .send(json!(["1", "4", "realtime:x", "access_token", {"access_token":"sb_publishable_y"}]).to_string())
        .await;
    client.expect_silence().await;
    client
        .send(json!(["1", "5", "realtime:x", "access_token", {"access_token":"garbage"}]).to_string())
        .await;
    assert_eq!(
        client.next().await[4]["message"],
        "The token provided is not a valid JWT"
    );
    assert_eq!(client.next().await, json!(["1", "1", "realtime:x", "phx_close", {}]));
}

#[tokio::test]
async fn a_channel_ends_when_its_token_expires_and_the_socket_stays_open() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock")
        .as_secs();
    let claims = json!({"role":"authenticated","exp":now + 2}).to_string();
    let token = format!(
        "{}.{}.c2ln",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let payload = json!({"config":{"postgres_changes":[]},"access_token":token});
    client
        .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    assert_eq!(client.next().await[4]["status"], "ok");
    let system = client.next().await;
    let message = system[4]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("Token has expired ") && message.ends_with(" seconds ago"),
        "{system}"
    );
    assert_eq!(client.next().await[3], "phx_close");
    client.expect_silence().await;
    client
        .send(json!(["2", "2", "realtime:x", "phx_join", payload]).to_string())
        .await;
    let reason = client.next().await[4]["response"]["reason"].to_string();
    assert!(reason.contains("InvalidJWTToken: Token has expired"), "{reason}");
}

#[tokio::test]
async fn malformed_messages_are_ignored_and_the_socket_stays_open() {
    let server = start(quiet());
    let mut client = Client::v2(server.addr()).await;
    for text in [
        "",
        "hello",
        "null",
        "[]",
        "{}",
        "[1,2]",
        r#"["1","1","phoenix"]"#,
        &"[".repeat(10_000),
    ] {
        client.send(text).await;
    }
    client.expect_silence().await;
}

/// A table is read in pages while it changes. With the stream's changes applied, the result equals the server's rows.
#[tokio::test]
async fn pages_and_stream_are_consistent_while_rows_change() {
    let options = Options {
        agents: 60,
        workflows: 20,
        tasks: 2_600,
        rate: 3_000.0,
        bursts: false,
        ..Options::default()
    };
    let server = start(options);
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let mut rows: BTreeMap<(String, String), Value> = BTreeMap::new();
    for table in ["agents", "workflows", "tasks"] {
        let mut after = String::new();
        loop {
            let page = get(
                server.addr(),
                &format!("/rest/v1/{table}?order=id.asc&limit=500{after}"),
            )
            .await
            .json();
            // Something changes between any two pages, however fast they are.
            server.control().step(20);
            let page = page.as_array().expect("rows").clone();
            let Some(last) = page.last() else { break };
            after = format!("&id=gt.{}", last["id"].as_str().expect("an id"));
            rows.extend(
                page.into_iter()
                    .map(|row| ((table.to_owned(), row["id"].to_string()), row)),
            );
        }
    }
    let control = server.control();
    control.pause();
    let marker = control
        .insert(TableId::Agents, Map::new())
        .expect("a marker")
        .to_string();
    let mut changes = 0;
    loop {
        let frame = client.next().await;
        let data = &frame[4]["data"];
        let table = data["table"].as_str().expect("a table").to_owned();
        if data["record"]["id"] == marker.as_str() {
            break;
        }
        changes += 1;
        match data["type"].as_str() {
            Some("DELETE") => rows.remove(&(table, data["old_record"]["id"].to_string())),
            _ => rows.insert((table, data["record"]["id"].to_string()), data["record"].clone()),
        };
    }
    assert!(changes > 100, "the tables have changed while they were read: {changes}");
    let mut held = 0;
    for table in TableId::ALL {
        for row in control
            .rows(table)
            .into_iter()
            .filter(|row| row["id"] != marker.as_str())
        {
            let ours = rows.get(&(table.name().to_owned(), row["id"].to_string()));
            assert_eq!(ours, Some(&row), "{}", table.name());
            held += 1;
        }
    }
    assert_eq!(rows.len(), held);
}

#[tokio::test]
async fn a_burst_arrives_complete_and_in_order() {
    let server = start(Options {
        tasks: 2_000,
        agents: 100,
        ..quiet()
    });
    let mut client = Client::v2(server.addr()).await;
    client.subscribe("realtime:x").await;
    let control = server.control();
    let begun = Instant::now();
    let read = Arc::new(AtomicUsize::new(0));
    let seen = read.clone();
    let worker = std::thread::spawn(move || {
        let mut changes = 0;
        for _ in 0..20 {
            changes += control.step(1_000);
            // A reader that falls far behind is cut off. On a busy machine that may happen here.
            while changes > seen.load(Ordering::Relaxed) + 4_000 {
                std::thread::yield_now();
            }
        }
        control
            .insert(TableId::Agents, object(json!({"name":"the last one"})))
            .expect("inserted");
        changes
    });
    let (mut received, mut bytes, mut last) = (0, 0, String::new());
    loop {
        let text = client.next_text().await.expect("a change");
        if text.contains("\"the last one\"") {
            break;
        }
        bytes += text.len();
        received += 1;
        read.store(received, Ordering::Relaxed);
        let at = text.find("\"commit_timestamp\":\"").expect("a stamp") + 20;
        let stamp = text.get(at..at + 24).expect("a stamp").to_owned();
        assert!(stamp >= last, "{stamp} after {last}");
        last = stamp;
    }
    assert_eq!(received, worker.join().expect("steps"));
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{received} changes, {bytes} bytes in {seconds:.2} s: {:.0} changes/s",
        f64::from(received as u32) / seconds
    );
    client.expect_silence().await;
}
