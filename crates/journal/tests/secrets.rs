//! Values of secret columns are in no text of the journal, however they arrive.

mod support;

use journal::{Journal, Origin, Rules, is_routine};
use model::Status;
use proptest::prelude::*;
use support::{Row, START, changes, journal, lines};

/// Occurs in no name, no word and no other value.
const SECRET: &str = "zq9x";

/// Every text that can be read from a journal.
fn texts(journal: &Journal) -> String {
    let mut all = format!("{journal:?}");
    for entry in journal.log() {
        all += &format!("{entry}\n{entry:?}\n");
        if let Some(key) = entry.key() {
            all += &changes(journal, key).concat();
        }
    }
    all
}

fn cell(secret: bool) -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("null".to_owned()),
        any::<i32>().prop_map(|number| number.to_string()),
        "[a-p ]{0,200}".prop_map(|text| format!("\"{text}\"")),
        "[a-p]{0,5}"
            .prop_map(move |text| format!(r#"{{"a":[{{"inner_key":{{"x":"{SECRET}{text}"}}}}],"b":"{text}"}}"#)),
    ];
    let hidden = "[a-p]{0,5}".prop_map(|text| format!("\"{SECRET}{text}\""));
    if secret { hidden.boxed() } else { plain.boxed() }
}

fn row() -> impl Strategy<Value = String> {
    let column = prop_oneof![
        cell(true).prop_map(|cell| format!(r#""api_key":{cell}"#)),
        cell(true).prop_map(|cell| format!(r#""secret_heartbeat":{cell}"#)),
        cell(false).prop_map(|cell| format!(r#""note":{cell}"#)),
        cell(false).prop_map(|cell| format!(r#""updated_at":{cell}"#)),
        cell(false).prop_map(|cell| format!(r#""count":{cell}"#)),
    ];
    prop::collection::vec(column, 0..5).prop_map(|columns| format!("{{{}}}", columns.join(",")))
}

proptest! {
    #[test]
    fn no_sequence_of_changes_shows_a_secret(rows in prop::collection::vec((row(), 0..3_u8), 1..30)) {
        let mut journal = journal();
        let mut shown = Row::new("1", "{}", Status::Running);
        for (at, (json, origin)) in rows.iter().enumerate() {
            let origin = [Origin::Live, Origin::Snapshot, Origin::Settings][usize::from(*origin)];
            let status = [Status::Running, Status::Failed][at % 7 / 6];
            shown.become_of(&mut journal, START + at as i64, origin, json, status);
        }
        prop_assert!(!texts(&journal).contains(SECRET), "{}", texts(&journal));
    }

    #[test]
    fn a_column_that_becomes_secret_leaves_no_value(rows in prop::collection::vec(row(), 1..30), entries in 1..30_usize) {
        let open = Rules::new(|_| false, is_routine);
        let bounds = journal::Bounds { entries, ..journal::Bounds::default() };
        let mut journal = Journal::new(bounds, open, START);
        let mut shown = Row::new("1", "{}", Status::Running);
        for (at, json) in rows.iter().enumerate() {
            let status = [Status::Running, Status::Failed][at % 7 / 6];
            shown.become_of(&mut journal, START + at as i64, Origin::Live, json, status);
        }
        let (before, bytes) = (lines(&journal).len(), journal.bytes());
        journal.set_rules(support::rules());
        prop_assert!(!texts(&journal).contains(SECRET), "{}", texts(&journal));
        prop_assert_eq!(lines(&journal).len(), before);
        prop_assert!(journal.bytes() <= bytes);
    }
}

#[test]
fn without_rules_the_values_would_be_there() {
    let mut journal = Journal::new(journal::Bounds::default(), Rules::new(|_| false, is_routine), START);
    let mut row = Row::new("1", "{}", Status::Running);
    row.set(
        &mut journal,
        START,
        &format!(r#"{{"api_key":"{SECRET}","note":{{"inner_key":"{SECRET}"}}}}"#),
    );
    assert_eq!(
        texts(&journal).matches(SECRET).count(),
        4,
        "in the log and in the history: the checks see them"
    );
}
