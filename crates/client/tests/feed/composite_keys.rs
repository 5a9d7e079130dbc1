//! A table with a primary key of two columns: its snapshot, its changes and its look-ups, against the demo's server.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    demo::server,
    listener::{Listener, settings},
};
use demo::{Control, Server, TableId};
use model::{Kind, Notice, NoticeKind, Record, RowId};
use realtime::Source;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Owners whose names contain every character that a filter interprets.
const OWNERS: [&str; 5] = [
    "acme",
    "acme, inc",
    r#"the "best"/west"#,
    r"back\slash",
    "(and.or) a&b=c%",
];
/// Rows of each owner.
const ROWS: usize = 9;
/// Rows in one page of the server: a page ends among the rows of one owner.
const PAGE_ROWS: usize = 4;
/// Bytes of a change above which the server sends it without its long values.
const MAX_CHANGE_BYTES: usize = 4_000;

fn object(row: &Value) -> Map<String, Value> {
    row.as_object().expect("an object").clone()
}

fn insert(control: &Control, owner: &str, name: &str) -> Uuid {
    let row = object(&json!({ "owner": owner, "name": name, "status": "running" }));
    control.insert(TableId::Workflows, row).expect("inserted")
}

/// A server whose workflows have the primary key `(owner, id)`.
fn keyed_server() -> Server {
    let server = server(0.0);
    let control = server.control();
    control.truncate(TableId::Workflows);
    control
        .rules(TableId::Workflows, |rules| rules.set_key(&["owner", "id"]))
        .expect("columns of the table");
    control.set_behaviour(|behaviour| {
        behaviour.max_rows = PAGE_ROWS;
        behaviour.max_change_bytes = MAX_CHANGE_BYTES;
    });
    for n in 0..ROWS {
        for owner in OWNERS {
            insert(&control, owner, &format!("{owner} {n}"));
        }
    }
    server
}

/// A listener whose settings name these key columns of the workflows.
fn follow_by(server: &Server, key: &[&str]) -> (Listener, Source) {
    let mut settings = settings(&server.url());
    Arc::make_mut(&mut settings.mapping)
        .edit(|sources| sources[2].id = key.iter().map(|column| (*column).to_owned()).collect());
    let sources = settings::sources(&settings.mapping);
    let source = sources
        .into_iter()
        .find(|source| source.table == TableId::Workflows.name())
        .expect("the workflows");
    (Listener::start(settings), source)
}

/// A listener whose settings name two key columns of the workflows.
fn follow(server: &Server) -> (Listener, Source) {
    follow_by(server, &["owner", "id"])
}

type Rows = BTreeMap<RowId, Value>;

/// The server's rows under their composite ids.
fn served(control: &Control, source: &Source) -> Rows {
    let rows = control.rows(TableId::Workflows).into_iter();
    rows.map(|row| {
        let record = Record::from_json(&row.to_string()).expect("a row");
        (source.id_of(&record).expect("a key"), row)
    })
    .collect()
}

fn received(listener: &Listener) -> Rows {
    let rows = listener.rows.iter().filter(|(key, _)| key.kind == Kind::Workflow);
    rows.map(|(key, record)| (key.id.clone(), serde_json::to_value(record).expect("JSON")))
        .collect()
}

fn until_equal(listener: &mut Listener, server: &Server, source: &Source) {
    listener.until("the server's workflows", |listener| {
        received(listener) == served(&server.control(), source)
    });
}

#[test]
fn a_snapshot_of_a_table_with_two_key_columns_contains_every_row_once() {
    let server = keyed_server();
    let (mut listener, source) = follow(&server);
    listener.until_connected();
    until_equal(&mut listener, &server, &source);
    assert_eq!(received(&listener).len(), OWNERS.len() * ROWS);
}

