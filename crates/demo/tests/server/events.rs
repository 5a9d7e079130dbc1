//! Changes with missing values, and changes that some roles may not see.

use demo::{Server, TableId};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    client::{Answer, Client, control, get, http},
    quiet, start,
};

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

async fn set(server: &Server, table: &str, rules: Value) {
    let answer = control(server.addr(), json!({"do":"table","table":table,"set":rules})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn insert(server: &Server, table: TableId, row: Value) -> Uuid {
    server.control().insert(table, object(row)).expect("inserted")
}

fn update(server: &Server, table: TableId, id: Uuid, row: Value) {
    server.control().update(table, id, &object(row)).expect("updated");
}

/// A subscriber of all tables with this role.
async fn subscriber(server: &Server, role: &str) -> Client {
    let mut client = Client::v2(server.addr()).await;
    let token = server.control().token(role, 3_600);
    let payload = json!({"access_token":token,"config":{"postgres_changes":[{"event":"*","schema":"public"}]}});
    client
        .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    assert_eq!(client.next().await[4]["status"], "ok");
    assert_eq!(client.next().await[4]["message"], "Subscribed to PostgreSQL");
    client
}

async fn next_data(client: &mut Client) -> Value {
    client.next().await[4]["data"].clone()
}

async fn get_as(server: &Server, role: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {}", server.control().token(role, 3_600));
    http(
        server.addr(),
        "GET",
        path,
        &[("apikey", "demo"), ("authorization", &bearer)],
        "",
    )
    .await
}

#[tokio::test]
async fn a_change_that_is_too_large_keeps_its_short_values_without_nulls() {
    let server = start(quiet());
    control(server.addr(), json!({"do":"behaviour","max_change_bytes":5_000})).await;
    let mut client = subscriber(&server, "authenticated").await;
    let row = json!({"title":"short","status":"queued","error_message":"x".repeat(6_000),"metadata":"y".repeat(100)});
    let id = insert(&server, TableId::Tasks, row);
    let data = next_data(&mut client).await;
    assert_eq!(data["errors"], json!(["Error 413: Payload Too Large"]));
    assert_eq!(
        data["record"],
        json!({"id":id.to_string(),"title":"short","status":"queued"})
    );
    assert!(data["commit_timestamp"].is_string() && data["columns"].as_array().is_some_and(|all| all.len() == 16));
    assert!(data.get("old_record").is_none());
    server.control().delete(TableId::Tasks, id).expect("deleted");
    let data = next_data(&mut client).await;
    assert_eq!(
        (&data["errors"], &data["old_record"]),
        (&Value::Null, &json!({"id":id.to_string()}))
    );
}

#[tokio::test]
async fn an_unchanged_large_value_is_absent_from_an_update_unless_the_identity_is_full() {
    let server = start(quiet());
    let mut client = subscriber(&server, "authenticated").await;
    let large = "z".repeat(3_000);
    let id = insert(&server, TableId::Tasks, json!({"title":"a","error_message":large}));
    assert_eq!(next_data(&mut client).await["record"]["error_message"], large);
    update(&server, TableId::Tasks, id, json!({"title":"b"}));
    let data = next_data(&mut client).await;
    assert_eq!(data["record"]["title"], "b");
    assert!(data["record"].get("error_message").is_none(), "{data}");
    assert!(
        data["record"].get("agent_id").is_some_and(Value::is_null),
        "a null is there: {data}"
    );
    let other = "w".repeat(3_000);
    update(&server, TableId::Tasks, id, json!({"error_message":other}));
    assert_eq!(
        next_data(&mut client).await["record"]["error_message"],
        other,
        "it was changed"
    );
    set(&server, "tasks", json!({"full":true})).await;
    update(&server, TableId::Tasks, id, json!({"title":"c"}));
    let data = next_data(&mut client).await;
    assert_eq!(
        (&data["record"]["error_message"], &data["old_record"]["title"]),
        (&json!(other), &json!("b"))
    );
}

#[tokio::test]
async fn a_table_without_a_key_gives_an_error_instead_of_a_row() {
    let server = start(quiet());
    let mut client = subscriber(&server, "authenticated").await;
    set(&server, "agents", json!({"keyless":true})).await;
    let id = insert(&server, TableId::Agents, json!({"name":"a"}));
    let error = json!({
        "columns":[],"commit_timestamp":null,"errors":["Error 400: Bad Request, no primary key"],
        "record":{},"schema":"public","table":"agents","type":"INSERT",
    });
    assert_eq!(next_data(&mut client).await, error);
    update(&server, TableId::Agents, id, json!({"name":"b"}));
    let data = next_data(&mut client).await;
    assert_eq!((&data["record"], &data["old_record"]), (&json!({}), &json!({})));
    server.control().delete(TableId::Agents, id).expect("deleted");
    let data = next_data(&mut client).await;
    assert_eq!(
        (&data["errors"], &data["old_record"]["name"]),
        (&Value::Null, &json!("b")),
        "all columns"
    );
}

#[tokio::test]
async fn a_role_without_the_right_gets_errors_in_the_stream_and_refusals_over_rest() {
    let server = start(quiet());
    set(&server, "agents", json!({"deny":["anon","authenticated"]})).await;
    let mut denied = subscriber(&server, "authenticated").await;
    let mut other = subscriber(&server, "service_role").await;
    let id = insert(&server, TableId::Agents, json!({"name":"a"}));
    let data = next_data(&mut denied).await;
    assert_eq!(
        (&data["errors"], &data["record"]),
        (&json!(["Error 401: Unauthorized"]), &json!({}))
    );
    assert_eq!(
        (&data["columns"], &data["commit_timestamp"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(next_data(&mut other).await["record"]["name"], "a");
    server.control().delete(TableId::Agents, id).expect("deleted");
    assert_eq!(next_data(&mut denied).await["old_record"], json!({}));
    assert_eq!(next_data(&mut other).await["old_record"], json!({"id":id.to_string()}));
    for (role, status) in [("anon", 401), ("authenticated", 403), ("service_role", 200)] {
        let answer = get_as(&server, role, "/rest/v1/agents").await;
        assert_eq!(answer.status, status, "{role}");
        if status != 200 {
            assert_eq!(answer.json()["code"], "42501");
        }
    }
    set(&server, "agents", json!({"grant":["authenticated"]})).await;
    assert_eq!(get_as(&server, "authenticated", "/rest/v1/agents").await.status, 200);
}

#[tokio::test]
async fn the_changes_of_a_partition_carry_its_own_name() {
    let server = start(quiet());
    set(&server, "agents", json!({"partition":"agents_2026"})).await;
    let mut client = subscriber(&server, "authenticated").await;
    insert(&server, TableId::Agents, json!({"name":"a"}));
    assert_eq!(next_data(&mut client).await["table"], "agents_2026");
    for (table, status) in [("agents", "error"), ("agents_2026", "ok")] {
        let mut client = Client::v2(server.addr()).await;
        let payload = json!({"config":{"postgres_changes":[{"event":"*","schema":"public","table":table}]}});
        client
            .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
            .await;
        client.next().await;
        let system = client.next().await;
        assert_eq!(system[4]["status"], status, "{table}: {system}");
    }
    assert_eq!(
        get(server.addr(), "/rest/v1/agents").await.status,
        200,
        "pages know the table"
    );
}

#[tokio::test]
async fn a_table_that_is_not_published_cannot_be_subscribed_to_and_sends_nothing() {
    let server = start(quiet());
    let mut client = subscriber(&server, "authenticated").await;
    set(&server, "agents", json!({"published":false})).await;
    insert(&server, TableId::Agents, json!({"name":"a"}));
    client.expect_silence().await;
    let mut late = Client::v2(server.addr()).await;
    let payload = json!({"config":{"postgres_changes":[{"event":"*","schema":"public","table":"agents"}]}});
    late.send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
        .await;
    late.next().await;
    let system = late.next().await;
    let message = system[4]["message"].as_str().expect("a message");
    assert!(
        message.contains("check Realtime is enabled") && message.contains("table: agents"),
        "{message}"
    );
}

#[tokio::test]
async fn a_changed_key_is_one_update_with_both_keys() {
    let server = start(quiet());
    let mut client = subscriber(&server, "authenticated").await;
    let (from, to) = (
        insert(&server, TableId::Agents, json!({"name":"a"})),
        Uuid::from_u128(7),
    );
    next_data(&mut client).await;
    let call = json!({"do":"rekey","table":"agents","id":from.to_string(),"to":to.to_string()});
    assert_eq!(control(server.addr(), call.clone()).await.status, 200);
    let data = next_data(&mut client).await;
    assert_eq!(data["type"], "UPDATE");
    assert_eq!(
        (&data["old_record"], &data["record"]["id"]),
        (&json!({"id":from.to_string()}), &json!(to.to_string()))
    );
    assert_eq!(control(server.addr(), call).await.status, 400, "it is gone");
}

/// Pages and the stream show the same rows to the same role; deletes are shown to all.
#[tokio::test]
async fn row_level_security_applies_to_pages_and_stream_but_not_to_deletes() {
    let server = start(quiet());
    for row in server.control().rows(TableId::Agents) {
        let id = row["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        server.control().delete(TableId::Agents, id).expect("deleted");
    }
    set(
        &server,
        "agents",
        json!({"policies":{"authenticated":"status=eq.busy,name=neq.secret","auditor":"true"}}),
    )
    .await;
    let mut signed_in = subscriber(&server, "authenticated").await;
    let mut anon = subscriber(&server, "anon").await;
    let mut service = subscriber(&server, "service_role").await;
    let id = insert(&server, TableId::Agents, json!({"name":"a","status":"busy"}));
    let hidden = insert(&server, TableId::Agents, json!({"name":"secret","status":"busy"}));
    assert_eq!(next_data(&mut signed_in).await["record"]["name"], "a");
    for name in ["a", "secret"] {
        assert_eq!(next_data(&mut service).await["record"]["name"], name);
    }
    for (role, count) in [
        ("authenticated", 1),
        ("anon", 0),
        ("auditor", 2),
        ("service_role", 2),
        ("nobody", 0),
    ] {
        let page = get_as(&server, role, "/rest/v1/agents").await;
        assert_eq!(
            (page.status, page.json().as_array().map(Vec::len)),
            (200, Some(count)),
            "{role}"
        );
        let bearer = format!("Bearer {}", server.control().token(role, 60));
        let counted = [
            ("apikey", "demo"),
            ("authorization", bearer.as_str()),
            ("prefer", "count=exact"),
        ];
        let page = http(server.addr(), "HEAD", "/rest/v1/agents", &counted, "").await;
        let total = page.header("content-range").and_then(|range| range.split('/').nth(1));
        assert_eq!(total, Some(count.to_string().as_str()), "{role}");
    }
    // A row that becomes invisible is not reported, and one that becomes visible again is reported as an update.
    update(&server, TableId::Agents, id, json!({"status":"idle"}));
    signed_in.expect_silence().await;
    update(&server, TableId::Agents, id, json!({"status":"busy"}));
    assert_eq!(next_data(&mut signed_in).await["type"], "UPDATE");
    anon.expect_silence().await;
    set(&server, "agents", json!({"full":true})).await;
    server.control().delete(TableId::Agents, hidden).expect("deleted");
    for client in [&mut signed_in, &mut anon] {
        let data = next_data(client).await;
        assert_eq!(
            (&data["type"], &data["old_record"]),
            (&json!("DELETE"), &json!({"id":hidden.to_string()}))
        );
    }
    set(&server, "agents", json!({"row_security":false})).await;
    assert_eq!(
        get_as(&server, "anon", "/rest/v1/agents")
            .await
            .json()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let bad = json!({"do":"table","table":"agents","set":{"policies":{"anon":"nocol=eq.1"}}});
    let answer = control(server.addr(), bad).await;
    assert!(answer.status == 400 && answer.body.contains("nocol"), "{answer:?}");
}

/// The role's right to see a row is checked when the change is sent, not when it is committed.
#[tokio::test]
async fn row_level_security_is_checked_when_a_change_is_sent() {
    let server = start(quiet());
    set(
        &server,
        "agents",
        json!({"policies":{"authenticated":"status=eq.busy"}}),
    )
    .await;
    let mut client = subscriber(&server, "authenticated").await;
    control(server.addr(), json!({"do":"behaviour","poll_s":3600})).await;
    let id = insert(&server, TableId::Agents, json!({"name":"a","status":"busy"}));
    update(&server, TableId::Agents, id, json!({"status":"idle"}));
    let gone = insert(&server, TableId::Agents, json!({"name":"b","status":"busy"}));
    server.control().delete(TableId::Agents, gone).expect("deleted");
    client.expect_silence().await;
    control(server.addr(), json!({"do":"behaviour","poll_s":0})).await;
    let data = next_data(&mut client).await;
    assert_eq!(
        (&data["type"], &data["old_record"]["id"]),
        (&json!("DELETE"), &json!(gone.to_string())),
        "{data}"
    );
    client.expect_silence().await;
}
