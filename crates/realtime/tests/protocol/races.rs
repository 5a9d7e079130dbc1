//! Races of docs/realtime-protocol.md §12.4 that session/ does not cover, by their numbers. Each test plays the events in
//! the harmful order and checks that no harm follows.

use std::collections::{BTreeMap, BTreeSet};

use crate::rig::{Rig, config, id_text, ms, seconds};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use realtime::{Event, LinkStatus, PageQuery, PageRequest, SessionConfig};
use serde_json::{Value, json};

/// The server's table, by key; pages are read in the order of the key.
#[derive(Default)]
struct Table {
    rows: BTreeMap<u64, Value>,
}

impl Table {
    fn of(rows: &[Value]) -> Self {
        let mut table = Self::default();
        rows.iter().for_each(|row| table.set(row));
        table
    }

    fn set(&mut self, row: &Value) {
        self.rows.insert(row["id"].as_u64().expect("an id"), row.clone());
    }

    fn all(&self) -> Vec<Value> {
        self.rows.values().cloned().collect()
    }

    fn answer(&self, request: &PageRequest) -> Vec<Value> {
        match &request.query {
            PageQuery::After { after, limit } => {
                let after = after
                    .as_ref()
                    .map_or(0, |id| id.as_str().parse::<u64>().expect("an id") + 1);
                self.rows
                    .range(after..)
                    .take(*limit)
                    .map(|(_, row)| row.clone())
                    .collect()
            }
            PageQuery::Ids(ids) => self
                .all()
                .into_iter()
                .filter(|row| ids.iter().any(|id| *id.as_str() == id_text(&row["id"])))
                .collect(),
        }
    }

    /// Answers the oldest request with the rows that the table has now.
    fn give(&self, rig: &mut Rig) {
        let request = rig.fetch();
        rig.answer(&request, &self.answer(&request));
    }

    /// Answers all requests until a snapshot is merged, and returns the number of its pages.
    fn finish(&self, rig: &mut Rig) -> usize {
        let (synced, mut pages) = (rig.synced.len(), 0);
        for _ in 0..200 {
            while !rig.fetches.is_empty() {
                self.give(rig);
                pages += 1;
            }
            if rig.synced.len() > synced {
                return pages;
            }
            rig.pass(ms(250));
        }
        panic!("it reads without end: {pages} pages");
    }

    fn assert_reported(&self, rig: &Rig) {
        let reported: Vec<&Value> = rig.state.values().collect();
        assert_eq!(reported, self.all().iter().collect::<Vec<_>>());
    }
}

fn small_pages() -> SessionConfig {
    SessionConfig {
        page_size: 2,
        ..config()
    }
}

fn numbered(ids: std::ops::RangeInclusive<u64>) -> Vec<Value> {
    ids.map(|id| json!({"id": id, "a": 0})).collect()
}

/// Loses the socket and connects again, up to the start of the next snapshot.
fn reconnect(rig: &mut Rig) {
    rig.lost();
    rig.pass(seconds(3));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
}

#[test]
fn r11_a_delete_and_an_insert_between_pages_skip_and_double_nothing() {
    let mut table = Table::of(&numbered(2..=6));
    let mut rig = Rig::syncing(small_pages());
    table.give(&mut rig);
    // By offset the second page would now begin at row 5, and row 4 be skipped.
    table.rows.remove(&2);
    rig.delete(2);
    let request = rig.fetches.first().expect("the second page");
    assert!(
        matches!(&request.query, PageQuery::After { after: Some(key), .. } if key.as_str() == "3"),
        "{request:?}"
    );
    table.give(&mut rig);
    // And here row 5 would be read twice.
    table.set(&json!({"id": 1, "a": 0}));
    rig.insert(json!({"id": 1, "a": 0}));
    let reported = rig.changes;
    table.finish(&mut rig);
    table.assert_reported(&rig);
    assert_eq!(rig.changes - reported, 5, "each row once");
}

#[test]
fn r12_a_row_that_is_changed_between_pages_moves_nowhere_and_reading_ends() {
    let mut table = Table::of(&numbered(1..=6));
    let mut rig = Rig::syncing(small_pages());
    let mut pages = 0;
    // Each page's first row is changed after it was read: by `updated_at` it would be at the end of the tail again.
    while rig.synced.is_empty() {
        assert!(pages < 20, "reading does not end");
        if rig.fetches.is_empty() {
            rig.pass(ms(250));
            continue;
        }
        table.give(&mut rig);
        pages += 1;
        let id = pages * 2 - 1;
        if id <= 6 {
            let row = json!({"id": id, "a": 1});
            table.set(&row);
            rig.update(row);
        }
    }
    assert_eq!(pages, 4, "three pages and the empty one");
    table.assert_reported(&rig);
}

