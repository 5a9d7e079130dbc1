//! What discovery proposes for tables of different shapes.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use model::{
    Kind, Record, Status,
    discover::{
        ColumnFacts, Confidence, Preset, PresetColumn, Proposal, ProposedSource, TableFacts, TableForm, Way, propose,
    },
    mapping::Take,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A table as REST shows it: its name and its rows.
fn table(name: &str, rows: Value) -> TableFacts {
    let rows: Vec<Record> = serde_json::from_value(rows).expect("rows");
    let names = rows
        .first()
        .map(|row| row.header().names().to_vec())
        .unwrap_or_default();
    TableFacts {
        schema: "public".to_owned(),
        table: name.to_owned(),
        columns: names
            .iter()
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

fn of<'p>(proposal: &'p Proposal, table: &str) -> &'p ProposedSource {
    let found = proposal.sources.iter().find(|source| source.mapping.table == table);
    found.unwrap_or_else(|| panic!("{table} is no source: {proposal:#?}"))
}

fn kinds(proposal: &Proposal) -> Vec<(&str, Kind)> {
    proposal
        .sources
        .iter()
        .map(|source| (source.mapping.table.as_str(), source.mapping.kind))
        .collect()
}

#[test]
fn any_number_of_tables_a_kind_and_none_of_what_only_surrounds_them() {
    let facts = [
        table("messages", json!([{"id": 1, "agent_id": 1, "content": "Hello there"}])),
        table(
            "agents",
            json!([{"id": 1, "name": "Ada", "status": "idle"}, {"id": 2, "name": "Bo", "status": "busy"}]),
        ),
        table(
            "jobs",
            json!([{"id": 10, "type": "scan", "status": "queued", "agent_id": 1}]),
        ),
        table(
            "tasks",
            json!([{"id": 20, "title": "Sort", "status": "done", "agent_id": 2}]),
        ),
        table("api_keys", json!([{"id": 3, "key_hash": "x", "status": "active"}])),
    ];
    let proposal = propose(&facts, &[]);
    assert_eq!(
        kinds(&proposal),
        [("agents", Kind::Agent), ("jobs", Kind::Task), ("tasks", Kind::Task)]
    );
    assert_eq!(of(&proposal, "tasks").mapping.agent, ["agent_id -> agents"]);
    let passed_over: Vec<&str> = proposal.passed_over.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(passed_over, ["messages", "api_keys"]);
    assert!(propose(&[], &[]).sources.is_empty());
}

#[test]
fn a_container_is_a_workflow_when_work_belongs_to_it_and_sessions_are_what_links_to_them_says() {
    let project = || {
        table(
            "projects",
            json!([{"id": 7, "name": "Fares"}, {"id": 8, "name": "Maps"}]),
        )
    };
    let alone = propose(
        &[
            project(),
            table("tasks", json!([{"id": 1, "title": "a", "status": "open"}])),
        ],
        &[],
    );
    assert_eq!(kinds(&alone), [("tasks", Kind::Task)]);
    let tasks = table(
        "tasks",
        json!([{"id": 1, "title": "a", "status": "open", "project_id": 8}]),
    );
    let used = propose(&[project(), tasks], &[]);
    assert_eq!(kinds(&used), [("tasks", Kind::Task), ("projects", Kind::Workflow)]);
    assert_eq!(of(&used, "tasks").mapping.workflow, ["project_id -> projects"]);

    let sessions = || {
        table(
            "sessions",
            json!([{"id": "s1", "name": "one", "status": "busy"}, {"id": "s2", "name": "two", "status": "idle"}]),
        )
    };
    let claimed = table(
        "tasks",
        json!([
            {"id": 1, "title": "a", "status": "open", "claimed_by": "s2"},
            {"id": 2, "title": "b", "status": "open", "claimed_by": "s1"},
        ]),
    );
    let proposal = propose(&[sessions(), claimed], &[]);
    assert_eq!(of(&proposal, "sessions").mapping.kind, Kind::Agent);
    assert_eq!(of(&proposal, "tasks").mapping.agent, ["claimed_by -> sessions"]);
    let part = table(
        "tasks",
        json!([{"id": 1, "title": "a", "status": "open", "session_id": "s1", "agent_id": "x"}]),
    );
    let agents = table("agents", json!([{"id": "x", "name": "X"}]));
    let proposal = propose(&[sessions(), part, agents], &[]);
    assert_eq!(of(&proposal, "sessions").mapping.kind, Kind::Workflow);
}

