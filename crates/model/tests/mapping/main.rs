//! Rows as real projects keep them, and rows that no project should: what the default mapping makes of each.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod reading;

use model::{
    Agent, Kind, Mapping, Record, Row, RowId, RowKey, SourceId, SourceMapping, Status, Task, Workflow,
    mapping::{MAX_DEPENDENCIES_PER_TASK, MAX_LABEL_CHARS},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn record(value: Value) -> Record {
    serde_json::from_value(value).expect("an object")
}

fn read(kind: Kind, value: Value) -> Row {
    read_with(&Mapping::default(), kind, value)
}

fn read_with(mapping: &Mapping, kind: Kind, value: Value) -> Row {
    let (mapping, record) = (with_source(mapping, kind), record(value));
    let source = source(&mapping, kind);
    let id = mapping.id_of(source, &record).unwrap_or_else(|| "none".into());
    mapping.read(&RowKey::new(kind, source, id), &record)
}

/// The mapping with a source of this kind.
fn with_source(mapping: &Mapping, kind: Kind) -> Mapping {
    let mut mapping = mapping.clone();
    if !mapping.follows(kind) {
        mapping.edit(|sources| sources.push(SourceMapping::of(kind)));
    }
    mapping
}

fn source(mapping: &Mapping, kind: Kind) -> SourceId {
    mapping.first(kind).expect("a source").0
}

fn edit(mapping: &mut Mapping, kind: Kind, edit: impl FnOnce(&mut SourceMapping)) {
    let source = source(mapping, kind);
    mapping.edit(|sources| edit(&mut sources[source.index()]));
}

/// The ids of rows that are linked to.
fn linked<'k>(keys: impl IntoIterator<Item = &'k RowKey>) -> Vec<RowId> {
    keys.into_iter().map(|key| key.id.clone()).collect()
}

fn agent(value: Value) -> Agent {
    match read(Kind::Agent, value) {
        Row::Agent(agent) => agent,
        other => panic!("an agent, not {other:?}"),
    }
}

fn task(value: Value) -> Task {
    match read(Kind::Task, value) {
        Row::Task(task) => task,
        other => panic!("a task, not {other:?}"),
    }
}

fn workflow(value: Value) -> Workflow {
    match read(Kind::Workflow, value) {
        Row::Workflow(workflow) => workflow,
        other => panic!("a workflow, not {other:?}"),
    }
}

fn read_record(kind: Kind, record: &Record) -> Row {
    let mapping = Mapping::default();
    let key = RowKey::new(kind, source(&mapping, kind), "1".into());
    mapping.read(&key, record)
}

fn ids(ids: &[&str]) -> Vec<RowId> {
    ids.iter().map(|id| RowId::from(*id)).collect()
}

// The ten examples: columns as ten public projects name them, values made up.

#[test]
fn example_1_agents_with_a_current_task_and_tasks_with_an_array_of_assignees() {
    let nova = agent(json!({
        "id": "7b0c2d6e-5a0f-4c53-9d7b-0a4d2f6f1a01", "name": "Nova", "role": "researcher", "model": "large",
        "session_key": "agent:nova", "status": "thinking", "current_task_id": "51", "avatar": "🦊",
        "updated_at": "2026-02-01T17:00:00+00:00"
    }));
    assert_eq!(&*nova.label, "Nova");
    assert_eq!(nova.status.status, Status::Running);
    assert_eq!(nova.status.word.as_deref(), Some("thinking"));
    assert_eq!(nova.subtitle.as_deref(), Some("researcher"));
    assert_eq!(linked(&nova.current_task), ids(&["51"]));
    assert_eq!(
        nova.heartbeat_ms,
        Some(1_769_965_200_000),
        "updated_at is a weak sign of life"
    );

    let task = task(json!({
        "id": "51", "title": "Compare the three vendors", "status": "review", "priority": "high",
        "assignee_ids": ["a1", "a2", "a1", null], "completed_at": null
    }));
    assert_eq!(&*task.label, "Compare the three vendors");
    assert_eq!(task.status.status, Status::Waiting);
    assert!(task.needs_human);
    assert_eq!(linked(&task.agents), ids(&["a1", "a2"]));
    assert_eq!(task.priority, Some(2));

    let run =
        workflow(json!({"id": 1, "agent_id": "a1", "title": "Nightly", "status": "cancelled", "last_line": "ok"}));
    assert_eq!((&*run.label, run.status.status), ("Nightly", Status::Cancelled));
}

