//! What several rows have in common.

use model::{Kind, Status};
use query::Field;
use sheet::{Column, Common, Sum};

use crate::rows::{TestRows, field, named};

fn common(columns: &[Column], rows: &[&str]) -> Common {
    let rows = TestRows::new(rows);
    let mut common = Common::new(columns.iter().cloned());
    for row in rows.read() {
        common.add(&row);
    }
    common
}

fn same(common: &Common) -> Vec<String> {
    common
        .same()
        .map(|(column, value)| format!("{column}={value}"))
        .collect()
}

#[test]
fn equal_values_counts_and_sums_are_found() {
    let columns = ["owner", "title", "retries", "mixed", "empty", "payload", "api_key"].map(named);
    let columns = [&[field(Field::State), field(Field::Cost)], &columns[..]].concat();
    let common = common(
        &columns,
        &[
            r#"{"title":"a","status":"failed","owner":"Ada","retries":3,"mixed":1,"empty":null,"cost":1.5,"api_key":"x",
                "payload":{"a":1,"token":"one"}}"#,
            r#"{"title":"b","status":"failed","owner":"Ada","retries":-1,"mixed":"x","cost":1.5,"api_key":"x",
                "payload":{"a": 1, "token":"two"}}"#,
            r#"{"title":"c","status":"error","owner":"Ada","retries":null,"mixed":2,"cost":1.5,"api_key":"x",
                "payload":{"a":1}}"#,
        ],
    );
    assert_eq!(
        same(&common),
        ["state=failed", "cost=1.5", "\"owner\"=Ada", "\"payload\"={\"a\":1}"]
    );
    let sums: Vec<(String, Sum)> = common.sums().map(|(column, sum)| (column.to_string(), sum)).collect();
    let sum = |count, sum, min, max| Sum { count, sum, min, max };
    assert_eq!(
        sums,
        [
            ("cost".to_owned(), sum(3, 4.5, 1.5, 1.5)),
            ("\"retries\"".to_owned(), sum(2, 2.0, -1.0, 3.0))
        ]
    );
    assert_eq!(common.statuses(), [(Status::Failed, 3)]);
    assert_eq!((common.kinds(), common.rows()), (vec![(Kind::Task, 3)], 3));
}

#[test]
fn statuses_come_by_severity() {
    let rows = ["done", "waiting", "failed", "done", "running"].map(|word| format!(r#"{{"id":1,"status":"{word}"}}"#));
    let common = common(&[], &rows.each_ref().map(String::as_str));
    assert_eq!(
        common.statuses(),
        [
            (Status::Failed, 1),
            (Status::Waiting, 1),
            (Status::Running, 1),
            (Status::Done, 2)
        ]
    );
    let none = Common::new([]);
    assert!(none.statuses().is_empty() && none.kinds().is_empty());
}

#[test]
fn a_value_that_one_row_lacks_is_not_common() {
    let lacking = common(&[named("a")], &[r#"{"a":"x"}"#, r#"{"b":"x"}"#]);
    assert!(same(&lacking).is_empty());
    let all_lack = common(&[named("a")], &[r#"{"b":1}"#, r#"{"a":null}"#]);
    assert!(same(&all_lack).is_empty());
    assert_eq!(all_lack.sums().count(), 0);
}

#[test]
fn hostile_rows_are_bounded() {
    let long = format!(r#"{{"a":"{0}","b":["{0}"],"c":"short"}}"#, "x".repeat(10_000));
    let long = common(&["a", "b", "c"].map(named), &[&long, &long]);
    assert_eq!(same(&long), ["\"c\"=short"]);
    let columns: Vec<Column> = (0..10_000).map(|at| named(&format!("c{at}"))).collect();
    let cells: Vec<String> = (0..10_000).map(|at| format!("\"c{at}\":1")).collect();
    let wide = common(&columns, &[&format!("{{{}}}", cells.join(","))]);
    assert_eq!(wide.same().count(), 200);
    let huge = common(&[named("a")], &[r#"{"a":1e308}"#, r#"{"a":1e308}"#, r#"{"a":1e999}"#]);
    assert_eq!(huge.sums().count(), 0, "a number without a value is none");
}
