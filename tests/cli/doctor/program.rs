//! Runs the program, and reads its report.

use std::{ffi::OsStr, path::Path, process::Command};

use serde_json::Value;

/// An argument of [`diagnose`] by which no table is named.
pub(super) const LOOK_FOR_TABLES: &str = "look for tables";

/// The result of a run of `doctor --json`.
pub(super) struct Report {
    pub(super) code: i32,
    pub(super) text: String,
    json: Value,
}

/// Runs `opswall doctor` in a folder of its own, without settings from elsewhere.
pub(super) fn run(args: &[&str], env: &[(&str, &OsStr)]) -> (i32, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    run_in(folder.path(), args, env)
}

pub(super) fn run_in(folder: &Path, args: &[&str], env: &[(&str, &OsStr)]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_opswall"))
        .arg("doctor")
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .envs(env.iter().copied())
        .output()
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let code = output.status.code().expect("it ends by itself");
    (code, text(&output.stdout), text(&output.stderr))
}

/// The report as JSON. Time limits are short unless `args` set them.
pub(super) fn diagnose(args: &[&str]) -> Report {
    diagnose_with(args, &[])
}

pub(super) fn diagnose_with(args: &[&str], env: &[(&str, &OsStr)]) -> Report {
    let mut all = vec!["--json"];
    if !args.contains(&"--timeout") {
        all.extend(["--timeout", "5"]);
    }
    if !args.contains(&"--wait") {
        all.extend(["--wait", "0.2"]);
    }
    all.extend(args);
    // With a table that is named none is looked for: most tests are about the tables of the demo feed.
    let names_table = args
        .iter()
        .any(|arg| arg.ends_with("-table") || *arg == LOOK_FOR_TABLES);
    all.retain(|arg| *arg != LOOK_FOR_TABLES);
    let named: (&str, &OsStr) = ("OPSWALL_TASKS_TABLE", OsStr::new("tasks"));
    let env: Vec<(&str, &OsStr)> = env.iter().copied().chain((!names_table).then_some(named)).collect();
    let (code, text, error) = run(&all, &env);
    assert_eq!(text.lines().count(), 1, "one object: {text} {error}");
    assert_eq!(error, "", "the report contains everything");
    let json = serde_json::from_str(&text).expect("JSON");
    Report { code, text, json }
}

impl Report {
    pub(super) fn overall(&self) -> &str {
        self.json["overall"].as_str().expect("a word")
    }

    pub(super) fn checks(&self) -> &[Value] {
        self.json["checks"].as_array().expect("a list")
    }

    /// The names of the checks in their order, each once.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .checks()
            .iter()
            .filter_map(|check| check["name"].as_str())
            .collect();
        names.dedup();
        names
    }

    /// The check of this name, of which there must be one.
    pub(super) fn check(&self, name: &str) -> &Value {
        let mut found = self.checks().iter().filter(|check| check["name"] == name);
        let check = found.next().unwrap_or_else(|| panic!("no {name} in {}", self.text));
        assert!(found.next().is_none(), "several {name} in {}", self.text);
        check
    }

    /// The check of this name for one table.
    pub(super) fn of_table(&self, name: &str, table: &str) -> &Value {
        let mut checks = self.checks().iter();
        let check = checks.find(|check| check["name"] == name && check["table"] == table);
        check.unwrap_or_else(|| panic!("no {name} of {table} in {}", self.text))
    }

    pub(super) fn results(&self, result: &str) -> Vec<&str> {
        let checks = self.checks().iter().filter(|check| check["result"] == result);
        checks.filter_map(|check| check["name"].as_str()).collect()
    }
}

/// Asserts the check's result, and that its texts contain these words.
#[track_caller]
pub(super) fn expect(check: &Value, result: &str, words: &[&str]) {
    let text: Vec<&str> = ["found", "means", "do", "sql"]
        .iter()
        .filter_map(|key| check[*key].as_str())
        .collect();
    let text = text.join("\n");
    assert_eq!(check["result"], result, "{check:#}");
    for word in words {
        assert!(text.contains(word), "'{word}' is not in {check:#}");
    }
    if result == "failed" || result == "warning" {
        assert!(
            check["means"].is_string() && check["do"].is_string(),
            "what it means, what to do: {check:#}"
        );
    }
}
