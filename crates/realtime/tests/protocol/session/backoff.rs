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
    // The session began at 2026-09-21 14:13:20 UTC; nothing was ever reached.
    let words = "gave up after 5 attempts, offline since 2026-09-21 14:13 UTC: ";
    assert!(rig.reason().contains(words), "{}", rig.reason());
    assert!(rig.reason().ends_with("then reconnect"), "{}", rig.reason());
    assert!(rig.has_notice("retrying") && rig.has_notice("gave_up"));
    let opens = rig.opens;
    rig.pass(seconds(40_000));
    assert_eq!(rig.opens, opens, "no further attempt is planned");
    let looks_at_the_clock = rig.wake.is_some_and(|wake| wake <= rig.at + seconds(5));
    assert!(
        looks_at_the_clock && rig.watches_network,
        "only for a reason to begin again"
    );
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

/// From the wait in progress to live on no rows.
fn go_live(rig: &mut Rig) {
    let opens = rig.opens;
    while rig.opens == opens {
        rig.pass(ms(100));
    }
    rig.give(Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&[]);
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
}

#[test]
fn every_failed_attempt_counts_and_being_live_resets_the_schedule() {
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
    rig.lost();
    assert_eq!(
        waits(&rig),
        [3_000, 6_000, 12_000, 24_000],
        "an accepted join is no success"
    );
    assert_eq!(rig.statuses.last().expect("one").attempt, 4);
    go_live(&mut rig);
    assert_eq!(rig.statuses.last().expect("one").attempt, 0);
    rig.pass(seconds(1));
    rig.lost();
    assert_eq!(waits(&rig).last(), Some(&3_000), "however short it was live");
    assert_eq!(rig.statuses.last().expect("one").attempt, 1);
    rig.pass(seconds(3));
    rig.unreachable();
    assert_eq!(waits(&rig).last(), Some(&6_000), "from here on attempts fail");
}

/// As `opswall serve --faults drop-every=20s`: every connection works, and none lasts.
#[test]
fn a_server_that_drops_every_connection_is_never_given_up() {
    let mut rig = Rig::live(config(), &[]);
    for drop in 1..=500 {
        rig.run(seconds(17), &[]);
        assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
        rig.lost();
        let status = rig.statuses.last().expect("one");
        assert_eq!(
            (status.status, status.attempt),
            (LinkStatus::Disconnected, 1),
            "drop {drop}"
        );
        assert_eq!(status.retry_in_ms, Some(3_000), "reconnected quickly, drop {drop}");
        go_live(&mut rig);
        assert!(!rig.has_notice("gave_up"));
        rig.forget();
    }
}

#[test]
fn a_connection_that_keeps_dropping_is_called_so() {
    let mut rig = Rig::live(config(), &[]);
    for _ in 0..2 {
        rig.run(seconds(20), &[]);
        rig.lost();
        assert!(!rig.reason().contains("keeps dropping"), "{}", rig.reason());
        go_live(&mut rig);
    }
    rig.run(seconds(20), &[]);
    rig.lost();
    assert_eq!(rig.reason(), "reset; the connection keeps dropping (3 times in 5 min)");
    let notice = rig.notices.last().expect("one").clone();
    assert_eq!(notice.code(), "retrying");
    assert_eq!(
        notice.text,
        "The connection keeps dropping (3 times in 5 min). Retrying in 3 s (1 of 5)."
    );
    go_live(&mut rig);
    rig.run(seconds(301), &[]);
    rig.lost();
    assert_eq!(rig.reason(), "reset", "what is long ago does not count");
}

/// The number of joins sent, by the minute in which they were.
fn joins_a_minute(rig: &mut Rig, mut answer: impl FnMut(&mut Rig)) -> Vec<usize> {
    let mut minutes = Vec::new();
    for _ in 0..10 {
        let before = joins(rig);
        let end = rig.at + seconds(60);
        while rig.at < end {
            let opens = rig.opens;
            rig.pass(ms(100));
            if rig.opens > opens {
                answer(rig);
            }
        }
        minutes.push(joins(rig) - before);
    }
    minutes
}

fn joins(rig: &Rig) -> usize {
    rig.sent_events().iter().filter(|event| *event == "phx_join").count()
}

/// Joins a minute are bounded by whole successes: neither a socket that opens nor a join that is accepted begins the
/// schedule anew.
#[test]
fn joins_a_minute_are_few_whatever_the_server_does_with_them() {
    let eager = || realtime::SessionConfig {
        backoff: Backoff {
            max_attempts: 0,
            interval: ms(100),
            ..Backoff::default()
        },
        ..config()
    };
    // Sockets open, and joins are refused because there were too many.
    let refused = |rig: &mut Rig| {
        rig.give(Event::SocketOpened);
        rig.join_error("ClientJoinRateLimitReached: Too many joins per second");
        rig.lost();
    };
    // Joins are accepted, and then the channel ends.
    let ended = |rig: &mut Rig| {
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.lost();
    };
    // The whole chain works, and ends at once.
    let dropped = |rig: &mut Rig| {
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system_ok();
        rig.finish_snapshot(&[]);
        rig.lost();
    };
    let answers: [(fn(&mut Rig), usize, usize); 3] = [(refused, 10, 3), (ended, 10, 2), (dropped, 17, 6)];
    for (answer, in_the_first, later) in answers {
        let mut rig = Rig::started(eager());
        answer(&mut rig);
        let minutes = joins_a_minute(&mut rig, answer);
        assert!(minutes[0] <= in_the_first, "{minutes:?}");
        assert!(minutes[1..].iter().all(|count| *count <= later), "{minutes:?}");
    }
}

