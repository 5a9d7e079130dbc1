//! Rows that other tables complete, and agents that are silent, in `tail` and `explain`.

use std::{path::Path, process::Command, time::Duration};

use demo::{Server, TableId};
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

use crate::demo::server;

/// Tasks name their agent by its name, and workflows have the state of their latest run.
const SOURCES: &str = r#"
[[sources]]
kind = "agent"
table = "agents"

[[sources]]
kind = "task"
table = "tasks"
agent = "error_message -> agents.name"
gone = "done"

[[sources]]
kind = "workflow"
table = "workflows"
status = ["workflow_runs.status", "status"]

[[sources.companions]]
table = "workflow_runs"
key = "workflow_id"
latest_by = "started_at"
"#;

fn opswall(folder: &Path, args: &[&str]) -> String {
    std::fs::write(folder.join("opswall.toml"), SOURCES).expect("the folder takes files");
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(args)
        .args(["--key", "demo"])
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .output()
        .expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(!errors.contains("explained without"), "{errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn insert(server: &Server, table: TableId, row: Value) -> String {
    let row: Map<String, Value> = row.as_object().expect("an object").clone();
    server.control().insert(table, row).expect("a row").to_string()
}

fn ago(span: Span) -> String {
    Timestamp::now().checked_sub(span).expect("a time").to_string()
}

struct Rows {
    silent: String,
    task: String,
    gone: String,
    workflow: String,
}

/// An agent that is silent among others that are not; a task of it; a workflow with two runs.
fn rows(server: &Server) -> Rows {
    let two_hours = Span::new().hours(2);
    let agent = json!({"name": "Silent Ada", "status": "working", "last_heartbeat_at": ago(two_hours)});
    let silent = insert(server, TableId::Agents, agent);
    let task = insert(
        server,
        TableId::Tasks,
        json!({"title": "Ship", "status": "running", "error_message": "Silent Ada"}),
    );
    let gone = insert(server, TableId::Tasks, json!({"title": "Sweep", "status": "queued"}));
    let workflow = insert(
        server,
        TableId::Workflows,
        json!({"name": "Release", "status": "running"}),
    );
    for (status, minutes) in [("failed", 5), ("completed", 9)] {
        let started = ago(Span::new().minutes(minutes));
        let run = json!({"workflow_id": workflow, "status": status, "started_at": started});
        insert(server, TableId::Runs, run);
    }
    Rows {
        silent,
        task,
        gone,
        workflow,
    }
}

#[test]
fn changes_and_the_dump_read_rows_with_what_completes_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(0.0);
    let rows = rows(&server);
    let control = server.control();
    let (workflow, gone) = (rows.workflow.clone(), rows.gone.parse().expect("a uuid"));
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(4));
        let run = json!({"workflow_id": workflow, "status": "running", "started_at": ago(Span::new().seconds(1))});
        control
            .insert(TableId::Runs, run.as_object().expect("an object").clone())
            .expect("a row");
        control.delete(TableId::Tasks, gone).expect("a row");
    });
    let args = [
        "tail",
        "--json",
        "--for",
        "7",
        "--dump",
        "dump.jsonl",
        "--url",
        &server.url(),
    ];
    let text = opswall(folder.path(), &args);
    let parse = |text: &str| -> Vec<Value> {
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    let lines = parse(&text);
    let changes: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "change").collect();
    assert!(
        changes.iter().all(|line| line["source"] != "workflow_runs"),
        "its rows are no marks"
    );
    let of = |id: &str| -> Vec<&Value> { changes.iter().filter(|line| line["id"] == id).copied().collect() };
    let last = of(&rows.workflow).pop().expect("a change of the workflow");
    assert_eq!(
        (&last["reading"]["state"], &last["op"]),
        (&json!("running"), &json!("update"))
    );
    assert_eq!(
        last["record"].get("workflow_runs.status"),
        None,
        "the record is the table's own"
    );
    let states: Vec<&Value> = of(&rows.workflow)
        .into_iter()
        .map(|line| &line["reading"]["state"])
        .collect();
    assert!(states.contains(&&json!("failed")), "the latest run before: {states:?}");
    let deleted = of(&rows.gone).pop().expect("a change of the task");
    assert_eq!(
        (&deleted["op"], &deleted["reading"]["state"]),
        (&json!("delete"), &json!("done"))
    );
    let synced = lines.iter().find(|line| line["kind"] == "synced").expect("a snapshot");
    assert_eq!(
        (&synced["rows"]["runs"], &synced["rows"]["workflows"]),
        (&json!(0), &json!(6))
    );

    let dump = std::fs::read_to_string(folder.path().join("dump.jsonl")).expect("the dump");
    let dump = parse(&dump);
    let row = |id: &str| {
        dump.iter()
            .find(|line| line["id"] == id)
            .unwrap_or_else(|| panic!("no {id}"))
    };
    assert_eq!(row(&rows.workflow)["reading"]["state"], "running");
    assert_eq!(row(&rows.workflow)["record"].get("workflow_runs.status"), None);
    assert_eq!(row(&rows.task)["reading"]["agent"], rows.silent.as_str(), "by its name");
    assert_eq!(row(&rows.silent)["reading"]["state"], "offline");
    let offline = |line: &&Value| line["table"] == "agents" && line["reading"]["state"] == "offline";
    assert!(dump.iter().filter(offline).count() < 6, "those that beat are not");
    assert!(dump.iter().all(|line| line["source"] != "workflow_runs"));
}

#[test]
fn a_row_is_explained_with_what_completes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(0.0);
    let rows = rows(&server);
    let url = server.url();
    let explain = |table: &str, id: &str| opswall(folder.path(), &["explain", table, id, "--url", &url]);
    let text = explain("workflows", &rows.workflow);
    assert!(
        text.contains("failed, because `workflow_runs.status` is `failed` (rule: word)"),
        "{text}"
    );
    let text = explain("tasks", &rows.task);
    assert!(text.contains(&format!("agent      {}", rows.silent)), "{text}");
    let text = explain("agents", &rows.silent);
    let sentence = "offline, because `last_heartbeat_at` is 2 h old and it should come every 10 min (rule: heartbeat)";
    assert!(text.contains(sentence), "{text}");
}
