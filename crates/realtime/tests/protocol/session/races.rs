//! Races of realtime-protocol.md §12.4 between stream, snapshot and connection.

use super::*;

fn rows(rig: &Rig) -> Vec<&Value> {
    rig.state.values().collect()
}

#[test]
fn r1_and_r2_nothing_is_read_before_the_database_confirms() {
    let mut rig = Rig::started(config());
    rig.give(Event::SocketOpened);
    assert!(rig.fetches.is_empty());
    rig.join_ok();
    assert!(rig.fetches.is_empty());
    rig.system_ok();
    assert_eq!(rig.fetches.len(), 1);
}

#[test]
fn r3_an_audit_after_the_first_snapshot_finds_changes_lost_in_a_cold_start() {
    let mut rig = Rig::live(config(), &[json!({"id": 1})]);
    rig.pass(seconds(21));
    assert!(!rig.fetches.is_empty(), "10 to 30 s after the first");
    rig.finish_snapshot(&[json!({"id": 1}), json!({"id": 2})]);
    assert_eq!(rig.ids(), ["1", "2"]);
    let last = rig.synced.last().expect("one");
    assert!(last.reconcile && last.added == 1);
    rig.pass(seconds(6));
    assert!(rig.has_notice("drift"));
}

#[test]
fn r4_and_r5_the_last_change_in_arrival_order_counts() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.update(json!({"id": 1, "a": "older"}));
    rig.answer(&page, &[json!({"id": 1, "a": "newest"})]);
    rig.update(json!({"id": 1, "a": "newest"}));
    rig.finish_snapshot(&[]);
    assert_eq!(rows(&rig), [&json!({"id": 1, "a": "newest"})]);
}

#[test]
fn r6_a_row_deleted_after_its_page_is_gone() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.answer(&page, &[json!({"id": 1}), json!({"id": 2})]);
    rig.delete(1);
    rig.finish_snapshot(&[]);
    assert_eq!(rig.ids(), ["2"]);
}

#[test]
fn r7_a_delete_of_an_unknown_row_is_ignored() {
    let mut rig = Rig::live(config(), &[json!({"id": 1})]);
    rig.delete(77);
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn r8_a_row_deleted_and_inserted_again_exists() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.delete(1);
    rig.answer(&page, &[json!({"id": 1, "a": 2})]);
    rig.insert(json!({"id": 1, "a": 2}));
    rig.finish_snapshot(&[]);
    assert_eq!(rows(&rig), [&json!({"id": 1, "a": 2})]);
}

#[test]
fn r9_a_row_deleted_without_a_change_frame_is_not_restored() {
    let mut rig = Rig::syncing(config());
    rig.update(json!({"id": 7, "a": 1}));
    let page = rig.fetch();
    rig.answer(&page, &[]);
    rig.pass(seconds(1));
    let check = rig.fetch();
    assert_eq!(check.query, PageQuery::Ids(vec!["7".into()]));
    assert_eq!(rig.status(), LinkStatus::Connecting, "not live while rows are in doubt");
    rig.answer(&check, &[]);
    assert_eq!(rig.status(), LinkStatus::Connected);
    assert!(rig.state.is_empty());
}

#[test]
fn r10_a_row_whose_key_changes_between_pages_is_there_once() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.answer(&page, &[json!({"id": 1, "a": 1}), json!({"id": 5, "a": 5})]);
    rig.change("UPDATE", Some(json!({"id": 0, "a": 5})), Some(json!({"id": 5})));
    rig.finish_snapshot(&[json!({"id": 0, "a": 5}), json!({"id": 1, "a": 1})]);
    assert_eq!(rig.ids(), ["0", "1"]);
}

#[test]
fn r17_a_socket_lost_before_the_merge_changes_no_row() {
    let mut rig = Rig::live(config(), &[json!({"id": 1})]);
    rig.lost();
    rig.pass(seconds(3));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    let page = rig.fetch();
    rig.lost();
    rig.answer(&page, &[json!({"id": 9})]);
    rig.pass(seconds(5));
    assert_eq!(rig.ids(), ["1"]);
    assert_eq!(rig.status(), LinkStatus::Disconnected);
}

#[test]
fn r18_frames_of_an_earlier_subscription_are_dropped() {
    let mut rig = Rig::live(config(), &[]);
    let earlier = rig.topic.clone();
    rig.lost();
    rig.pass(seconds(3));
    rig.give(Event::SocketOpened);
    assert_ne!(rig.topic, earlier, "a fresh topic for every join");
    let now = std::mem::replace(&mut rig.topic, earlier);
    rig.insert(json!({"id": 1}));
    rig.system_ok();
    rig.topic = now;
    assert!(rig.state.is_empty() && rig.fetches.is_empty());
}