#[test]
fn links_are_found_by_values_in_other_columns_than_the_key() {
    let facts = [
        table(
            "agents",
            json!([
                {"id": "6b1f0000-0000-4000-8000-000000000001", "agent_name": "front-desk", "status": "active"},
                {"id": "6b1f0000-0000-4000-8000-000000000002", "agent_name": "cashier", "status": "active"},
            ]),
        ),
        table(
            "jobs",
            json!([
                {"id": 1, "type": "scan", "status": "queued", "agent_name": "cashier"},
                {"id": 2, "type": "scan", "status": "done", "agent_name": "front-desk"},
            ]),
        ),
    ];
    let jobs = propose(&facts, &[]);
    let jobs = of(&jobs, "jobs");
    assert_eq!(jobs.mapping.agent, ["agent_name -> agents.agent_name"]);
    assert_eq!(jobs.mapping.label, ["type"], "the name of its agent is not its own");
}

#[test]
fn tables_that_complete_others_become_companions() {
    let facts = [
        table(
            "agents",
            json!([{"id": "a", "name": "Ada", "status": "idle"}, {"id": "b", "name": "Bo", "status": "idle"}]),
        ),
        table(
            "agent_heartbeats",
            json!([
                {"id": 1, "agent_id": "a", "state": "running", "created_at": "2026-03-01T10:00:00Z"},
                {"id": 2, "agent_id": "a", "state": "idle", "created_at": "2026-03-01T10:01:00Z"},
            ]),
        ),
        table(
            "tasks",
            json!([{"id": 1, "title": "x", "status_id": 2}, {"id": 2, "title": "y", "status_id": 3}]),
        ),
        table(
            "task_statuses",
            json!([{"id": 2, "name": "queued"}, {"id": 3, "name": "running"}]),
        ),
        table(
            "task_assignees",
            json!([{"task_id": 1, "agent_id": "a"}, {"task_id": 1, "agent_id": "b"}]),
        ),
    ];
    let proposal = propose(&facts, &[]);
    assert_eq!(kinds(&proposal), [("agents", Kind::Agent), ("tasks", Kind::Task)]);
    let agents = &of(&proposal, "agents").mapping;
    assert_eq!(agents.status, ["agent_heartbeats.state", "status"]);
    assert_eq!(
        agents.companions.first().expect("one").take,
        Take::Latest(Some("created_at".to_owned()))
    );
    let tasks = &of(&proposal, "tasks").mapping;
    assert_eq!(tasks.status, ["task_statuses.name"]);
    assert_eq!(tasks.agent, ["task_assignees.agent_id -> agents"]);
    let lookup = tasks
        .companions
        .iter()
        .find(|companion| companion.table() == "task_statuses")
        .expect("a lookup");
    assert_eq!((lookup.theirs(), lookup.ours.as_str()), ("id", "status_id"));
}

