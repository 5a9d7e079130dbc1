//! The session's status machine and backoff with a simulated clock, and the races of realtime-protocol.md §12.4 as far
//! as an unfiltered subscription with one key meets them.

use std::time::Duration;

use crate::rig::{Rig, config, ms, seconds, table};
use model::Backoff;
use realtime::{CloseReason, Command, ConnectFailure, Event, LinkStatus, PageError, PageQuery};
use serde_json::{Value, json};

fn waits(rig: &Rig) -> Vec<u64> {
    rig.statuses.iter().filter_map(|status| status.retry_in_ms).collect()
}

mod backoff {
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
}

mod honesty {
    use super::*;

    #[test]
    fn connected_is_reported_only_at_the_end_of_the_whole_chain() {
        let mut rig = Rig::started(config());
        let not_yet = |rig: &Rig| assert_eq!(rig.status(), LinkStatus::Connecting);
        not_yet(&rig);
        rig.give(Event::SocketOpened);
        not_yet(&rig);
        rig.join_ok();
        not_yet(&rig);
        rig.pass(seconds(5));
        not_yet(&rig);
        rig.system_ok();
        not_yet(&rig);
        let first = rig.fetch();
        rig.answer(&first, &[json!({"id": 1})]);
        not_yet(&rig);
        assert!(rig.state.is_empty(), "a half-read table is not reported");
        let second = rig.fetch();
        assert_eq!(
            second.query,
            PageQuery::After {
                after: Some("1".into()),
                limit: 1_000
            }
        );
        rig.answer(&second, &[]);
        not_yet(&rig);
        rig.pass(seconds(1));
        assert_eq!(rig.status(), LinkStatus::Connected);
        assert_eq!(rig.synced.len(), 1);
        assert_eq!((rig.synced[0].epoch, rig.synced[0].added), (1, 1));
        assert!(rig.has_notice("connected"));
    }

    #[test]
    fn without_snapshots_it_is_live_on_the_stream_alone_and_reports_that() {
        let mut rig = Rig::started(realtime::SessionConfig {
            snapshots: false,
            ..config()
        });
        rig.give(Event::SocketOpened);
        rig.join_ok();
        assert_eq!(rig.status(), LinkStatus::Connecting);
        rig.system_ok();
        assert_eq!(rig.status(), LinkStatus::Connected);
        assert!(rig.statuses.iter().all(|s| s.stream_only));
        rig.update(json!({"id": 1, "a": 2}));
        assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2})));
        rig.pass(seconds(24));
        assert!(rig.fetches.is_empty() && rig.synced.is_empty());
    }

    #[test]
    fn every_deadline_is_kept() {
        let mut rig = Rig::started(config());
        rig.give(Event::SocketOpened);
        rig.pass(seconds(20));
        assert_eq!(rig.status(), LinkStatus::Disconnected);
        assert!(rig.reason().contains("join within 20 s"), "{}", rig.reason());
        assert_eq!(rig.closes, 1);

        let mut rig = Rig::started(config());
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.pass(seconds(25)); // a heartbeat is sent and answered
        rig.text(r#"[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]"#);
        rig.pass(ms(4_900));
        assert_eq!(rig.status(), LinkStatus::Connecting);
        rig.pass(ms(100));
        assert!(rig.reason().contains("did not confirm"), "{}", rig.reason());

        let mut rig = Rig::started(realtime::SessionConfig {
            heartbeat_interval: seconds(100),
            ..config()
        });
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system("postgres_changes", false, "{:error, \"Too many database timeouts\"}");
        assert!(rig.reason().contains("Too many database timeouts"), "{}", rig.reason());
        rig.pass(seconds(59));
        assert_eq!(
            rig.status(),
            LinkStatus::Connecting,
            "while the server retries it is given 60 s"
        );
        rig.pass(seconds(1));
        assert_eq!(rig.status(), LinkStatus::Disconnected);
    }

    #[test]
    fn a_subscription_that_the_database_revokes_is_not_live() {
        let mut rig = Rig::live(config(), &[json!({"id": 1, "a": 1})]);
        rig.system("postgres_changes", false, "{:error, \"Too many database timeouts\"}");
        assert_eq!(rig.status(), LinkStatus::Connecting);
        rig.system_ok();
        assert_eq!(rig.status(), LinkStatus::Connecting);
        rig.finish_snapshot(&[json!({"id": 1, "a": 2})]);
        assert_eq!(rig.status(), LinkStatus::Connected);
        assert_eq!(rig.row("1"), Some(&json!({"id": 1, "a": 2})));
    }

    #[test]
    fn after_a_loss_only_the_differences_are_reported() {
        let mut rig = Rig::live(
            config(),
            &[json!({"id": 1, "a": 1}), json!({"id": 2}), json!({"id": 3})],
        );
        rig.pass(ms(100));
        rig.lost();
        assert_eq!(rig.status(), LinkStatus::Disconnected);
        assert_eq!(rig.state.len(), 3);
        rig.pass(seconds(3));
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system_ok();
        assert_eq!(rig.state.len(), 3, "no row is removed before the snapshot is merged");
        let before = rig.changes;
        rig.finish_snapshot(&[json!({"id": 1, "a": 2}), json!({"id": 3}), json!({"id": 4})]);
        assert_eq!(rig.ids(), ["1", "3", "4"]);
        assert_eq!(rig.changes - before, 3, "one changed, one removed, one added");
        let last = rig.synced.last().expect("one");
        assert_eq!((last.epoch, last.added, last.changed, last.removed), (2, 1, 1, 1));
        assert!(rig.has_notice("lost") && rig.has_notice("restored"));
    }

    #[test]
    fn secrets_reach_no_reason_and_no_notice() {
        let mut rig = Rig::started(config());
        rig.refused(401, "bad token eyJ.a.b");
        let said = format!("{:?} {:?}", rig.statuses, rig.notices);
        assert!(!said.contains("eyJ.a.b"), "{said}");
        let mut rig = Rig::started(config());
        rig.give(Event::SocketOpened);
        rig.join_error("MalformedJWT: eyJ.a.b is no JWT");
        let said = format!("{:?} {:?}", rig.statuses, rig.notices);
        assert!(said.contains("is no JWT") && !said.contains("eyJ.a.b"), "{said}");
    }
}

