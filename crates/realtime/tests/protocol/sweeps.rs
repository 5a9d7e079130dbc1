//! Rows compared without a change column, and the sweep of tables that are too large to be compared whole.

use std::time::Duration;

use crate::lossy::{Lossy, leased, row};
use crate::recovery::selected;
use crate::rig::{Rig, ms, seconds, table};
use realtime::{LinkStatus, ProbeRequest, ProbeRows, SessionConfig};
use serde_json::{Value, json};

/// All keys are seen within this time, and what remains in doubt for 10 s is read.
const SWEPT: Duration = Duration::from_secs(700);

/// Nothing is read only to reconcile, so that only audits find losses.
fn audited(has_change_column: bool) -> SessionConfig {
    let mut config = leased();
    config.reconcile_interval = None;
    if !has_change_column {
        config.sources[0].updated_at.clear();
    }
    config
}

fn rows(count: u64) -> Vec<Value> {
    (0..count).map(|id| row(id, seconds(1))).collect()
}

/// Answers pages, look-ups and probes from these rows for this long. `latency`: until a probe is answered.
fn serve(rig: &mut Rig, rows: &[Value], time: Duration, latency: Duration) -> Vec<(Duration, ProbeRequest)> {
    let end = rig.at + time;
    let mut asked = Vec::new();
    while rig.at < end {
        rig.pass(ms(250));
        rig.answer_beats();
        if rig.at.as_millis() % 10_000 < 250 {
            // Changes arrive, so that the channel is not joined anew.
            rig.update(rows[0].clone());
        }
        while !rig.fetches.is_empty() {
            let request = rig.fetch();
            let keyed = rows
                .iter()
                .map(|row| (row["id"].as_i64().expect("a number"), row.clone()));
            let page = match request.source.table.as_str() {
                "todos" => selected(keyed, &request.query, 1_000),
                _ => Vec::new(),
            };
            rig.answer(&request, &page);
        }
        while !rig.probes.is_empty() {
            let request = rig.probes.remove(0);
            asked.push((rig.at, request.clone()));
            rig.pass(latency);
            let rows = if request.source.table == "todos" { rows } else { &[] };
            rig.probed(&request, rows);
        }
    }
    asked
}

fn live(config: SessionConfig, rows: &[Value]) -> Rig {
    let mut rig = Rig::syncing(config);
    serve(&mut rig, rows, seconds(40), Duration::ZERO);
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
    assert_eq!(rig.state.len(), rows.len());
    rig
}

/// Time until `is_found`, at most this long.
fn found_after(rig: &mut Rig, rows: &[Value], most: Duration, is_found: impl Fn(&Rig) -> bool) -> Duration {
    let lost = rig.at;
    while !is_found(rig) {
        assert!(rig.at - lost < most, "not found within {most:?}");
        serve(rig, rows, seconds(1), Duration::ZERO);
    }
    rig.at - lost
}

#[test]
fn a_lost_delete_and_a_lost_insert_that_cancel_out_in_the_count_are_found_by_the_sweep() {
    for has_change_column in [true, false] {
        let mut rows = rows(3_000);
        let mut rig = live(audited(has_change_column), &rows);
        rows.remove(5);
        // An old row is inserted: its change time is earlier than the last proof.
        rows.push(row(7_000, seconds(1)));
        let after = found_after(&mut rig, &rows, SWEPT * 2, |rig| {
            rig.row("5").is_none() && rig.row("7000").is_some()
        });
        println!("found after {after:?}");
        serve(&mut rig, &rows, seconds(60), Duration::ZERO);
        assert!(rig.has_notice("drift"));
        assert_eq!((rig.status(), rig.state.len()), (LinkStatus::Connected, rows.len()));
    }
}

#[test]
fn rows_without_a_change_time_are_no_difference_of_a_large_table() {
    let mut rows = rows(1_500);
    rows[7]["updated_at"] = Value::Null;
    let mut rig = live(audited(true), &rows);
    let asked = serve(&mut rig, &rows, seconds(120), Duration::ZERO);
    let with_nulls = |asked: &[(Duration, ProbeRequest)]| {
        let probe = asked.iter().rev().find_map(|(_, probe)| match &probe.rows {
            ProbeRows::Newest(newest) => Some(newest.with_nulls),
            _ => None,
        });
        probe.expect("a probe")
    };
    assert!(with_nulls(&asked) && !rig.has_notice("drift"));
    let mut rows = self::rows(1_500);
    let mut rig = live(audited(true), &rows);
    let asked = serve(&mut rig, &rows, seconds(120), Duration::ZERO);
    assert!(!with_nulls(&asked), "an index of the column can be used");
    // The first row without a time; the server's count is without it.
    rows.push(json!({"id": 9_000, "updated_at": null}));
    rig.insert(rows[1_500].clone());
    let asked = serve(&mut rig, &rows, seconds(120), Duration::ZERO);
    assert!(
        with_nulls(&asked) && !rig.has_notice("drift"),
        "it is read once, and all is equal"
    );
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
}