#[test]
fn r20_a_table_that_reads_empty_is_read_again_before_its_rows_are_removed() {
    let mut rig = Rig::live(config(), &[json!({"id": 1})]);
    rig.lost();
    rig.pass(seconds(3));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    let page = rig.fetch();
    rig.answer(&page, &[]);
    rig.pass(ms(900));
    assert!(rig.fetches.is_empty() && rig.ids() == ["1"]);
    rig.pass(ms(100));
    let again = rig.fetch();
    rig.answer(&again, &[json!({"id": 1})]);
    rig.finish_snapshot(&[]);
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn r21_r22_and_r25_a_periodic_audit_finds_changes_missing_from_the_stream() {
    let mut rig = Rig::live(
        realtime::SessionConfig {
            heartbeat_interval: seconds(100_000),
            ..config()
        },
        &[json!({"id": 1}), json!({"id": 2})],
    );
    rig.pass(seconds(40));
    rig.finish_snapshot(&[json!({"id": 1}), json!({"id": 2})]);
    rig.pass(seconds(480));
    assert!(rig.fetches.is_empty());
    rig.pass(seconds(240));
    rig.finish_snapshot(&[json!({"id": 3})]);
    assert_eq!(rig.ids(), ["3"]);
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn r24_an_unexpected_confirmation_counts_as_a_gap() {
    let mut rig = Rig::live(config(), &[json!({"id": 1, "a": 1})]);
    rig.system_ok();
    assert!(rig.is_catching_up(), "the missed changes are not read yet");
    rig.pass(seconds(1));
    let page = rig.fetch();
    rig.update(json!({"id": 1, "a": 2})); // live changes go on
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2})));
    rig.answer(&page, &[json!({"id": 1, "a": 1}), json!({"id": 2})]);
    rig.finish_snapshot(&[]);
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2})));
    assert_eq!(rig.ids(), ["1", "2"]);
    let last = rig.synced.last().expect("one");
    assert!(!last.reconcile && last.added == 1 && last.changed == 0);
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn r26_absent_columns_keep_their_values_and_unknown_ones_are_fetched() {
    let mut rig = Rig::live(config(), &[json!({"id": 1, "a": 1, "big": "x"})]);
    rig.change_in(
        100,
        "todos",
        "UPDATE",
        Some(json!({"id": 1, "a": 2})),
        Some(json!({"id": 1})),
        &["id", "a", "big"],
    );
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2, "big": "x"})));
    rig.change_in(
        100,
        "todos",
        "UPDATE",
        Some(json!({"id": 2, "a": 2})),
        Some(json!({"id": 2})),
        &["id", "a", "big"],
    );
    rig.pass(seconds(1));
    let check = rig.fetch();
    assert_eq!(check.query, PageQuery::Ids(vec!["2".into()]));
    rig.answer(&check, &[json!({"id": 2, "a": 2, "big": "y"})]);
    assert_eq!(rig.row("2"), Some(&json!({"id": 2, "a": 2, "big": "y"})));
}