#[test]
fn r13_a_slow_transaction_with_an_older_time_is_read_after_a_loss() {
    let mut rows = vec![
        json!({"id": 1, "updated_at": "2026-11-23T10:00:09+00:00"}),
        json!({"id": 2, "updated_at": "2026-11-23T10:00:00+00:00", "a": 0}),
    ];
    let mut rig = Rig::live(config(), &rows);
    rig.lost();
    // The transaction began before the newest known row, and commits while there is no connection.
    rows[1] = json!({"id": 2, "updated_at": "2026-11-23T10:00:05+00:00", "a": 1});
    rows.push(json!({"id": 3, "updated_at": "2026-11-23T10:00:05+00:00"}));
    rig.pass(seconds(3));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    let page = rig.fetches.first().expect("a page");
    assert!(
        matches!(page.query, PageQuery::After { after: None, .. }),
        "the whole table, from its first key: no watermark"
    );
    rig.finish_snapshot(&rows);
    assert_eq!(rig.state.values().collect::<Vec<_>>(), rows.iter().collect::<Vec<_>>());
}

#[test]
fn r14_rows_deleted_while_disconnected_are_removed() {
    let mut table = Table::of(&numbered(1..=5));
    let mut rig = Rig::live(config(), &table.all());
    table.rows.remove(&2);
    table.rows.remove(&5);
    reconnect(&mut rig);
    table.finish(&mut rig);
    table.assert_reported(&rig);
    assert_eq!(rig.synced.last().expect("a report").removed, 2);
}

/// Changes come from the primary at once; rows are read from a replica that is behind.
#[test]
fn r15_pages_from_a_delayed_replica_undo_no_change() {
    const COLUMNS: [&str; 3] = ["id", "a", "big"];
    let partial = |rig: &mut Rig, id: u64, a: u64| {
        let (row, old) = (json!({"id": id, "a": a}), json!({"id": id}));
        rig.change_in(100, "todos", "UPDATE", Some(row), Some(old), &COLUMNS);
    };
    // An update of an unknown row: its missing columns are looked up, and the replica still has the earlier row.
    let mut rig = Rig::live(config(), &[]);
    rig.pass(seconds(6));
    partial(&mut rig, 1, 2);
    rig.pass(ms(400));
    let behind = rig.fetch();
    rig.answer(&behind, &[json!({"id": 1, "a": 1, "big": "x"})]);
    assert_eq!(rig.row("1").expect("the row")["a"], 2, "the newer value is kept");
    rig.pass(ms(1_100));
    let again = rig.fetch();
    assert_eq!(again.query, PageQuery::Ids(vec!["1".into()]));
    rig.answer(&again, &[json!({"id": 1, "a": 2, "big": "x"})]);
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2, "big": "x"})));

    // A change too large for the stream: the replica still has the row that is known already.
    let big = json!({"id": 1, "a": 1, "big": "x"});
    let mut rig = Rig::live(config(), std::slice::from_ref(&big));
    rig.pass(seconds(6));
    too_large(&mut rig, 1);
    rig.pass(ms(400));
    let behind = rig.fetch();
    rig.answer(&behind, std::slice::from_ref(&big));
    rig.pass(ms(1_100));
    let again = rig.fetch();
    rig.answer(&again, &[json!({"id": 1, "a": 1, "big": "y"})]);
    assert_eq!(rig.row("1").expect("the row")["big"], "y");

    // A row inserted just after a snapshot: the replica does not have it yet.
    let mut rig = Rig::live(config(), &[]);
    rig.insert(json!({"id": 1}));
    rig.pass(ms(400));
    let behind = rig.fetch();
    rig.answer(&behind, &[]);
    assert_eq!(rig.ids(), ["1"], "one look-up does not prove that the row is gone");
    rig.pass(ms(1_100));
    let again = rig.fetch();
    rig.answer(&again, &[json!({"id": 1})]);
    assert_eq!(rig.ids(), ["1"]);
    rig.pass(seconds(4));
    assert!(rig.fetches.is_empty(), "and the row is then taken for verified");
}

fn too_large(rig: &mut Rig, id: u64) {
    let topic = rig.topic.clone();
    rig.text(format!(
        r#"[null,null,"{topic}","postgres_changes",{{"ids":[100],"data":{{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:04.000Z","columns":[{{"name":"id","type":"int8"}},{{"name":"a","type":"int8"}},{{"name":"big","type":"text"}}],"record":{{"id":{id}}},"old_record":{{"id":{id}}},"errors":["Error 413: Payload Too Large"]}}}}]"#
    ));
}

