//! The fuzzy finder.

use model::{Cell, Status};
use query::{Field, Finder, Row, Value, find};

/// A row that is all that the finder looks at.
#[derive(Debug, Clone, PartialEq)]
struct Named {
    label: String,
    id: String,
    activity: Option<String>,
    state: Status,
}

impl Row for Named {
    fn any(&self, field: Field, test: &mut dyn FnMut(Value<'_>) -> bool) -> bool {
        match field {
            Field::Label => test(Value::Text(&self.label)),
            Field::Id => test(Value::Text(&self.id)),
            Field::Activity => self.activity.as_deref().map(Value::Text).is_some_and(test),
            Field::State => test(Value::State(self.state, None)),
            _ => false,
        }
    }

    fn column(&self, _: &str) -> Option<Cell<'_>> {
        None
    }
}

fn row(label: &str, id: &str, state: Status) -> Named {
    Named {
        label: label.to_owned(),
        id: id.to_owned(),
        activity: None,
        state,
    }
}

fn found(rows: &[Named], text: &str) -> Vec<String> {
    let hits = find(rows, text, 10);
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
    hits.into_iter().map(|hit| hit.row.label.clone()).collect()
}

#[test]
fn all_letters_must_be_there_in_order_and_the_beginnings_of_words_count_most() {
    let rows = [
        row("compinvoice", "1", Status::Idle),
        row("Pay invoice", "2", Status::Idle),
        row("Invite Paul", "3", Status::Idle),
        row("unrelated", "4", Status::Idle),
    ];
    assert_eq!(found(&rows, "inv"), ["Invite Paul", "Pay invoice", "compinvoice"]);
    assert_eq!(found(&rows, "pi"), ["Pay invoice", "compinvoice"]);
    assert_eq!(
        found(&rows, "INVO pay"),
        ["Pay invoice"],
        "words in any order, without regard to case"
    );
    assert!(found(&rows, "eciovni").is_empty());
}

#[test]
fn ids_are_found_by_their_beginning_and_activities_count_less_than_labels() {
    let mut busy = row("Coder", "77ff", Status::Running);
    busy.activity = Some("Planner of tests".to_owned());
    let rows = [busy, row("Planner", "9a8b", Status::Idle)];
    assert_eq!(found(&rows, "planner"), ["Planner", "Coder"]);
    assert_eq!(found(&rows, "77"), ["Coder"]);
    assert_eq!(found(&rows, "9A8"), ["Planner"]);
    assert!(found(&rows, "a8b").is_empty(), "an id is found by its beginning only");
}

#[test]
fn ties_are_sorted_by_severity_then_by_label() {
    let rows = [
        row("job b", "1", Status::Done),
        row("job a", "2", Status::Waiting),
        row("job c", "3", Status::Failed),
        row("job d", "4", Status::Blocked),
        row("job a", "5", Status::Done),
    ];
    assert_eq!(found(&rows, "job"), ["job c", "job d", "job a", "job a", "job b"]);
    assert_eq!(
        found(&rows, ""),
        ["job c", "job d", "job a", "job a", "job b"],
        "with no text, all"
    );
    let few: Vec<_> = find(&rows, "job", 2)
        .into_iter()
        .map(|hit| hit.row.label.as_str())
        .collect();
    assert_eq!(few, ["job c", "job d"]);
    assert!(find(&rows, "job", 0).is_empty());
}

#[test]
fn a_finder_that_is_given_rows_one_by_one_finds_the_same() {
    let rows: Vec<Named> = (0..500)
        .map(|at| row(&format!("task {at}"), &at.to_string(), Status::Idle))
        .collect();
    let mut finder = Finder::new("t 7", 5);
    rows.iter().rev().for_each(|row| finder.offer(row));
    assert_eq!(finder.positions("task 17"), [0, 6]);
    assert_eq!(finder.finish(), find(&rows, "t 7", 5));
}

#[test]
fn long_labels_are_cut() {
    let mut long = "x".repeat(2_000_000);
    long.insert_str(200, "needle");
    long.push_str("haystack");
    let rows = [row(&long, "1", Status::Idle), row(&"é".repeat(300), "2", Status::Idle)];
    assert_eq!(find(&rows, "needle", 5).len(), 1);
    assert!(find(&rows, "haystack", 5).is_empty());
    assert!(
        find(&rows, &"x".repeat(1_000_000), 5).len() == 1,
        "what is typed is cut as well"
    );
}
