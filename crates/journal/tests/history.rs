//! The history of a row: its states over time, and its changes.

mod support;

use journal::{Bounds, Journal, Origin, Since, Stretch};
use model::{NoticeKind, Status};
use support::{Row, START, changes, live, rules};

/// A journal can be a resource of a program with several threads.
const _: fn() = || {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Journal>();
};

fn states(journal: &Journal, row: &Row) -> Vec<Stretch> {
    journal.states(&row.key).collect()
}

fn stretch(since: Since, to_ms: Option<i64>, status: Status) -> Stretch {
    Stretch {
        since,
        to_ms,
        status: Some(status),
    }
}

#[test]
fn the_states_of_a_row_that_was_there_begin_with_at_least_since() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued"}"#, Status::Queued);
    assert_eq!(journal.since(&row.key), Some(Since::AtLeast(START)));
    assert!(states(&journal, &row).is_empty());
    row.turn(&mut journal, START + 10, Status::Running);
    row.turn(&mut journal, START + 30, Status::Blocked);
    let expected = [
        stretch(Since::AtLeast(START), Some(START + 10), Status::Queued),
        stretch(Since::At(START + 10), Some(START + 30), Status::Running),
        stretch(Since::At(START + 30), None, Status::Blocked),
    ];
    assert_eq!(states(&journal, &row), expected);
    assert_eq!(journal.since(&row.key), Some(Since::At(START + 30)));
}

#[test]
fn a_row_that_comes_back_has_a_stretch_in_which_it_was_not_there() {
    let mut journal = live();
    let row = Row::new("1", "{}", Status::Running);
    row.appear(&mut journal, START + 1, Origin::Live);
    row.go(&mut journal, START + 2, Origin::Live);
    assert_eq!(journal.since(&row.key), None);
    row.appear(&mut journal, START + 3, Origin::Live);
    let found: Vec<_> = states(&journal, &row)
        .iter()
        .map(|stretch| (stretch.since.certain_ms() - START, stretch.status))
        .collect();
    assert_eq!(
        found,
        [(1, Some(Status::Running)), (2, None), (3, Some(Status::Running))]
    );
}

#[test]
fn a_change_of_state_while_offline_has_a_beginning_between_two_times() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued"}"#, Status::Queued);
    journal.note(START + 100_000, NoticeKind::Lost, "Connection lost.");
    row.become_of(
        &mut journal,
        START + 200_000,
        Origin::Snapshot,
        r#"{"status":"done"}"#,
        Status::Done,
    );
    journal.synced(START + 200_001);
    assert_eq!(
        journal.since(&row.key),
        Some(Since::Between(START + 100_000, START + 200_000))
    );
    // Without an outage all that is known is that it was another one before.
    row.become_of(
        &mut journal,
        START + 300_000,
        Origin::Snapshot,
        r#"{"status":"failed"}"#,
        Status::Failed,
    );
    assert_eq!(
        journal.since(&row.key),
        Some(Since::Between(START + 200_000, START + 300_000))
    );
}

#[test]
fn a_clock_that_is_set_back_leaves_the_states_in_order() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued"}"#, Status::Queued);
    row.turn(&mut journal, START + 3_600_000, Status::Running);
    row.turn(&mut journal, START + 5, Status::Done);
    let found = states(&journal, &row);
    assert!(found.is_sorted_by_key(|stretch| stretch.since.certain_ms()));
    assert_eq!(found.last().map(|last| last.since), Some(Since::At(START + 3_600_000)));
}

