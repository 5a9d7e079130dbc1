//! The event log: what becomes an entry, what is folded, and the questions that it answers.

mod support;

use journal::{EntryId, Origin, Severity, What};
use model::{Kind, NoticeKind, Status};
use support::{Row, START, changes, journal, lines, live};

const MINUTE: i64 = 60_000;

#[test]
fn rows_appear_change_and_go() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued","agent":null}"#, Status::Queued);
    row.appear(&mut journal, START + 1, Origin::Live);
    row.become_of(
        &mut journal,
        START + 2,
        Origin::Live,
        r#"{"status":"running","agent":"a-7","updated_at":"now"}"#,
        Status::Running,
    );
    row.go(&mut journal, START + 3, Origin::Live);
    let expected = [
        "task Invoice: gone",
        "task Invoice: queued → running; status: queued → running; agent: null → a-7; updated_at changed",
        "task Invoice: new, queued",
    ];
    assert_eq!(lines(&journal), expected);
    assert_eq!(changes(&journal, &row.key), expected);
    let entry = journal.log().next().expect("an entry");
    assert_eq!(
        (entry.at_ms(), entry.times(), entry.kind()),
        (START + 3, 1, Some(Kind::Task))
    );
    assert_eq!(entry.key(), Some(&row.key));
    assert_eq!(entry.states(), Some((Some(Status::Running), None)));
}

#[test]
fn what_is_the_same_is_no_entry_and_a_state_without_columns_is_one() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"a":1}"#, Status::Running);
    row.set(&mut journal, START, r#"{"a":1}"#);
    assert_eq!(journal.entries(), 0);
    // No sign of life: no column changed.
    row.become_of(&mut journal, START + 1, Origin::Live, "{}", Status::Offline);
    assert_eq!(lines(&journal), ["task Invoice: running → offline"]);
}

#[test]
fn the_rows_of_the_first_snapshot_of_a_source_are_not_new() {
    let mut journal = journal();
    Row::new("1", "{}", Status::Queued).appear(&mut journal, START, Origin::Snapshot);
    assert!(lines(&journal).is_empty());
    journal.synced(START);
    Row::new("2", "{}", Status::Queued).appear(&mut journal, START + 1, Origin::Snapshot);
    assert_eq!(
        lines(&journal),
        ["task Invoice: new, queued"],
        "a later one may bring new rows"
    );
    assert_eq!(journal.log().next().map(|entry| entry.origin()), Some(Origin::Snapshot));
}

