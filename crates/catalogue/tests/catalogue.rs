//! The catalogue of a real PostgreSQL.

#![cfg(unix)]
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use catalogue::{CatalogueError, CatalogueTable, read};
use demo::Fixture;
use model::discover::{ForeignColumn, TableForm};
use secrecy::SecretString;

const SCRIPT: &str = "
create type work_state as enum ('open', 'doing', 'done');
create table agents (id uuid primary key, name text not null unique, mood text check (mood in ('calm', 'busy')));
create table tasks (id bigint primary key, title text, state work_state, agent_id uuid references agents,
  updated_at timestamptz default now());
insert into agents values ('00000000-0000-0000-0000-000000000001', 'Ada', 'calm');
insert into tasks select n, 'Task ' || n, 'open', null, '2026-01-01'::timestamptz + n * interval '1 minute'
  from generate_series(1, 300) n;
create view open_tasks as select * from tasks where state = 'open';
create table secret_notes (id int primary key, body text);
create table hidden (id int primary key);
alter table hidden enable row level security;
create table log (at timestamptz, line text) partition by range (at);
create table log_2026 partition of log for values from ('2026-01-01') to ('2027-01-01');
grant select on agents, tasks, open_tasks, hidden, log to anon;
revoke all on secret_notes from anon;
alter publication supabase_realtime add table tasks, hidden;
";

fn address(fixture: &Fixture, user: Option<&str>) -> SecretString {
    let line = fixture.postgres().psql_line();
    let behind = |flag: &str| {
        line.split(' ')
            .skip_while(|word| *word != flag)
            .nth(1)
            .expect("a word")
            .to_owned()
    };
    let user = user.map_or_else(|| behind("-U"), str::to_owned);
    let host = behind("-h").replace('/', "%2F");
    format!("postgresql://{user}:hidden-word@{host}/postgres").into()
}

/// `None` where PostgreSQL is not installed.
fn fixture() -> Option<Fixture> {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.sql");
    fs::write(&script, SCRIPT).expect("written");
    match Fixture::load(&script) {
        Err(error) if error.to_string().contains("install") => None,
        loaded => Some(loaded.expect("PostgreSQL takes the script")),
    }
}

fn table<'t>(tables: &'t [CatalogueTable], name: &str) -> &'t CatalogueTable {
    tables.iter().find(|table| table.facts.table == name).expect(name)
}

#[tokio::test]
async fn the_catalogue_shows_keys_types_links_rights_and_the_publication() {
    let Some(fixture) = fixture() else { return };
    let tables = read(&address(&fixture, None), "anon").await.expect("the catalogue");
    let names: Vec<&str> = tables.iter().map(|table| table.facts.table.as_str()).collect();
    assert_eq!(
        names,
        ["agents", "hidden", "log", "open_tasks", "secret_notes", "tasks"]
    );

    let tasks = &table(&tables, "tasks").facts;
    assert_eq!(tasks.key, Some(vec!["id".into()]));
    assert_eq!(
        (tasks.form, tasks.is_published, tasks.rows.len()),
        (Some(TableForm::Table), Some(true), 200)
    );
    let newest = tasks.rows[0].get("id").map(|id| id.to_string());
    assert_eq!(newest.as_deref(), Some("300"), "the latest rows come first");
    let column = |name: &str| tasks.columns.iter().find(|column| column.name == name).expect(name);
    assert_eq!(column("state").words, ["open", "doing", "done"]);
    let expected = ForeignColumn {
        schema: "public".into(),
        table: "agents".into(),
        column: "id".into(),
    };
    assert_eq!(column("agent_id").refers_to, Some(expected));
    assert_eq!(
        column("updated_at").type_name.as_deref(),
        Some("timestamp with time zone")
    );

    let agents = &table(&tables, "agents").facts;
    assert_eq!(
        (agents.unique.as_slice(), agents.count, agents.is_published),
        (&["name".to_owned()][..], Some(1), Some(false))
    );
    assert_eq!(agents.columns[2].words, ["calm", "busy"]);
    assert_eq!(table(&tables, "open_tasks").facts.form, Some(TableForm::View));
    let secret = &table(&tables, "secret_notes").facts;
    assert!(secret.is_denied && secret.rows.is_empty() && !secret.columns.is_empty());
    let hidden = table(&tables, "hidden");
    assert!(hidden.is_hidden && !table(&tables, "tasks").is_hidden);
    let log = table(&tables, "log");
    assert_eq!(log.facts.form, Some(TableForm::Partitioned { via_root: false }));
    assert_eq!(log.partitions, ["log_2026"]);
}

#[tokio::test]
async fn what_goes_wrong_is_one_sentence_without_the_password() {
    let Some(fixture) = fixture() else { return };
    let of = |text: &str| -> SecretString { text.to_owned().into() };
    for (address, expected) in [
        (of("nonsense hidden-word"), "cannot be read"),
        (of("postgresql://"), "cannot be read"),
        (
            of("postgresql://me:hidden-word@127.0.0.1:1/postgres"),
            "cannot be reached",
        ),
        (address(&fixture, Some("nobody")), "refuses the sign-in"),
        (of("postgresql://me@127.0.0.1/postgres?sslmode=hidden-word"), "sslmode"),
    ] {
        let error: CatalogueError = read(&address, "anon").await.expect_err("an error");
        let text = error.to_string();
        assert!(text.contains(expected) && !text.contains("hidden-word"), "{text}");
        assert!(!format!("{error:?}").contains("hidden-word"));
    }
    let error = read(&address(&fixture, None), "nobody").await.expect_err("an error");
    assert_eq!(error, CatalogueError::NoRole("nobody".into()));
}
