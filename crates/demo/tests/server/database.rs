//! Tables of a real PostgreSQL behind REST and Realtime, compared with what PostgREST and a recorded Realtime server answer.

use std::{ffi::OsStr, net::SocketAddr};

use demo::{Fixture, Options, Server};
use serde_json::{Value, json};

use crate::{
    client::{Client, get, http},
    postgres,
};

/// A server with the tables of a script; `None` where PostgreSQL is not installed.
fn serve(sql: &str) -> Option<Server> {
    if !postgres::is_here() {
        return None;
    }
    let script = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(script.path(), sql).expect("written");
    let fixture = Fixture::load(script.path()).expect("a fixture");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Some(Server::start_on(listen, Options::default(), fixture).expect("a server"))
}

fn run(server: &Server, sql: &str) {
    let postgres = server.fixture().expect("a fixture").postgres();
    let output = postgres.psql([OsStr::new("-c"), OsStr::new(sql)]).expect("psql");
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

const TABLES: &str = r#"
    create table agents (id uuid primary key default gen_random_uuid(), name text, "lastSeen" timestamptz, data jsonb);
    create table agent_tasks (org text, nr bigint, title text, owner text, primary key (org, nr));
    create table secrets (id int primary key);
    create view busy as select name from agents where name like 'b%';
    create schema ops;
    create table ops.jobs (id bigint primary key, state text) partition by range (id);
    create table ops.jobs_1 partition of ops.jobs for values from (1) to (100);
    grant usage on schema ops to anon;
    grant select on agents, agent_tasks, busy, ops.jobs to anon;
    grant select on agent_tasks to authenticated;
    alter table agent_tasks enable row level security;
    create policy public_tasks on agent_tasks for select using (owner = 'all' or owner = auth.uid()::text);
    insert into agents values
        ('00000000-0000-4000-8000-000000000001', 'bob', '2026-11-29 01:02:03.5+01', '{"a":{"b":[1,2]}}'),
        ('00000000-0000-4000-8000-000000000002', 'a "b", c', null, null);
    insert into agent_tasks values ('a', 1, 'x', 'all'), ('a', 2, 'y', 'all'), ('b', 1, 'z', 'all'), ('b', 2, 'w', 'me');
    insert into ops.jobs select n, 'done' from generate_series(1, 30) n;
    alter publication supabase_realtime add table agents, agent_tasks;
"#;

#[tokio::test]
async fn rest_reads_a_database_as_postgrest_does() {
    let Some(server) = serve(TABLES) else { return };
    let addr = server.addr();
    let read = async |path: &str| get(addr, &format!("/rest/v1/{path}")).await;

    let agents = read("agents?select=*&order=id.asc&limit=1").await;
    assert_eq!(
        agents.json(),
        json!([{"id": "00000000-0000-4000-8000-000000000001", "name": "bob", "lastSeen": "2026-11-29T00:02:03.5+00:00",
                "data": {"a": {"b": [1, 2]}}}])
    );
    assert_eq!(agents.header("content-range"), Some("0-0/*"));
    let name = read("agents?select=n:name,data-%3Ea-%3Eb,lastSeen&name=eq.a%20%22b%22,%20c").await;
    assert_eq!(name.json(), json!([{"n": "a \"b\", c", "b": null, "lastSeen": null}]));

    // A key of two columns, page by page.
    let page = read(
        "agent_tasks?select=org,nr&order=org.asc,nr.asc&limit=5&org=gte.a&or=(org.gt.%22a%22,and(org.eq.%22a%22,nr.gt.%221%22))",
    );
    assert_eq!(page.await.json(), json!([{"org": "a", "nr": 2}, {"org": "b", "nr": 1}]));
    let in_list = read("agent_tasks?select=title&title=in.(x,%22z%22)&order=title").await;
    assert_eq!(in_list.json(), json!([{"title": "x"}, {"title": "z"}]));

    for (prefer, range) in [("count=exact", "0-9/30"), ("count=estimated", "0-9/30")] {
        let headers = [("apikey", "demo"), ("accept-profile", "ops"), ("prefer", prefer)];
        let counted = http(addr, "GET", "/rest/v1/jobs?limit=10&order=id", &headers, "").await;
        assert_eq!(
            (counted.status, counted.header("content-range")),
            (206, Some(range)),
            "{prefer}"
        );
    }
    assert_eq!(read("busy?select=*").await.json(), json!([{"name": "bob"}]));
    let methods = http(addr, "OPTIONS", "/rest/v1/busy", &[("apikey", "demo")], "").await;
    assert_eq!(methods.header("allow"), Some("OPTIONS,GET,HEAD"));

    for (path, status, body) in [
        (
            "agent",
            404,
            json!({"code": "PGRST205", "details": null, "hint": "Perhaps you meant the table 'public.agents'",
                   "message": "Could not find the table 'public.agent' in the schema cache"}),
        ),
        (
            "secrets?select=*",
            401,
            json!({"code": "42501", "details": null, "message": "permission denied for table secrets",
                   "hint": "Grant the required privileges to the current role with: GRANT SELECT ON public.secrets TO anon;"}),
        ),
        (
            "agents?select=other_column",
            400,
            json!({"code": "42703", "details": null, "hint": null, "message": "column agents.other_column does not exist"}),
        ),
        (
            "agents?id=eq.1",
            400,
            json!({"code": "22P02", "details": null, "hint": null,
                   "message": "invalid input syntax for type uuid: \"1\""}),
        ),
        (
            "",
            401,
            json!({"message": "Access to schema is forbidden",
                   "hint": "Accessing the schema via the Data API is only allowed using a secret API key."}),
        ),
    ] {
        let answer = read(path).await;
        assert_eq!((answer.status, answer.json()), (status, body), "{path}");
    }
    let partition = [("apikey", "demo"), ("accept-profile", "ops")];
    assert_eq!(http(addr, "GET", "/rest/v1/jobs_1", &partition, "").await.status, 404);
    let system = [("apikey", "demo"), ("accept-profile", "auth")];
    let system = http(addr, "GET", "/rest/v1/users", &system, "").await;
    assert_eq!(
        (system.status, &system.json()["code"], &system.json()["hint"]),
        (
            406,
            &json!("PGRST106"),
            &json!("Only the following schemas are exposed: public, ops")
        )
    );
    // Nothing that a reader sends reaches the database as a statement.
    let hostile = read("agents?name=eq.%27;drop%20table%20agents;--&order=%22id%22%22;drop%22.asc").await;
    assert_eq!(hostile.status, 400, "{}", hostile.body);
    assert_eq!(read("agents?select=id").await.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn the_stream_has_the_committed_changes_that_a_role_may_see() {
    let Some(server) = serve(TABLES) else { return };
    let mut client = Client::v2(server.addr()).await;
    let entries = json!([
        {"event": "*", "schema": "public", "table": "agents"},
        {"event": "*", "schema": "public", "table": "agent_tasks"},
        {"event": "UPDATE", "schema": "public", "table": "agents", "filter": "name=eq.carl"},
    ]);
    client.subscribe_to("realtime:ops", entries).await;
    let change = |frame: &Value| {
        let data = &frame[4]["data"];
        json!([
            data["type"],
            data["record"],
            data["old_record"],
            frame[4]["ids"].as_array().map(Vec::len)
        ])
    };

    run(
        &server,
        "insert into agents values ('00000000-0000-4000-8000-000000000003', 'new', null, null)",
    );
    let insert = client.next().await;
    assert_eq!(
        change(&insert),
        json!(["INSERT", {"id": "00000000-0000-4000-8000-000000000003", "name": "new", "lastSeen": null, "data": null},
               null, 1])
    );
    assert_eq!(
        insert[4]["data"]["columns"],
        json!([{"name": "id", "type": "uuid"}, {"name": "name", "type": "text"},
               {"name": "lastSeen", "type": "timestamptz"}, {"name": "data", "type": "jsonb"}])
    );
    run(&server, "update agents set name = 'carl' where name = 'new'");
    let update = change(&client.next().await);
    assert_eq!(update[2], json!({"id": "00000000-0000-4000-8000-000000000003"}));
    assert_eq!(update[3], 2, "the filter is met as well");
    run(&server, "delete from agents where name = 'carl'");
    let delete = client.next().await;
    assert_eq!(
        change(&delete),
        json!(["DELETE", null, {"id": "00000000-0000-4000-8000-000000000003"}, 1])
    );
    assert!(delete[4]["data"].get("record").is_none());

    // The policy hides the first row from anon. What is rolled back or not published never comes, and TRUNCATE is lost.
    for sql in [
        "insert into agent_tasks values ('c', 1, 'hidden', 'me')",
        "insert into secrets values (1)",
        "truncate agents",
        "begin; insert into agent_tasks values ('c', 3, 'never', 'all'); rollback",
        "insert into agent_tasks values ('c', 2, 'seen', 'all')",
    ] {
        run(&server, sql);
    }
    assert_eq!(change(&client.next().await)[1]["title"], "seen");
    // Everybody learns the key of a deleted row.
    run(&server, "delete from agent_tasks where org = 'c' and nr = 1");
    assert_eq!(change(&client.next().await)[2], json!({"org": "c", "nr": 1}));
    run(
        &server,
        "revoke select on agents from anon; insert into agents(name) values ('x')",
    );
    let denied = client.next().await;
    assert_eq!(
        denied[4]["data"]["errors"],
        json!(["Error 401: Unauthorized"]),
        "{denied}"
    );
    client.expect_silence().await;
}

#[tokio::test]
async fn a_table_that_is_not_published_is_refused_until_it_is() {
    let Some(server) = serve(TABLES) else { return };
    let refusal = async |table: &str| {
        let mut client = Client::v2(server.addr()).await;
        let entries = json!([{"event": "*", "schema": "public", "table": table}]);
        let payload = json!({"config": {"postgres_changes": entries}});
        client
            .send(json!(["1", "1", "realtime:x", "phx_join", payload]).to_string())
            .await;
        assert_eq!(client.next().await[4]["status"], "ok");
        client.next().await[4].clone()
    };
    let refused = refusal("secrets").await;
    assert_eq!(refused["status"], "error");
    assert_eq!(
        refused["message"],
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect \
         parameters: [event: *, schema: public, table: secrets, filters: [], select: nil]"
    );
    run(&server, "alter publication supabase_realtime add table secrets");
    assert_eq!(refusal("secrets").await["message"], "Subscribed to PostgreSQL");
}

/// The recorded conversation about a table of many types: the same statements give the same changes.
#[tokio::test]
async fn values_of_all_types_are_those_of_a_recorded_server() {
    let Some(server) = serve(
        "create type public_mood as enum ('happy', 'sad');
         create table type_zoo (id bigserial primary key, b boolean, i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision,
             num numeric, num2 numeric(10, 4), t text, vc varchar(10), ch char(4), u uuid, d date, tm time, ts timestamp,
             tstz timestamptz, iv interval, j json, jb jsonb, ia int[], ta text[], ua uuid[], by bytea, ip inet,
             e public_mood);
         grant select on type_zoo to anon;
         alter publication supabase_realtime add table type_zoo;",
    ) else {
        return;
    };
    let path = format!(
        "{}/../../tests/data/transcripts/j_types_v1.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let transcript = std::fs::read_to_string(path).expect("a transcript");
    let mut client = Client::v2(server.addr()).await;
    let entries = json!([{"event": "*", "schema": "public", "table": "type_zoo"}]);
    client.subscribe_to("realtime:types", entries).await;
    let (mut compared, mut is_rolled_back) = (0, false);
    for line in transcript.lines() {
        let line: Value = serde_json::from_str(line).expect("a line");
        let text = line["text"].as_str().expect("text");
        match text.strip_prefix("SQL ") {
            Some("begin") => is_rolled_back = true,
            Some("rollback") => is_rolled_back = false,
            Some(sql) if is_rolled_back => run(&server, &format!("begin; {sql}; rollback")),
            Some(sql) => run(&server, sql),
            None => {}
        }
        if line["dir"] != "in" || !text.contains("\"postgres_changes\",\"payload\":{\"data\"") {
            continue;
        }
        let expected: Value = serde_json::from_str(text).expect("a frame");
        let (mut expected, mut got) = (
            expected["payload"]["data"].clone(),
            client.next().await[4]["data"].clone(),
        );
        for data in [&mut expected, &mut got] {
            data["commit_timestamp"] = json!("…");
        }
        assert_eq!(got, expected);
        compared += 1;
    }
    assert!(compared >= 8, "{compared}");
    client.expect_silence().await;
}

#[tokio::test]
async fn a_script_may_make_what_a_project_has_and_a_broken_one_is_refused() {
    let Some(server) = serve(
        "create role anon; create schema if not exists auth; create schema auth; create publication supabase_realtime;
         create extension if not exists pgcrypto; create table auth.users (id uuid primary key);
         insert into auth.users values ('00000000-0000-4000-8000-000000000001', 'a@b.example');
         begin; create role service_role; create table one (id int primary key, half int generated always as (id / 2) stored);
         commit; grant select on one to anon; copy one (id) from stdin;\n4\n\\.\n
         alter publication supabase_realtime add table one;",
    ) else {
        return;
    };
    assert_eq!(
        get(server.addr(), "/rest/v1/one").await.json(),
        json!([{"id": 4, "half": 2}])
    );
    let mut client = Client::v2(server.addr()).await;
    client
        .subscribe_to(
            "realtime:x",
            json!([{"event": "*", "schema": "public", "table": "one"}]),
        )
        .await;
    run(&server, "update one set id = 6");
    assert_eq!(client.next().await[4]["data"]["record"], json!({"id": 6, "half": 3}));

    let script = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(script.path(), "create table a (id int);\n\nselect * from b;\n").expect("written");
    let error = Fixture::load(script.path()).expect_err("a mistake").to_string();
    let name = script.path().display();
    assert_eq!(
        error,
        format!("{name} fails in the statement that ends at line 3: relation \"b\" does not exist")
    );
    let error = Fixture::load("no.sql".as_ref()).expect_err("no file").to_string();
    assert_eq!(error, "cannot read no.sql: give the path of a file with SQL");
}
