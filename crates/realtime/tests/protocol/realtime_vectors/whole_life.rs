//! Vectors over the life of a channel: heartbeats, pushed tokens, our leave, and what was not asked for.

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
