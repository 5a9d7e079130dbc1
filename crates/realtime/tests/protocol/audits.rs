//! Losses that the stream does not show, with a simulated clock: bursts above a server's limit, a joined channel that
//! receives no changes, rows that change without a frame, and tables that cannot be followed.

use crate::rig::{Rig, config, seconds, table};
use realtime::{LinkStatus, PageError, SessionConfig, SourceId, SourceState};
use serde_json::{Value, json};

fn watching() -> SessionConfig {
    let mut config = config();
    config.audit_interval = Some(seconds(60));
    config.change_limit = Some(100);
    for table in &mut config.sources {
        table.updated_at = vec!["changed_at".into(), "updated_at".into()];
    }
    config
}

fn row(id: u64, second: u64) -> Value {
    json!({"id": id, "updated_at": format!("2026-11-23T10:{:02}:{:02}.5+00:00", second / 60 % 60, second % 60)})
}

/// Six thousand changes of fifty rows within a moment, after which the server may drop changes for a minute.
fn burst(rig: &mut Rig, second: u64) -> Vec<Value> {
    let row = |id: u64, n: u64| json!({"id": id, "updated_at": row(0, second)["updated_at"], "n": n});
    for n in 0..6_000 {
        rig.update(row(n % 50, n));
    }
    (0..50).map(|id| row(id, 5_950 + id)).collect()
}

#[test]
fn r22_after_a_burst_dropped_changes_are_found_and_it_catches_up_until_equal() {
    let rows: Vec<Value> = (0..50).map(|id| row(id, 0)).collect();
    let mut rig = Rig::live(watching(), &rows);
    rig.run(seconds(60), &rows);
    let before = rig.notices.len();
    let mut rows = burst(&mut rig, 1);
    let burst = rig.at;
    // The server silently drops the next changes.
    rows.push(row(99, 2));
    while rig.row("99").is_none() {
        rig.run(seconds(1), &rows);
        assert!(rig.at < burst + seconds(20), "looked at too late");
    }
    rows.push(row(100, 40));
    rig.run(seconds(10), &rows);
    assert!(rig.is_catching_up(), "{}", rig.reason());
    rig.run(seconds(80), &rows);
    assert!(rig.row("100").is_some());
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
    assert!(rig.has_notice("drift") && rig.has_notice("caught_up"));
    assert_eq!(rig.closes, 0, "no join heals a limit");
    let false_alarm = |code| matches!(code, "lost" | "retrying" | "restored" | "connected");
    let alarms = rig
        .notices
        .iter()
        .skip(before)
        .filter(|notice| false_alarm(notice.code()));
    assert_eq!(alarms.count(), 0, "the connection was there all the time");
}

#[test]
fn r22_a_reading_that_began_before_a_burst_does_not_prove_what_came_after() {
    let rows: Vec<Value> = (0..50).map(|id| row(id, 0)).collect();
    let mut rig = Rig::live(watching(), &rows);
    // The burst comes in the middle of the audit that follows the first snapshot.
    while rig.fetches.is_empty() {
        rig.pass(seconds(1));
    }
    let began = rig.at;
    let mut after = burst(&mut rig, 1);
    after.push(row(99, 2));
    rig.pass(seconds(3));
    let synced = rig.synced.len();
    rig.finish_snapshot(&rows);
    assert_eq!(rig.synced.len(), synced + 1);
    rig.pass(seconds(1));
    let proven = rig.details().sources[0].proven_ms.expect("a proof");
    assert!(u128::from(proven) <= began.as_millis(), "as of its beginning at most");
    while rig.row("99").is_none() {
        rig.run(seconds(1), &after);
        assert!(rig.at < began + seconds(25), "looked at too late");
    }
}

