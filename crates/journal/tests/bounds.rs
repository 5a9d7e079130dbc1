//! For any sequence of events the bounds hold, the states of rows are in order, and no change of state is lost by folding.

mod support;

use std::collections::HashMap;

use journal::{Bounds, Entry, Journal, LEAST_BYTES, Origin, Seen, Severity, What};
use model::{Kind, NoticeKind, Record, RowId, RowKey, SourceId, Status};
use proptest::prelude::*;
use support::{START, record, rules, seen};

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    /// A row is written: appears, or changes.
    Write {
        row: u8,
        status: Option<Status>,
        column: u8,
        origin: Origin,
    },
    Delete(u8, Origin),
    Note(NoticeKind, u8),
    Connecting(u8),
    Synced,
    Look,
}

fn event() -> impl Strategy<Value = Event> {
    let origin = || {
        prop_oneof![
            8 => Just(Origin::Live),
            2 => Just(Origin::Snapshot),
            1 => Just(Origin::Settings)
        ]
    };
    let status = prop::option::weighted(0.4, prop::sample::select(Status::ALL.to_vec()));
    prop_oneof![
        30 => (0..12_u8, status, 0..5_u8, origin())
            .prop_map(|(row, status, column, origin)| Event::Write { row, status, column, origin }),
        3 => (0..12_u8, origin()).prop_map(|(row, origin)| Event::Delete(row, origin)),
        2 => (prop::sample::select(NoticeKind::ALL.to_vec()), 0..3_u8).prop_map(|(kind, text)| Event::Note(kind, text)),
        1 => any::<u8>().prop_map(Event::Connecting),
        1 => Just(Event::Synced),
        1 => Just(Event::Look),
    ]
}

/// The rows as a reader of the feed holds them, and all states that each has had.
#[derive(Debug, Default)]
struct Expected {
    rows: HashMap<u8, (Record, Status)>,
    states: HashMap<u8, Vec<Option<Status>>>,
}

fn key(row: u8) -> RowKey {
    let kind = Kind::ALL[usize::from(row) % Kind::ALL.len()];
    // Some ids are long ones.
    let id = if row % 5 == 4 {
        format!("{row}").repeat(200)
    } else {
        row.to_string()
    };
    RowKey::new(kind, SourceId::usual(kind), RowId::from(id.as_str()))
}

