//! Connected is reported only when it holds, and its end immediately.

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
    assert_eq!((rig.synced[0].snapshot, rig.synced[0].added), (1, 1));
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
    assert_eq!((last.snapshot, last.added, last.changed, last.removed), (2, 1, 1, 1));
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