#[test]
fn example_2_assignment_in_a_join_table_leaves_the_task_without_agents() {
    let row =
        task(json!({"id": "t", "title": "Draft", "status": "inbox", "priority": "low", "due_date": "2026-03-01"}));
    assert_eq!(row.status.status, Status::Queued);
    assert!(row.agents.is_empty());
    assert_eq!(row.priority, Some(0));
    assert_eq!(
        agent(json!({"id": "a", "name": "B", "status": "active"})).status.status,
        Status::Running
    );
}

#[test]
fn example_3_text_ids_a_single_assignee_beside_a_list_and_an_unknown_word() {
    let row = task(json!({
        "id": "task-88", "title": "Watch the inbox", "status": "permanent", "assignee": "jarvis",
        "assignees": ["fury", "jarvis"], "project": "ops", "tags": ["mail"], "sort_order": 4
    }));
    assert_eq!(row.status.status, Status::Unmapped);
    assert_eq!(row.status.word.as_deref(), Some("permanent"), "shown, not dropped");
    assert_eq!(
        linked(&row.agents),
        ids(&["jarvis", "fury"]),
        "the single assignee leads"
    );
    assert_eq!(linked(&row.workflow), ids(&["ops"]));

    let row = agent(json!({
        "id": "jarvis", "name": "Jarvis", "level": "lead", "status": "idle", "role": "squad lead",
        "current_task": "tidying up the board", "last_seen": "2026-02-03 08:00:00.5+00"
    }));
    assert_eq!(row.current_task, None, "prose is no id");
    assert_eq!(row.heartbeat_ms, Some(1_770_105_600_500));
}

#[test]
fn example_4_human_names_and_p_priorities() {
    let row = agent(json!({
        "id": "vega", "human_name": "Vega Ruiz", "nickname": "V", "role": "design", "status": "offline",
        "current_task_id": null, "last_active": 1_770_105_600, "capabilities": ["css"], "success_rate": 0.93
    }));
    assert_eq!(&*row.label, "Vega Ruiz");
    assert_eq!(row.status.status, Status::Offline);
    assert_eq!(row.current_task, None);
    assert_eq!(row.heartbeat_ms, Some(1_770_105_600_000));

    let row = task(json!({
        "id": "1c", "title": "Fix the header", "priority": "P0", "assigned_to": "vega", "status": "blocked",
        "blocked_reason": "waiting for the brand colours", "project_id": 12
    }));
    assert_eq!(row.priority, Some(3));
    assert_eq!(linked(&row.agents), ids(&["vega"]));
    assert_eq!(row.status.status, Status::Blocked);
    assert_eq!(row.error.as_deref(), Some("waiting for the brand colours"));
    assert_eq!(linked(&row.workflow), ids(&["12"]));
}

#[test]
fn example_5_an_instruction_for_a_title_and_whole_percent() {
    let row = task(json!({
        "id": "9f", "agent_id": "4a", "instruction": "Summarise the call.\nKeep it short.", "status": "processing",
        "progress": 40, "result": {"error": "none"}
    }));
    assert_eq!(&*row.label, "Summarise the call.");
    assert_eq!(row.status.status, Status::Running);
    assert_eq!(row.progress, Some(0.4));
    assert_eq!(
        agent(json!({"id": 1, "name": "T", "status": "training"})).status.status,
        Status::Running
    );
}

#[test]
fn example_6_a_row_without_a_status_is_idle() {
    let row = agent(json!({"id": "x", "workspace_id": "w1", "name": "Kit", "model": "small", "tools": ["web"]}));
    assert_eq!(row.status.status, Status::Idle);
    assert_eq!(row.status.word, None);
    assert_eq!(row.subtitle.as_deref(), Some("small"));
    assert_eq!(linked(&row.workflow), ids(&["w1"]));
    let row = workflow(json!({"id": "f", "nodes": [], "connections": {}, "version": 3}));
    assert_eq!((&*row.label, row.status.status), ("f", Status::Idle));
}

