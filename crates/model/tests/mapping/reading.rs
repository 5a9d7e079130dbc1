//! The rules by which a row's state is read, what they say about it, and what a row says beside its state.

use model::{Kind, Mapping, Row, Rule, Status, mapping::Attempt};
use serde_json::{Value, json};

use super::{ids, linked, read, record, source, task, with_source};

#[test]
fn a_policy_that_something_must_be_approved_asks_for_nobody_and_an_open_approval_does() {
    assert!(!task(json!({"status": "running", "requires_approval": true})).needs_human);
    assert!(!task(json!({"status": "pending", "needs_approval": true})).needs_human);
    assert!(task(json!({"status": "pending", "needs_approval": true, "approval_status": "pending"})).needs_human);
    assert!(!task(json!({"status": "pending", "approval_status": "approved"})).needs_human);
    assert!(!task(json!({"status": "done", "approval_status": "pending"})).needs_human);
}

fn reading(kind: Kind, value: Value) -> (Status, Rule) {
    let status = match read(kind, value) {
        Row::Agent(row) => row.status,
        Row::Task(row) => row.status,
        Row::Workflow(row) => row.status,
    };
    (status.status, status.rule)
}

#[test]
fn the_outcome_decides_how_a_row_ended_that_is_over() {
    let run = |value: Value| reading(Kind::Run, value);
    for (row, status, rule) in [
        (
            json!({"status": "completed", "conclusion": "failure"}),
            Status::Failed,
            Rule::Outcome,
        ),
        (
            json!({"status": "completed", "conclusion": "success"}),
            Status::Done,
            Rule::Outcome,
        ),
        (
            json!({"status": "completed", "conclusion": "cancelled"}),
            Status::Cancelled,
            Rule::Outcome,
        ),
        (
            json!({"status": "completed", "conclusion": "action_required"}),
            Status::Waiting,
            Rule::Outcome,
        ),
        (
            json!({"status": "completed", "conclusion": null}),
            Status::Done,
            Rule::Word,
        ),
        (
            json!({"status": "in_progress", "conclusion": null}),
            Status::Running,
            Rule::Word,
        ),
        (
            json!({"status": "finished", "success": false}),
            Status::Failed,
            Rule::Outcome,
        ),
        (
            json!({"status": "finished", "exit_code": 0}),
            Status::Done,
            Rule::Outcome,
        ),
        (
            json!({"status": "finished", "exit_code": 137}),
            Status::Failed,
            Rule::Outcome,
        ),
        (json!({"exit_code": 1}), Status::Failed, Rule::Outcome),
        // A flag that is false from the beginning on says nothing about what still runs.
        (
            json!({"status": "running", "success": false}),
            Status::Running,
            Rule::Word,
        ),
        // Prose about the result is no outcome.
        (
            json!({"status": "done", "outcome": "Sent the report to the client"}),
            Status::Done,
            Rule::Word,
        ),
        // Over, with an error.
        (
            json!({"status": "completed", "error": "no such host"}),
            Status::Failed,
            Rule::Error,
        ),
        (
            json!({"status": "completed", "error": {"code": 3}}),
            Status::Failed,
            Rule::Error,
        ),
        (
            json!({"status": "completed", "error": "None"}),
            Status::Done,
            Rule::Word,
        ),
        (json!({"status": "completed", "error": {}}), Status::Done, Rule::Word),
        (
            json!({"status": "completed", "last_error": "of the first attempt"}),
            Status::Done,
            Rule::Word,
        ),
        (
            json!({"status": "completed", "conclusion": "success", "error": "a warning"}),
            Status::Done,
            Rule::Outcome,
        ),
    ] {
        assert_eq!(run(row.clone()), (status, rule), "{row}");
    }
    let row = task(json!({"status": "completed", "conclusion": "action_required"}));
    assert!(row.needs_human && row.status.word.as_deref() == Some("completed"));
}

#[test]
fn words_that_were_read_wrongly_are_read_rightly() {
    for (kind, word, status) in [
        (Kind::Task, "stopped", Status::Cancelled),
        (Kind::Agent, "stopped", Status::Offline),
        (Kind::Task, "ready", Status::Queued),
        (Kind::Run, "available", Status::Queued),
        (Kind::Agent, "ready", Status::Idle),
        (Kind::Task, "suspended", Status::Waiting),
        (Kind::Task, "discarded", Status::Failed),
        (Kind::Task, "enqueued", Status::Queued),
        (Kind::Task, "stalled", Status::Blocked),
        (Kind::Task, "inReview", Status::Waiting),
        (Kind::Task, "erledigt", Status::Done),
        (Kind::Task, "em produção", Status::Running),
    ] {
        assert_eq!(
            reading(kind, json!({"status": word})),
            (status, Rule::Word),
            "{kind:?} {word}"
        );
    }
    assert_eq!(
        reading(Kind::Task, json!({"status": "vendor_failure"})),
        (Status::Failed, Rule::Shape)
    );
}