#[test]
fn a_lost_update_of_a_small_table_without_a_change_column_is_found_by_the_next_audit() {
    let mut rows = rows(200);
    let mut rig = live(audited(false), &rows);
    rows[7]["n"] = json!(1);
    let new = rows[7].clone();
    let after = found_after(&mut rig, &rows, seconds(50), |rig| rig.row("7") == Some(&new));
    println!("found after {after:?}");
    serve(&mut rig, &rows, seconds(120), Duration::ZERO);
    assert_eq!(rig.status(), LinkStatus::Connected);
    let proven = Duration::from_millis(rig.details().sources[0].proven_ms.expect("a proof"));
    assert!(rig.at - proven < seconds(35), "all rows are compared each time");
}

#[test]
fn a_large_table_without_a_change_column_is_live_by_its_count_and_proven_by_its_sweep() {
    let mut rows = rows(2_500);
    let mut rig = live(audited(false), &rows);
    let proven = |rig: &Rig| Duration::from_millis(rig.details().sources[0].proven_ms.expect("a proof"));
    let snapshot = proven(&rig);
    serve(&mut rig, &rows, seconds(150), Duration::ZERO);
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
    assert_eq!(proven(&rig), snapshot, "the count alone is not shown as a proof");
    let begun = rig.at;
    while proven(&rig) == snapshot {
        serve(&mut rig, &rows, seconds(1), Duration::ZERO);
        assert!(rig.at - begun < SWEPT, "a complete sweep is a proof");
    }
    assert!(proven(&rig) < begun, "as of its beginning");
    rows[1_234]["n"] = json!(1);
    let new = rows[1_234].clone();
    found_after(&mut rig, &rows, SWEPT, |rig| rig.row("1234") == Some(&new));
}

#[test]
fn a_table_that_is_not_counted_is_live_by_the_slices_that_are_equal() {
    let mut rows = rows(2_500);
    let mut rig = live(audited(false), &rows);
    // Each count takes 1.5 s, which is too much twice.
    let asked = serve(&mut rig, &rows, seconds(100), ms(1_500));
    assert_eq!(asked.iter().filter(|(_, probe)| probe.is_counted).count(), 2);
    serve(&mut rig, &rows, seconds(600), ms(50));
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
    rows[2_000]["n"] = json!(1);
    let new = rows[2_000].clone();
    found_after(&mut rig, &rows, SWEPT, |rig| rig.row("2000") == Some(&new));
}

#[test]
fn what_is_on_its_way_during_a_sweep_is_no_drift() {
    for has_change_column in [true, false] {
        let mut world = Lossy::with(audited(has_change_column), 7, false, 1_300);
        let mut sweeps = std::collections::BTreeSet::new();
        for _ in 0..4_500 {
            world.step(ms(300));
            world.commit();
            world.check();
            sweeps.insert(world.rig.details().sources[0].proven_ms);
        }
        let drift: Vec<_> = world
            .rig
            .notices
            .iter()
            .filter(|notice| notice.code() == "drift")
            .collect();
        assert!(drift.is_empty(), "{drift:?}");
        assert!(
            world.rig.synced.len() <= 2,
            "nothing was read again but after the connect"
        );
        assert!(sweeps.len() >= 3, "sweeps came to their ends: {sweeps:?}");
    }
}

#[test]
fn audits_ask_at_most_twice_a_second_and_rarely_where_answers_take_long() {
    let mut config = audited(true);
    config.sources = ["todos", "agents", "runs", "tools", "files"].map(table).into();
    config.sources[0].updated_at = vec!["updated_at".into()];
    let rows = rows(30_000);
    let mut rig = live(config, &rows);
    let asked = serve(&mut rig, &rows, seconds(300), ms(20));
    let mut spans = asked.windows(5).map(|five| five[4].0 - five[0].0);
    assert!(spans.all(|span| span >= ms(1_700)), "two requests a second");
    let slice = |asked: &[(Duration, ProbeRequest)]| {
        let slices = asked.iter().filter_map(|(_, probe)| match &probe.rows {
            ProbeRows::After(slice) if probe.source.table == "todos" => Some(slice.limit),
            _ => None,
        });
        slices.collect::<Vec<_>>()
    };
    assert_eq!(slice(&asked).last(), Some(&1_500));
    // Now each answer takes two seconds.
    serve(&mut rig, &rows, seconds(600), seconds(2));
    let asked = serve(&mut rig, &rows, seconds(900), seconds(2));
    let slices = slice(&asked);
    assert!(!slices.is_empty() && slices.len() <= 20, "{slices:?}");
    assert_eq!(slices.last(), Some(&200), "slices are as small as can be");
    let rounds = asked.len() - slices.len();
    assert!(rounds <= 5 * 900 / 45 + 5, "{rounds} requests: an audit in 45 s");
    assert_eq!(rig.status(), LinkStatus::Connected, "{}", rig.reason());
}