/// A column that is a number, routine, secret, JSON or a long text.
fn columns(column: u8, turn: usize) -> String {
    match column {
        0 => format!(r#"{{"cost":{turn}}}"#),
        1 => format!(r#"{{"updated_at":{turn}}}"#),
        2 => format!(r#"{{"api_key":"{turn}"}}"#),
        3 => format!(r#"{{"json":{{"turn":[{turn}]}}}}"#),
        _ => format!(r#"{{"text":"{turn} {}"}}"#, "é".repeat(500)),
    }
}

impl Expected {
    fn happen(&mut self, journal: &mut Journal, at_ms: i64, turn: usize, event: &Event) {
        match event {
            Event::Write {
                row,
                status,
                column,
                origin,
            } => {
                let old = self.rows.get(row).cloned();
                let mut after = old.as_ref().map_or_else(|| record("{}"), |(record, _)| record.clone());
                after.merge(&record(&columns(*column, turn)));
                let old_status = old.as_ref().map(|(_, status)| *status);
                let after_status = status.or(old_status).unwrap_or_default();
                let before = old.as_ref().map(|(record, status)| seen(record, *status));
                journal.row(at_ms, *origin, &key(*row), before, Some(seen(&after, after_status)));
                self.note(*row, old_status, Some(after_status));
                self.rows.insert(*row, (after, after_status));
            }
            Event::Delete(row, origin) => {
                let Some((before, status)) = self.rows.remove(row) else {
                    return;
                };
                journal.row(at_ms, *origin, &key(*row), Some(seen(&before, status)), None);
                self.note(*row, Some(status), None);
            }
            Event::Note(kind, text) => journal.note(at_ms, *kind, &format!("Notice {text}.")),
            Event::Connecting(attempt) => journal.connecting(at_ms, u32::from(*attempt)),
            Event::Synced => journal.synced(at_ms),
            Event::Look => journal.look(),
        }
    }

    fn note(&mut self, row: u8, before: Option<Status>, after: Option<Status>) {
        let states = self.states.entry(row).or_insert_with(|| vec![before]);
        if before != after {
            states.push(after);
        }
    }
}

/// All sources have had their first snapshot.
fn known(bounds: Bounds) -> Journal {
    let mut journal = Journal::new(bounds, rules(), START);
    for kind in Kind::ALL {
        let first = RowKey::new(kind, SourceId::usual(kind), RowId::from("first"));
        journal.row(
            START,
            Origin::Snapshot,
            &first,
            None,
            Some(seen(&record("{}"), Status::Idle)),
        );
    }
    journal.synced(START);
    journal
}

fn check_order(journal: &Journal, row: u8) -> Result<(), TestCaseError> {
    let stretches: Vec<_> = journal.states(&key(row)).collect();
    for pair in stretches.windows(2) {
        prop_assert_eq!(pair[0].to_ms, Some(pair[1].since.certain_ms()), "no gap and no overlap");
        prop_assert!(pair[0].since.certain_ms() <= pair[1].since.certain_ms());
        prop_assert_ne!(pair[0].status, pair[1].status);
    }
    if let Some(last) = stretches.last() {
        prop_assert_eq!(last.to_ms, None);
        let since = last.status.map(|_| last.since);
        prop_assert_eq!(journal.since(&key(row)), since);
    }
    Ok(())
}

fn check_log(journal: &Journal) -> Result<(), TestCaseError> {
    let log: Vec<Entry<'_>> = journal.log().collect();
    prop_assert!(log.is_sorted_by(|a, b| a.id() > b.id()));
    let together: u64 = log
        .iter()
        .map(|entry| match entry.what() {
            What::Together(_, rows) => rows.rows(),
            _ => 0,
        })
        .sum();
    prop_assert!(log.len() <= journal.entries());
    for entry in &log {
        prop_assert!(entry.at_ms() <= entry.last_ms() && entry.times() > 0);
        prop_assert!(entry.label().chars().count() <= 80);
        let columns = match entry.what() {
            What::Changed { columns, .. } | What::Routine(columns) => columns,
            _ => continue,
        };
        for values in columns.filter_map(|column| column.values) {
            for text in [values.old, values.new].into_iter().flatten() {
                prop_assert!(text.chars().count() <= 120);
            }
        }
    }
    // Whatever the filter of a minute leaves out has not happened in it.
    let from_ms = log.get(log.len() / 2).map_or(START, Entry::last_ms);
    let all = log
        .iter()
        .filter(|entry| entry.last_ms() >= from_ms && entry.severity() > Severity::Routine);
    prop_assert_eq!(journal.happened_since(from_ms).count(), all.count());
    prop_assert!(together == 0 || journal.entries() > 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_bounds_hold_and_states_are_in_order_for_any_sequence(
        events in prop::collection::vec((event(), 0..90_000_i64), 1..400),
        entries in 1..200_usize,
        states in 2..10_usize,
    ) {
        let bounds = Bounds { bytes: LEAST_BYTES, entries, states };
        let mut journal = known(bounds);
        let mut expected = Expected::default();
        let mut at_ms = START;
        for (turn, (event, later)) in events.iter().enumerate() {
            // Now and then the clock is set back.
            at_ms += if turn % 50 == 49 { -later * 10 } else { *later };
            expected.happen(&mut journal, at_ms, turn, event);
            prop_assert!(journal.bytes() <= bounds.bytes, "{} bytes", journal.bytes());
            prop_assert!(journal.entries() <= entries);
        }
        check_log(&journal)?;
        for (row, all) in &expected.states {
            check_order(&journal, *row)?;
            prop_assert!(journal.states(&key(*row)).count() <= states);
            let kept: Vec<_> = journal.states(&key(*row)).map(|stretch| stretch.status).collect();
            prop_assert!(kept.is_empty() || all.ends_with(&kept), "{kept:?} of {all:?}");
            prop_assert!(journal.changes(&key(*row)).count() <= 64);
        }
    }

    #[test]
    fn no_change_of_state_is_lost_by_folding(events in prop::collection::vec((event(), 0..5_000_i64), 1..400)) {
        let bounds = Bounds { states: 1_000, ..Bounds::default() };
        let mut journal = known(bounds);
        let mut expected = Expected::default();
        let mut at_ms = START;
        for (turn, (event, later)) in events.iter().enumerate() {
            at_ms += later;
            expected.happen(&mut journal, at_ms, turn, event);
        }
        check_log(&journal)?;
        prop_assert_eq!(journal.forgotten(), 0);
        for (row, all) in &expected.states {
            let kept: Vec<_> = journal.states(&key(*row)).map(|stretch| stretch.status).collect();
            if kept.is_empty() {
                // Routine changes alone, folded or not, are in no need of states.
                prop_assert_eq!(all.len(), 1);
                continue;
            }
            let whole = if all[0].is_none() { &all[1..] } else { all.as_slice() };
            prop_assert_eq!(&kept, whole);
            // Each state has an entry of the log or of the history.
            let entries = journal.changes(&key(*row)).filter(|entry| entry.states().is_some()).count();
            prop_assert!(entries == all.len() - 1 || entries >= 32, "{entries} of {}", all.len() - 1);
        }
    }
}

#[test]
fn hostile_rows_are_bounded_too() {
    let bounds = Bounds {
        bytes: 1_000_000,
        ..Bounds::default()
    };
    let mut journal = Journal::new(bounds, rules(), START);
    let label = "\u{202e}名".repeat(100_000);
    let mut random = fastrand::Rng::with_seed(5);
    for number in 0..3_000_i64 {
        let wide: Vec<String> = (0..100)
            .map(|column| format!(r#""c{column}_{}":"{}""#, random.u32(..), "字".repeat(300)))
            .collect();
        let (before, after) = (record("{}"), record(&format!("{{{}}}", wide.join(","))));
        let source = SourceId::new(random.usize(0..70_000));
        let id = "i".repeat(random.usize(0..2_000));
        let key = RowKey::new(Kind::Task, source, RowId::from(id.as_str()));
        let at = |record| Seen {
            record,
            label: &label,
            status: Status::ALL[random.clone().usize(..Status::ALL.len())],
        };
        journal.row(START + number, Origin::Live, &key, Some(at(&before)), Some(at(&after)));
        journal.note(START + number, NoticeKind::Drift, &format!("{number} {label}"));
        assert!(journal.bytes() <= bounds.bytes, "{} bytes", journal.bytes());
    }
    assert!(journal.forgotten() > 0 && journal.entries() > 100);
    let text: String = journal.log().map(|entry| entry.to_string()).collect();
    assert!(!text.contains('\u{202e}'));
    let longest = journal.log().map(|entry| entry.to_string().len()).max();
    assert!(longest.is_some_and(|bytes| bytes < 8_000), "{longest:?}");
}

#[test]
fn weeks_of_changes_neither_grow_nor_keep_what_is_gone() {
    let bounds = Bounds {
        bytes: 512 * 1024,
        ..Bounds::default()
    };
    let mut journal = known(bounds);
    let mut random = fastrand::Rng::with_seed(1);
    let (mut most, mut at_ms) = (0, START);
    let statuses = [Status::Queued, Status::Running, Status::Waiting, Status::Done];
    let texts = statuses.map(|status| record(&format!(r#"{{"status":"{}","agent":"a"}}"#, status.word())));
    for number in 0..400_000_u32 {
        at_ms += 5;
        let id = number / 4 - random.u32(0..2).min(number / 4);
        let turn = (number % 4) as usize;
        let key = support::task(&id.to_string());
        let now = Some(seen(&texts[turn], statuses[turn]));
        match turn {
            0 => journal.row(at_ms, Origin::Live, &key, None, now),
            3 => journal.row(at_ms, Origin::Live, &key, now, None),
            _ => journal.row(
                at_ms,
                Origin::Live,
                &key,
                Some(seen(&texts[turn - 1], statuses[turn - 1])),
                now,
            ),
        }
        most = most.max(journal.bytes());
    }
    assert!(most <= bounds.bytes, "{most}");
    assert!(journal.entries() > 1_000, "{journal:?}");
    assert!(journal.rows() < 4_000, "{journal:?}");
    assert_eq!(journal.log().count(), journal.entries());
}
