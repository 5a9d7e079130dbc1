//! `opswall tail --where`: which changes and rows are printed, and how a mistaken query is refused.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use crate::demo::server;
use demo::{Server, TableId};
use model::Kind;
use serde_json::{Map, Value, json};

fn opswall(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .expect("the program starts")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

fn object(row: Value) -> Map<String, Value> {
    row.as_object().expect("an object").clone()
}

fn insert(server: &Server, table: TableId, row: Value) -> String {
    server.control().insert(table, object(row)).expect("a row").to_string()
}

/// An agent and three tasks of it among those of the demo.
fn rows(server: &Server) -> [String; 4] {
    let agent = insert(server, TableId::Agents, json!({"name": "Zaphod", "status": "idle"}));
    let task = |title: &str, status: &str| {
        let row = json!({"title": title, "status": status, "agent_id": agent});
        insert(server, TableId::Tasks, row)
    };
    let [failed, running, queued] = [
        task("Zebra one", "failed"),
        task("Zebra two", "running"),
        task("Zebra three", "queued"),
    ];
    [agent, failed, running, queued]
}

/// Runs `tail` with a query while the first task is done, the second fails, and the third is deleted after it was renamed.
fn follow(server: &Server, rows: &[String; 4], folder: &Path, query: &str, more: &[&str]) -> (Vec<Value>, String) {
    let control = server.control();
    let [_, failed, running, queued] = rows.clone().map(|id| id.parse().expect("a uuid"));
    let changes = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(3));
        let update = |id, row| control.update(TableId::Tasks, id, &object(row)).expect("a row");
        update(failed, json!({"status": "completed"}));
        update(running, json!({"status": "failed"}));
        update(queued, json!({"title": "Zebra four"}));
        control.delete(TableId::Tasks, queued).expect("a row");
    });
    let url = server.url();
    let args = [
        &[
            "tail", "--json", "--url", &url, "--key", "demo", "--for", "6", "--where", query,
        ][..],
        more,
    ];
    let output = opswall(folder, &args.concat());
    changes.join().expect("the changes");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    (lines(&String::from_utf8_lossy(&output.stdout)), errors)
}

/// The operations on each row, in order.
fn ops(lines: &[Value], id: &str) -> Vec<String> {
    lines
        .iter()
        .filter(|line| line["kind"] == "change" && line["id"] == id)
        .map(|line| line["op"].as_str().expect("a word").to_owned())
        .collect()
}

#[test]
fn changes_of_rows_that_match_before_or_after_are_printed_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(0.0);
    let rows = rows(&server);
    let query = "state:failed zebra -title:three";
    let (lines, errors) = follow(&server, &rows, folder.path(), query, &["--dump", "dump.jsonl"]);
    let [agent, failed, running, queued] = &rows;
    assert_eq!(
        ops(&lines, failed),
        ["insert", "update"],
        "it matched before the update"
    );
    assert_eq!(ops(&lines, running), ["update"], "it matches after the update");
    assert!(ops(&lines, queued).is_empty() && ops(&lines, agent).is_empty());
    let changes = lines.iter().filter(|line| line["kind"] == "change").count();
    let summary = lines.last().expect("a summary");
    assert_eq!((changes, &summary["changes"]), (3, &json!(3)), "{errors}");
    assert_eq!(summary["rows"], json!({"tasks": {"failed": 1}}));
    let dump = std::fs::read_to_string(folder.path().join("dump.jsonl")).expect("the dump");
    let dumped = self::lines(&dump);
    assert_eq!(dumped.len(), 1, "{dump}");
    assert_eq!(
        (&dumped[0]["id"], &dumped[0]["table"]),
        (&json!(running), &json!(Kind::Task.plural()))
    );
    assert!(errors.is_empty(), "{errors}");
}

#[test]
fn rows_are_found_by_the_name_of_their_agent_and_when_they_are_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(0.0);
    let rows = rows(&server);
    let query = "agent:zaph or (kind:agent colunm:x)";
    let (lines, errors) = follow(&server, &rows, folder.path(), query, &[]);
    let [agent, failed, running, queued] = &rows;
    assert_eq!(ops(&lines, agent), ["insert"]);
    assert_eq!(ops(&lines, failed), ["insert", "update"]);
    assert_eq!(ops(&lines, running), ["insert", "update"]);
    assert_eq!(ops(&lines, queued), ["insert", "update", "delete"]);
    let all = lines.iter().filter(|line| line["kind"] == "change").count();
    assert_eq!(all, 8);
    let first_change = lines.iter().position(|line| line["kind"] == "change");
    assert!(first_change < lines.iter().position(|line| line["kind"] == "synced"));
    assert!(errors.contains("no row has a column `colunm` yet"), "{errors}");
    assert_eq!(lines.last().expect("a summary")["changes"], 8);
}

#[test]
fn a_mistaken_query_is_refused_at_the_start_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    for (query, sentence, carets) in [
        (
            "kind:task stat:failed",
            "--where: unknown field `stat`: did you mean `state`?",
            "            ^^^^",
        ),
        ("-(a", "--where: this parenthesis is not closed: add `)`", "   ^"),
        ("api_key:x", "--where: `api_key` is masked", "  ^^^^^^^"),
        ("/(/", "--where: this regular expression cannot be used", "  ^^^"),
    ] {
        // Nothing is connected to: there is no address.
        let output = opswall(folder.path(), &["tail", "--where", query]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{query}: {said}");
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains(sentence), "{said:?}");
        assert_eq!((said[1].trim_start(), said[2]), (query, carets), "{said:?}");
    }
}