#[test]
fn joins_that_were_too_many_are_repeated_after_a_random_time() {
    let wait = |random: f64| {
        let mut rig = Rig::started(config());
        rig.random = random;
        rig.give(Event::SocketOpened);
        rig.join_error("ClientJoinRateLimitReached: Too many joins per second");
        // The server closes the socket behind its refusal.
        rig.lost();
        waits(&rig)
    };
    assert_eq!([0.0, 0.2, 0.9].map(wait), [[5_000], [5_500], [7_250]]);
}

/// A join that is not answered is not repeated on the same socket: the socket is closed, and the answer that comes later
/// belongs to nothing.
#[test]
fn a_join_that_times_out_closes_its_socket_and_there_is_never_a_second_one_on_it() {
    let mut rig = Rig::started(config());
    for attempt in 1..=5 {
        rig.give(Event::SocketOpened);
        assert_eq!((joins(&rig), rig.closes), (attempt, attempt - 1), "one join a socket");
        rig.pass(seconds(19));
        assert_eq!((joins(&rig), rig.closes), (attempt, attempt - 1));
        rig.pass(seconds(1));
        assert_eq!(rig.closes, attempt, "closed with its join");
        let opens = rig.opens;
        while rig.opens == opens {
            rig.pass(ms(500));
        }
    }
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

/// A session that has given up, with a server that cannot be reached.
fn given_up() -> Rig {
    let mut rig = Rig::started(config());
    for _ in 0..6 {
        rig.unreachable();
        rig.pass(seconds(60));
    }
    assert!(rig.has_notice("gave_up") && rig.watches_network);
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Error, 6));
    rig
}

/// A whole new round: connecting now, and five attempts more before it gives up again.
fn assert_new_round(rig: &mut Rig) {
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Connecting, 7));
    assert_eq!(rig.statuses.last().expect("one").attempt, 0);
    assert!(!rig.watches_network, "only while no attempt is planned");
    for _ in 0..6 {
        rig.unreachable();
        rig.pass(seconds(60));
    }
    assert_eq!((rig.status(), rig.opens), (LinkStatus::Error, 12));
    assert!(rig.watches_network);
}

#[test]
fn a_machine_that_wakes_after_giving_up_begins_a_new_round() {
    let mut rig = given_up();
    rig.wall += seconds(8 * 3_600);
    rig.pass(seconds(5));
    assert!(rig.has_notice("woke"), "{:?}", rig.notices);
    assert_new_round(&mut rig);

    // A process that was frozen: the timer comes late by both clocks.
    let mut rig = given_up();
    rig.at += seconds(600);
    rig.give(Event::Timer);
    assert_new_round(&mut rig);
}

#[test]
fn a_network_that_returns_after_giving_up_begins_a_new_round() {
    let mut rig = given_up();
    rig.pass(seconds(600));
    rig.give(Event::NetworkChanged);
    assert!(rig.has_notice("network_changed"), "{:?}", rig.notices);
    assert_new_round(&mut rig);
}

/// Attempts that fail before a suspension and after it are not of one round.
#[test]
fn a_machine_that_wakes_while_it_waits_begins_a_new_round_too() {
    let mut rig = Rig::started(config());
    for _ in 0..5 {
        rig.unreachable();
        rig.pass(seconds(47));
    }
    assert_eq!(rig.statuses.last().expect("one").attempt, 5);
    rig.wall += seconds(3_600);
    rig.pass(seconds(1));
    assert_eq!(rig.status(), LinkStatus::Connecting);
    rig.unreachable();
    assert_eq!(waits(&rig).last(), Some(&3_000));
}

#[test]
fn what_only_a_person_can_change_is_not_tried_again_after_waking_or_with_another_network() {
    let disturb = |rig: &mut Rig| {
        assert!(!rig.watches_network);
        let (opens, status) = (rig.opens, rig.status());
        rig.wall += seconds(3_600);
        rig.pass(seconds(60));
        rig.give(Event::Timer);
        rig.give(Event::NetworkChanged);
        rig.pass(seconds(60));
        assert_eq!((rig.opens, rig.status()), (opens, status));
    };
    // A person disconnected: while live, while waiting, and after giving up.
    for mut rig in [Rig::live(config(), &[]), Rig::started(config()), given_up()] {
        rig.user(Command::Disconnect);
        disturb(&mut rig);
        assert_eq!(rig.status(), LinkStatus::Disconnected);
    }
    // The server refused the key, and the table.
    let mut rig = Rig::started(config());
    rig.refused(401, "Failed to validate JWT signature");
    disturb(&mut rig);
    let mut rig = Rig::started(config());
    rig.give(Event::SocketOpened);
    rig.join_error("InvalidJWTToken: The token provided is not a valid JWT");
    assert_eq!(rig.status(), LinkStatus::Error);
    disturb(&mut rig);
}

/// The sign-in page of a network answers with a redirect or an error of its own.
#[test]
fn a_refusal_that_another_server_may_have_sent_is_tried_again_with_another_network() {
    for http in [302, 403, 404] {
        let mut rig = Rig::started(config());
        rig.refused(http, "");
        assert_eq!((rig.status(), rig.opens), (LinkStatus::Error, 1), "{http}");
        rig.pass(seconds(600));
        assert_eq!(rig.opens, 1, "not by itself");
        rig.give(Event::NetworkChanged);
        assert_eq!((rig.status(), rig.opens), (LinkStatus::Connecting, 2), "{http}");
    }
}