mod refusals {
    use super::*;

    #[test]
    fn a_final_refusal_is_an_error_at_once_and_names_the_remedy() {
        let mut rig = Rig::started(config());
        rig.refused(401, "Failed to validate JWT signature");
        assert_eq!(rig.status(), LinkStatus::Error);
        assert!(
            rig.reason().contains("refused the key") && rig.reason().contains("--key"),
            "{}",
            rig.reason()
        );
        rig.pass(seconds(1));
        assert_eq!(rig.wake, None);
        assert!(rig.has_notice("refused"));

        let mut rig = Rig::started(config());
        rig.give(Event::SocketOpened);
        rig.join_ok();
        rig.system("postgres_changes", false, "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: todos, filters: [], select: nil]");
        assert_eq!((rig.status(), rig.closes), (LinkStatus::Error, 1));
        assert!(
            rig.reason().contains("public.todos does not exist or is not published")
                && rig
                    .reason()
                    .contains("alter publication supabase_realtime add table public.todos"),
            "{}",
            rig.reason()
        );

        let mut rig = Rig::syncing(config());
        let page = rig.fetch();
        rig.fail(
            &page,
            PageError::Fatal("the key may not read public.todos; grant select".into()),
        );
        assert_eq!(rig.status(), LinkStatus::Error);
        assert!(rig.reason().contains("grant select"));
    }

    #[test]
    fn a_refusal_after_success_is_retried() {
        let mut rig = Rig::live(config(), &[]);
        rig.lost();
        rig.pass(seconds(3));
        rig.refused(401, "API key is missing");
        assert_eq!(rig.status(), LinkStatus::Disconnected);
        rig.pass(seconds(6));
        rig.give(Event::SocketOpened);
        rig.join_error("TenantNotFound: Tenant with the given ID does not exist");
        assert_eq!(rig.status(), LinkStatus::Disconnected);
    }