#[test]
fn r16_a_transaction_whose_changes_come_between_pages_is_whole_in_the_end() {
    let mut table = Table::of(&numbered(1..=6));
    let mut rig = Rig::syncing(small_pages());
    table.give(&mut rig);
    // The transaction commits now; half of its changes arrive before the next page and half after it.
    for id in 1..=6 {
        table.set(&json!({"id": id, "a": 1}));
    }
    for id in [1, 4, 6] {
        rig.update(json!({"id": id, "a": 1}));
    }
    table.give(&mut rig);
    for id in [2, 3, 5] {
        rig.update(json!({"id": id, "a": 1}));
    }
    assert!(rig.state.is_empty(), "a half-read table is not reported");
    table.finish(&mut rig);
    table.assert_reported(&rig);
}

fn jwt(user: &str) -> String {
    let claims = json!({"role": "authenticated", "sub": user, "exp": 4_102_444_800_u64});
    format!("eyJh.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

/// `u1` sees the odd rows, `u2` the even ones.
#[test]
fn r19_pages_of_two_users_are_never_one_snapshot() {
    let (odd, even) = (
        Table::of(&[json!({"id": 1}), json!({"id": 3}), json!({"id": 5})]),
        Table::of(&[json!({"id": 2}), json!({"id": 4})]),
    );
    let mixed = |rig: &Rig| {
        let ids: BTreeSet<u64> = rig
            .ids()
            .iter()
            .map(|id| id.parse::<u64>().expect("an id") % 2)
            .collect();
        ids.len() > 1
    };
    // Once during the first snapshot, and once during a later snapshot on a live channel.
    for while_live in [false, true] {
        let mut rig = Rig::started(SessionConfig {
            sign_in: true,
            ..small_pages()
        });
        rig.grant(&jwt("u1"), HOUR);
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system_ok();
        if while_live {
            odd.finish(&mut rig);
            rig.pass(seconds(5));
            rig.system_ok();
            rig.pass(seconds(1));
        }
        odd.give(&mut rig);
        // The token expires during the snapshot, and the new token is another user's.
        let page = rig.fetch();
        rig.fail(&page, realtime::PageError::Expired("JWT expired".into()));
        rig.grant(&jwt("u2"), HOUR);
        for _ in 0..40 {
            rig.pass(ms(250));
            rig.answer_beats();
            while !rig.fetches.is_empty() {
                even.give(&mut rig);
            }
            assert!(!mixed(&rig), "{:?}", rig.ids());
        }
        even.assert_reported(&rig);
        assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
        assert_eq!(rig.closes, 0);
    }
}

/// The server starts to use a pushed token after a second or two. Until then it sends no changes of rows that only the new
/// user may see.
#[test]
fn r19_a_confirmation_after_another_users_token_is_a_gap() {
    let mut rig = Rig::started(SessionConfig {
        sign_in: true,
        ..config()
    });
    rig.grant(&jwt("u1"), HOUR);
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    Table::of(&[json!({"id": 1})]).finish(&mut rig);
    rig.run(HOUR - seconds(355), &[json!({"id": 1})]);
    rig.grant(&jwt("u2"), HOUR);
    // The rows are read as the new user; then one of them changes before the server has begun to use the new token.
    rig.run(seconds(2), &[json!({"id": 2, "a": 0})]);
    let changed = [json!({"id": 2, "a": 1})];
    rig.system_ok();
    assert_ne!(rig.status(), LinkStatus::Connected);
    rig.run(seconds(10), &changed);
    assert_eq!(rig.row("2"), Some(&changed[0]));
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn r27_only_the_key_of_a_too_large_change_is_used() {
    let row = json!({"id": 1, "a": 1, "big": "x"});
    let mut rig = Rig::live(config(), std::slice::from_ref(&row));
    rig.pass(seconds(6));
    too_large(&mut rig, 1);
    assert_eq!(rig.row("1"), Some(&row), "absent columns are not null");
    rig.pass(ms(400));
    let check = rig.fetch();
    assert_eq!(check.query, PageQuery::Ids(vec!["1".into()]));
    let now = json!({"id": 1, "a": null, "big": "y"});
    rig.answer(&check, std::slice::from_ref(&now));
    assert_eq!(rig.row("1"), Some(&now));
}

/// The row's key changes before the row can be read: columns carried over to the new key still have to be read.
#[test]
fn r27_a_change_too_large_is_not_forgotten_when_the_key_changes() {
    let mut rig = Rig::live(config(), &[json!({"id": 1, "a": 1, "big": "x"})]);
    rig.pass(seconds(6));
    too_large(&mut rig, 1);
    let (row, old) = (json!({"id": 7, "a": 2}), json!({"id": 1}));
    rig.change_in(100, "todos", "UPDATE", Some(row), Some(old), &["id", "a", "big"]);
    let now = [json!({"id": 7, "a": 2, "big": "y"})];
    rig.run(seconds(3), &now);
    assert_eq!(rig.row("7"), Some(&now[0]));
    assert_eq!(rig.ids(), ["7"]);
}

#[test]
fn r30_two_ways_of_writing_one_value_are_no_change() {
    let topic = |rig: &Rig| rig.topic.clone();
    let rest =
        json!({"id": 1, "hash": "\\xdeadbeef", "code": "ab  ", "load": "NaN", "at": "2026-11-23T10:00:00+00:00"});
    let mut rig = Rig::live(config(), std::slice::from_ref(&rest));
    rig.pass(seconds(6));
    let text = format!(
        r#"[null,null,"{}","postgres_changes",{{"ids":[100],"data":{{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:04.000Z","columns":[{{"name":"id","type":"int8"}},{{"name":"hash","type":"bytea"}},{{"name":"code","type":"bpchar"}},{{"name":"load","type":"float8"}},{{"name":"at","type":"timestamptz"}}],"record":{{"id":1,"hash":"deadbeef","code":"a","load":null,"at":"2026-11-23T10:00:00+00:00"}},"old_record":{{"id":1}},"errors":null}}}}]"#,
        topic(&rig)
    );
    rig.text(text);
    // Repeated readings find nothing to correct.
    let seen = rig.synced.len();
    rig.run(seconds(3_600), std::slice::from_ref(&rest));
    let later = &rig.synced[seen..];
    assert!(later.len() >= 4, "{later:?}");
    assert!(
        later
            .iter()
            .all(|report| report.added + report.changed + report.removed == 0),
        "{later:?}"
    );
    assert!(!rig.has_notice("drift"), "{:?}", rig.notices);
    assert_eq!(rig.row("1").expect("the row")["hash"], "\\xdeadbeef");
}

#[test]
fn r34_timestamps_of_the_server_decide_nothing() {
    let mut rig = Rig::live(config(), &[json!({"id": 1, "a": 0})]);
    rig.pass(seconds(6));
    let closes = rig.closes;
    // Timestamps a decade behind, a century ahead, decreasing, and missing; the client's clock jumps back by a year meanwhile.
    for (a, at) in [
        "2016-01-01T00:00:00Z",
        "2126-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "294276-12-31T23:59:59Z",
        "never",
    ]
    .into_iter()
    .enumerate()
    {
        let topic = rig.topic.clone();
        rig.text(format!(
            r#"[null,null,"{topic}","postgres_changes",{{"ids":[100],"data":{{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"{at}","columns":[{{"name":"id","type":"int8"}},{{"name":"a","type":"int8"}}],"record":{{"id":1,"a":{a}}},"old_record":{{"id":1}},"errors":null}}}}]"#
        ));
        assert_eq!(
            rig.row("1"),
            Some(&json!({"id": 1, "a": a})),
            "{at}: arrival order decides"
        );
        rig.wall -= seconds(365 * 24 * 3_600) / 5;
        rig.pass(seconds(1));
    }
    assert_eq!((rig.status(), rig.closes), (LinkStatus::Connected, closes));
}

/// The client never writes to the database, so it cannot receive its own changes.
#[test]
fn r36_no_request_of_a_whole_session_writes() {
    let mut rig = Rig::started(SessionConfig {
        sign_in: true,
        ..config()
    });
    rig.grant(&jwt("u1"), HOUR);
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[json!({"id": 1})]);
    rig.run(HOUR, &[json!({"id": 1})]);
    rig.grant(&jwt("u1"), HOUR);
    reconnect(&mut rig);
    rig.user(realtime::Command::Disconnect);
    let sent: BTreeSet<String> = rig.sent_events().into_iter().collect();
    let harmless = ["access_token", "heartbeat", "phx_join", "phx_leave"].map(str::to_owned);
    assert_eq!(sent, BTreeSet::from(harmless));
    let join: Value =
        serde_json::from_str(rig.sent.iter().find(|text| text.contains("phx_join")).expect("a join")).expect("JSON");
    assert_eq!(
        join[4]["config"]["presence"]["enabled"], false,
        "not even its presence is reported"
    );
}
