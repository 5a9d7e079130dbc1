//! `opswall bench ingest`: a small run, with its child process and its socket.

use std::process::Command;

use serde_json::Value;

fn measure(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(["bench", "ingest", "--reference", "none", "--json"])
        .args(arguments)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn every_change_is_received_and_the_figures_are_named() {
    let found = measure(&["--changes", "3000", "--rows", "200", "--runs", "2"]);
    assert_eq!(found["bench"], "ingest");
    assert_eq!(
        (found["changes"].as_u64(), found["rows"].as_u64()),
        (Some(3_000), Some(200))
    );
    for name in ["median", "p99"] {
        assert!(found["changes_per_cpu_s"][name].as_f64().unwrap() > 0.0, "{found}");
    }
    assert!(found.get("ratio").is_none(), "a ratio without a reference: {found}");
}

#[test]
fn a_sleeping_reader_receives_one_change_for_each_row() {
    // The channel holds 8,192 events. Changes that do not fit are merged, one for each row.
    let found = measure(&["--changes", "40000", "--rows", "500", "--reader", "asleep"]);
    let taken = found["taken"].as_u64().expect("a number");
    assert!((8_192..=8_192 + 501).contains(&taken), "{found}");
}
