//! The test vectors of realtime-protocol.md §17 that concern one unfiltered channel of table changes, by their numbers.
//! Those of the transport and of HTTP (V94, V95, V98, V99, S04, S10) are in `hostile_sockets.rs`, over real sockets;
//! `truth.rs` has the whole list.

use crate::rig::{Rig, config, ms, seconds};
use realtime::LinkStatus;
use realtime::{
    CloseReason, Event, FrameError, PageError, PageQuery, Vsn, decode_binary, decode_text,
    frame::{BinaryKind, decode_client_binary},
};
use serde_json::{Value, json};

/// A vector as written, with our topic and entry id in the place of the document's.
fn vector(rig: &Rig, text: &str) -> String {
    text.replace("realtime:room1", &rig.topic).replace("68883293", "100")
}

fn give(rig: &mut Rig, text: &str) {
    let text = vector(rig, text);
    rig.text(text);
}

fn joining() -> Rig {
    let mut rig = Rig::started(config());
    rig.give(Event::SocketOpened);
    rig
}

fn joined() -> Rig {
    let mut rig = joining();
    give(&mut rig, V02);
    rig
}

fn live(rows: &[Value]) -> Rig {
    let mut rig = Rig::live(config(), rows);
    rig.pass(seconds(6)); // past the moment in which new rows are doubted
    rig
}

/// A resync is read within a few seconds.
fn resyncs(rig: &mut Rig) -> bool {
    rig.pass(seconds(7));
    !rig.fetches.is_empty()
}

const V02: &str = r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":{"postgres_changes":[{"event":"*","schema":"public","table":"todos","id":68883293}]}}]"#;
const V03: &str = r#"["1",null,"realtime:room1","system",{"channel":"room1","extension":"postgres_changes","message":"Subscribed to PostgreSQL","status":"ok"}]"#;
const V17: &str = r#"["1","1","realtime:room1","phx_close",{}]"#;
const V42: &str = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"INSERT","commit_timestamp":"2026-08-21T10:00:00.123Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"}],"record":{"id":1,"title":"a"},"errors":null}}]"#;
const V43: &str = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"UPDATE","commit_timestamp":"2026-08-21T10:00:01.000Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"},{"name":"big","type":"text"}],"record":{"id":1,"title":"b"},"old_record":{"id":1},"errors":null}}]"#;
const V45: &str = r#"[null,null,"realtime:room1","postgres_changes",{"ids":[68883293],"data":{"schema":"public","table":"todos","type":"DELETE","commit_timestamp":"2026-08-21T10:00:03.000Z","columns":[{"name":"id","type":"int8"},{"name":"title","type":"text"}],"old_record":{"id":1},"errors":null}}]"#;

mod join {
    use super::*;