#[test]
fn a_row_without_a_status_is_read_by_its_times() {
    let at = "2026-03-01T10:00:00Z";
    for (row, status, rule) in [
        (
            json!({"locked_at": null, "completed_at": null}),
            Status::Queued,
            Rule::Time,
        ),
        (json!({"started_at": at}), Status::Running, Rule::Time),
        (json!({"started_at": at, "completed_at": at}), Status::Done, Rule::Time),
        (
            json!({"started_at": at, "failed_at": at, "completed_at": at}),
            Status::Failed,
            Rule::Time,
        ),
        (
            json!({"started_at": at, "cancelled_at": at}),
            Status::Cancelled,
            Rule::Time,
        ),
        (
            json!({"finishedAt": at, "error": "out of memory"}),
            Status::Failed,
            Rule::Error,
        ),
        (
            json!({"status": "queued", "started_at": at}),
            Status::Queued,
            Rule::Word,
        ),
        // Nobody holds it, and no attempt is left; with attempts left it waits for the next one.
        (
            json!({"attempts": 25, "max_attempts": 25, "locked_at": null, "last_error": "no route"}),
            Status::Failed,
            Rule::Attempts,
        ),
        (
            json!({"attempts": 25, "max_attempts": 25, "locked_at": at}),
            Status::Running,
            Rule::Time,
        ),
        (
            json!({"attempts": 2, "max_attempts": 25, "locked_at": null, "last_error": "no route"}),
            Status::Blocked,
            Rule::Attempts,
        ),
        (json!({"run_at": at, "attempts": 0}), Status::Queued, Rule::Time),
    ] {
        assert_eq!(reading(Kind::Task, row.clone()), (status, rule), "{row}");
    }
}

#[test]
fn an_approval_a_flag_and_what_is_waited_for_decide_with_the_status() {
    let reading_of = |kind: Kind, row: Value| {
        let mapping = with_source(&Mapping::default(), kind);
        let explained = mapping.explain(source(&mapping, kind), &record(row));
        (explained.state, explained.rule, explained.needs_person)
    };
    let queued = json!({"status": "queued", "approval_status": "pending"});
    assert_eq!(reading_of(Kind::Task, queued), (Status::Waiting, Rule::Approval, true));
    let begun = json!({"status": "running", "approval_status": "pending"});
    assert_eq!(reading_of(Kind::Task, begun), (Status::Running, Rule::Word, true));
    let over = json!({"status": "done", "approval_status": "pending"});
    assert_eq!(reading_of(Kind::Task, over), (Status::Done, Rule::Word, false));
    let blocked = json!({"status": "queued", "blocked": true});
    assert_eq!(reading_of(Kind::Task, blocked), (Status::Blocked, Rule::Flag, false));
    let busy = json!({"status": "online", "busy": true});
    assert_eq!(reading_of(Kind::Agent, busy), (Status::Running, Rule::Flag, false));
    let person = json!({"status": "waiting", "waiting_on": "manager_approval"});
    assert_eq!(reading_of(Kind::Task, person), (Status::Waiting, Rule::Word, true));
    let machine = json!({"status": "waiting", "waiting_on": "payment_webhook"});
    assert_eq!(reading_of(Kind::Task, machine), (Status::Waiting, Rule::Word, false));
}

#[test]
fn names_in_camel_case_are_names_in_snake_case() {
    let row =
        task(json!({"id": 1, "taskName": "Fetch", "workflowId": "w", "assignedAgentId": "a", "Status": "RUNNING"}));
    assert_eq!((&*row.label, row.status.status), ("Fetch", Status::Running));
    assert_eq!((linked(&row.workflow), linked(&row.agents)), (ids(&["w"]), ids(&["a"])));
    let row = task(json!({"id": 1, "workflow_id": "exact", "workflowId": "camel"}));
    assert_eq!(linked(&row.workflow), ids(&["exact"]));
}

