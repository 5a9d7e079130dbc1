//! The fixtures of public schemas (`tests/fixtures/NAME.sql` with the truth about its rows in `NAME.tsv`) are complete
//! and well formed. That each script loads and reads as its truth says is checked where a PostgreSQL runs.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

const HEADER: &str = "table\tid\tkind\tlabel\tstate\tperson\tlinks";
const KINDS: &[&str] = &["agent", "task", "workflow", "run"];
const STATES: &[&str] = &[
    "idle",
    "queued",
    "running",
    "waiting",
    "blocked",
    "done",
    "failed",
    "cancelled",
    "offline",
    "unmapped",
];
const PERSON: &[&str] = &["yes", "no"];
const ROLES: &[&str] = &["agent", "workflow", "run", "parent", "depends", "task"];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The names of the fixtures that have a file with this extension.
fn names(extension: &str) -> BTreeSet<String> {
    fs::read_dir(folder())
        .expect("the folder of fixtures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|own| own == extension))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect()
}

fn text(name: &str, extension: &str) -> String {
    let path = folder().join(format!("{name}.{extension}"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong with a truth file, one line each.
fn faults(truth: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if truth.contains('\r') || !truth.ends_with('\n') {
        faults.push("its lines end with a line feed alone, the last one too".to_owned());
    }
    let mut lines = truth.lines();
    if lines.next() != Some(HEADER) {
        faults.push(format!("its first line is {HEADER:?}"));
    }
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    if rows.is_empty() {
        faults.push("it has no row".to_owned());
    }
    let keys: BTreeSet<(&str, &str)> = rows
        .iter()
        .filter_map(|row| Some((*row.first()?, *row.get(1)?)))
        .collect();
    let mut before = None;
    for (index, row) in rows.iter().enumerate() {
        let mut fault = |what: String| faults.push(format!("line {}: {what}", index + 2));
        let [table, id, kind, label, state, person, links] = row[..] else {
            fault(format!("{} columns instead of 7", row.len()));
            continue;
        };
        if row.iter().any(|cell| cell.is_empty() || cell.trim() != *cell) {
            fault("an empty cell, or a space at its edge".to_owned());
        }
        if before.is_some_and(|before| before >= (table, id)) {
            fault(format!("{table}/{id} is not after the row before it"));
        }
        before = Some((table, id));
        for (known, word) in [(KINDS, kind), (STATES, state), (PERSON, person)] {
            if !known.contains(&word) {
                fault(format!("{word:?} is none of {known:?}"));
            }
        }
        if label.chars().any(char::is_control) {
            fault("a control character in the label".to_owned());
        }
        if links == "-" {
            continue;
        }
        for link in links.split(',') {
            let (role, target) = link.split_once(':').unwrap_or((link, ""));
            if !ROLES.contains(&role) {
                fault(format!("{role:?} is none of {ROLES:?}"));
            }
            let target = target.split_once('/').unwrap_or((target, ""));
            if !keys.contains(&target) {
                fault(format!("{link} leads to a row that is not shown"));
            }
        }
    }
    faults
}

#[test]
fn every_fixture_is_a_script_and_a_truth() {
    let (scripts, truths) = (names("sql"), names("tsv"));
    assert!(!scripts.is_empty(), "no fixture in {}", folder().display());
    assert_eq!(scripts, truths, "each NAME.sql has a NAME.tsv, and the other way round");
    for name in &scripts {
        assert!(
            name.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')),
            "{name}: names are lower case, with _ between words"
        );
        let script = text(name, "sql");
        assert!(
            script.starts_with("-- "),
            "{name}.sql: its first line says what the shape is and where its names are from"
        );
        for taken in [
            "create role",
            "create publication",
            "create schema auth",
            "create database",
        ] {
            assert!(
                !script.to_ascii_lowercase().contains(taken),
                "{name}.sql: no `{taken}`, which the database already has"
            );
        }
    }
}

#[test]
fn every_truth_is_well_formed() {
    let mut report = String::new();
    for name in names("tsv") {
        for fault in faults(&text(&name, "tsv")) {
            let _ = writeln!(report, "{name}.tsv: {fault}");
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn a_bad_truth_is_found() {
    let good = format!("{HEADER}\na\t1\tagent\tAnn\tidle\tno\t-\nt\t1\ttask\tDig\tqueued\tno\tagent:a/1\n");
    assert_eq!(faults(&good), Vec::<String>::new());
    for (from, to) in [
        ("table\tid", "id\ttable"),
        ("\tidle", "\tresting"),
        ("\tagent\tAnn", "\trobot\tAnn"),
        ("\tqueued\tno", "\tqueued\tperhaps"),
        ("agent:a/1", "agent:a/2"),
        ("agent:a/1", "owner:a/1"),
        ("t\t1\t", "a\t1\t"),
        ("\tDig", "\t"),
        ("\tDig", ""),
        ("\n", "\r\n"),
    ] {
        assert!(
            !faults(&good.replace(from, to)).is_empty(),
            "{from:?} as {to:?} is not found"
        );
    }
}