    #[test]
    fn v01_the_join_is_as_written() {
        let rig = joining();
        let sent: Value = serde_json::from_str(&rig.sent[0]).expect("a frame");
        let expected: Value = serde_json::from_str(&vector(&rig, r#"["1","1","realtime:room1","phx_join",{"config":{"broadcast":{"ack":false,"self":false},"presence":{"key":"","enabled":false},"postgres_changes":[{"event":"*","schema":"public","table":"todos"}],"private":false},"access_token":"eyJ.a.b"}]"#)).expect("a frame");
        assert_eq!(sent, expected);
    }

    #[test]
    fn v02_v03_joined_is_not_live() {
        let mut rig = joined();
        assert_eq!((rig.status(), rig.fetches.len()), (LinkStatus::Connecting, 0));
        give(&mut rig, V03);
        assert_eq!((rig.status(), rig.fetches.len()), (LinkStatus::Connecting, 1));
        rig.finish_snapshot(&[]);
        assert_eq!(rig.status(), LinkStatus::Connected);
    }

    #[test]
    fn v04_an_unasked_confirmation_keeps_the_channel_and_reads_again() {
        let mut rig = live(&[]);
        give(&mut rig, V03);
        assert!(rig.is_catching_up());
        assert!(resyncs(&mut rig));
    }

    #[test]
    fn v05_v06_v36_v39_other_bindings_than_asked_for_are_retried_and_then_given_up() {
        for reply in [
            r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":{"postgres_changes":[]}}]"#,
            r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":{"postgres_changes":[{"event":"*","schema":"public","table":"todos","id":68883293},{"event":"*","schema":"public","table":"x","id":5}]}}]"#,
            r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":null}]"#,
            r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":"ok"}]"#,
        ] {
            let mut rig = joining();
            for attempt in 1..=3 {
                let join = rig.join_ref.clone();
                let reply = vector(&rig, &reply.replace(r#""1","1""#, &format!(r#""{join}","{join}""#)));
                rig.text(reply);
                if attempt < 3 {
                    assert_eq!(rig.status(), LinkStatus::Disconnected, "attempt {attempt}");
                    rig.pass(seconds(20));
                    rig.give(Event::SocketOpened);
                }
            }
            assert_eq!(rig.status(), LinkStatus::Error);
            assert!(rig.reason().contains("binding mismatch"), "{}", rig.reason());
        }
    }

    #[test]
    fn v07_nulls_and_unknown_keys_in_the_echo_are_fine() {
        let mut rig = joining();
        give(
            &mut rig,
            r#"["1","1","realtime:room1","phx_reply",{"status":"ok","response":{"postgres_changes":[{"event":"*","schema":"public","table":"todos","filter":null,"id":68883293,"select":null,"x":1}]}}]"#,
        );
        give(&mut rig, V03);
        assert_eq!(rig.fetches.len(), 1);
    }

    #[test]
    fn v08_to_v13_refused_joins_are_told_apart() {
        for (number, reason, never_live, was_live) in [
            (
                "V08",
                "Unauthorized: You do not have permissions to read from this Channel topic: room1",
                None,
                Some(3_000),
            ),
            (
                "V09",
                "InvalidJWTToken: Token has expired 12 seconds ago",
                None,
                Some(3_000),
            ),
            (
                "V10",
                "ChannelRateLimitReached: Too many channels",
                Some(30_000),
                Some(30_000),
            ),
            (
                "V11",
                "ClientJoinRateLimitReached: Too many joins per second",
                Some(5_000),
                Some(5_000),
            ),
            (
                "V12",
                "InitializingProjectConnection: Connecting to the project database",
                Some(3_000),
                Some(3_000),
            ),
            ("V13", "something new", Some(3_000), Some(3_000)),
        ] {
            let reply = json!({"status": "error", "response": {"reason": reason}});
            let mut rig = joining();
            give(&mut rig, &format!(r#"["1","1","realtime:room1","phx_reply",{reply}]"#));
            assert_eq!(rig.statuses.last().expect("one").retry_in_ms, never_live, "{number}");
            assert_eq!(rig.status() == LinkStatus::Error, never_live.is_none(), "{number}");
            // V11: the close that follows is not a second failure.
            let reported = rig.statuses.len();
            rig.give(Event::SocketClosed(CloseReason::Frame {
                code: 1001,
                text: String::new(),
            }));
            assert_eq!(rig.statuses.len(), reported, "{number}");

            let mut rig = live(&[]);
            rig.pass(seconds(1));
            rig.user(realtime::Command::Reconnect);
            rig.give(Event::SocketOpened);
            rig.join_error(reason);
            assert_eq!(
                rig.statuses.last().expect("one").retry_in_ms,
                was_live,
                "{number} after it was live"
            );
        }
    }

    #[test]
    fn v14_a_channel_that_the_server_does_not_know_is_lost() {
        let mut rig = live(&[]);
        give(
            &mut rig,
            r#"[null,"7","realtime:room1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]"#,
        );
        assert_eq!(rig.status(), LinkStatus::Disconnected);
    }

    #[test]
    fn v15_an_answer_after_the_deadline_joins_nothing() {
        let mut rig = joining();
        rig.pass(seconds(20));
        assert_eq!((rig.status(), rig.closes), (LinkStatus::Disconnected, 1));
        give(&mut rig, V02);
        give(&mut rig, V03);
        assert!(rig.fetches.is_empty());
    }

    #[test]
    fn v16_v20_an_end_of_an_earlier_join_is_stale() {
        let mut rig = live(&[]);
        give(&mut rig, r#"["0","0","realtime:room1","phx_close",{}]"#);
        give(&mut rig, r#"["0","0","realtime:room1","phx_error",{}]"#);
        give(
            &mut rig,
            r#"["0",null,"realtime:room1","system",{"extension":"system","message":"Token has expired 0 seconds ago","status":"error"}]"#,
        );
        assert_eq!(rig.status(), LinkStatus::Connected);
    }

    #[test]
    fn v17_v19_an_end_of_our_join_is_a_loss() {
        for text in [
            V17,
            r#"["1","1","realtime:room1","phx_error",{}]"#,
            r#"["1","1","realtime:room1","phx_error",null]"#,
        ] {
            let mut rig = live(&[]);
            give(&mut rig, text);
            assert_eq!((rig.status(), rig.closes), (LinkStatus::Disconnected, 1), "{text}");
            assert_eq!(rig.statuses.last().expect("one").retry_in_ms, Some(3_000));
        }
    }

    #[test]
    fn v18_an_end_without_a_name_is_ours_when_the_join_is_older_than_a_second() {
        let close = r#"[null,null,"realtime:room1","phx_close",{}]"#;
        let mut rig = joining();
        rig.pass(ms(900));
        give(&mut rig, close);
        assert_eq!(rig.status(), LinkStatus::Connecting);
        rig.pass(ms(200));
        give(&mut rig, close);
        assert_eq!(rig.status(), LinkStatus::Disconnected);
    }

    #[test]
    fn v19_joins_that_crash_again_and_again_are_asked_ever_slower() {
        let mut rig = joining();
        let mut waits = Vec::new();
        for _ in 0..4 {
            rig.join_ok();
            let join = rig.join_ref.clone();
            let text = vector(
                &rig,
                &format!(r#"["{join}","{join}","realtime:room1","phx_error",{{}}]"#),
            );
            rig.text(text);
            waits.extend(rig.statuses.last().and_then(|status| status.retry_in_ms));
            rig.pass(seconds(60));
            rig.give(Event::SocketOpened);
        }
        assert_eq!(waits, [3_000, 6_000, 12_000, 24_000]);
    }

    #[test]
    fn v23_v24_the_system_message_before_the_close_is_the_reason() {
        let mut rig = live(&[]);
        give(
            &mut rig,
            r#"["1",null,"realtime:room1","system",{"channel":"room1","extension":"system","message":"Token has expired 0 seconds ago","status":"error"}]"#,
        );
        give(&mut rig, V17);
        assert!(rig.reason().contains("Token has expired"), "{}", rig.reason());
        let mut rig = live(&[]);
        give(
            &mut rig,
            r#"["1",null,"realtime:room1","system",{"channel":"room1","extension":"system","message":"Too many messages per second","status":"error"}]"#,
        );
        give(&mut rig, V17);
        assert!(
            rig.reason().contains("Too many messages per second"),
            "{}",
            rig.reason()
        );
        assert_eq!(rig.statuses.last().expect("one").retry_in_ms, Some(30_000));
    }

    #[test]
    fn v25_a_server_that_announces_its_leave_is_quoted() {
        let mut rig = live(&[]);
        give(
            &mut rig,
            r#"[null,null,"realtime:room1","system",{"extension":"system","status":"ok","message":"Server requested disconnect"}]"#,
        );
        assert_eq!(rig.status(), LinkStatus::Connected);
        rig.give(Event::SocketClosed(CloseReason::Frame {
            code: 1012,
            text: String::new(),
        }));
        assert_eq!(rig.status(), LinkStatus::Disconnected);
        assert!(rig.reason().contains("Server requested disconnect"), "{}", rig.reason());
    }

    #[test]
    fn v26_v28_subscriptions_that_cannot_work_are_never_live() {
        for message in [
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos, filters: [], select: nil]",
            "Error parsing `filter` params: [\\\"b\\\"]",
        ] {
            let mut rig = joined();
            give(
                &mut rig,
                &format!(
                    r#"["1",null,"realtime:room1","system",{{"channel":"room1","extension":"postgres_changes","message":"{message}","status":"error"}}]"#
                ),
            );
            assert_eq!(rig.status(), LinkStatus::Error, "{message}");
        }
    }

    #[test]
    fn v27_what_the_server_retries_is_waited_for() {
        let mut rig = joined();
        give(
            &mut rig,
            r#"["1",null,"realtime:room1","system",{"channel":"room1","extension":"postgres_changes","message":"{:error, \"Too many database timeouts\"}","status":"error"}]"#,
        );
        rig.pass(seconds(20));
        assert_eq!(rig.status(), LinkStatus::Connecting);
        give(&mut rig, V03);
        assert_eq!(rig.fetches.len(), 1);
    }

    #[test]
    fn v37_v38_a_reply_with_another_status_is_a_refusal_worth_a_retry() {
        for text in [
            r#"["1","1","realtime:room1","phx_reply",{"status":"weird","response":{}}]"#,
            r#"["1","1","realtime:room1","phx_reply",{"response":{}}]"#,
        ] {
            let mut rig = joining();
            give(&mut rig, text);
            assert_eq!(rig.statuses.last().expect("one").retry_in_ms, Some(3_000), "{text}");
        }
    }

    #[test]
    fn v32_v35_v40_v91_replies_that_nobody_waits_for_are_dropped() {
        for text in [
            V02,
            r#"[null,"999","phoenix","phx_reply",{"status":"ok","response":{}}]"#,
            r#"["1","3","realtime:room1","phx_reply",{"status":"error","response":"payload_size_exceeded"}]"#,
            r#"["1","1","realtime:room1","phx_reply",null]"#,
        ] {
            let mut rig = live(&[]);
            give(&mut rig, text);
            assert_eq!(rig.status(), LinkStatus::Connected, "{text}");
        }
    }

    #[test]
    fn v41_a_numeric_reference_is_compared_as_text() {
        let mut rig = joining();
        give(
            &mut rig,
            r#"["1",1,"realtime:room1","phx_reply",{"status":"ok","response":{"postgres_changes":[{"event":"*","schema":"public","table":"todos","id":68883293}]}}]"#,
        );
        give(&mut rig, V03);
        assert_eq!(rig.fetches.len(), 1);
    }

    #[test]
    fn v96_every_kind_of_close_is_a_loss() {
        for code in [1000, 1001, 1011, 1012, 4001] {
            let mut rig = live(&[]);
            rig.give(Event::SocketClosed(CloseReason::Frame {
                code,
                text: String::new(),
            }));
            assert_eq!(rig.status(), LinkStatus::Disconnected, "{code}");
        }
    }

    #[test]
    fn v97_v98_refused_upgrades_are_told_apart() {
        for (http, message, retry) in [
            (401, "Token has expired", None),
            (403, "", None),
            (403, "Realtime was disabled for this tenant", Some(60_000)),
            (429, "Too many connected users", Some(5_000)),
            (302, "", None),
            (200, "", Some(3_000)),
        ] {
            let mut rig = Rig::started(config());
            rig.refused(http, message);
            assert_eq!(rig.statuses.last().expect("one").retry_in_ms, retry, "{http} {message}");
        }
    }

    #[test]
    fn v100_in_the_first_serializer_a_close_is_told_by_its_ref() {
        let mut rig = Rig::live(
            realtime::SessionConfig {
                vsn: Vsn::V1,
                ..config()
            },
            &[],
        );
        let topic = rig.topic.clone();
        rig.text(format!(
            r#"{{"topic":"{topic}","event":"phx_close","payload":{{}},"ref":"8"}}"#
        ));
        assert_eq!(rig.status(), LinkStatus::Connected);
        rig.text(format!(
            r#"{{"topic":"{topic}","event":"phx_close","payload":{{}},"ref":"1"}}"#
        ));
        assert_eq!(rig.status(), LinkStatus::Disconnected);
    }
}

mod changes {
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
    fn v46_v47_v48_changes_without_a_row_are_reported_and_the_table_is_read_slowly() {
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
            assert_eq!(
                rig.notices.iter().filter(|notice| notice.code() == code).count(),
                1,
                "said once"
            );
            assert_eq!(rig.ids(), ["1"]);
            assert_eq!(rig.status(), LinkStatus::Connected);
            assert!(!resyncs(&mut rig), "not once per change");
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
}

mod whole_life {
    use super::*;
    use realtime::{Command, SessionConfig};

    fn beats(rig: &Rig) -> Vec<Value> {
        rig.sent
            .iter()
            .filter(|text| text.contains("heartbeat"))
            .map(|text| serde_json::from_str(text).expect("a frame"))
            .collect()
    }

    #[test]
    fn v21_v22_our_leave_is_final_whether_it_is_answered_or_not() {
        for answered in [true, false] {
            let mut rig = live(&[json!({"id": 1})]);
            rig.user(Command::Disconnect);
            assert_eq!(rig.sent_events().last().map(String::as_str), Some("phx_leave"));
            assert_eq!(
                (rig.status(), rig.closes),
                (LinkStatus::Disconnected, 1),
                "nobody waits"
            );
            let (opens, said) = (rig.opens, rig.statuses.len());
            if answered {
                give(
                    &mut rig,
                    r#"["1","9","realtime:room1","phx_reply",{"status":"ok","response":{}}]"#,
                );
                give(&mut rig, V17);
            }
            rig.pass(seconds(60));
            assert_eq!((rig.opens, rig.statuses.len()), (opens, said), "no rejoin");
            // Needed again: another socket, another join, another topic.
            let before = rig.topic.clone();
            rig.user(Command::Reconnect);
            rig.give(Event::SocketOpened);
            assert_ne!(rig.topic, before);
        }
    }

    /// The server confirms again one to three seconds after a push; nothing else is waited for.
    #[test]
    fn v29_v04_a_pushed_token_is_answered_by_a_confirmation_or_by_silence() {
        for confirmed in [true, false] {
            let mut rig = Rig::started(SessionConfig {
                sign_in: true,
                ..config()
            });
            let hour = seconds(3_600);
            rig.grant("eyJ.old.jwt", hour);
            rig.give(Event::SocketOpened);
            rig.join_ok();
            rig.system_ok();
            rig.finish_snapshot(&[]);
            rig.run(hour - seconds(355), &[]);
            rig.grant("eyJ.new.jwt", hour);
            let sent: Value = serde_json::from_str(rig.sent.last().expect("a push")).expect("a frame");
            assert_eq!((&sent[0], &sent[2]), (&json!("1"), &json!(rig.topic)));
            assert_eq!(
                (&sent[3], &sent[4]),
                (&json!("access_token"), &json!({"access_token": "eyJ.new.jwt"}))
            );
            let reported = rig.statuses.len();
            if confirmed {
                rig.pass(seconds(2));
                rig.system_ok();
            }
            rig.run(seconds(120), &[]);
            assert_eq!(rig.statuses.len(), reported, "Live all the while: {}", rig.reason());
            assert_eq!(rig.closes, 0);
            if confirmed {
                // Once more, and nothing was pushed.
                rig.system_ok();
                assert!(rig.is_catching_up());
            }
        }
    }

    #[test]
    fn v31_a_beat_is_as_written_and_its_answer_is_measured() {
        let mut rig = live(&[]);
        while beats(&rig).is_empty() {
            rig.pass(ms(10));
        }
        let beat = beats(&rig).pop().expect("a beat");
        let reference = beat[1].as_str().expect("a reference").to_owned();
        assert_eq!(beat, json!([null, reference, "phoenix", "heartbeat", {}]));
        rig.pass(ms(40));
        rig.text(format!(
            r#"[null,"{reference}","phoenix","phx_reply",{{"status":"ok","response":{{}}}}]"#
        ));
        rig.pass(seconds(1));
        let measured = rig.effects.iter().rev().find_map(|action| match action {
            realtime::Effect::Emit(realtime::FeedEvent::Link(link)) => link.heartbeat_rtt_ms,
            _ => None,
        });
        assert!(measured.is_some_and(|ms| (40..=50).contains(&ms)), "{measured:?}");
        rig.pass(seconds(11));
        assert_eq!(rig.status(), LinkStatus::Connected);
    }

    #[test]
    fn v32_v33_v34_only_its_own_answer_saves_a_beat_whatever_else_flows() {
        let mut rig = live(&[json!({"id": 1, "title": "a"})]);
        rig.pass(seconds(19));
        assert_eq!(beats(&rig).len(), 1);
        for second in 0..15 {
            if rig.status() != LinkStatus::Connected {
                assert!(second >= 10, "the answer has 10 s");
                assert!(rig.reason().contains("has not answered"), "{}", rig.reason());
                assert_eq!(rig.closes, 1);
                return;
            }
            // A half-dead proxy: changes flow, and answers to somebody else's beats.
            give(&mut rig, V43);
            give(
                &mut rig,
                r#"[null,"999","phoenix","phx_reply",{"status":"ok","response":{}}]"#,
            );
            rig.pass(seconds(1));
        }
        panic!("a link without answers was not given up");
    }

    #[test]
    fn v69_a_number_that_is_none_makes_every_table_doubtful() {
        let mut rig = live(&[json!({"id": 1, "title": "a"})]);
        give(&mut rig, &V42.replace(r#""title":"a""#, r#""title":NaN"#));
        assert!(rig.is_catching_up());
        assert!(resyncs(&mut rig));
        // And a thousand of them do not make it read a thousand times.
        let mut rig = live(&[]);
        for _ in 0..15 {
            give(&mut rig, &V42.replace(r#""title":"a""#, r#""title":NaN"#));
        }
        rig.run(seconds(4), &[]);
        assert_eq!(rig.synced.len(), 2, "the first and one more");
    }

    #[test]
    fn v77_v78_v79_v80_what_was_not_asked_for_changes_nothing() {
        let mut rig = live(&[json!({"id": 1})]);
        let (before, reported) = (rig.state.clone(), rig.statuses.len());
        for text in [
            r#"["1",null,"realtime:room1","broadcast",{"type":"broadcast","event":"cur","payload":{},"meta":{"replayed":true,"id":"9b2f"}}]"#,
            r#"["1",null,"realtime:room1","presence_state",{"u1":{"metas":[{"phx_ref":"F1","name":"a"}]}}]"#,
            r#"[null,null,"realtime:room1","presence_diff",{"joins":{"u2":{"metas":[{"phx_ref":"F2"}]}},"leaves":{"u1":{"metas":[{"phx_ref":"F1","name":"a"}]}}}]"#,
            r#"[null,null,"realtime:room1","presence_diff",{"joins":{},"leaves":{"u9":{"metas":[{"phx_ref":"F9"}]}}}]"#,
            r#"[null,null,"realtime:room1","presence_diff",{"joins":null}]"#,
        ] {
            give(&mut rig, text);
            assert_eq!((&rig.state, rig.statuses.len()), (&before, reported), "{text}");
        }
        rig.pass(seconds(7));
        assert!(rig.fetches.is_empty(), "nothing is read for it");
    }

    /// One channel a socket: after a cut there is one join to make, whatever the number of tables.
    #[test]
    fn v101_at_most_one_join_is_pending_and_joins_keep_their_distance() {
        let mut rig = Rig::live(
            SessionConfig {
                backoff: model::Backoff {
                    max_attempts: 0,
                    ..model::Backoff::default()
                },
                ..config()
            },
            &[],
        );
        let joins = |rig: &Rig| rig.sent_events().iter().filter(|event| *event == "phx_join").count();
        for cut in 1..=50 {
            rig.give(Event::SocketClosed(CloseReason::Frame {
                code: 1012,
                text: String::new(),
            }));
            assert_eq!(joins(&rig), cut, "none before the socket is open");
            let lost_at = rig.at;
            while rig.opens == cut {
                rig.pass(ms(500));
            }
            assert!(rig.at - lost_at >= seconds(2), "3 s at least, seen in half seconds");
            rig.give(Event::SocketOpened);
            assert_eq!(joins(&rig), cut + 1, "one");
            rig.pass(seconds(4));
            assert_eq!(joins(&rig), cut + 1, "and no other while it is pending");
            rig.join_ok();
            rig.system_ok();
            rig.finish_snapshot(&[]);
        }
    }
}

mod frames {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.split_whitespace()
            .map(|byte| u8::from_str_radix(byte, 16).expect("hex"))
            .collect()
    }

    #[test]
    fn v72_v73_v74_a_broadcast_is_the_same_in_both_framings() {
        let text = decode_text(
            Vsn::V2,
            r#"[null,null,"realtime:room1","broadcast",{"type":"broadcast","event":"cur","payload":{"x":1}}]"#,
        )
        .expect("V72");
        let v73 = bytes("04 0e 03 00 01 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 78 22 3a 31 7d");
        let binary = decode_binary(&v73).expect("V73");
        assert_eq!(binary.to_text_shape().expect("V73"), text);
        let v74 = bytes(
            "04 0e 03 0a 00 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 69 64 22 3a 22 37 22 7d de ad",
        );
        let binary = decode_binary(&v74).expect("V74");
        assert_eq!(
            (binary.event, binary.meta, binary.json, binary.data),
            ("cur", r#"{"id":"7"}"#, false, &[0xde, 0xad][..])
        );
    }

    #[test]
    fn v75_v76_a_clients_broadcast_is_read() {
        let v75 =
            bytes("03 01 01 0e 03 00 01 31 34 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 78 22 3a 31 7d");
        let frame = decode_client_binary(&v75).expect("V75");
        assert_eq!(
            (frame.join_ref, frame.reference, frame.topic, frame.event),
            (Some("1"), Some("4"), "realtime:room1", "cur")
        );
        assert_eq!((frame.json, frame.data), (true, &br#"{"x":1}"#[..]));
        let v76 = bytes("03 01 01 0e 03 00 00 31 35 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 de ad");
        let frame = decode_client_binary(&v76).expect("V76");
        assert_eq!(
            (frame.reference, frame.json, frame.data),
            (Some("5"), false, &[0xde, 0xad][..])
        );
    }

    #[test]
    fn v81_to_v84_broken_binary_frames_are_dropped() {
        for (number, hex) in [
            (
                "V81",
                "04 0e 03 00 01 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 7b 22 78 22 3a",
            ),
            ("V82", "04 02 01 00 01 ff fe 65 7b 7d"),
            ("V83", "04 c8 03 00 01 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31"),
            ("V84", ""),
            ("V84", "09 01 02"),
            ("V84", "04"),
        ] {
            let bytes = bytes(hex);
            let result = decode_binary(&bytes).and_then(|frame| frame.to_text_shape().map(drop));
            assert!(result.is_err(), "{number}");
            let mut rig = live(&[]);
            rig.give(Event::Binary(bytes));
            assert_eq!(rig.status(), LinkStatus::Connected, "{number}");
        }
    }

    #[test]
    fn v85_the_kinds_that_nobody_sends_are_read() {
        for (hex, kind, topic, event) in [
            (
                "02 0e 03 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 de ad",
                BinaryKind::Broadcast,
                "realtime:room1",
                "cur",
            ),
            (
                "01 01 01 0e 02 31 34 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 6f 6b 01",
                BinaryKind::Reply,
                "realtime:room1",
                "ok",
            ),
            (
                "00 01 0e 03 31 72 65 61 6c 74 69 6d 65 3a 72 6f 6f 6d 31 63 75 72 01",
                BinaryKind::Push,
                "realtime:room1",
                "cur",
            ),
        ] {
            let bytes = bytes(hex);
            let frame = decode_binary(&bytes).expect(hex);
            assert_eq!((frame.kind, frame.topic, frame.event), (kind, topic, event));
        }
    }

    #[test]
    fn v86_v87_v88_v90_v93_what_is_no_frame_is_dropped() {
        let deep = "[".repeat(10_000);
        for text in [
            "",
            "hello",
            "[",
            "null",
            "42",
            "{}",
            r#"{"topic":"realtime:room1","event":"phx_close","payload":{},"ref":"1"}"#,
            r#"[null,null,"realtime:room1","broadcast"]"#,
            r#"[null,null,42,"phx_close",{}]"#,
            r#"[null,null,"realtime:room1",null,{}]"#,
            r#"[{},null,"realtime:room1","phx_close",{}]"#,
            &deep,
        ] {
            assert!(matches!(decode_text(Vsn::V2, text), Err(FrameError::Text(_))), "{text}");
            let mut rig = live(&[]);
            give(&mut rig, text);
            assert_eq!(rig.status(), LinkStatus::Connected, "{text}");
        }
    }

    #[test]
    fn v89_v92_more_elements_and_unknown_events_are_fine() {
        let frame = decode_text(
            Vsn::V2,
            r#"[null,"26","phoenix","phx_reply",{"status":"ok","response":{}},"extra"]"#,
        )
        .expect("V89");
        assert_eq!((frame.reference.as_deref(), &*frame.topic), (Some("26"), "phoenix"));
        let mut rig = live(&[]);
        give(&mut rig, r#"[null,null,"realtime:room1","phx_future_event",{"a":1}]"#);
        assert_eq!(rig.status(), LinkStatus::Connected);
    }

    #[test]
    fn v93_depth_inside_a_payload_is_no_danger_either() {
        let mut rig = live(&[]);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        give(
            &mut rig,
            &format!(r#"[null,null,"realtime:room1","postgres_changes",{deep}]"#),
        );
        give(
            &mut rig,
            &format!(
                r#"[null,null,"realtime:room1","postgres_changes",{{"ids":[100],"data":{{"schema":"public","table":"todos","type":"INSERT","record":{{"id":1,"x":{deep}}}}}}}]"#
            ),
        );
        assert!(rig.is_catching_up());
        assert!(resyncs(&mut rig));
    }
}

mod snapshot {
    use super::*;

    #[test]
    fn s01_s02_s03_reading_goes_on_until_an_empty_page() {
        let mut rig = Rig::syncing(config());
        let thousand: Vec<Value> = (0..1_000).map(|id| json!({ "id": id })).collect();
        let page = rig.fetch();
        rig.answer(&page, &thousand);
        let page = rig.fetch();
        assert_eq!(
            page.query,
            PageQuery::After {
                after: Some("999".into()),
                limit: 1_000
            }
        );
        rig.answer(&page, &[json!({"id": 1_000})]); // fewer than asked for is not the end
        let page = rig.fetch();
        rig.answer(&page, &[]);
        rig.pass(seconds(1));
        assert_eq!(rig.state.len(), 1_001);
    }

    #[test]
    fn s06_a_page_that_may_never_be_read_is_an_error_with_its_remedy() {
        let mut rig = Rig::syncing(config());
        let page = rig.fetch();
        rig.fail(
            &page,
            PageError::Fatal("the key may not read public.todos; grant select on it".into()),
        );
        assert_eq!(rig.status(), LinkStatus::Error);
    }

    #[test]
    fn s07_a_page_too_large_is_halved() {
        let mut rig = Rig::syncing(config());
        for limit in [1_000, 500, 250, 125, 62, 50] {
            let page = rig.fetch();
            assert_eq!(page.query, PageQuery::After { after: None, limit });
            rig.fail(&page, PageError::TooLarge("57014".into()));
        }
        rig.pass(seconds(1));
        let page = rig.fetch();
        rig.answer(&page, &[json!({"id": 1})]);
        rig.finish_snapshot(&[]);
        assert_eq!(rig.status(), LinkStatus::Connected);
    }

    #[test]
    fn s08_a_passing_failure_is_waited_out_and_changes_are_kept_meanwhile() {
        let mut rig = Rig::syncing(config());
        let page = rig.fetch();
        rig.fail(
            &page,
            PageError::Transient {
                text: "503".into(),
                retry_after: Some(seconds(3)),
            },
        );
        give(&mut rig, V42);
        rig.pass(ms(2_900));
        assert!(rig.fetches.is_empty());
        rig.pass(ms(100));
        rig.finish_snapshot(&[json!({"id": 1, "title": "a"})]);
        assert_eq!(rig.ids(), ["1"]);
    }

    #[test]
    fn s08_failures_without_end_count_as_a_lost_connection() {
        let mut rig = Rig::syncing(config());
        for _ in 0..100 {
            if let Some(page) = rig.fetches.pop() {
                rig.fail(
                    &page,
                    PageError::Transient {
                        text: "503".into(),
                        retry_after: None,
                    },
                );
            }
            if rig.status() != LinkStatus::Connecting {
                break;
            }
            rig.pass(ms(500));
        }
        assert_eq!(rig.statuses.last().expect("one").retry_in_ms, Some(3_000));
        assert!(rig.reason().contains("503"), "{}", rig.reason());
    }

    #[test]
    fn s09_an_empty_answer_wipes_nothing_before_it_is_confirmed() {
        let mut rig = live(&[json!({"id": 1})]);
        give(&mut rig, V03);
        assert!(resyncs(&mut rig));
        let page = rig.fetch();
        rig.answer(&page, &[]);
        assert_eq!(rig.ids(), ["1"]);
        rig.pass(seconds(1));
        let page = rig.fetch();
        rig.answer(&page, &[]);
        rig.pass(seconds(1));
        assert!(rig.state.is_empty(), "two readings agree");
    }

    #[test]
    fn s11_commits_between_pages_are_all_there_in_the_end() {
        let mut rig = Rig::syncing(config());
        let page = rig.fetch();
        rig.answer(&page, &[json!({"id": 2, "v": 0}), json!({"id": 4, "v": 0})]);
        rig.insert(json!({"id": 1, "v": 1})); // below the cursor
        rig.delete(2); // on a page already read
        rig.change("UPDATE", Some(json!({"id": 3, "v": 1})), Some(json!({"id": 9}))); // across the cursor
        let page = rig.fetch();
        rig.answer(&page, &[]);
        let now = [
            json!({"id": 1, "v": 1}),
            json!({"id": 3, "v": 1}),
            json!({"id": 4, "v": 0}),
        ];
        rig.finish_snapshot(&now);
        assert_eq!(rig.state.values().cloned().collect::<Vec<_>>(), now);
    }
}