#[test]
fn words_are_understood_by_their_neighbours() {
    let agents = |words: &[&str]| {
        let rows: Vec<Value> = words
            .iter()
            .enumerate()
            .map(|(id, word)| json!({"id": id, "name": format!("n{id}"), "status": word}))
            .collect();
        of(&propose(&[table("agents", json!(rows))], &[]), "agents")
            .mapping
            .lifecycle
    };
    assert!(agents(&["active", "draft", "archived"]) && agents(&["active", "active"]));
    assert!(!agents(&["active", "idle"]) && !agents(&["busy", "idle"]));
    let words = |name: &str, words: &[&str]| {
        let rows: Vec<Value> = words
            .iter()
            .enumerate()
            .map(|(id, word)| json!({"id": id, "title": format!("n{id}"), "status": word}))
            .collect();
        of(&propose(&[table(name, json!(rows))], &[]), name)
            .mapping
            .words
            .clone()
    };
    assert_eq!(
        words("tasks", &["approved", "executed", "failed"]).get("approved"),
        Some(&Status::Queued)
    );
    assert_eq!(words("tasks", &["approved", "rejected"]).get("approved"), None);
    assert_eq!(
        words("agent_approvals", &["pending", "approved"]).get("pending"),
        Some(&Status::Waiting)
    );
    assert_eq!(
        words("workflow_runs", &["pending", "success", "error"]).get("pending"),
        Some(&Status::Running)
    );
    assert_eq!(
        words("workflow_runs", &["pending", "running", "error"]).get("pending"),
        None
    );
    assert_eq!(
        words("missions", &["available", "claimed", "completed"]).get("claimed"),
        Some(&Status::Running)
    );
    assert_eq!(
        words("jobs", &["queued", "delivered", "done"]).get("delivered"),
        Some(&Status::Waiting)
    );
    let rows = json!([{"id": 1, "title": "a", "status": "parqué"}, {"id": 2, "title": "b", "status": "done"}, {"id": 3, "title": "c", "status": "parqué"}]);
    let proposal = propose(&[table("tasks", rows)], &[]);
    assert_eq!(of(&proposal, "tasks").unknown_words, [("parqué".to_owned(), 2)]);
}

#[test]
fn what_cannot_be_followed_is_polled_or_left_out_with_its_reason() {
    let rows = || json!([{"id": 1, "title": "a", "status": "done"}]);
    let view = TableFacts {
        form: Some(TableForm::View),
        ..table("tasks_view", rows())
    };
    let keyless = TableFacts {
        key: Some(Vec::new()),
        ..table("jobs", rows())
    };
    let unpublished = TableFacts {
        is_published: Some(false),
        key: Some(vec!["id".into()]),
        ..table("todos", rows())
    };
    let denied = TableFacts {
        refusal: Some("it may not be read; grant select".into()),
        ..table("missions", json!([]))
    };
    let partitioned = TableFacts {
        form: Some(TableForm::Partitioned { via_root: false }),
        ..table("tickets", rows())
    };
    let proposal = propose(
        &[view, keyless, unpublished, denied, partitioned, table("tasks", rows())],
        &[],
    );
    let way = |table: &str| of(&proposal, table).way.clone();
    assert!(matches!(way("tasks_view"), Way::Polled(why) if why.contains("view") && !why.contains("publication")));
    assert!(matches!(way("jobs"), Way::Polled(why) if why.contains("primary key")));
    assert!(matches!(way("todos"), Way::Polled(why) if why.contains("alter publication supabase_realtime add table")));
    assert!(matches!(way("missions"), Way::LeftOut(why) if why.contains("grant select")));
    assert!(matches!(way("tickets"), Way::Polled(_)));
    assert_eq!(way("tasks"), Way::Followed);
}

#[test]
fn unusual_names_and_forms_are_read() {
    let camel = table(
        "TaskRun",
        json!([
            {"runId": "r1", "agentId": "x", "state": "RUNNING", "startedAt": "2026-03-01T10:00:00Z"},
            {"runId": "r2", "agentId": "x", "state": "DONE", "startedAt": "2026-03-01T10:00:00Z"},
        ]),
    );
    let proposal = propose(
        &[camel, table("Agent", json!([{"id": "x", "displayName": "Ada"}]))],
        &[],
    );
    let run = of(&proposal, "TaskRun");
    assert_eq!(
        (run.mapping.kind, &run.mapping.id),
        (Kind::Run, &vec!["runId".to_owned()])
    );
    assert_eq!(run.mapping.agent, ["agentId -> Agent"]);
    let json_rows = table(
        "tasks",
        json!([
            {"id": 1, "record": {"title": "Sort the inbox", "status": "running"}},
            {"id": 2, "record": {"title": "Answer", "status": "done"}},
        ]),
    );
    let proposal = propose(&[json_rows], &[]);
    let tasks = &of(&proposal, "tasks").mapping;
    assert_eq!(
        (&tasks.status, &tasks.label),
        (&vec!["record.status".to_owned()], &vec!["record.title".to_owned()])
    );
    // A table without rows keeps the usual names, and nobody asks for it twice.
    let empty = propose(&[table("tasks", json!([]))], &[]);
    assert_eq!(
        of(&empty, "tasks").mapping.status,
        model::SourceMapping::of(Kind::Task).status
    );
    let umlaut = table(
        "Aufträge_jobs",
        json!([{"id": 1, "Titel": "Prüfen", "status": "erledigt"}]),
    );
    let proposal = propose(&[umlaut], &[]);
    assert_eq!(of(&proposal, "Aufträge_jobs").mapping.label, ["Titel"]);
}

