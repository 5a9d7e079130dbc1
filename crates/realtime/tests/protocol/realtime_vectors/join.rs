//! Vectors of the join and of the confirmation of the subscription.

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
            Some(37_500),
            Some(37_500),
        ),
        (
            "V11",
            "ClientJoinRateLimitReached: Too many joins per second",
            Some(6_250),
            Some(6_250),
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
    assert_eq!(rig.statuses.last().expect("one").retry_in_ms, Some(37_500));
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
fn v26_v28_a_table_whose_subscription_cannot_work_is_polled_or_refused() {
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
        assert_eq!(rig.status(), LinkStatus::Connecting, "{message}");
        assert!(rig.joined_tables().is_empty(), "joined without it");
        rig.join_ok();
        let request = rig.fetch();
        let (mut polled, mut refused) = (rig.status(), LinkStatus::Connecting);
        if message.starts_with("Unable") {
            rig.fail(&request, PageError::Denied("there is no public.todos".into()));
            refused = rig.status();
        } else {
            rig.answer(&request, &[json!({"id": 1})]);
            rig.finish_snapshot(&[]);
            polled = rig.status();
        }
        let expected = match message.starts_with("Unable") {
            true => (LinkStatus::Connecting, LinkStatus::Error),
            false => (LinkStatus::Connected, LinkStatus::Connecting),
        };
        assert_eq!((polled, refused), expected);
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
        (403, "Realtime was disabled for this tenant", Some(75_000)),
        (429, "Too many connected users", Some(6_250)),
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
