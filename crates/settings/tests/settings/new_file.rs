//! The file that `init` writes, read again, means what was found.

use std::fs;

use model::{
    Mapping, Record, RowId, RowKey, SourceMapping,
    discover::{ColumnFacts, Proposal, TableFacts, propose},
};
use serde_json::{Value, json};
use settings::{
    Settings,
    new_file::{FoundSource, NewFileError, check, text, write},
    presets,
};

use super::Place;

fn facts(table: &str, rows: &Value) -> TableFacts {
    let rows: Vec<Record> = (rows.as_array().expect("a list").iter())
        .map(|row| Record::from_json(&row.to_string()).expect("a row"))
        .collect();
    let columns = rows
        .first()
        .map(|row| row.header().names().to_vec())
        .unwrap_or_default();
    TableFacts {
        schema: "public".into(),
        table: table.into(),
        columns: (columns.iter())
            .map(|name| ColumnFacts {
                name: name.to_string(),
                ..ColumnFacts::default()
            })
            .collect(),
        count: Some(rows.len() as u64),
        rows,
        ..TableFacts::default()
    }
}

/// A project with names of its own, several sources of a kind, a companion, and a word that means something else.
fn project() -> Vec<TableFacts> {
    let rows = |make: &dyn Fn(u32) -> Value| Value::Array((1..=12).map(make).collect());
    let state = |n: u32, words: &[&str]| words[n as usize % words.len()].to_owned();
    vec![
        facts(
            "ai_agents",
            &rows(&|n| {
                json!({
                    "id": n, "agent_name": format!("agent {n}"), "status": state(n, &["draft", "active", "archived"]),
                    "model": "small", "last_seen_at": "2026-11-01T00:00:00Z", "created_at": "2026-10-01T00:00:00Z",
                })
            }),
        ),
        facts(
            "agent_presence",
            &rows(&|n| {
                json!({
                    "agent_id": n, "status": state(n, &["idle", "running", "error"]), "current_task": "reading \"it\"",
                    "heartbeat_at": "2026-11-01T00:00:00Z",
                })
            }),
        ),
        facts(
            "tasks",
            &rows(&|n| {
                json!({
                    "id": n, "headline": format!("Task {n}"), "taskStatus": state(n, &["parkéd", "done", "approved"]),
                    "agent_id": n, "project_id": 1, "attempts": 1, "max_attempts": 3, "error": null,
                    "created_at": "2026-10-01T00:00:00Z", "completed_at": null,
                })
            }),
        ),
        facts(
            "jobs",
            &rows(&|n| {
                json!({
                    "id": n, "title": format!("Job {n}"), "status": state(n, &["queued", "delivered", "done"]),
                    "assigned_to": format!("agent {n}"), "parent_id": n % 3, "created_at": "2026-10-01T00:00:00Z",
                })
            }),
        ),
        facts("projects", &json!([{"id": 1, "name": "One", "is_active": true}])),
        facts(
            "workflow_runs",
            &rows(&|n| {
                json!({
                    "run_id": format!("r{n}"), "workflow_name": format!("Run {n}"),
                    "status": state(n, &["completed", "running"]), "conclusion": "failure", "project_id": 1,
                })
            }),
        ),
        TableFacts {
            schema: "public".into(),
            table: "missions".into(),
            count: Some(0),
            ..TableFacts::default()
        },
    ]
}

fn found(tables: &[TableFacts]) -> (Proposal, Vec<FoundSource>) {
    let proposal = propose(tables, presets());
    let sources = proposal.sources.iter().map(|source| {
        let facts = tables
            .iter()
            .find(|facts| facts.table == source.mapping.table)
            .expect("facts");
        FoundSource {
            mapping: source.mapping.clone(),
            columns: facts.columns.iter().map(|column| column.name.clone()).collect(),
            remarks: vec![format!("{}: \u{7f} a remark\n[[sources]]", source.mapping.table)],
            is_left_out: false,
        }
    });
    let sources = sources.collect();
    (proposal, sources)
}

fn reload(place: &Place, text: &str) -> Settings {
    fs::write(place.env.working_dir.join("opswall.toml"), text).expect("written");
    place.load(&[])
}