#[test]
fn rows_that_share_the_key_of_the_settings_are_reported_once() {
    let server = keyed_server();
    server.control().set_behaviour(|behaviour| behaviour.max_rows = 1_000);
    let (mut listener, _) = follow_by(&server, &["owner"]);
    listener.until_connected();
    listener.until("the notice", |listener| !listener.notices.is_empty());
    assert_eq!(received(&listener).len(), OWNERS.len());
    let shared: Vec<&Notice> = listener
        .notices
        .iter()
        .filter(|notice| notice.kind == NoticeKind::KeyNotUnique)
        .collect();
    let [notice] = shared.as_slice() else {
        panic!("one notice: {:?}", listener.notices);
    };
    let hidden = format!(
        "{} rows of public.workflows have the owner of another row",
        OWNERS.len() * (ROWS - 1)
    );
    assert!(
        notice.text.starts_with(&hidden) && notice.text.contains("id in the [[sources]]"),
        "{}",
        notice.text
    );
}

#[test]
fn a_row_whose_key_is_the_empty_text_is_read_followed_and_looked_up() {
    let server = server(0.0);
    let control = server.control();
    control.truncate(TableId::Workflows);
    control
        .rules(TableId::Workflows, |rules| rules.set_key(&["owner"]))
        .expect("a column of the table");
    control.set_behaviour(|behaviour| {
        behaviour.max_rows = 1;
        behaviour.max_change_bytes = MAX_CHANGE_BYTES;
    });
    let empty = insert(&control, "", "without an owner");
    insert(&control, "acme", "with one");
    let (mut listener, source) = follow_by(&server, &["owner"]);
    listener.until_connected();
    until_equal(&mut listener, &server, &source);
    assert_eq!(received(&listener).len(), 2);
    let renamed = object(&json!({ "name": "renamed" }));
    control.update(TableId::Workflows, empty, &renamed).expect("updated");
    until_equal(&mut listener, &server, &source);
    // The server sends this change without its long value, so that the row is looked up by its key alone.
    let long = object(&json!({ "error_message": "x".repeat(2 * MAX_CHANGE_BYTES) }));
    control.update(TableId::Workflows, empty, &long).expect("updated");
    until_equal(&mut listener, &server, &source);
    control.delete(TableId::Workflows, empty).expect("deleted");
    until_equal(&mut listener, &server, &source);
    assert_eq!((received(&listener).len(), listener.syncs.len()), (1, 1));
}

#[test]
fn inserts_updates_and_deletes_are_found_by_both_key_columns() {
    let server = keyed_server();
    let control = server.control();
    let (mut listener, source) = follow(&server);
    listener.until_connected();
    let mut ids = Vec::new();
    for owner in OWNERS {
        ids.push(insert(&control, owner, "new"));
    }
    until_equal(&mut listener, &server, &source);
    for id in &ids {
        let change = object(&json!({ "name": "renamed", "status": "failed" }));
        control.update(TableId::Workflows, *id, &change).expect("updated");
    }
    until_equal(&mut listener, &server, &source);
    // One column of the key changes: the row has another id from then on.
    let moved = object(&json!({ "owner": "somebody else" }));
    control.update(TableId::Workflows, ids[2], &moved).expect("updated");
    until_equal(&mut listener, &server, &source);
    for id in ids {
        control.delete(TableId::Workflows, id).expect("deleted");
    }
    until_equal(&mut listener, &server, &source);
    assert_eq!(listener.syncs.len(), 1, "the changes alone were enough");
}

#[test]
fn a_change_that_is_too_large_is_looked_up_by_both_key_columns() {
    let server = keyed_server();
    let control = server.control();
    let (mut listener, source) = follow(&server);
    listener.until_connected();
    until_equal(&mut listener, &server, &source);
    let long = "x".repeat(2 * MAX_CHANGE_BYTES);
    for owner in OWNERS {
        let id = insert(&control, owner, "large");
        let change = object(&json!({ "error_message": long }));
        control.update(TableId::Workflows, id, &change).expect("updated");
    }
    until_equal(&mut listener, &server, &source);
    assert_eq!(
        listener.syncs.len(),
        1,
        "the rows were looked up, not read with all others"
    );
}