#[test]
fn example_7_service_bots_stop_and_fail() {
    let bot = json!({"id": "b", "name": "Mail bot", "slug": "mail", "kind": "imap", "status": "stopped",
        "last_heartbeat_at": "2026-05-05T05:05:05"});
    let row = agent(bot);
    assert_eq!(row.status.status, Status::Offline);
    assert_eq!(row.subtitle.as_deref(), Some("imap"));
    assert_eq!(row.heartbeat_ms, Some(1_777_957_505_000), "without a zone it is UTC");
    let row = task(json!({"id": 5, "agent_id": "b", "title": "Fetch", "status": "success", "duration_ms": 12}));
    assert_eq!(row.status.status, Status::Done);
}

#[test]
fn example_8_workflows_are_definitions_and_runs_count_steps() {
    for (word, status) in [
        ("draft", Status::Idle),
        ("active", Status::Idle),
        ("paused", Status::Waiting),
        ("archived", Status::Cancelled),
    ] {
        assert_eq!(
            workflow(json!({"id": 1, "name": "Onboard", "status": word}))
                .status
                .status,
            status
        );
    }
    let row = workflow(json!({
        "id": "r1", "status": "waiting", "current_step": "approve", "steps_completed": 3, "steps_total": 4,
        "error_message": null
    }));
    assert_eq!((row.status.status, row.progress), (Status::Waiting, Some(0.75)));
}

#[test]
fn example_9_an_agent_belongs_to_a_workflow() {
    let row = agent(json!({"id": "u", "workflow_id": "w9", "name": "Scout", "model": "fast", "order_index": 2}));
    assert_eq!(linked(&row.workflow), ids(&["w9"]));
    assert_eq!(row.status.status, Status::Idle);
    let row = task(json!({"id": 1, "run_id": 77, "agent_id": "u", "status": "failed"}));
    assert_eq!(
        (linked(&row.workflow), row.status.status),
        (ids(&["77"]), Status::Failed)
    );
}

#[test]
fn example_10_every_column_has_a_prefix() {
    let row =
        agent(json!({"id": 3, "agent_name": "Critic", "agent_type": "reviewer", "framework": "x", "status": "active"}));
    assert_eq!((&*row.label, row.subtitle.as_deref()), ("Critic", Some("reviewer")));
    let row = task(json!({
        "id": 8, "task_name": "Score the draft", "current_status": "In Progress", "completion_percentage": 0.5,
        "agent_id": 3, "quality_score": 7
    }));
    assert_eq!(&*row.label, "Score the draft");
    assert_eq!(row.status.status, Status::Running);
    assert_eq!(row.progress, Some(0.005), "a percentage is never taken for a share");
    assert_eq!(linked(&row.agents), ids(&["3"]));
}

// One behaviour each.

#[test]
fn flags_stand_in_for_a_status() {
    let status = |kind: Kind, value: Value| match read(kind, value) {
        Row::Agent(row) => row.status,
        Row::Task(row) => row.status,
        Row::Workflow(row) => row.status,
    };
    assert_eq!(status(Kind::Agent, json!({"is_active": true})).status, Status::Idle);
    assert_eq!(status(Kind::Agent, json!({"is_active": false})).status, Status::Offline);
    assert_eq!(status(Kind::Workflow, json!({"enabled": true})).status, Status::Idle);
    assert_eq!(
        status(Kind::Workflow, json!({"enabled": "false"})).status,
        Status::Cancelled
    );
    assert_eq!(status(Kind::Task, json!({"is_completed": true})).status, Status::Done);
    assert_eq!(
        status(Kind::Task, json!({"is_completed": false})).status,
        Status::Queued
    );
    assert_eq!(status(Kind::Agent, json!({"is_active": true})).word, None);
    let both = json!({"status": null, "state": " ", "phase": "RUNNING", "is_active": false});
    assert_eq!(
        status(Kind::Agent, both).status,
        Status::Running,
        "an empty column is passed over"
    );
}

