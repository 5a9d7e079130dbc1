//! Live is a lease: what a real server does without a frame, and that the wall stops saying Live by itself.

use std::time::Duration;

use crate::lossy::{Lossy, leased, row, unavailable};
use crate::rig::{Rig, ms, seconds, table};
use realtime::{Event, LinkStatus, ProbeRequest, ProbeRows};
use serde_json::Value;

fn refuse_probes(rig: &mut Rig) {
    while !rig.probes.is_empty() {
        let request = rig.probes.remove(0);
        rig.give(Event::Probed {
            id: request.id,
            result: Err(unavailable()),
        });
    }
}

#[test]
fn without_a_proof_it_stops_being_live_by_itself_and_is_live_again_with_one() {
    let rows = [row(1, seconds(1))];
    let mut rig = Rig::live(leased(), &rows);
    rig.run(seconds(120), &rows);
    assert_eq!(rig.status(), LinkStatus::Connected);
    let proven = rig.at;
    // The database is away: the socket lives, heartbeats are answered, every read fails.
    while rig.status() == LinkStatus::Connected && rig.at < proven + seconds(200) {
        rig.pass(seconds(1));
        rig.answer_beats();
        refuse_probes(&mut rig);
    }
    let after = (rig.at - proven).as_secs();
    assert!((60..=91).contains(&after), "{after} s");
    assert!(rig.is_catching_up());
    let reason = rig.reason();
    assert!(
        reason.contains("public.todos") && reason.contains("503"),
        "the source and the reason are named: {reason}"
    );
    rig.run(seconds(10), &rows);
    assert_eq!(rig.status(), LinkStatus::Connected, "proven again");
    assert_eq!(rig.closes, 0, "one connection all the time");
}

#[test]
fn a_row_lost_before_later_changes_is_found_by_the_next_audit() {
    let mut rows: Vec<Value> = (0..200).map(|id| row(id, seconds(1))).collect();
    let mut rig = Rig::live(leased(), &rows);
    rig.run(seconds(100), &rows);
    // The poller loses its slot: five changes never come. Then other rows change, and theirs do.
    let lost_at = rig.at;
    for (id, lost) in rows.iter_mut().enumerate().take(5) {
        *lost = row(id as u64, lost_at);
    }
    for second in 0..60 {
        let id = 100 + second;
        rows[id as usize] = row(id, rig.at);
        rig.update(rows[id as usize].clone());
        rig.run(seconds(1), &rows);
        let is_equal = (0..5).all(|id| rig.row(&id.to_string()).is_some_and(|held| *held == rows[id]));
        if is_equal {
            let after = (rig.at - lost_at).as_secs();
            assert!(after <= 50, "{after} s");
            return;
        }
    }
    panic!("not found within a minute");
}

#[test]
fn many_changes_at_once_are_followed_by_a_look_at_once_and_another_a_minute_later() {
    let mut rows: Vec<Value> = (0..600).map(|id| row(id, seconds(1))).collect();
    let mut rig = Rig::live(leased(), &rows);
    rig.run(seconds(70), &rows);
    let burst = rig.at;
    for (id, now) in rows.iter_mut().enumerate() {
        *now = row(id as u64, burst);
        // A fresh counter drops the last hundred.
        if id < 500 {
            rig.update(now.clone());
        }
    }
    while rig.row("599") != Some(&rows[599]) {
        rig.run(seconds(1), &rows);
        assert!(rig.at - burst < seconds(20), "looked at too late");
    }
    rig.run(seconds(20), &rows);
    let looked = rig.at;
    let look = |rig: &Rig| {
        let proven = rig.details().sources[0].proven_ms.unwrap_or_default();
        Duration::from_millis(proven)
    };
    rig.run(burst + seconds(75) - looked, &rows);
    assert!(look(&rig) >= burst + seconds(55), "a second look after a minute");
}

#[test]
fn a_stream_that_stops_abruptly_is_looked_at() {
    let mut rows: Vec<Value> = (0..50).map(|id| row(id, seconds(1))).collect();
    let mut rig = Rig::live(leased(), &rows);
    for step in 0..800_u64 {
        let id = step % 50;
        rows[id as usize] = row(id, rig.at);
        rig.update(rows[id as usize].clone());
        rig.run(ms(100), &rows);
    }
    // The stream stops, and one more change was lost with it.
    let stopped = rig.at;
    rows[7] = row(7, stopped);
    while rig.row("7") != Some(&rows[7]) {
        rig.run(seconds(1), &rows);
        assert!(rig.at - stopped < seconds(30), "looked at too late");
    }
}

#[test]
fn a_steady_stream_whose_changes_are_always_on_their_way_stays_proven() {
    let mut rows = vec![row(1, seconds(1)), row(2, seconds(1))];
    let mut rig = Rig::live(leased(), &rows);
    rig.run(seconds(30), &rows);
    for _ in 0..1_200 {
        let late = row(1, rig.at);
        rows[0] = row(1, rig.at + ms(500));
        rig.update(late);
        rig.run(ms(500), &rows);
        assert_eq!(rig.status(), LinkStatus::Connected, "at {:?}: {}", rig.at, rig.reason());
    }
}