#[test]
fn many_changes_of_others_leave_a_row_its_states_and_the_change_that_led_to_the_present_one() {
    let bounds = Bounds {
        entries: 100,
        ..Bounds::default()
    };
    let mut journal = Journal::new(bounds, rules(), START);
    let mut row = Row::new("1", r#"{"status":"queued","waits_for":null}"#, Status::Queued);
    row.turn(&mut journal, START + 1, Status::Running);
    let why = r#"{"status":"blocked","waits_for":"t-9"}"#;
    row.become_of(&mut journal, START + 2, Origin::Live, why, Status::Blocked);
    row.set(&mut journal, START + 3, r#"{"note":"please"}"#);
    let mut other = Row::new("2", r#"{"n":"0"}"#, Status::Running);
    for step in 0..1_000 {
        other.set(&mut journal, START + 10 + step, &format!(r#"{{"n":"{step}"}}"#));
    }
    assert_eq!(journal.entries(), 100);
    assert_eq!(journal.since(&row.key), Some(Since::At(START + 2)));
    assert_eq!(states(&journal, &row).len(), 3);
    assert_eq!(
        changes(&journal, &row.key),
        ["task Invoice: running → blocked; status: running → blocked; waits_for: null → t-9"]
    );
    row.turn(&mut journal, START + 2_000, Status::Running);
    assert_eq!(
        changes(&journal, &row.key).len(),
        1,
        "the change before the present one is not kept"
    );
}

#[test]
fn a_history_is_bounded_and_changes_of_state_have_precedence() {
    let mut journal = live();
    let mut row = Row::new("1", r#"{"status":"queued","n":"0"}"#, Status::Queued);
    for step in 0..300_i64 {
        let status = [Status::Running, Status::Waiting][(step / 10) as usize % 2];
        if step % 10 == 0 {
            row.turn(&mut journal, START + step, status);
        } else {
            row.set(&mut journal, START + step, &format!(r#"{{"n":"{step}"}}"#));
        }
    }
    let found: Vec<_> = journal.changes(&row.key).collect();
    let of_state = found.iter().filter(|entry| entry.states().is_some()).count();
    assert!(found.is_sorted_by(|a, b| a.id() > b.id()));
    assert_eq!(of_state, 30, "all changes of state are there");
    assert_eq!(found.len(), 32 + 27, "and the newest of the others");
    for step in 300..1_000_i64 {
        let status = [Status::Running, Status::Waiting][step as usize % 2];
        row.turn(&mut journal, START + step, status);
    }
    assert_eq!(journal.changes(&row.key).count(), 64);
    assert_eq!(journal.states(&row.key).count(), Bounds::default().states);
}

#[test]
fn rows_that_are_gone_are_forgotten_with_their_last_entry() {
    let bounds = Bounds {
        entries: 10,
        ..Bounds::default()
    };
    let mut journal = Journal::new(bounds, rules(), START);
    for number in 0..1_000 {
        let row = Row::new(&number.to_string(), "{}", Status::Running);
        row.appear(&mut journal, START + number, Origin::Live);
        row.go(&mut journal, START + number, Origin::Live);
        assert!(journal.rows() <= 10);
    }
    assert_eq!((journal.entries(), journal.rows(), journal.forgotten()), (10, 5, 1_990));
}

#[test]
fn when_rows_are_forgotten_nothing_is_said_to_be_older_than_is_known() {
    let bounds = Bounds {
        bytes: journal::LEAST_BYTES,
        ..Bounds::default()
    };
    let mut journal = Journal::new(bounds, rules(), START);
    let mut began = Vec::new();
    for number in 0..5_000_i64 {
        let mut row = Row::new(&number.to_string(), r#"{"status":"queued"}"#, Status::Queued);
        row.turn(&mut journal, START + number, Status::Running);
        began.push((row.key, START + number));
    }
    assert!(journal.rows() < 5_000);
    let mut exact = 0;
    for (key, began_ms) in began {
        match journal.since(&key) {
            Some(Since::At(ms)) => {
                assert_eq!(ms, began_ms);
                exact += 1;
            }
            Some(Since::AtLeast(ms)) => assert!(ms >= began_ms),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(exact, journal.rows());
}

#[test]
fn states_are_kept_for_longer_than_the_changes_that_led_to_them() {
    let bounds = Bounds {
        bytes: journal::LEAST_BYTES,
        ..Bounds::default()
    };
    let mut journal = Journal::new(bounds, rules(), START);
    let mut rows: Vec<Row> = (0..400)
        .map(|number| Row::new(&number.to_string(), r#"{"status":"queued"}"#, Status::Queued))
        .collect();
    let mut busy = Row::new("busy", r#"{"n":"0"}"#, Status::Running);
    for (number, row) in rows.iter_mut().enumerate() {
        row.turn(&mut journal, START + number as i64, Status::Running);
    }
    for step in 0..3_000 {
        busy.set(&mut journal, START + 1_000, &format!(r#"{{"n":"{step}"}}"#));
    }
    let is_whole = |row: &Row| journal.changes(&row.key).count() == 1;
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(journal.since(&row.key), Some(Since::At(START + number as i64)));
    }
    assert!(
        !is_whole(&rows[0]) && is_whole(&rows[399]),
        "the oldest change is forgotten first"
    );
}
