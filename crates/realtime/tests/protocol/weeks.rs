//! Two weeks of virtual time with one fault an hour: no drift at any proof, and no list that grows.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::lossy::{Lossy, MAX_AGE, leased};
use crate::rig::{ms, seconds};
use realtime::{CloseReason, Effect, Event, FeedEvent, LinkStatus};
use serde_json::Value;

const HOUR: Duration = Duration::from_secs(3_600);
/// Changes arrive within this time, and rows read by a snapshot are laid under those that arrive within it.
const LONGEST_DELIVERY: Duration = Duration::from_millis(600);

/// Versions of the rows, and the proofs that were claimed.
#[derive(Default)]
struct History {
    /// By key: what the row is, and since when; as far back as it matters.
    versions: BTreeMap<u64, VecDeque<(Duration, Option<Value>)>>,
    /// The last proof claimed, and a proof to be checked when what was on its way has arrived.
    proven: Option<Duration>,
    to_check: Option<(Duration, Duration)>,
    proofs: usize,
}

impl History {
    /// Notes what the rows are now.
    fn note(&mut self, world: &Lossy) {
        let now = world.rig.at;
        for id in world.rows.keys().chain(world.deleted.keys()) {
            let (row, versions) = (world.rows.get(id), self.versions.entry(*id).or_default());
            if versions.back().is_none_or(|(_, known)| known.as_ref() != row) {
                versions.push_back((now, row.cloned()));
            }
            while versions.get(1).is_some_and(|(since, _)| *since + seconds(1_000) < now) {
                versions.pop_front();
            }
        }
    }

    /// Each row held is one that was true at the moment of the proof or later.
    fn check(&mut self, world: &Lossy) {
        let Some((proven, due)) = self.to_check else { return };
        if world.rig.at < due {
            return;
        }
        self.to_check = None;
        self.proofs += 1;
        for id in 0..40 {
            let held = world.rig.row(&id.to_string());
            let Some(versions) = self.versions.get(&id) else {
                assert_eq!(held, None, "row {id}");
                continue;
            };
            let is_true = versions.iter().enumerate().any(|(n, (_, row))| {
                let is_in_force = versions.get(n + 1).is_none_or(|(next, _)| *next >= proven);
                is_in_force && row.as_ref() == held
            });
            // Before its first version there was none.
            let is_fresh = versions.front().is_some_and(|(since, _)| *since >= proven) && held.is_none();
            assert!(
                is_true || is_fresh,
                "row {id} is held as {held:?}, proven as of {proven:?}, at {:?}: {versions:?}",
                world.rig.at
            );
        }
    }

    /// Takes the proofs that are claimed in reports.
    fn take_claims(&mut self, effects: &[Effect], at: Duration) {
        for effect in effects {
            let Effect::Emit(FeedEvent::Link(link)) = effect else {
                continue;
            };
            let proven = link.sources[0].proven_ms.map(Duration::from_millis);
            if proven != self.proven {
                self.proven = proven;
                self.to_check = proven.map(|proven| (proven, at + LONGEST_DELIVERY + ms(100)));
            }
        }
    }
}

/// What goes wrong; everything is repaired by the client alone.
fn inject(fault: usize, world: &mut Lossy) {
    let now = world.rig.at;
    match fault {
        // The poller dies; a limit drops changes.
        0 => world.lossy_until = now + seconds(world.rng.u64(1..60)),
        // The database goes away.
        1 => world.away_until = now + seconds(world.rng.u64(1..160)),
        // A burst, after which changes are dropped.
        2 => {
            (0..600).for_each(|_| world.commit());
            world.lossy_until = now + seconds(60);
        }
        3 => world.rig.lost(),
        4 => world.rig.give(Event::SocketClosed(CloseReason::Frame {
            code: 1012,
            text: String::new(),
        })),
        // The channel crashes on the server.
        5 => {
            let (topic, join) = (world.rig.topic.clone(), world.rig.join_ref.clone());
            let frame = format!(r#"["{join}","{join}","{topic}","phx_error",{{}}]"#);
            world.rig.text(frame);
        }
        // The subscription was made anew, and changes before it are lost.
        6 => {
            world.lossy_until = now + seconds(2);
            world.commit();
            world.rig.system_ok();
        }
        // TRUNCATE.
        7 => (0..40).for_each(|id| world.delete_silently(id)),
        8 => {
            let id = world.rng.u64(..30);
            world.delete_silently(id);
        }
        // The machine is suspended.
        9 => {
            world.rig.wall += seconds(world.rng.u64(20..4_000));
            world.rig.give(Event::Timer);
        }
        10 => {
            let topic = world.rig.topic.clone();
            world.commit();
            world.rig.text(crate::recovery::broken_change(&topic));
        }
        // The server does not take the renewed token, and says so.
        _ => world.rig.system("system", false, "Token has expired 0 seconds ago"),
    }
}

const FAULTS: usize = 12;

fn two_weeks(seed: u64) -> (usize, Vec<usize>) {
    let mut config = leased();
    config.sign_in = true;
    let mut world = Lossy::with(config, seed, false, 20);
    world.longest_delivery = LONGEST_DELIVERY;
    let mut history = History::default();
    history.note(&world);
    let (mut commit_at, mut sizes) = (world.rig.at, Vec::new());
    for hour in 0..14 * 24_u32 {
        let fault_at = HOUR * hour + seconds(world.rng.u64(600..2_400));
        let mut fault = Some(hour as usize % FAULTS);
        let end = HOUR * (hour + 1);
        while world.rig.at < end {
            let next = world.next().unwrap_or(end).min(commit_at).min(end);
            let next = fault.map_or(next, |_| next.min(fault_at));
            let to_check = history.to_check.map_or(next, |(_, due)| next.min(due));
            world.step(to_check.saturating_sub(world.rig.at).max(ms(1)));
            if world.rig.at >= fault_at
                && let Some(fault) = fault.take()
            {
                inject(fault, &mut world);
                history.note(&world);
            }
            if world.rig.at >= commit_at {
                commit_at = world.rig.at + seconds(world.rng.u64(1..120));
                if world.rig.at >= world.away_until {
                    world.commit();
                    history.note(&world);
                }
            }
            history.take_claims(&world.rig.effects, world.rig.at);
            history.check(&world);
            world.check();
            world.rig.forget();
        }
        assert_eq!(
            world.rig.status(),
            LinkStatus::Connected,
            "hour {hour}: {}",
            world.rig.reason()
        );
        if hour % 24 == 23 {
            sizes.push(format!("{:?}", world.rig.session).len());
        }
    }
    (history.proofs, sizes)
}

#[test]
fn in_two_weeks_of_hourly_faults_every_proof_holds_and_nothing_grows() {
    let (proofs, sizes) = two_weeks(1);
    println!("{proofs} proofs checked; sizes by day: {sizes:?}");
    assert!(
        proofs > 14 * 24 * 3_600 / (2 * MAX_AGE.as_secs() as usize),
        "{proofs} proofs"
    );
    // The state as text: the lists are as long after two weeks as after two days.
    let (early, late) = (sizes[1].max(sizes[2]), sizes[12].max(sizes[13]));
    assert!(late <= early + early / 4, "{sizes:?}");
}