#[test]
fn the_file_read_again_gives_the_same_sources_and_readings() {
    let place = Place::new().var("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_hidden");
    let tables = project();
    let (proposal, sources) = found(&tables);
    assert!(sources.len() >= 6, "{proposal:?}");
    let settings = place.load(&["--url", "https://abc.supabase.co", "--status", "frozen=waiting"]);
    let text = text(&settings, &settings.own_file, &["Found.".into()], &sources);
    let again = reload(&place, &text);
    assert!(!text.contains("sb_publishable"), "{text}");

    let expected = Mapping::new(proposal.sources.iter().map(|source| source.mapping.clone()).collect());
    assert_eq!(again.mapping.sources().len(), expected.sources().len(), "{text}");
    for ((id, written), (found, of)) in again.mapping.iter().zip(expected.sources().iter().zip(&sources)) {
        let single = |of: &SourceMapping| (of.kind, of.name(), of.lifecycle, of.gone, of.words.clone());
        assert_eq!(single(written), single(found), "{text}");
        assert_eq!(written.companions, found.companions, "{text}");
        for role in SourceMapping::ROLES {
            let is_link = ["agent", "workflow", "run", "depends_on", "parent", "current_task"].contains(role);
            // Links are compared by what they lead to, below; what lies in a column counts where there is any.
            let columns = |of: &SourceMapping| -> Vec<String> {
                let present = of.present(role, &sources[id.index()].columns);
                present.into_iter().filter(|name| !name.contains('.')).collect()
            };
            if !is_link {
                assert_eq!(
                    columns(written),
                    columns(found),
                    "{role} of {}\n{text}",
                    of.mapping.table
                );
            }
        }
        let rows = &tables
            .iter()
            .find(|facts| facts.table == found.table)
            .expect("facts")
            .rows;
        for row in rows {
            let key = RowKey::new(found.kind, id, expected.id_of(id, row).unwrap_or(RowId::from("")));
            assert_eq!(again.mapping.id_of(id, row), expected.id_of(id, row), "{text}");
            assert_eq!(again.mapping.reading(&key, row), expected.reading(&key, row), "{text}");
            // A default names the column in its own spelling, not in the table's.
            let explained = |mapping: &Mapping| {
                let explanation = mapping.explain(id, row);
                (explanation.state, explanation.rule, explanation.value)
            };
            assert_eq!(explained(&again.mapping), explained(&expected), "{text}");
        }
    }
    assert_eq!(again.mapping.words.len(), 1, "the words of the settings are kept");
    assert!(again.has_project(), "the URL is kept: {text}");
}

#[test]
fn a_source_that_fits_the_defaults_takes_three_lines() {
    let place = Place::new();
    let rows: Vec<Value> = (1..=8)
        .map(|n| json!({"id": n, "title": format!("Task {n}"), "status": "running", "created_at": "2026-01-01T00:00:00Z"}))
        .collect();
    let (_, sources) = found(&[facts("tasks", &Value::Array(rows))]);
    let settings = place.load(&[]);
    let text = text(&settings, &settings.own_file, &[], &sources);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    assert_eq!(lines, ["[[sources]]", "kind = \"task\"", "table = \"tasks\""], "{text}");
}

#[test]
fn a_source_that_is_left_out_is_a_remark() {
    let place = Place::new();
    let (_, mut sources) = found(&project());
    for source in &mut sources {
        source.is_left_out = source.mapping.table != "tasks";
    }
    let settings = place.load(&[]);
    let again = reload(&place, &text(&settings, &settings.own_file, &[], &sources));
    assert_eq!(again.mapping.sources().len(), 1);
}

#[test]
fn what_the_file_sets_beside_its_sources_stays_when_it_is_replaced() {
    let place =
        Place::new().file("max_reconnect_attempts = 7\n[auth]\nemail = \"me@example.com\"\npassword_file = \"pw\"\n");
    fs::write(place.env.working_dir.join("pw"), "word").expect("written");
    let settings = place.load(&[]);
    let path = settings.own_file.clone();
    let (_, sources) = found(&project());
    let text = text(&settings, &path, &[], &sources);
    assert!(matches!(check(&path, false), Err(NewFileError::Exists(_))));
    assert!(matches!(write(&path, &text, false), Err(NewFileError::Exists(_))));
    write(&path, &text, true).expect("written");
    let again = place.load(&[]);
    assert_eq!(again.backoff.max_attempts, 7, "{text}");
    assert!(text.contains("[auth]\nemail = \"me@example.com\""), "{text}");
    assert!(again.mapping.sources().len() >= 6);
}
