//! `opswall explain` as a user runs it.

use std::process::{Command, Output};

use demo::{Server, TableId};
use serde_json::{Map, Value, json};

use crate::demo::server;

fn explain(url: &str, args: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_opswall"))
        .arg("explain")
        .args(args)
        .args(["--url", url, "--key", "demo"])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .output()
        .expect("the program starts")
}

fn insert(server: &Server, row: Value) -> String {
    let row: Map<String, Value> = row.as_object().expect("an object").clone();
    server.control().insert(TableId::Tasks, row).expect("a row").to_string()
}

#[test]
fn it_names_the_state_the_rule_and_the_column_of_a_row() {
    let server = server(0.0);
    let url = server.url();
    let id = insert(&server, json!({"title": "Pay the invoice", "status": "legal_review"}));
    let output = explain(&url, &["tasks", &id]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let expected =
        "waiting, because `status` is `legal_review` (rule: shape of the word, a guess); it asks for a person";
    assert!(text.contains("Pay the invoice") && text.contains(expected), "{text}");

    let output = explain(&url, &["task", &id, "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(answer["table"], "tasks");
    assert_eq!(answer["id"], id.as_str());
    assert_eq!(answer["explanation"]["rule"], "shape");
    assert_eq!(answer["explanation"]["column"], "status");
    assert_eq!(answer["reading"]["state"], "waiting");
    assert_eq!(answer["reading"]["needs_person"], true);
    assert_eq!(answer["reading"]["guessed"], true);
}

#[test]
fn a_row_or_a_table_that_is_not_there_is_said_in_one_sentence() {
    let server = server(0.0);
    let url = server.url();
    for (args, code, sentence) in [
        (
            ["tasks", "00000000-0000-4000-8000-000000000000"],
            1,
            "public.tasks has no row",
        ),
        (
            ["invoices", "1"],
            2,
            "no table invoices is followed: use one of agents, tasks, workflows",
        ),
    ] {
        let output = explain(&url, &args);
        assert_eq!(output.status.code(), Some(code));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(sentence) && error.trim().lines().count() == 1, "{error}");
    }
}