#[test]
fn deleted_and_archived_rows_are_not_shown() {
    let mapping = Mapping::default();
    let is_removed = |kind: Kind, row: Value| {
        let mapping = with_source(&mapping, kind);
        mapping.is_removed(source(&mapping, kind), &record(row))
    };
    let at = "2026-03-01T10:00:00Z";
    for row in [
        json!({"deleted_at": at}),
        json!({"archivedAt": at}),
        json!({"is_archived": true}),
        json!({"archived": 1}),
    ] {
        assert!(is_removed(Kind::Task, row.clone()), "{row}");
    }
    for row in [
        json!({"deleted_at": null}),
        json!({"is_archived": false}),
        json!({"archived": 0}),
        json!({"deleted_at": ""}),
        json!({"status": "archived"}),
    ] {
        assert!(!is_removed(Kind::Task, row.clone()), "{row}");
    }
    assert!(is_removed(Kind::Agent, json!({"status": "archived"})));
    assert!(is_removed(Kind::Agent, json!({"status": "Draft"})));
    assert!(!is_removed(Kind::Agent, json!({"status": "idle"})));
    let mut own = Mapping::default();
    own.add_word("draft", Status::Queued);
    assert!(
        !own.is_removed(source(&own, Kind::Agent), &record(json!({"status": "draft"}))),
        "the user gave it a state"
    );
}

#[test]
fn an_explanation_names_the_rule_the_column_and_its_value() {
    let mapping = Mapping::default();
    let explain = |kind: Kind, row: Value| {
        let mapping = with_source(&mapping, kind);
        mapping.explain(source(&mapping, kind), &record(row)).sentence()
    };
    for (row, sentence) in [
        (
            json!({"status": "completed", "conclusion": "failure"}),
            "failed, because `conclusion` is `failure` (rule: outcome)",
        ),
        (
            json!({"status": "legal_review"}),
            "waiting, because `status` is `legal_review` (rule: shape of the word, a guess); it asks for a person",
        ),
        (
            json!({"startedAt": "2026-03-01T10:00:00Z"}),
            "running, because no column has a status and `started_at` is 2026-03-01T10:00:00Z (rule: time)",
        ),
        (
            json!({"title": "x"}),
            "idle, because no column says how it stands (rule: presence)",
        ),
        (
            json!({"status": "done", "is_archived": true}),
            "done, because `status` is `done` (rule: word); it is not shown, because it was deleted or archived",
        ),
        (
            json!({"status": "permanent"}),
            "unmapped, because `status` is `permanent` (rule: unknown word)",
        ),
    ] {
        assert_eq!(explain(Kind::Task, row), sentence);
    }
}

#[test]
fn details_are_read_where_the_row_has_them_and_bounded() {
    let mapping = Mapping::default();
    let details = |value: Value| mapping.details(source(&mapping, Kind::Task), &record(value));
    let row = details(json!({
        "status_message": "Comparing vendors\nsecond line", "waiting_on": "the contract", "due_date": "2026-03-02",
        "cost_usd": "1.25", "tokens_used": 1_200, "retry_count": 1, "max_retries": 3, "html_url": "https://example.org/1"
    }));
    assert_eq!(row.activity.as_deref(), Some("Comparing vendors"));
    assert_eq!(row.waits_for.as_deref(), Some("the contract"));
    assert_eq!((row.cost, row.tokens), (Some(1.25), Some(1_200)));
    assert_eq!(
        row.attempt,
        Some(Attempt {
            number: 1,
            most: Some(3)
        })
    );
    assert_eq!(row.due_ms, Some(1_772_409_600_000));
    assert_eq!(row.url.as_deref(), Some("https://example.org/1"));
    let row = details(json!({
        "current_task": "51", "progress_messages": ["began", {"message": "half way"}], "next_retry_at": "2026-03-02T00:00:00Z",
        "cost": -1, "tokens": 1e300, "attempt": -2, "url": "javascript:alert(1)"
    }));
    assert_eq!(row.activity.as_deref(), Some("half way"), "an id is no activity");
    assert_eq!((row.waits_for, row.waits_until_ms), (None, Some(1_772_409_600_000)));
    assert_eq!((row.cost, row.tokens, row.attempt, row.url), (None, None, None, None));
    let long =
        details(json!({"status_message": "x".repeat(1_000_000), "url": format!("https://{}", "y".repeat(9_000))}));
    assert!(long.activity.is_some_and(|line| line.chars().count() <= 120));
}