#[test]
fn r28_a_change_for_other_entries_is_ignored() {
    let mut rig = Rig::live(config(), &[json!({"id": 1})]);
    rig.change_in(100, "todosx", "DELETE", None, Some(json!({"id": 1})), &["id"]);
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn r31_reading_ends_at_an_empty_page_only() {
    let mut rig = Rig::syncing(config());
    let mut read = 0;
    for number in 1..=5 {
        let page = rig.fetch();
        read += 1;
        rig.answer(&page, &[json!({"id": number})]);
    }
    let page = rig.fetch();
    rig.answer(&page, &[]);
    rig.pass(seconds(1));
    assert_eq!((read, rig.state.len()), (5, 5));
}

#[test]
fn r31_reading_ends_although_a_server_ignores_the_cursor() {
    let mut rig = Rig::syncing(config());
    for _ in 0..100 {
        if rig.fetches.is_empty() {
            rig.pass(ms(500));
            continue;
        }
        let page = rig.fetch();
        rig.answer(&page, &[json!({"id": 1})]);
    }
    assert_ne!(rig.status(), LinkStatus::Connected);
    assert!(
        rig.statuses
            .iter()
            .any(|s| s.reason.as_deref().is_some_and(|r| r.contains("same rows twice"))),
        "{:?}",
        rig.statuses
    );
}

#[test]
fn r33_a_change_received_twice_is_reported_once() {
    let mut rig = Rig::live(config(), &[]);
    let before = rig.changes;
    rig.insert(json!({"id": 1, "a": 1}));
    rig.insert(json!({"id": 1, "a": 1}));
    assert_eq!(rig.changes - before, 1);
}

#[test]
fn r37_an_altered_table_is_read_again() {
    let mut rig = Rig::live(config(), &[json!({"id": 1, "a": 1}), json!({"id": 2, "a": 1})]);
    rig.change_in(
        100,
        "todos",
        "UPDATE",
        Some(json!({"id": 1, "a": 2})),
        Some(json!({"id": 1})),
        &["id", "a"],
    );
    rig.change_in(
        100,
        "todos",
        "UPDATE",
        Some(json!({"id": 1, "a": 3, "b": 1})),
        Some(json!({"id": 1})),
        &["id", "a", "b"],
    );
    rig.pass(seconds(4));
    let now = [json!({"id": 1, "a": 3, "b": 1}), json!({"id": 2, "a": 1, "b": 0})];
    rig.finish_snapshot(&now);
    assert_eq!(rig.row("2"), Some(&now[1]));
}

#[test]
fn r38_a_change_older_than_its_page_is_awaited_before_the_merge() {
    let mut rig = Rig::syncing(config());
    let page = rig.fetch();
    rig.answer(&page, &[json!({"id": 1, "a": "newest"})]);
    let page = rig.fetch();
    rig.answer(&page, &[]);
    rig.pass(ms(300));
    rig.update(json!({"id": 1, "a": "older"}));
    rig.pass(ms(100));
    rig.update(json!({"id": 1, "a": "newest"}));
    let changes = rig.changes;
    rig.pass(seconds(1));
    assert_eq!(
        (rig.changes - changes, rig.row("1")),
        (1, Some(&json!({"id": 1, "a": "newest"})))
    );
}

#[test]
fn r39_an_answer_that_may_be_older_than_a_change_is_not_used() {
    let mut rig = Rig::live(config(), &[]);
    rig.pass(seconds(6));
    let columns = ["id", "a", "big"];
    rig.change_in(
        100,
        "todos",
        "UPDATE",
        Some(json!({"id": 1, "a": 1})),
        Some(json!({"id": 1})),
        &columns,
    );
    rig.pass(seconds(1));
    let check = rig.fetch();
    rig.change_in(
        100,
        "todos",
        "UPDATE",
        Some(json!({"id": 1, "a": 2})),
        Some(json!({"id": 1})),
        &columns,
    );
    rig.answer(&check, &[json!({"id": 1, "a": 1, "big": "x"})]);
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2})));
    rig.pass(seconds(1));
    let check = rig.fetch();
    rig.delete(1);
    rig.answer(&check, &[json!({"id": 1, "a": 2, "big": "x"})]);
    assert_eq!(rig.row("1"), None, "the delete takes precedence");
}

#[test]
fn r40_a_row_that_turns_up_just_after_the_merge_is_looked_up() {
    let mut rig = Rig::live(config(), &[]);
    rig.update(json!({"id": 1, "a": 1}));
    assert_eq!(rig.ids(), ["1"]);
    rig.pass(ms(400));
    for look in ["one may be behind", "two are not"] {
        assert_eq!(rig.ids(), ["1"], "{look}");
        let check = rig.fetch();
        rig.answer(&check, &[]);
        rig.pass(ms(1_100));
    }
    assert!(rig.state.is_empty(), "the row had been deleted without a change frame");
    rig.pass(seconds(6));
    rig.update(json!({"id": 2, "a": 1}));
    rig.pass(seconds(2));
    assert!(rig.fetches.is_empty(), "later inserts are not verified");
}

#[test]
fn several_tables_are_merged_together() {
    let mut rig = Rig::syncing(realtime::SessionConfig {
        sources: vec![table("todos"), table("agents"), table("flows")],
        ..config()
    });
    assert_eq!(rig.fetches.len(), 3);
    rig.change_in(101, "agents", "INSERT", Some(json!({"id": "x"})), None, &[]);
    while rig.synced.is_empty() {
        while !rig.fetches.is_empty() {
            let request = rig.fetch();
            match (request.source.table.as_str(), &request.query) {
                ("agents", PageQuery::Ids(_)) => rig.answer(&request, &[json!({"id": "x"})]),
                (table, PageQuery::After { after: None, .. }) if table != "agents" => {
                    rig.answer(&request, &[json!({"id": 1})]);
                }
                _ => rig.answer(&request, &[]),
            }
        }
        rig.pass(Duration::from_millis(100));
    }
    assert_eq!(rig.state.len(), 3);
    assert_eq!(rig.synced[0].rows, [1, 1, 1]);
}
