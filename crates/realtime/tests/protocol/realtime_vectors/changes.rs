//! Vectors of table changes.

use super::*;

/// V42 with something else in it.
fn insert_with(from: &str, to: &str) -> String {
    let text = V42.replace(from, to);
    assert_ne!(text, V42);
    text
}

#[test]
fn v42_an_insert_is_applied_or_kept_for_the_snapshot() {
    let mut rig = live(&[]);
    give(&mut rig, V42);
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "a"})));
    let mut rig = joined();
    give(&mut rig, V42);
    assert!(rig.state.is_empty());
    give(&mut rig, V03);
    rig.finish_snapshot(&[json!({"id": 1, "title": "a"})]);
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn v43_v55_absent_columns_keep_their_values_or_are_fetched() {
    let mut rig = live(&[json!({"id": 1, "title": "a", "big": "x"})]);
    give(&mut rig, V43);
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "b", "big": "x"})));
    let mut rig = live(&[]);
    give(&mut rig, V43);
    rig.pass(seconds(1));
    assert_eq!(rig.fetch().query, PageQuery::Ids(vec!["1".into()]));
    let mut rig = live(&[]);
    give(&mut rig, &V43.replace(r#""title":"b""#, r#""title":"b","big":"y""#));
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "b", "big": "y"})));
    rig.pass(seconds(1));
    assert!(rig.fetches.is_empty());
}

#[test]
fn v44_a_changed_key_is_a_delete_and_an_insert_that_carries_over_what_it_lacks() {
    let mut rig = live(&[json!({"id": 1, "title": "a"})]);
    give(
        &mut rig,
        r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:02.000Z","columns":[{"name":"id","type":"int8"}],"record":{"id":5},"old_record":{"id":1},"errors":null}}]"#,
    );
    assert_eq!(rig.ids(), ["5"]);
    assert_eq!(rig.row("5"), Some(&json!({"id": 5, "title": "a"})));
}

#[test]
fn v45_v56_a_delete_removes_and_a_later_insert_brings_back() {
    let mut rig = live(&[json!({"id": 1})]);
    give(&mut rig, V45);
    assert!(rig.state.is_empty());
    give(&mut rig, V45);
    give(&mut rig, V42);
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn v46_v47_v48_changes_without_a_row_are_reported_and_the_table_is_read_at_intervals() {
    for (code, text) in [
        (
            "table_unauthorized",
            r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"DELETE","commit_timestamp":"2026-08-21T10:00:03.000Z","columns":[{"name":"id","type":"int8"}],"old_record":{},"errors":["Error 401: Unauthorized"]}}]"#,
        ),
        (
            "table_unauthorized",
            r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"INSERT","commit_timestamp":null,"columns":[],"record":{},"errors":["Error 401: Unauthorized"]}}]"#,
        ),
        (
            "table_unsupported",
            r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":null,"columns":[],"record":{},"old_record":{},"errors":["Error 400: Bad Request, no primary key"]}}]"#,
        ),
    ] {
        let mut rig = live(&[json!({"id": 1})]);
        for _ in 0..100 {
            give(&mut rig, text);
        }
        let said = |rig: &Rig| rig.notices.iter().filter(|notice| notice.code() == code).count();
        assert_eq!(said(&rig), 0, "it may be that it cannot be read either");
        assert_eq!(rig.ids(), ["1"]);
        assert_eq!(rig.status(), LinkStatus::Connected);
        rig.pass(seconds(7));
        assert_eq!(rig.fetches.len(), 1, "read soon, and not once per change");
        rig.finish_snapshot(&[json!({"id": 1})]);
        for _ in 0..100 {
            give(&mut rig, text);
        }
        rig.pass(seconds(4));
        assert!(rig.fetches.is_empty(), "then at intervals");
        assert_eq!(said(&rig), 1, "said once");
    }
}

#[test]
fn v49_v68_a_change_too_large_is_fetched_by_its_key() {
    let large = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:04.000Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"}],"record":{"id":1},"old_record":{"id":1},"errors":["Error 413: Payload Too Large"]}}]"#;
    for text in [
        large.to_owned(),
        large.replace(
            r#"["Error 413: Payload Too Large"]"#,
            r#""Error 413: Payload Too Large""#,
        ),
    ] {
        let mut rig = live(&[json!({"id": 1, "title": "a"})]);
        give(&mut rig, &text);
        assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "a"})));
        rig.pass(seconds(1));
        let check = rig.fetch();
        assert_eq!(check.query, PageQuery::Ids(vec!["1".into()]));
        rig.answer(&check, &[json!({"id": 1, "title": "huge"})]);
        assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "huge"})));
    }
    let mut rig = live(&[]);
    give(&mut rig, &insert_with(r#""errors":null"#, r#""errors":[]"#));
    assert_eq!(rig.ids(), ["1"]);
}

#[test]
fn v49_in_the_buffer_is_fetched_before_the_merge() {
    let mut rig = Rig::syncing(config());
    give(
        &mut rig,
        r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":null,"columns":[],"record":{"id":1},"old_record":{"id":1},"errors":["Error 413: Payload Too Large"]}}]"#,
    );
    let page = rig.fetch();
    rig.answer(&page, &[json!({"id": 1, "title": "before"})]);
    rig.finish_snapshot(&[json!({"id": 1, "title": "after"})]);
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "after"})));
}