#[test]
fn the_words_of_the_user_come_first_whatever_their_spelling() {
    let mut mapping = Mapping::default();
    assert!(mapping.add_word("Erledigt", Status::Done));
    assert!(mapping.add_word("review", Status::Running));
    assert!(mapping.add_word("3", Status::Failed));
    assert!(!mapping.add_word(" - ", Status::Failed), "nothing is left of it");
    let status = |value: Value| match read_with(&mapping, Kind::Task, value) {
        Row::Task(task) => task.status.status,
        other => panic!("a task, not {other:?}"),
    };
    assert_eq!(status(json!({"status": "ERLEDIGT"})), Status::Done);
    assert_eq!(status(json!({"status": "review"})), Status::Running);
    assert_eq!(status(json!({"status": 3})), Status::Failed);
    assert_eq!(status(json!({"status": "permanent"})), Status::Unmapped);
}

#[test]
fn a_person_is_waited_for_until_the_row_is_over() {
    assert!(task(json!({"status": "running", "needs_human": true})).needs_human);
    assert!(!task(json!({"status": "running", "needs_human": false})).needs_human);
    assert!(!task(json!({"status": "done", "needs_human": true})).needs_human);
    assert!(task(json!({"status": "awaitingInput"})).needs_human);
    assert!(
        task(json!({"status": "legal_review"})).needs_human,
        "an unknown word, by its parts"
    );
    assert!(
        task(json!({"status": "em_revisão"})).needs_human,
        "a word of another language"
    );
}

