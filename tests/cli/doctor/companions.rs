//! Companions are checked like sources: a table that is missing, denied, not published, or has no column that names a row.

use std::{fs, net::Ipv4Addr};

use demo::{Fixture, Options, Server};
use serde_json::Value;

use super::program::run_in;

const SCRIPT: &str = "
create table agents (id int primary key, name text);
create table agent_presence (agent_id int primary key, status text, updated_at timestamptz default now());
create table agent_notes (id int primary key, agent_id int, note text);
create table agent_health (id int primary key, agent_id int, health text);
insert into agents values (1, 'Ada');
insert into agent_presence values (1, 'working');
insert into agent_health values (1, 1, 'well');
grant select on agents, agent_presence, agent_health to anon;
alter publication supabase_realtime add table agents, agent_presence, agent_notes;
";
const SOURCES: &str = r#"
[[sources]]
kind = "agent"
table = "agents"
status = ["agent_presence.status"]

[[sources.companions]]
table = "agent_presence"
key = "agent_id"
id = "agent_id"

[[sources.companions]]
table = "agent_notes"
key = "agent_id"

[[sources.companions]]
table = "agent_health"
key = "agent"

[[sources.companions]]
table = "agent_moods"
key = "agent_id"
"#;

#[test]
fn each_companion_is_checked_by_rest_the_stream_and_the_catalogue() {
    if !crate::postgres::is_here() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.sql");
    fs::write(&script, SCRIPT).expect("written");
    fs::write(folder.path().join("opswall.toml"), SOURCES).expect("written");
    let fixture = Fixture::load(&script).expect("PostgreSQL takes the script");
    let host = fixture.postgres().host().to_string_lossy().replace('/', "%2F");
    let server = Server::start_on((Ipv4Addr::LOCALHOST, 0).into(), Options::default(), fixture).expect("a server");
    let url = server.url();
    let database = format!("postgresql://postgres@{host}/postgres");
    let project = ["--url", &url, "--key", "sb_publishable_x", "--database-url", &database];
    let args = [&project[..], &["--json", "--wait", "0", "--timeout", "5"]].concat();
    let (code, text, error) = run_in(folder.path(), &args, &[]);
    assert_eq!((code, error.as_str()), (1, ""), "{text}");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let check = |name: &str, table: &str| -> Value {
        let checks = report["checks"].as_array().expect("a list");
        let table = format!("public.{table}");
        let found = checks
            .iter()
            .find(|check| check["name"] == name && check["table"] == table.as_str());
        found.unwrap_or_else(|| panic!("{name} of {table}: {text}")).clone()
    };
    for (name, table, result, expected) in [
        ("rest", "agent_presence", "ok", "1 row"),
        ("subscribed", "agent_presence", "ok", "followed"),
        ("catalogue", "agent_presence", "ok", "key agent_id"),
        ("rest", "agent_notes", "failed", "permission denied"),
        ("catalogue", "agent_notes", "failed", "may not select"),
        ("rest", "agent_health", "failed", "no column agent"),
        ("subscribed", "agent_health", "failed", "not in the publication"),
        ("catalogue", "agent_health", "failed", "not in the publication"),
        ("rest", "agent_moods", "failed", "PGRST205"),
        ("subscribed", "agent_moods", "failed", "does not exist"),
        ("catalogue", "agent_moods", "failed", "no such table"),
    ] {
        let check = check(name, table);
        assert_eq!(check["result"], result, "{check}");
        assert!(
            check["found"].as_str().unwrap_or_default().contains(expected),
            "{check}"
        );
    }
    let missing = check("rest", "agent_moods");
    let remedy = missing["do"].as_str().unwrap_or_default();
    assert!(remedy.contains("[[sources.companions]]"), "{missing}");
}