/// The most rows that the answer to a probe may have.
fn rows_asked(request: &ProbeRequest) -> usize {
    match &request.rows {
        ProbeRows::None => 0,
        ProbeRows::Newest(newest) => newest.limit,
        ProbeRows::After(slice) => slice.limit,
    }
}

#[test]
fn an_idle_wall_asks_for_little() {
    let mut config = leased();
    config.sources = ["todos", "agents", "runs"].map(table).into();
    for source in &mut config.sources {
        source.updated_at = vec!["updated_at".into()];
    }
    config.reconcile_interval = None;
    let rows: Vec<Value> = (0..100).map(|id| row(id, seconds(1))).collect();
    let mut rig = Rig::live(config, &rows);
    rig.run(seconds(120), &rows);
    let (mut requests, mut asked) = (0, 0);
    for _ in 0..3_600 {
        rig.pass(seconds(1));
        rig.answer_beats();
        assert!(rig.fetches.is_empty(), "nothing is read");
        while !rig.probes.is_empty() {
            let request = rig.probes.remove(0);
            requests += 1;
            asked += rows_asked(&request);
            let rows = if request.source.table == "todos" {
                &rows[..]
            } else {
                &[]
            };
            rig.probed(&request, rows);
        }
    }
    println!("{} requests a minute, {} rows each", requests / 60, asked / requests);
    assert!(requests <= 12 * 60, "{requests} requests an hour");
}

#[test]
fn a_count_that_takes_long_is_not_asked_for_again_and_the_newest_rows_still_prove() {
    let rows: Vec<Value> = (0..2_000).map(|id| row(id, seconds(id))).collect();
    let mut rig = Rig::live(leased(), &rows);
    rig.run(seconds(30), &rows);
    let mut counted = Vec::new();
    for _ in 0..300 {
        rig.pass(seconds(1));
        rig.answer_beats();
        while !rig.probes.is_empty() {
            let request = rig.probes.remove(0);
            counted.push(request.is_counted);
            rig.pass(ms(if request.is_counted { 1_500 } else { 50 }));
            rig.probed(&request, &rows);
        }
    }
    assert_eq!(
        counted.iter().filter(|is_counted| **is_counted).count(),
        2,
        "{counted:?}"
    );
    assert!(counted.len() > 5 && rig.status() == LinkStatus::Connected);
}

/// Runs one order of commits and losses, then calm, after which all is shown and Live.
fn run(seed: u64) {
    let mut world = Lossy::new(seed);
    let pace = [ms(200), ms(1_000), ms(5_000)][world.rng.usize(..3)];
    for _ in 0..world.rng.usize(20..120) {
        match world.rng.u8(..40) {
            // The poller dies; a limit drops changes.
            0 => world.lossy_until = world.rig.at + seconds(world.rng.u64(1..60)),
            // The database goes away, and nothing is committed.
            1 => world.away_until = world.rig.at + seconds(world.rng.u64(1..160)),
            // The job of the pulse stops, and everything else goes on.
            3 => {
                let until = world.rig.at + seconds(world.rng.u64(1..160));
                if let Some(pulse) = &mut world.pulse {
                    pulse.stopped_until = until;
                }
            }
            2 => {
                for _ in 0..world.rng.usize(2..60) {
                    world.commit();
                }
            }
            _ => {}
        }
        if world.rig.at >= world.away_until {
            world.commit();
        }
        let time = pace.mul_f64(0.2 + 1.6 * world.rng.f64());
        for _ in 0..1 + time.as_millis() / 1_000 {
            world.step(time.min(ms(1_000)));
            world.check();
        }
    }
    (world.lossy_until, world.away_until) = (Duration::ZERO, Duration::ZERO);
    if let Some(pulse) = &mut world.pulse {
        pulse.stopped_until = Duration::ZERO;
    }
    for _ in 0..240 {
        world.step(ms(500));
        world.check();
    }
    assert_eq!(world.rig.status(), LinkStatus::Connected, "{}", world.rig.reason());
    let held: Vec<&Value> = world.rig.state.values().collect();
    assert_eq!(held.len(), world.rows.len());
    assert!(
        world
            .rows
            .iter()
            .all(|(id, row)| world.rig.row(&id.to_string()) == Some(row))
    );
}

#[test]
fn live_is_never_said_of_a_change_older_than_a_proof_that_is_not_shown() {
    let first = std::env::var("LEASE_SEED").ok().and_then(|seed| seed.parse().ok());
    let orders = match first {
        Some(seed) => seed..seed + 1,
        None => 0..10_000_u64,
    };
    for seed in orders {
        if std::panic::catch_unwind(|| run(seed)).is_err() {
            panic!("LEASE_SEED={seed} repeats this");
        }
    }
}