#[test]
fn progress_in_every_form() {
    let progress = |value: Value| task(value).progress;
    for (cell, share) in [
        (json!(0), Some(0.0)),
        (json!(0.25), Some(0.25)),
        (json!(1.0), Some(1.0)),
        (json!(1), Some(0.01)),
        (json!(25), Some(0.25)),
        (json!(100), Some(1.0)),
        (json!(250), Some(1.0)),
        (json!(-1), None),
        (json!(null), None),
        (json!("45%"), Some(0.45)),
        (json!(" 0.5 "), Some(0.5)),
        (json!("3/4"), Some(0.75)),
        (json!("half"), None),
        (json!("NaN"), None),
        (json!({"done": 1}), None),
    ] {
        assert_eq!(
            progress(json!({"status": "running", "progress": cell.clone()})),
            share,
            "{cell}"
        );
    }
    assert_eq!(progress(json!({"status": "done", "progress": 1})), Some(1.0));
    assert_eq!(
        progress(json!({"progress": -1, "completion_percentage": 30})),
        Some(0.3)
    );
    assert_eq!(progress(json!({"steps_completed": 1, "steps_total": 0})), None);
    assert_eq!(
        progress(json!({"steps_completed": "2", "steps_total": "8"})),
        Some(0.25)
    );
    let huge: Record = serde_json::from_str(r#"{"id":1,"progress":1e999,"priority":1e999}"#).expect("a row");
    match read_record(Kind::Task, &huge) {
        Row::Task(task) => assert_eq!((task.progress, task.priority), (None, None)),
        other => panic!("a task, not {other:?}"),
    }
}

#[test]
fn priorities_in_words_and_in_numbers_of_either_direction() {
    let priority = |cell: Value| task(json!({"priority": cell})).priority;
    assert_eq!(priority(json!("Urgent")), Some(3));
    assert_eq!(priority(json!("P3")), Some(0));
    assert_eq!(priority(json!("p1")), Some(2));
    assert_eq!(priority(json!("medium")), Some(1));
    assert_eq!(priority(json!(0)), Some(0));
    assert_eq!(priority(json!(9)), Some(3));
    assert_eq!(priority(json!("2")), Some(2));
    assert_eq!(priority(json!("whenever")), None);
    let mut mapping = Mapping::default();
    edit(&mut mapping, Kind::Task, |tasks| tasks.one_is_most_urgent = true);
    let reversed = |cell: Value| match read_with(&mapping, Kind::Task, json!({"priority": cell})) {
        Row::Task(task) => task.priority,
        other => panic!("a task, not {other:?}"),
    };
    assert_eq!(
        (reversed(json!(1)), reversed(json!(4)), reversed(json!("P1"))),
        (Some(3), Some(0), Some(2))
    );
}

#[test]
fn columns_are_settable_and_reach_into_json() {
    let mut mapping = Mapping::default();
    edit(&mut mapping, Kind::Task, |columns| {
        columns.status = vec!["record.status".into()];
        columns.label = vec!["/record/names/1".into()];
        columns.agent = vec!["who".into()];
    });
    let row = json!({"id": 1, "status": "done", "who": "{a1,\"a2\",NULL}",
        "record": {"status": "running", "names": ["x", "Second"]}});
    match read_with(&mapping, Kind::Task, row) {
        Row::Task(task) => {
            assert_eq!(task.status.status, Status::Running);
            assert_eq!(&*task.label, "Second");
            assert_eq!(linked(&task.agents), ids(&["a1", "a2"]));
        }
        other => panic!("a task, not {other:?}"),
    }
    let exact = json!({"id": 1, "record.status": "failed", "record": {"status": "running"}});
    match read_with(&mapping, Kind::Task, exact) {
        Row::Task(task) => assert_eq!(
            task.status.status,
            Status::Failed,
            "a column of that very name comes first"
        ),
        other => panic!("a task, not {other:?}"),
    }
}

#[test]
fn links_take_ids_and_embedded_rows_but_no_flags() {
    let row = task(json!({"id": 1, "agent_id": {"id": 4, "name": "x"}, "workflow_id": false, "project_id": "p"}));
    assert_eq!((linked(&row.agents), linked(&row.workflow)), (ids(&["4"]), ids(&["p"])));
    let many: Vec<String> = (0..1_000).map(|n| n.to_string()).collect();
    assert_eq!(task(json!({"assignees": many})).agents.len(), 16);
}

#[test]
fn labels_are_one_clean_line_and_fall_back_to_the_id() {
    let row = task(json!({"id": "11111111-2222-4333-8444-555555555555", "title": "\u{202e}\u{0}", "name": ""}));
    assert_eq!(&*row.label, "11111111");
    let row = task(json!({"id": 1, "title": format!("a\u{202e}b\n{}", "x".repeat(1_000_000))}));
    assert_eq!(&*row.label, "ab");
    assert_eq!(&*agent(json!({"id": 1, "name": 42})).label, "42");
}

#[test]
fn cells_of_a_megabyte_are_bounded_work_and_bounded_results() {
    for cell in [
        " ".repeat(1 << 20),
        "-".repeat(1 << 20),
        ",".repeat(1 << 20),
        format!("{{{}}}", "a,".repeat(1 << 19)),
    ] {
        let cell = cell.as_str();
        let row = task(
            json!({"id": 1, "title": cell, "status": cell, "assignees": cell, "progress": cell,
            "priority": cell, "workflow_id": cell, "error": cell}),
        );
        assert!(row.label.len() <= 4 * MAX_LABEL_CHARS && row.agents.is_empty() && row.workflow.is_none());
        assert_eq!((row.progress, row.priority), (None, None));
    }
    let digits = format!(
        r#"{{"id":{0},"status":{0},"progress":{0},"priority":{0},"agent_id":{0}}}"#,
        "9".repeat(1 << 20)
    );
    let record: Record = serde_json::from_str(&digits).expect("a row");
    assert_eq!(
        Mapping::default().id_of(SourceId::new(1), &record),
        None,
        "no key is that long"
    );
    match read_record(Kind::Task, &record) {
        Row::Task(task) => assert!(task.agents.is_empty() && task.progress.is_none() && task.status.word.is_some()),
        other => panic!("a task, not {other:?}"),
    }
}

/// Any JSON, with the texts and numbers that trip parsers.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![
            Just("1e999"),
            Just("NaN"),
            Just("-0"),
            Just("infinity"),
            Just("{}"),
            Just("[]"),
            Just("{"),
            Just("/"),
            Just("%"),
            Just("3/0"),
            Just("0/0"),
            Just("İSTANBUL"),
            Just("ß"),
            Just("\u{202e}"),
            Just("\0"),
            Just("P"),
            Just("294276-12-31"),
            Just("2024-02-30T25:61:61Z"),
            Just("9999-12-31T23:59:59-23:59"),
        ]
        .prop_map(Value::from),
        "[ _a-zA-Z-]{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,8}", inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Every column that some default looks at, and pieces of paths.