#[test]
fn v50_numbers_keep_every_digit() {
    let mut rig = live(&[]);
    give(
        &mut rig,
        r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"INSERT","commit_timestamp":"2026-08-21T10:00:05.000Z","columns":[{"name":"id","type":"int8"},{"name":"n","type":"numeric"}],"record":{"id":9223372036854775807,"n":12345678901234567890.1234567890},"errors":null}}]"#,
    );
    let row = rig.row("9223372036854775807").expect("the row");
    assert_eq!(
        row.to_string(),
        r#"{"id":9223372036854775807,"n":12345678901234567890.1234567890}"#
    );
}

#[test]
fn v51_v54_a_change_told_twice_is_one_change() {
    let mut rig = live(&[]);
    let before = rig.changes;
    give(&mut rig, &insert_with("[68883293]", "[68883293,68883293]"));
    give(&mut rig, V42);
    give(&mut rig, V42);
    assert_eq!(rig.changes - before, 1);
}

#[test]
fn v52_v70_other_tables_and_topics_are_not_ours() {
    let mut rig = live(&[json!({"id": 1})]);
    give(&mut rig, &V45.replace(r#""table":"todos""#, r#""table":"todosx""#));
    give(&mut rig, &V45.replace("realtime:room1", "realtime:other"));
    assert_eq!(rig.ids(), ["1"]);
    assert!(!resyncs(&mut rig));
}

#[test]
fn v53_v59_to_v63_v65_v66_v67_v91_what_cannot_be_used_is_dropped_and_the_table_read_again() {
    let cases = [
        ("V53", insert_with("[68883293]", "[5]")),
        (
            "V59",
            r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293]}]"#.to_owned(),
        ),
        (
            "V60",
            r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":null}]"#.to_owned(),
        ),
        ("V62", insert_with(r#""ids":[68883293],"#, "")),
        ("V63", insert_with("INSERT", "TRUNCATE")),
        ("V63", insert_with("INSERT", "MERGE")),
        ("V65", insert_with(r#"{"id":1,"title":"a"}"#, r#"{"title":"x"}"#)),
        ("V66", insert_with(r#"{"id":1,"title":"a"}"#, "[1,2]")),
        ("V66", insert_with(r#"{"id":1,"title":"a"}"#, r#""x""#)),
        ("V67", insert_with(r#"{"id":1,"title":"a"}"#, r#"{"id":null}"#)),
        ("V69", insert_with(r#"{"id":1,"title":"a"}"#, r#"{"x":NaN}"#)),
        (
            "V91",
            r#"[null,null,"realtime:room1","postgres_changes",null]"#.to_owned(),
        ),
    ];
    for (number, text) in cases {
        let mut rig = live(&[json!({"id": 7})]);
        give(&mut rig, &text);
        assert_eq!((rig.ids(), rig.is_catching_up()), (vec!["7"], true), "{number}");
        assert!(resyncs(&mut rig), "{number}: {text}");
    }
}

#[test]
fn v57_a_buffered_row_that_the_snapshot_lacks_is_looked_up() {
    let mut rig = joined();
    give(&mut rig, V42);
    give(&mut rig, V03);
    rig.finish_snapshot(&[]);
    assert!(rig.state.is_empty());
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn v58_arrival_order_decides_whatever_the_timestamps_say() {
    let mut rig = live(&[]);
    give(
        &mut rig,
        &insert_with("2026-08-21T10:00:00.123Z", "2026-08-21T10:00:09.000Z"),
    );
    give(&mut rig, &insert_with(r#""title":"a""#, r#""title":"later""#));
    assert_eq!(rig.row("1"), Some(&json!({"id": 1, "title": "later"})));
}

#[test]
fn v61_v62_v64_v67_what_is_merely_odd_is_read() {
    for (number, text) in [
        (
            "V61",
            insert_with(
                r#""columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"}],"#,
                "",
            ),
        ),
        ("V62", insert_with("[68883293]", r#"["68883293"]"#)),
        ("V64", insert_with("2026-08-21T10:00:00.123Z", "yesterday")),
        ("V67", insert_with(r#""id":1"#, r#""id":"1""#)),
    ] {
        let mut rig = live(&[json!({"id": 1, "title": "z"})]);
        give(&mut rig, &text);
        assert_eq!(rig.ids(), ["1"], "{number}");
        assert_eq!(rig.row("1").expect("the row")["title"], json!("a"), "{number}");
        assert!(!resyncs(&mut rig), "{number}");
    }
}

#[test]
fn v71_r32_a_flood_before_the_snapshot_is_bounded_and_starts_over() {
    let mut rig = joined();
    for number in 0..250_001 {
        give(&mut rig, &V42.replace(r#""id":1,"#, &format!(r#""id":{number},"#)));
        if rig.status() != LinkStatus::Connecting {
            break;
        }
    }
    assert_eq!((rig.status(), rig.closes), (LinkStatus::Disconnected, 1));
    assert!(rig.state.is_empty());
}

#[test]
fn more_than_twenty_malformed_frames_a_minute_end_the_connection() {
    let mut rig = live(&[]);
    for _ in 0..20 {
        give(&mut rig, "hello");
    }
    assert_eq!(rig.status(), LinkStatus::Connected);
    give(&mut rig, "hello");
    assert_eq!(rig.status(), LinkStatus::Disconnected);
    assert!(rig.reason().contains("malformed frames"));
}
