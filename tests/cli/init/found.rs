//! What is found on the demo feed and on schemas of other projects, and the file that says it.

use std::fs;
#[cfg(unix)]
use std::{net::Ipv4Addr, path::Path};

#[cfg(unix)]
use demo::{Fixture, Options, Server};
use serde_json::{Value, json};

use super::{run_in, tables};
use crate::demo::server;

const KEY: &str = "sb_publishable_hidden";
/// The id of no row.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn init_writes_a_file_once_and_tail_follows_what_it_says() {
    let server = server(0.0);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("opswall.toml");
    let init = |more: &[&str]| {
        let args = ["init", "--yes", "--url", &server.url(), "--key", KEY].map(str::to_owned);
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        run_in(folder.path(), &args)
    };
    let run = init(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    let last = run.stdout.lines().last().expect("a summary");
    assert!(
        last.starts_with("4 sources, 4 followed; ") && last.contains(" rows read"),
        "{last}"
    );
    let text = fs::read_to_string(&file).expect("the file");
    assert!(!text.contains("hidden"), "{text}");

    // The file names the project and its tables; the key comes from elsewhere.
    let dump = |name: &str, args: &[&str]| -> Vec<Value> {
        let path = folder.path().join(name);
        let path_text = path.to_string_lossy().into_owned();
        let all = [args, &["tail", "--quiet", "--for", "3", "--dump", &path_text]].concat();
        let run = run_in(folder.path(), &all);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let dump = fs::read_to_string(&path).expect("the dump");
        dump.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let by_file = dump("by_file", &["--key", KEY]);
    fs::rename(&file, folder.path().join("other.toml")).expect("renamed");
    let found = dump("found", &["--url", &server.url(), "--key", KEY]);
    assert!(by_file.len() > 150);
    assert_eq!(by_file, found);
    fs::rename(folder.path().join("other.toml"), &file).expect("renamed");

    let again = init(&[]);
    assert_eq!(again.code, 2);
    assert!(again.sentence().contains("--force"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(&file).expect("the file"), text);
    assert_eq!(init(&["--force"]).code, 0);
}

#[test]
fn tail_says_which_tables_it_found() {
    let server = server(0.0);
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_in(
        folder.path(),
        &["tail", "--json", "--for", "2", "--url", &server.url(), "--key", KEY],
    );
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let notice = lines
        .iter()
        .find(|line| line["code"] == "sources_found")
        .expect("a notice");
    let expected =
        "Found 4 tables without settings: agents, tasks, workflows, workflow_runs; opswall init writes them down.";
    assert_eq!(notice["text"], expected);
    let named = [
        "tail",
        "--json",
        "--for",
        "1",
        "--tasks-table",
        "tasks",
        "--url",
        &server.url(),
        "--key",
        KEY,
    ];
    assert!(!run_in(folder.path(), &named).stdout.contains("sources_found"));
}

#[test]
fn a_feed_that_cannot_be_reached_is_retried_until_the_attempts_are_used_up() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("http://{closed}");
    let args = [
        "tail",
        "--json",
        "--url",
        &url,
        "--key",
        KEY,
        "--max-reconnect-attempts",
        "2",
    ];
    let run = run_in(
        folder.path(),
        &[&args[..], &["--reconnect-interval-ms", "100"]].concat(),
    );
    assert_eq!(run.code, 1);
    assert!(run.sentence().contains("gave up after 2 attempts"), "{}", run.stderr);
    let statuses: Vec<(String, u64)> = (run.stdout.lines())
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|line| line["kind"] == "status")
        .map(|line| {
            (
                line["status"].as_str().unwrap_or_default().to_owned(),
                line["attempt"].as_u64().unwrap_or(9),
            )
        })
        .collect();
    let expected = [
        ("connecting", 0),
        ("disconnected", 1),
        ("connecting", 1),
        ("disconnected", 2),
        ("connecting", 2),
        ("error", 2),
    ];
    assert_eq!(statuses, expected.map(|(status, attempt)| (status.to_owned(), attempt)));
}

#[test]
fn explain_and_doctor_find_the_tables_too() {
    let server = server(0.0);
    let folder = tempfile::tempdir().expect("a folder");
    let project = ["--url", &server.url(), "--key", KEY].map(str::to_owned);
    let project: Vec<&str> = project.iter().map(String::as_str).collect();
    let run = run_in(
        folder.path(),
        &[&["explain", "workflow_runs", NOBODY], &project[..]].concat(),
    );
    assert!(
        run.sentence().contains("workflow_runs has no row 0000"),
        "{}",
        run.stderr
    );
    let run = run_in(
        folder.path(),
        &[&["doctor", "--json", "--wait", "0"], &project[..]].concat(),
    );
    let checks = run.json()["checks"].clone();
    let checks = checks.as_array().expect("a list");
    let sources = checks.iter().find(|check| check["name"] == "sources").expect("a check");
    assert_eq!(sources["result"], "ok", "{sources}");
    let is_of_runs = |check: &&Value| check["table"] == "public.workflow_runs" && check["name"] == "subscribed";
    assert_eq!(checks.iter().find(is_of_runs).expect("a check")["result"], "ok");
}

/// A server of a schema of another project.
#[cfg(unix)]
fn fixture(name: &str) -> Server {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(format!("{name}.sql"));
    let fixture = Fixture::load(&path).expect("PostgreSQL takes the script");
    Server::start_on((Ipv4Addr::LOCALHOST, 0).into(), Options::default(), fixture).expect("a server")
}

#[cfg(unix)]
#[test]
fn tables_that_are_not_published_are_polled_with_the_statement_to_copy() {
    if !crate::postgres::is_here() {
        return;
    }
    let server = fixture("agent_factory");
    let folder = tempfile::tempdir().expect("a folder");
    let run = run_in(folder.path(), &["init", "--yes", "--url", &server.url(), "--key", KEY]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // REST does not show what is published: only the stream can have refused them.
    assert!(run.stdout.contains("3 sources, 0 followed"), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("alter publication supabase_realtime add table public.executions"),
        "{}",
        run.stdout
    );
}

#[cfg(unix)]
#[test]
fn the_file_of_a_foreign_schema_reads_every_row_as_it_was_found() {
    if !crate::postgres::is_here() {
        return;
    }
    for name in ["helm_presence", "agent_kanban", "job_workers"] {
        let server = fixture(name);
        let folder = tempfile::tempdir().expect("a folder");
        let project = ["--url", &server.url(), "--key", KEY].map(str::to_owned);
        let project: Vec<&str> = project.iter().map(String::as_str).collect();
        let dump = |args: &[&str]| {
            let path = folder.path().join("dump");
            let path_text = path.to_string_lossy().into_owned();
            let all = [&["tail", "--quiet", "--for", "5", "--dump", &path_text], args].concat();
            let run = run_in(folder.path(), &all);
            assert_eq!(run.code, 0, "{name}: {}", run.stderr);
            fs::read_to_string(&path).expect("the dump")
        };
        let found = dump(&project);
        let run = run_in(folder.path(), &[&["init", "--json"], &project[..]].concat());
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        assert!(!tables(&run.json()).is_empty());
        let text = fs::read_to_string(folder.path().join("opswall.toml")).expect("the file");
        assert_eq!(dump(&["--key", KEY]), found, "{name}: {text}");
        assert!(found.lines().count() > 10, "{name}: {found}");
        assert_ne!(run.json()["sources"], json!([]));
    }
}