    #[test]
    fn a_server_at_its_limits_is_retried_more_slowly() {
        let mut rig = Rig::started(config());
        rig.refused(429, "Too many connected users");
        assert_eq!(waits(&rig), [5_000]);
        rig.pass(seconds(5));
        rig.refused(403, "Realtime was disabled for this tenant");
        assert_eq!(waits(&rig), [5_000, 60_000]);
    }

    #[test]
    fn close_codes_of_the_server_are_reported() {
        for (reason, words) in [
            (
                CloseReason::Frame {
                    code: 1000,
                    text: String::new(),
                },
                "code 1000",
            ),
            (
                CloseReason::Frame {
                    code: 1012,
                    text: "restart".into(),
                },
                "code 1012: restart",
            ),
            (CloseReason::Lost("connection reset".into()), "connection reset"),
        ] {
            let mut rig = Rig::live(config(), &[]);
            rig.give(Event::SocketClosed(reason));
            assert_eq!(rig.status(), LinkStatus::Disconnected);
            assert!(rig.reason().contains(words), "{}", rig.reason());
            assert_eq!(rig.closes, 0, "it is closed already");
        }
    }

    #[test]
    fn no_table_at_all_is_an_error() {
        let rig = Rig::started(realtime::SessionConfig {
            sources: Vec::new(),
            ..config()
        });
        assert_eq!((rig.status(), rig.opens), (LinkStatus::Error, 0));
    }

    #[test]
    fn an_unreachable_server_is_named_in_the_reason() {
        let mut rig = Rig::started(config());
        rig.give(Event::ConnectFailed(ConnectFailure::Unreachable(
            "no route to the server".into(),
        )));
        assert!(rig.reason().contains("no route to the server"));
    }
}

mod heartbeat {
    use super::*;

    fn beats(rig: &Rig) -> usize {
        rig.sent_events().iter().filter(|event| *event == "heartbeat").count()
    }

    fn answer(rig: &mut Rig) {
        let beat = rig
            .sent
            .iter()
            .rev()
            .find(|text| text.contains("heartbeat"))
            .expect("a beat");
        let reference = beat.split('"').nth(1).expect("a reference").to_owned();
        rig.text(format!(
            r#"[null,"{reference}","phoenix","phx_reply",{{"status":"ok","response":{{}}}}]"#
        ));
    }

    #[test]
    fn one_heartbeat_per_interval_and_an_unanswered_one_ends_the_connection() {
        let mut rig = Rig::live(config(), &[]);
        for number in 1..=3 {
            rig.pass(seconds(25));
            while let Some(request) = rig.fetches.pop() {
                rig.answer(&request, &[]);
            }
            assert_eq!(beats(&rig), number);
            answer(&mut rig);
        }
        rig.pass(seconds(25));
        while let Some(request) = rig.fetches.pop() {
            rig.answer(&request, &[]);
        }
        rig.pass(seconds(9));
        assert_eq!(rig.status(), LinkStatus::Connected);
        rig.text(r#"[null,"999","phoenix","phx_reply",{"status":"ok","response":{}}]"#); // not ours
        rig.insert(json!({"id": 1})); // other frames do not count
        rig.pass(seconds(1));
        assert_eq!((rig.status(), rig.closes), (LinkStatus::Disconnected, 1));
        assert!(rig.reason().contains("not answered for 10 s"), "{}", rig.reason());
    }

    #[test]
    fn v33_while_a_join_is_pending_a_heartbeat_may_be_answered_late() {
        let mut rig = Rig::started(realtime::SessionConfig {
            heartbeat_interval: seconds(5),
            ..config()
        });
        rig.give(Event::SocketOpened);
        rig.pass(seconds(19));
        assert_eq!((beats(&rig), rig.status()), (1, LinkStatus::Connecting));
        rig.join_ok();
        rig.pass(seconds(4));
        assert_eq!(rig.status(), LinkStatus::Connecting);
        rig.pass(seconds(1));
        assert_eq!(
            rig.status(),
            LinkStatus::Disconnected,
            "no longer than the interval once the join is answered"
        );
    }
}

mod races {
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
        assert!(last.audit && last.added == 1);
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
        assert!(!last.audit && last.added == 1 && last.changed == 0);
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
}
