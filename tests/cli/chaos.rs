//! A dozen faults, each of another kind, against the real worker on real sockets. After each the rows are right again, and Live
//! is never reported while they are not. `opswall bench chaos --faults 100` is the long run.

use std::process::Command;

use lab::{Detection, Fault};
use serde_json::Value;

#[test]
fn a_dozen_kinds_of_faults_leave_the_rows_right() {
    let seed = fastrand::u64(..1_000_000).to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .args(["bench", "chaos", "--faults", "12", "--json", "--seed", &seed])
        .output()
        .expect("a run");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "--seed {seed}: {stderr}{stdout}");
    let report: Value = serde_json::from_str(&stdout).expect("one object");
    assert_eq!((&report["bench"], &report["equal"]), (&"chaos".into(), &true.into()));
    assert_eq!(report["lies"], serde_json::json!([]), "{stdout}");
    let kinds = report["kinds"].as_object().expect("kinds");
    assert_eq!(kinds.len(), 12, "each of them once: {stdout}");
    for (name, figures) in kinds {
        let fault = Fault::named(name).expect("a fault of the list");
        let is_healed = figures["true_again_ms"]["max"].is_u64();
        assert!(
            is_healed || fault.detection() == Detection::Possible,
            "{name}: {stdout}"
        );
    }
    assert!(
        report["changes"].as_u64() > Some(1_000) && report["connects"].as_u64() > Some(3),
        "there were changes and connections all the while: {stdout}"
    );
    assert!(!stderr.contains("of no worth"), "the password is not printed");
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
