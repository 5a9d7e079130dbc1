//! `opswall schema --broadcast` on a real PostgreSQL: the script runs twice, each change makes one message of the shape
//! that the wall reads, and no failure of Realtime prevents a change.

use std::process::Command;

use model::{Mapping, schema};
use serde_json::{Value, json};

use crate::postgres::Postgres;

/// What Realtime creates in a database, as far as the script uses it: the messages with their row-level security, the topic
/// of a session, and `broadcast_changes` with its signature and the shape of its messages.
const REALTIME: &str = "
create role anon nologin; create role authenticated nologin;
create schema realtime;
grant usage on schema realtime to anon, authenticated;
create table realtime.messages (
  topic text not null, extension text not null, payload jsonb, event text, private boolean default false,
  updated_at timestamp not null default now(), inserted_at timestamp not null default now(),
  id uuid not null default gen_random_uuid(), primary key (id, inserted_at)
) partition by range (inserted_at);
create table realtime.messages_all partition of realtime.messages default;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated;
create function realtime.topic() returns text language sql stable as
  $$ select nullif(current_setting('realtime.topic', true), '') $$;
create function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text, new record, old record,
  level text default 'ROW'
) returns void language plpgsql as $$
declare message uuid := gen_random_uuid();
begin
  insert into realtime.messages (id, payload, event, topic, private, extension) values (
    message,
    jsonb_build_object('old_record', old, 'record', new, 'operation', operation, 'table', table_name, 'schema',
      table_schema, 'id', message),
    event_name, topic_name, true, 'broadcast'
  );
end $$;
";

fn prepared() -> Option<(Postgres, String)> {
    let postgres = Postgres::start()?;
    postgres.script(REALTIME);
    postgres.script(&schema::script(&Mapping::default()).expect("SQL"));
    Some((postgres, schema::broadcast_script(&Mapping::default()).expect("SQL")))
}

/// The messages in their order, without their ids.
fn messages(postgres: &Postgres) -> Vec<Value> {
    let lines = postgres.ask(
        "select jsonb_build_object('topic', topic, 'event', event, 'private', private, 'extension', extension, \
         'payload', payload - 'id') from realtime.messages order by ctid",
    );
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("a message"));
    lines.collect()
}

#[test]
fn each_change_makes_one_message_with_both_rows() {
    let Some((postgres, sql)) = prepared() else { return };
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "", "the second run");
    postgres.ask(
        "insert into public.agents (name) values ('Ada'); update public.agents set name = 'Bea'; delete from public.agents",
    );
    let messages = messages(&postgres);
    assert_eq!(messages.len(), 3, "one trigger, although the script ran twice");
    for (message, (operation, old, new)) in messages.iter().zip([
        ("INSERT", Value::Null, json!("Ada")),
        ("UPDATE", json!("Ada"), json!("Bea")),
        ("DELETE", json!("Bea"), Value::Null),
    ]) {
        assert_eq!(message["topic"], schema::BROADCAST_TOPIC);
        assert_eq!(
            (&message["event"], &message["private"]),
            (&json!(operation), &json!(true))
        );
        let payload = &message["payload"];
        assert_eq!(payload["operation"], operation);
        assert_eq!(
            (&payload["schema"], &payload["table"]),
            (&json!("public"), &json!("agents"))
        );
        let name = |row: &Value| row.get("name").cloned().unwrap_or_default();
        assert_eq!((name(&payload["old_record"]), name(&payload["record"])), (old, new));
    }
    // A row in a message is written as REST writes it.
    postgres.ask("insert into public.tasks (title, metadata) values ('a', '{\"b\": 1.50}')");
    let row: Value = serde_json::from_str(&postgres.ask("select row_to_json(t) from public.tasks t")).expect("a row");
    let last: Value = serde_json::from_str(
        &postgres.ask("select payload -> 'record' from realtime.messages where payload ->> 'table' = 'tasks'"),
    )
    .expect("a row");
    assert_eq!(last, row);
}