#[test]
fn r22_another_connection_does_not_lift_the_projects_limit() {
    let rows: Vec<Value> = (0..50).map(|id| row(id, 0)).collect();
    let mut rig = Rig::live(watching(), &rows);
    let mut rows = burst(&mut rig, 1);
    rig.lost();
    rig.pass(seconds(3));
    rig.give(realtime::Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&rows);
    let back = rig.at;
    // What is dropped on the new connection is looked for as soon as on the one before.
    rows.push(row(99, 30));
    while rig.row("99").is_none() {
        rig.run(seconds(1), &rows);
        assert!(rig.at < back + seconds(25), "looked at too late");
    }
    rig.run(seconds(90), &rows);
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn a_steady_stream_above_the_limit_is_no_doubt_as_long_as_nothing_is_missing() {
    let mut rig = Rig::live(watching(), &[json!({"id": 1, "n": 0})]);
    for second in 0..120 {
        for n in 0..300 {
            rig.update(json!({"id": 1, "n": second * 300 + n}));
        }
        rig.run(seconds(1), &[json!({"id": 1, "n": second * 300 + 299})]);
        assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
    }
    assert!(rig.details().last_audit.is_some_and(|(_, is_equal)| is_equal));
}

#[test]
fn r23_an_audit_finds_a_channel_without_changes_and_joins_anew() {
    let old = vec![row(1, 0), row(2, 0)];
    let mut rig = Rig::live(watching(), &old);
    // The first two audits find no difference.
    rig.run(seconds(100), &old);
    assert_eq!(rig.details().last_audit.map(|(_, equal)| equal), Some(true));
    // From here on no changes arrive.
    let new = vec![row(1, 120), row(2, 0), row(3, 130)];
    rig.run(seconds(130), &new);
    assert!(rig.has_notice("drift"), "{:?}", rig.notices);
    assert_eq!(rig.ids(), ["1", "2", "3"]);
    assert_eq!((rig.closes, rig.opens), (1, 2), "joined anew at once");
    assert!(rig.notices.iter().any(|notice| notice.text.contains("did not report")));
}

#[test]
fn r21_r25_rows_removed_without_a_frame_are_found_by_the_count() {
    let old: Vec<Value> = (0..5).map(|id| row(id, 0)).collect();
    let mut rig = Rig::live(watching(), &old);
    rig.run(seconds(60), &old);
    let left = &old[..3];
    // The channel works: changes of another row keep arriving.
    for second in 0..120 {
        rig.update(row(1, 100 + second));
        let now = [old[0].clone(), row(1, 100 + second), old[2].clone()];
        rig.run(seconds(1), &now);
    }
    assert_eq!(rig.ids(), ["0", "1", "2"], "{}", left.len());
    assert_eq!(rig.closes, 0, "other changes arrived on the channel meanwhile");
}

#[test]
fn rows_that_share_a_key_are_one_notice_and_no_drift() {
    let rows = [row(1, 9), row(1, 0), row(2, 0)];
    let mut rig = Rig::live(watching(), &rows);
    // All is read once more a while after a connect.
    rig.run(seconds(60), &rows);
    let snapshots = rig.synced.len();
    rig.run(seconds(300), &rows);
    let notices = || rig.notices.iter().filter(|notice| notice.code() == "key_not_unique");
    assert_eq!(notices().count(), 1);
    let text = notices().map(|notice| &*notice.text).collect::<String>();
    assert!(
        text.starts_with("1 row of public.todos has the id of another row"),
        "{text}"
    );
    assert!(!rig.has_notice("drift") && !rig.is_catching_up());
    assert_eq!(
        rig.synced.len(),
        snapshots,
        "no audit finds a difference that a snapshot cannot remove"
    );
    assert_eq!(rig.ids(), ["1", "2"]);
    // Named once per connection, and again on the next one.
    rig.lost();
    rig.run(seconds(10), &rows);
    rig.give(realtime::Event::SocketOpened);
    rig.join_ok();
    rig.system_ok();
    rig.finish_snapshot(&rows);
    assert_eq!(
        rig.notices
            .iter()
            .filter(|notice| notice.code() == "key_not_unique")
            .count(),
        2
    );
}

#[test]
fn changes_still_in_transit_are_not_drift() {
    let mut rows = vec![row(1, 0)];
    let mut rig = Rig::live(watching(), &rows);
    rig.run(seconds(40), &rows);
    let snapshots = rig.synced.len();
    for second in 41..220 {
        // The source is always a second ahead of the stream.
        let changed = row(1, second);
        rows = vec![row(1, second + 1)];
        rig.update(changed);
        rig.run(seconds(1), &rows);
    }
    assert_eq!(rig.synced.len(), snapshots, "no reading was needed");
    assert_eq!(rig.status(), LinkStatus::Connected);
}

#[test]
fn it_is_live_again_only_when_an_audit_finds_no_drift() {
    let rows = [row(1, 0)];
    let mut rig = Rig::live(watching(), &rows);
    rig.run(seconds(40), &rows);
    let now = [row(1, 0), row(2, 50)];
    rig.update(row(1, 0));
    rig.run(seconds(59), &now);
    rig.update(row(1, 0));
    let before = rig.statuses.len();
    rig.run(seconds(60), &now);
    let said: Vec<_> = rig
        .statuses
        .iter()
        .skip(before.saturating_sub(2))
        .map(|status| status.catching_up)
        .collect();
    assert!(rig.statuses.iter().any(|status| status.catching_up), "{said:?}");
    assert_eq!(rig.status(), LinkStatus::Connected);
    assert_eq!(rig.details().last_drift.map(|(_, rows)| rows), Some(1));
}

#[test]
fn an_unreadable_table_is_followed_by_the_stream_alone_and_reported() {
    let mut config = watching();
    config.sources.push(table("agents"));
    let mut rig = Rig::syncing(config);
    for _ in 0..2 {
        let request = rig.fetch();
        if request.source.table == "agents" {
            rig.fail(
                &request,
                PageError::NotExposed("the schema public is not served".into()),
            );
        } else {
            rig.answer(&request, &[row(1, 0)]);
        }
    }
    rig.finish_snapshot(&[]);
    assert_eq!(rig.status(), LinkStatus::Connected);
    assert!(rig.has_notice("table_unreadable"));
    rig.change_in(101, "agents", "INSERT", Some(json!({"id": 7})), None, &[]);
    assert!(rig.state.contains_key(&(SourceId::new(1), "7".into())));
    rig.pass(seconds(1));
    assert_eq!(rig.details().sources[1].state, SourceState::StreamOnly);
    assert_eq!(rig.details().sources[0].state, SourceState::Followed);
}

#[test]
fn when_no_table_can_be_read_it_is_an_error() {
    let mut rig = Rig::syncing(watching());
    let request = rig.fetch();
    rig.fail(&request, PageError::Denied("the key may not read public.todos".into()));
    assert_eq!(rig.status(), LinkStatus::Error);
    assert!(rig.reason().contains("public.todos"));
}

#[test]
fn r29_partitions_are_asked_for_and_taken_under_their_own_names() {
    let mut config = watching();
    config.sources[0].partitions = vec!["todos_2026_%".into()];
    let mut rig = Rig::live(config, &[row(1, 0)]);
    let join = rig.sent.iter().find(|text| text.contains("phx_join")).expect("a join");
    assert!(
        join.contains("todos_2026_%") && !join.contains(r#""table":"todos""#),
        "{join}"
    );
    rig.change_in(100, "todos_2026_10", "INSERT", Some(json!({"id": 2})), None, &[]);
    rig.change_in(100, "todosx2025x10", "INSERT", Some(json!({"id": 3})), None, &[]);
    assert_eq!(rig.ids(), ["1", "2"]);
}

#[test]
fn without_a_limit_of_attempts_a_final_refusal_is_rechecked() {
    let mut config = watching();
    config.backoff.max_attempts = 0;
    let mut rig = Rig::started(config);
    rig.refused(404, "Tenant not found");
    let status = rig.statuses.last().expect("a status").clone();
    assert_eq!((status.status, status.retry_in_ms), (LinkStatus::Error, Some(300_000)));
    rig.pass(seconds(300));
    assert_eq!(rig.opens, 2);
}

#[test]
fn the_details_report_what_happened() {
    let rows = [row(1, 0)];
    let mut rig = Rig::live(watching(), &rows);
    rig.run(seconds(30), &rows);
    let details = rig.details();
    assert_eq!(details.joins, 1);
    let resync = details.last_resync.expect("one");
    assert!(resync.why == "audit" || resync.why == "first");
    assert!(
        details.events.iter().any(|event| event.text.starts_with("Live")),
        "{:?}",
        details.events
    );
    for _ in 0..30 {
        rig.lost();
        rig.pass(seconds(60));
        rig.user(realtime::Command::Reconnect);
    }
    rig.pass(seconds(1));
    // Repeated attempts are one event with a count, so earlier events are kept.
    let events = rig.details().events;
    assert!(events.len() <= 20);
    assert!(events.iter().any(|event| event.text.starts_with("Live")), "{events:?}");
    assert!(events.last().is_some_and(|event| event.times >= 30), "{events:?}");
}

#[test]
fn r22_changes_dropped_for_a_minute_are_found_again_and_again_until_it_is_over() {
    let rows: Vec<Value> = (0..50).map(|id| row(id, 0)).collect();
    let mut rig = Rig::live(watching(), &rows);
    rig.run(seconds(60), &rows);
    let mut rows = burst(&mut rig, 1);
    let (burst, mut inserted) = (rig.at, Vec::new());
    // The server sends nothing for a minute, while a row is inserted every quarter of a second.
    for id in 0..240 {
        rows.push(row(1_000 + id, 100 + id / 4));
        inserted.push((rig.at, 1_000 + id));
        rig.run(crate::rig::ms(250), &rows);
        let is_missing = |(at, id): &(_, u64)| rig.at > *at + seconds(30) && rig.row(&id.to_string()).is_none();
        if rig.status() == LinkStatus::Connected {
            assert!(rig.at < burst + seconds(30), "reported as live at row {id}");
            assert!(!inserted.iter().any(is_missing), "reported as live at row {id}");
        }
    }
    rig.run(seconds(60), &rows);
    assert_eq!((rig.status(), rig.state.len()), (LinkStatus::Connected, rows.len()));
}
