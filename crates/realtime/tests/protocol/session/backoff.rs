//! How often and after which waits the session connects again.

use super::*;

#[test]
fn an_unreachable_server_is_tried_five_times_and_then_given_up() {
    let mut rig = Rig::started(realtime::SessionConfig {
        backoff: Backoff {
            interval: ms(100),
            ..Backoff::default()
        },
        ..config()
    });
    for _ in 0..6 {
        rig.unreachable();
        rig.pass(seconds(5));
    }
    assert_eq!(waits(&rig), [100, 200, 400, 800, 1_600]);
    let words: Vec<_> = rig.statuses.iter().map(|s| (s.status.word(), s.attempt)).collect();
    assert_eq!(
        words,
        [
            ("connecting", 0),
            ("disconnected", 1),
            ("connecting", 1),
            ("disconnected", 2),
            ("connecting", 2),
            ("disconnected", 3),
            ("connecting", 3),
            ("disconnected", 4),
            ("connecting", 4),
            ("disconnected", 5),
            ("connecting", 5),
            ("error", 5),
        ]
    );
    assert!(rig.statuses.iter().all(|s| s.max_attempts == 5));
    assert!(rig.reason().contains("connection refused"), "{}", rig.reason());
    assert!(rig.reason().contains("gave up after 5 attempts"), "{}", rig.reason());
    assert!(rig.has_notice("retrying") && rig.has_notice("gave_up"));
    let opens = rig.opens;
    rig.pass(seconds(100_000));
    assert_eq!((rig.opens, rig.wake), (opens, None), "no further attempt is planned");
}

#[test]
fn the_default_schedule_is_3_6_12_24_48() {
    let mut rig = Rig::started(config());
    for _ in 0..6 {
        rig.unreachable();
        rig.pass(seconds(60));
    }
    assert_eq!(waits(&rig), [3_000, 6_000, 12_000, 24_000, 48_000]);
}

#[test]
fn zero_attempts_never_end() {
    let mut rig = Rig::started(realtime::SessionConfig {
        backoff: Backoff {
            max_attempts: 0,
            max_interval: seconds(10),
            ..Backoff::default()
        },
        ..config()
    });
    for _ in 0..50 {
        rig.unreachable();
        rig.pass(seconds(10));
    }
    assert_eq!(rig.opens, 51);
    assert_eq!(rig.status(), LinkStatus::Connecting);
}

#[test]
fn every_failure_counts_and_only_lasting_success_resets_the_schedule() {
    let mut rig = Rig::started(config());
    rig.unreachable();
    rig.pass(seconds(3));
    rig.give(Event::SocketOpened);
    rig.join_error("something new");
    rig.pass(seconds(6));
    rig.give(Event::SocketOpened);
    rig.lost();
    rig.pass(seconds(12));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[]);
    rig.pass(seconds(20));
    rig.lost(); // 20 s are not enough
    assert_eq!(waits(&rig), [3_000, 6_000, 12_000, 24_000]);
    rig.pass(seconds(24));
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[]);
    rig.pass(seconds(24)); // a heartbeat is sent at 25 s
    rig.pass(seconds(1));
    let beat = rig.sent.last().expect("a beat").clone();
    assert!(beat.contains("heartbeat"), "{beat}");
    let reference = beat.split('"').nth(1).expect("a reference").to_owned();
    rig.text(format!(
        r#"[null,"{reference}","phoenix","phx_reply",{{"status":"ok","response":{{}}}}]"#
    ));
    rig.finish_snapshot(&[]);
    rig.pass(seconds(10));
    rig.lost();
    assert_eq!(waits(&rig).last(), Some(&3_000), "live for 35 s");
}

#[test]
fn a_new_schedule_measures_the_wait_in_progress_again() {
    let mut rig = Rig::started(config());
    rig.unreachable();
    rig.pass(seconds(1));
    rig.user(Command::Tune(Backoff {
        interval: seconds(10),
        ..Backoff::default()
    }));
    assert_eq!(
        waits(&rig),
        [3_000, 9_000],
        "10 s from the start of the wait, of which 1 s is gone"
    );
    rig.pass(ms(8_900));
    assert_eq!(rig.opens, 1);
    rig.pass(ms(100));
    assert_eq!(rig.opens, 2);
    rig.unreachable();
    rig.user(Command::Tune(Backoff {
        interval: ms(100),
        ..Backoff::default()
    }));
    rig.pass(ms(200));
    assert_eq!(rig.opens, 3, "a shorter wait ends at once");
    rig.unreachable();
    rig.user(Command::Tune(Backoff {
        max_attempts: 2,
        ..Backoff::default()
    }));
    assert_eq!(rig.status(), LinkStatus::Error, "there is no third try any more");
}

#[test]
fn reconnect_resets_the_schedule_in_every_state() {
    let mut rig = Rig::started(config());
    for _ in 0..6 {
        rig.unreachable();
        rig.pass(seconds(60));
    }
    assert_eq!(rig.status(), LinkStatus::Error);
    rig.user(Command::Reconnect);
    assert_eq!(rig.status(), LinkStatus::Connecting);
    rig.unreachable();
    assert_eq!(waits(&rig).last(), Some(&3_000));
    rig.user(Command::Reconnect);
    assert_eq!(rig.opens, 8, "at once, in the middle of a wait");
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[]);
    rig.user(Command::Reconnect);
    assert_eq!((rig.closes, rig.status()), (1, LinkStatus::Connecting));
}

#[test]
fn disconnect_lasts_until_reconnect() {
    for live in [false, true] {
        let mut rig = if live {
            Rig::live(config(), &[json!({"id": 1})])
        } else {
            Rig::started(config())
        };
        rig.user(Command::Disconnect);
        assert_eq!((rig.status(), rig.closes), (LinkStatus::Disconnected, 1));
        assert_eq!(rig.statuses.last().expect("one").retry_in_ms, None);
        let left = rig.sent_events().iter().filter(|event| *event == "phx_leave").count();
        assert_eq!(left, usize::from(live), "a channel is left before its socket is closed");
        let (opens, sent) = (rig.opens, rig.sent.len());
        rig.pass(seconds(10_000));
        rig.give(Event::SocketOpened); // late events of a closed socket change nothing
        rig.lost();
        rig.text("[null,null,\"phoenix\",\"phx_reply\",{}]");
        assert_eq!(
            (rig.opens, rig.sent.len(), rig.status()),
            (opens, sent, LinkStatus::Disconnected)
        );
        assert_eq!(rig.state.len(), usize::from(live), "rows are kept");
        rig.user(Command::Reconnect);
        assert_eq!(rig.status(), LinkStatus::Connecting);
    }
}