#[test]
fn the_policy_admits_the_topic_alone() {
    let Some((postgres, sql)) = prepared() else { return };
    postgres.script(&sql);
    postgres.script(&sql);
    postgres.ask("insert into public.agents (name) values ('Ada')");
    for role in ["anon", "authenticated"] {
        for (topic, seen) in [("opswall", "1"), ("another", "0"), ("", "0")] {
            let query = format!(
                "set role {role}; select set_config('realtime.topic', '{topic}', false) is null; \
                 select count(*) from realtime.messages"
            );
            assert_eq!(postgres.ask(&query).lines().last(), Some(seen), "{role} {topic}");
        }
        let write = format!(
            "set role {role}; set realtime.topic = 'opswall'; \
             insert into realtime.messages (topic, extension) values ('opswall', 'broadcast')"
        );
        let error = postgres.try_ask(&write).expect_err("refused");
        assert!(error.contains("row-level security"), "{error}");
    }
    // An administrator's narrower policy survives another run.
    postgres.ask("alter policy \"opswall receives broadcasts\" on realtime.messages to authenticated");
    postgres.script(&sql);
    let query = "set role anon; set realtime.topic = 'opswall'; select count(*) from realtime.messages";
    assert_eq!(postgres.ask(query), "0");
}

#[test]
fn a_writer_needs_no_right_on_messages_and_its_time_zone_does_not_matter() {
    let Some((postgres, sql)) = prepared() else { return };
    postgres.script(&sql);
    postgres.ask(
        "create role writer nologin; grant insert, select on public.agents to writer; alter role writer bypassrls; \
         set role writer; set timezone = 'Asia/Tokyo'; insert into public.agents (name) values ('Ada')",
    );
    // Realtime reads a message's time without a zone as UTC, and replays by it.
    let times = postgres.ask(
        "select (payload -> 'record' ->> 'updated_at') like '%+00:00', \
         (payload -> 'record' ->> 'updated_at')::timestamptz = a.updated_at, \
         abs(extract(epoch from now() at time zone 'UTC' - inserted_at)) < 60 \
         from realtime.messages, public.agents a",
    );
    assert_eq!(times, "t|t|t");
}

#[test]
fn a_message_that_cannot_be_written_prevents_no_change() {
    let Some((postgres, sql)) = prepared() else { return };
    postgres.script(&sql);
    postgres.ask("alter table realtime.messages rename to gone");
    postgres.ask("insert into public.agents (name) values ('Ada')");
    assert_eq!(postgres.ask("select count(*) from public.agents"), "1");
}

#[test]
fn partitions_are_named_and_unusual_names_and_views_do_no_harm() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.script(REALTIME);
    postgres.ask(
        "create schema \"my \"\"S\"\"\"; create table \"my \"\"S\"\"\".\"it's; $opswall$ --\" (id int primary key) \
         partition by range (id); create table \"my \"\"S\"\"\".leaf partition of \"my \"\"S\"\"\".\"it's; $opswall$ --\" \
         for values from (0) to (9); create view public.tasks as select 1 as id",
    );
    let mut mapping = Mapping::default();
    mapping.edit(|sources| {
        (sources[0].schema, sources[0].table) = ("my \"S\"".into(), "it's; $opswall$ --".into());
    });
    postgres.ask("create table public.workflows (id int primary key)");
    let sql = schema::broadcast_script(&mapping).expect("SQL");
    assert_eq!(postgres.script(&sql), "");
    assert_eq!(postgres.script(&sql), "", "the second run");
    postgres.ask("insert into \"my \"\"S\"\"\".\"it's; $opswall$ --\" values (1)");
    let messages = messages(&postgres);
    let [message] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!(message["payload"]["table"], "leaf", "the partition, as in the stream");
    // The statements that remove it, which the script ends with.
    let removal: String = sql
        .lines()
        .skip_while(|line| *line != "-- To remove it:")
        .filter_map(|line| line.strip_prefix("-- drop ").map(|rest| format!("drop {rest}\n")))
        .collect();
    assert_eq!(removal.lines().count(), 5);
    postgres.ask(&removal.replace("drop trigger if exists opswall_broadcast on public.tasks;", ""));
    assert_eq!(
        postgres.ask("select count(*) from pg_trigger where tgname = 'opswall_broadcast'"),
        "0"
    );
}

#[test]
fn without_realtime_it_ends_with_a_sentence_and_changes_nothing() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.script(&schema::script(&Mapping::default()).expect("SQL"));
    let sql = schema::broadcast_script(&Mapping::default()).expect("SQL");
    let error = postgres.try_ask(&sql).expect_err("an error");
    assert!(
        error.contains("this database has no realtime.broadcast_changes"),
        "{error}"
    );
    assert_eq!(
        postgres.ask("select count(*) from pg_trigger where tgname = 'opswall_broadcast'"),
        "0"
    );
}

#[test]
fn the_command_prints_it_for_the_tables_of_the_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(["schema", "--broadcast", "--tasks-table", "Jobs"])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .output()
        .expect("the program starts");
    let sql = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && sql.contains("on public.\"Jobs\"\n"), "{sql}");
    assert!(!sql.contains("create table"), "the tables are the other script's");
}
