//! `opswall bench scene`: a small but complete run, with its child process, its socket and its pictures. The times that it
//! measures are not checked.

use std::process::Command;

use serde_json::Value;

fn measure(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(["bench", "scene", "--entities", "600", "--runs", "1", "--json"])
        .args(arguments)
        .output()
        .expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn is_positive(found: &Value, pointer: &str) -> bool {
    found
        .pointer(pointer)
        .and_then(Value::as_f64)
        .is_some_and(|value| value > 0.0)
}

#[test]
fn the_worlds_are_measured_at_rest_with_changes_and_in_flight_against_sprites() {
    let found = measure(&["--changes", "50", "--reference", "sprites"]);
    assert_eq!(
        (found["bench"].as_str(), found["entities"].as_u64()),
        (Some("scene"), Some(600))
    );
    for phase in ["/rest", "/changing", "/moving", "/reference"] {
        for figure in ["frame_cpu_ms/median", "frame_ms/p99"] {
            assert!(
                is_positive(&found, &format!("{phase}/{figure}")),
                "{phase}/{figure}: {found}"
            );
        }
    }
    assert_eq!(found["reference"]["name"], "sprites");
    assert!(
        is_positive(&found, "/ratio") && found.get("frames_per_s").is_none(),
        "{found}"
    );
}

#[test]
fn the_whole_picture_is_measured_and_equals_the_feed_after_a_burst() {
    let found = measure(&["--changes", "200", "--full"]);
    for figure in [
        "/frames_per_s/median",
        "/frame_ms/p99",
        "/burst/longest_ms/median",
        "/burst/times_median/median",
        "/burst/equal_after_ms/median",
    ] {
        assert!(is_positive(&found, figure), "{figure}: {found}");
    }
    assert!(found.get("ratio").is_none(), "a ratio without a reference: {found}");
}