#[test]
fn what_changes_all_the_time_is_folded_into_the_entry_before() {
    let mut journal = live();
    let mut row = Row::new(
        "1",
        r#"{"status":"queued","updated_at":0,"progress":0}"#,
        Status::Queued,
    );
    for beat in 1..=5 {
        row.set(&mut journal, START + beat, &format!(r#"{{"updated_at":{beat}}}"#));
    }
    assert_eq!(lines(&journal), ["task Invoice: updated_at changed (5 times)"]);
    row.turn(&mut journal, START + 10, Status::Running);
    for beat in 11..=52 {
        row.set(
            &mut journal,
            START + beat,
            &format!(r#"{{"updated_at":{beat},"progress":{beat}}}"#),
        );
    }
    assert_eq!(journal.entries(), 2);
    let newest = journal.log().next().expect("an entry");
    assert_eq!(newest.routine(), Some((42, START + 52)));
    assert_eq!(
        (newest.at_ms(), newest.last_ms(), newest.times()),
        (START + 10, START + 10, 1)
    );
}

#[test]
fn repeats_of_an_entry_of_a_row_are_one_with_a_count() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"cost":0,"step":"a","api_key":"k0"}"#, Status::Running);
    for cost in 1..=9 {
        row.set(&mut journal, START + cost, &format!(r#"{{"cost":{cost}}}"#));
    }
    assert_eq!(lines(&journal), ["task Invoice: cost: 0 → 9 (9 times)"]);
    let entry = journal.log().next().expect("an entry");
    assert_eq!((entry.at_ms(), entry.last_ms()), (START + 1, START + 9));
    for step in ["b", "c"] {
        row.set(&mut journal, START + 20, &format!(r#"{{"step":"{step}"}}"#));
    }
    for key in 1..=3 {
        row.set(&mut journal, START + 30, &format!(r#"{{"api_key":"k{key}"}}"#));
    }
    row.set(&mut journal, START + 31 + 5 * MINUTE, r#"{"api_key":"k9"}"#);
    let expected = [
        "task Invoice: api_key changed",
        "task Invoice: api_key changed (3 times)",
        "task Invoice: step: b → c",
        "task Invoice: step: a → b",
    ];
    assert_eq!(
        lines(&journal)[..4],
        expected,
        "words are not folded, and nothing is for long"
    );
}

#[test]
fn repeated_notices_are_one_entry_at_the_time_of_the_last_one() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued"}"#, Status::Queued);
    journal.note(START, NoticeKind::TokenRenewed, "The token was renewed.");
    row.turn(&mut journal, START + 1, Status::Running);
    journal.note(START + 2, NoticeKind::TokenRenewed, "The token was renewed.");
    journal.note(START + 3, NoticeKind::TokenRenewed, "The token was renewed.");
    row.turn(&mut journal, START + 4, Status::Done);
    let log: Vec<_> = journal.log().collect();
    let [_, notice, _] = log.as_slice() else {
        panic!("three entries: {:?}", lines(&journal));
    };
    assert_eq!(notice.to_string(), "The token was renewed. (3 times)");
    assert_eq!((notice.at_ms(), notice.last_ms()), (START, START + 3));
}

#[test]
fn a_long_outage_is_a_few_entries() {
    let mut journal = live();
    journal.note(START, NoticeKind::Lost, "Connection lost (the server is gone).");
    for attempt in 1..=5_000 {
        let at_ms = START + i64::from(attempt) * MINUTE;
        journal.note(at_ms, NoticeKind::Retrying, &format!("Retrying in 60 s ({attempt})."));
        journal.connecting(at_ms + 1, attempt);
    }
    journal.note(START + 5_001 * MINUTE, NoticeKind::Restored, "Connected again.");
    let expected = [
        "Connected again.",
        "Connecting, attempt 5,000 (5,000 times)",
        "Retrying in 60 s (5000). (5,000 times)",
        "Connection lost (the server is gone).",
    ];
    assert_eq!(lines(&journal), expected);
    assert_eq!(journal.entries(), 4, "and takes no more room");
}

#[test]
fn what_changed_while_offline_is_one_entry_and_in_the_history_of_each_row() {
    let mut journal = live();
    let mut rows: Vec<Row> = (0..100)
        .map(|number| Row::new(&number.to_string(), r#"{"status":"running"}"#, Status::Running))
        .collect();
    journal.note(START + 10, NoticeKind::Lost, "Connection lost.");
    for (number, row) in rows.iter_mut().enumerate() {
        let status = if number < 3 { Status::Failed } else { Status::Done };
        let json = format!(r#"{{"status":"{}"}}"#, status.word());
        row.become_of(&mut journal, START + 60, Origin::Snapshot, &json, status);
    }
    Row::new("new", "{}", Status::Queued).appear(&mut journal, START + 61, Origin::Snapshot);
    rows[0].go(&mut journal, START + 62, Origin::Snapshot);
    journal.synced(START + 63);
    journal.note(START + 64, NoticeKind::Restored, "Connected again.");
    let expected = [
        "Connected again.",
        "102 rows changed while offline, 3 failed",
        "Connection lost.",
    ];
    assert_eq!(lines(&journal), expected);
    let together = journal.log().nth(1).expect("an entry");
    assert_eq!(together.severity(), Severity::Failure);
    let What::Together(_, counts) = together.what() else {
        panic!("{together}");
    };
    assert_eq!((counts.appeared, counts.changed, counts.went), (1, 100, 1));
    assert_eq!(
        changes(&journal, &rows[7].key),
        ["task Invoice: running → done; status: running → done"]
    );
    assert_eq!(journal.unseen().of(Severity::Failure), 3);
    // What an audit corrects later is in the log as it is.
    rows[9].become_of(
        &mut journal,
        START + 70,
        Origin::Snapshot,
        r#"{"status":"failed"}"#,
        Status::Failed,
    );
    assert!(lines(&journal)[0].starts_with("task Invoice: done → failed"));
}

#[test]
fn rows_that_are_read_in_another_way_are_one_entry() {
    let mut journal = live();
    for number in 0..10 {
        let mut row = Row::new(&number.to_string(), r#"{"status":"odd"}"#, Status::Unmapped);
        row.become_of(&mut journal, START + number, Origin::Settings, "{}", Status::Blocked);
    }
    assert_eq!(lines(&journal), ["10 rows read anew after a change of settings"]);
}

#[test]
fn a_reader_pauses_and_continues_where_it_was() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"n":"0"}"#, Status::Running);
    let mut step = 0;
    let mut more = |journal: &mut journal::Journal| {
        for _ in 0..10 {
            step += 1;
            row.set(journal, START + step, &format!(r#"{{"n":"{step}"}}"#));
        }
    };
    more(&mut journal);
    let paused_at = journal.log().next().expect("an entry").id();
    more(&mut journal);
    let ids = |entries: Vec<journal::Entry<'_>>| entries.iter().map(journal::Entry::id).collect::<Vec<EntryId>>();
    let (newer, older) = (
        ids(journal.newer_than(paused_at).collect()),
        ids(journal.older_than(paused_at).collect()),
    );
    assert_eq!((newer.len(), older.len()), (10, 9));
    assert!(newer.is_sorted_by(|a, b| a > b) && older.is_sorted_by(|a, b| a > b));
    assert!(newer.iter().all(|id| *id > paused_at) && older.iter().all(|id| *id < paused_at));
    assert_eq!(
        journal.entry(paused_at).map(|entry| entry.to_string()),
        Some("task Invoice: n: 9 → 10".into())
    );
    let mut asked = 0;
    let found: Vec<_> = journal
        .newest(
            |entry| {
                asked += 1;
                entry.to_string().ends_with('0')
            },
            1,
        )
        .map(|entry| entry.to_string())
        .collect();
    assert_eq!(found, ["task Invoice: n: 19 → 20"]);
    assert_eq!(asked, 1, "what is not needed is not looked at");
}

#[test]
fn what_came_since_a_person_looked_is_counted_by_severity() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued"}"#, Status::Queued);
    row.turn(&mut journal, START + 1, Status::Failed);
    journal.look();
    assert_eq!(journal.unseen().news(), 0);
    row.turn(&mut journal, START + 2, Status::Running);
    row.turn(&mut journal, START + 3, Status::Blocked);
    row.turn(&mut journal, START + 4, Status::Failed);
    row.set(&mut journal, START + 5, r#"{"error":"again"}"#);
    row.set(&mut journal, START + 6, r#"{"updated_at":1}"#);
    journal.note(START + 7, NoticeKind::GaveUp, "All attempts failed.");
    let unseen = journal.unseen();
    let counts = Severity::ALL.map(|severity| unseen.of(severity));
    assert_eq!(
        counts,
        [1, 2, 1, 2],
        "to fail is one failure, and what follows it is none"
    );
    let marked = journal.log().filter(|entry| journal.is_unseen(entry)).count();
    assert_eq!(marked, 5);
}

#[test]
fn what_happened_in_the_last_minute_is_found_with_repeats_that_began_before() {
    let mut journal = live();
    let now = START + 10 * MINUTE;
    let mut counter = Row::new("1", r#"{"cost":0}"#, Status::Running);
    let mut other = Row::new("2", r#"{"status":"queued","updated_at":0}"#, Status::Queued);
    other.turn(&mut journal, now - 3 * MINUTE - 1, Status::Running);
    counter.set(&mut journal, now - 3 * MINUTE, r#"{"cost":1}"#);
    other.turn(&mut journal, now - 2 * MINUTE, Status::Blocked);
    counter.set(&mut journal, now - 10, r#"{"cost":2}"#);
    other.set(&mut journal, now - 5, r#"{"updated_at":1}"#);
    let mut third = Row::new("3", r#"{"status":"queued"}"#, Status::Queued);
    third.turn(&mut journal, now, Status::Failed);
    let found: Vec<_> = journal
        .happened_since(now - MINUTE)
        .map(|entry| entry.to_string())
        .collect();
    let expected = [
        "task Invoice: queued → failed; status: queued → failed",
        "task Invoice: cost: 0 → 2 (2 times)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_task_that_failed_last_is_found_also_after_an_outage_and_when_it_recovered() {
    let mut journal = live();
    assert!(journal.failed_last(Kind::Task).is_none());
    let mut rows = ["1", "2"].map(|id| Row::new(id, r#"{"status":"running"}"#, Status::Running));
    rows[0].turn(&mut journal, START + 1, Status::Failed);
    rows[0].turn(&mut journal, START + 2, Status::Running);
    let failed = journal.failed_last(Kind::Task).expect("an entry");
    assert_eq!((failed.key(), failed.at_ms()), (Some(&rows[0].key), START + 1));
    journal.note(START + 3, NoticeKind::Lost, "Connection lost.");
    let why = r#"{"status":"failed","error":"out of tokens"}"#;
    rows[1].become_of(&mut journal, START + 4, Origin::Snapshot, why, Status::Failed);
    let failed = journal.failed_last(Kind::Task).expect("an entry");
    assert_eq!(failed.key(), Some(&rows[1].key));
    assert!(failed.to_string().contains("error: – → out of tokens"), "{failed}");
    assert!(journal.failed_last(Kind::Agent).is_none());
}