fn any_column() -> impl Strategy<Value = String> {
    let mut names: Vec<String> = Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            let columns = SourceMapping::of(kind);
            [
                columns.label,
                columns.status,
                columns.agent,
                columns.workflow,
                columns.current_task,
                columns.subtitle,
                columns.heartbeat,
                columns.updated_at,
                columns.priority,
                columns.error,
                columns.needs_human,
                columns.approval,
                columns.outcome,
                columns.failed_at,
                columns.finished_at,
                columns.removed,
                columns.activity,
                columns.waits_for,
                columns.cost,
                columns.attempt,
            ]
            .into_iter()
            .flatten()
        })
        .collect();
    for name in [
        "id",
        "progress",
        "completion_percentage",
        "steps_completed",
        "steps_total",
        "error",
        "x",
    ] {
        names.push(name.into());
    }
    names.sort();
    names.dedup();
    prop::sample::select(names)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_row_fails_to_map(
        cells in prop::collection::btree_map(any_column(), any_json(), 0..12),
        id in any::<String>(),
    ) {
        let mapping = with_source(&Mapping::default(), Kind::Run);
        let record = record(Value::Object(cells.into_iter().collect()));
        for kind in Kind::ALL {
            let source = source(&mapping, kind);
            let id = mapping.id_of(source, &record).unwrap_or_else(|| id.as_str().into());
            let key = RowKey::new(kind, source, id);
            let (label, progress, priority, agents) = match mapping.read(&key, &record) {
                Row::Agent(row) => (row.label, None, None, 0),
                Row::Task(row) => (row.label, row.progress, row.priority, row.agents.len()),
                Row::Workflow(row) => (row.label, row.progress, None, 0),
            };
            prop_assert!(label.chars().count() <= MAX_LABEL_CHARS);
            prop_assert!(!label.chars().any(char::is_control));
            prop_assert!(progress.is_none_or(|share| (0.0..=1.0).contains(&share)));
            prop_assert!(priority.is_none_or(|rank| rank <= 3));
            prop_assert!(agents <= 16);
            // The explanation is of the same reading, and nothing of a row makes the rest fail.
            let reading = mapping.reading(&key, &record);
            let explanation = mapping.explain(source, &record);
            prop_assert_eq!(explanation.state, reading.state);
            prop_assert_eq!(explanation.needs_person, reading.needs_person);
            prop_assert!(explanation.sentence().chars().count() < 1_000);
            let details = mapping.details(source, &record);
            prop_assert!(details.cost.is_none_or(|cost| cost >= 0.0));
        }
    }
}

#[test]
fn what_a_task_waits_for_and_is_a_part_of_is_read_from_arrays_texts_and_single_columns() {
    for (row, waits_for) in [
        (json!({"id": "t", "depends_on": ["a", "b", "a"]}), &["a", "b"][..]),
        (json!({"id": "t", "dependencies": "{a,\"b\",NULL}"}), &["a", "b"]),
        (json!({"id": "t", "dependencies": "[\"a\"]"}), &["a"]),
        (json!({"id": "t", "blocked_by": 7}), &["7"]),
        (
            json!({"id": "t", "depends_on": [{"id": "a"}, null, true, ["x"]]}),
            &["a"],
        ),
        // The first that has any counts.
        (json!({"id": "t", "depends_on": [], "dependencies": ["b"]}), &["b"]),
        (json!({"id": "t", "depends_on": null, "blocked_by": "b"}), &["b"]),
        // Itself, and prose, are nothing to wait for.
        (json!({"id": "t", "depends_on": ["t", "the design review"]}), &[]),
        (json!({"id": "t", "blocked_by": "no access to the vault"}), &[]),
        (json!({"id": "t"}), &[]),
    ] {
        assert_eq!(linked(&task(row.clone()).depends_on), ids(waits_for), "{row}");
    }
    let many: Vec<String> = (0..10_000).map(|n| format!("t{n}")).collect();
    assert_eq!(
        task(json!({"id": "t", "depends_on": many})).depends_on.len(),
        MAX_DEPENDENCIES_PER_TASK
    );
    assert_eq!(
        linked(&task(json!({"id": "t", "parent_task_id": null, "parent_id": 12})).parent),
        ids(&["12"])
    );
    assert_eq!(
        task(json!({"id": "t", "parent_id": "t"})).parent,
        None,
        "nothing is a part of itself"
    );
    assert_eq!(task(json!({"id": "t", "parent_task_id": "see above"})).parent, None);
}