#[test]
fn a_preset_is_recognised_in_any_schema_and_reads_its_tables() {
    let preset = Preset {
        name: "engine".to_owned(),
        recognised_by: vec![PresetColumn {
            schema: "engine".into(),
            table: "work".into(),
            column: "locked_at".into(),
        }],
        owns_schema: true,
        sources: vec![model::SourceMapping {
            schema: "engine".into(),
            table: "work".into(),
            ..model::SourceMapping::of(Kind::Task)
        }],
    };
    let work = TableFacts {
        schema: "jobs".into(),
        ..table("work", json!([{"id": 1, "locked_at": null}]))
    };
    let other = TableFacts {
        schema: "jobs".into(),
        ..table("tasks", json!([{"id": 1, "title": "x", "status": "open"}]))
    };
    let own = table("tasks", json!([{"id": 1, "title": "x", "status": "open"}]));
    let proposal = propose(&[work, other, own], std::slice::from_ref(&preset));
    let names: Vec<(String, Confidence)> = proposal
        .sources
        .iter()
        .map(|source| (source.mapping.name(), source.confidence))
        .collect();
    assert_eq!(
        names,
        [
            ("jobs.work".to_owned(), Confidence::Certain),
            ("tasks".to_owned(), Confidence::Certain)
        ]
    );
    // Neither a table without the column nor one whose columns are not known is the engine's.
    for rows in [json!([{"id": 1}]), json!([])] {
        let work = TableFacts {
            schema: "engine".into(),
            ..table("work", rows)
        };
        let tasks = table("tasks", json!([{"id": 1, "title": "x", "status": "open"}]));
        let proposal = propose(&[work, tasks], std::slice::from_ref(&preset));
        assert!(
            proposal
                .sources
                .iter()
                .all(|source| source.reason != "the engine engine")
        );
    }
}

#[test]
fn of_three_hundred_tables_only_some_become_sources() {
    let facts: Vec<TableFacts> = (0..300)
        .map(|n| {
            let rows: Vec<Value> = (0..200).map(|id| json!({"id": id + n * 1_000, "title": format!("t{id}"), "status": "open", "agent_id": id, "note": "x"})).collect();
            table(&format!("tasks_{n}"), json!(rows))
        })
        .collect();
    let proposal = propose(&facts, &[]);
    assert_eq!(proposal.sources.len(), 48, "bounded");
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("{}")),
        Just(json!("[")),
        Just(json!("]")),
        Just(json!(["a", 1, null])),
        Just(json!({"status": "done", "title": "x"})),
        Just(json!("2026-03-01T10:00:00Z")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_tables_break_it(
        tables in prop::collection::vec(
            ("[a-zA-Z_éß]{0,12}|agents|tasks|runs|projects|agent_presence|task_assignees",
             prop::collection::vec(prop::collection::btree_map("id|name|status|agent_id|task_id|run_id|[a-z_]{0,6}", any_value(), 0..6), 0..6)),
            0..6),
    ) {
        let facts: Vec<TableFacts> = tables.iter().map(|(name, rows)| table(name, json!(rows))).collect();
        let proposal = propose(&facts, &[]);
        prop_assert!(proposal.sources.len() + proposal.passed_over.len() >= facts.len().min(48));
        for source in &proposal.sources {
            prop_assert!(!source.mapping.id.is_empty());
            prop_assert!(!source.reason.is_empty());
        }
    }
}
