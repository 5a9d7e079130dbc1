//! A dozen faults, each of another kind, against the real worker on real sockets: after each the wall is true again, and it never says
//! Live while it is not. `opswall bench chaos --faults 100` is the long run.

use std::process::Command;

use serde_json::Value;

#[test]
fn a_dozen_kinds_of_faults_leave_the_wall_true() {
    let seed = fastrand::u64(..1_000_000).to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(["bench", "chaos", "--faults", "12", "--json", "--seed", &seed])
        .output()
        .expect("a run");
    let (told, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "--seed {seed}: {said}{told}");
    let report: Value = serde_json::from_str(&told).expect("one object");
    assert_eq!((&report["bench"], &report["equal"]), (&"chaos".into(), &true.into()));
    assert_eq!(report["lies"], serde_json::json!([]), "{told}");
    let kinds = report["kinds"].as_object().expect("kinds");
    assert_eq!(kinds.len(), 12, "each of them once: {told}");
    // Of nineteen kinds five may pass unseen.
    let healed = kinds
        .values()
        .filter(|kind| kind["true_again_ms"]["max"].is_u64())
        .count();
    assert!(healed >= 5, "{told}");
    // The rest of it: something went on all the while, and rows were left.
    assert!(
        report["changes"].as_u64() > Some(1_000) && report["connects"].as_u64() > Some(3),
        "{told}"
    );
    assert!(!said.contains("of no worth"), "the password stays where it is");
}

#[test]
fn wrong_arguments_are_one_sentence_and_exit_code_2() {
    for arguments in [["--faults", "0"], ["--rate", "0"], ["--rate", "many"], ["--seed", "-1"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
            .args(["bench", "chaos"])
            .args(arguments)
            .output()
            .expect("a run");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}
