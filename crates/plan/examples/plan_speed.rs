//! How long plans take: `cargo run --release -p plan --example plan_speed`. Prints the least, the middle and the most of some runs.

#![allow(
    clippy::disallowed_types,
    reason = "measures with the clock; the crate itself reads none"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{hint::black_box, time::Instant};

use plan::{Batch, City, Pace};
use support::{FIRST_TASK, Spread, fleet, scene, task};

fn measured(name: &str, runs: usize, mut run: impl FnMut() -> f64) {
    let mut micros: Vec<f64> = (0..runs).map(|_| run()).collect();
    micros.sort_by(f64::total_cmp);
    let [least, middle, most] = [0, runs / 2, runs - 1].map(|index| micros[index]);
    println!("{name}: {least:.1} µs, middle {middle:.1} µs, most {most:.1} µs");
}

fn timed<T>(action: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(action());
    start.elapsed().as_secs_f64() * 1e6
}

fn main() {
    for (rows, workflows) in [
        (60, 4),
        (2_000, 60),
        (20_000, 200),
        (100_000, 1_000),
        (15_000, 5_000),
        (100_000, 1),
    ] {
        let batch = fleet(rows, workflows, rows / 20, Spread::Skewed, 7);
        let name = format!("{rows} tasks in {workflows} from nothing");
        measured(&name, 9, || {
            let batch = batch.clone();
            let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
            timed(|| city.apply(batch, 0.0))
        });
    }
    let mut city = City::new(scene(1920.0, 1000.0), Pace::default());
    city.apply(fleet(100_000, 1_000, 5_000, Spread::Skewed, 7), 0.0);
    measured("all 100,000 anew", 9, || timed(|| city.replan(0.0)));
    let mut next = FIRST_TASK + 500_000;
    let mut random = fastrand::Rng::with_seed(1);
    measured("one task more, one less", 2_001, || {
        next += 1;
        let more = Batch {
            tasks: vec![task(next, Some(random.u32(0..1_000)))],
            ..Batch::default()
        };
        let less = Batch {
            gone_tasks: vec![next],
            ..Batch::default()
        };
        timed(|| (city.apply(more, 0.0), city.apply(less, 0.0)))
    });
    measured("one task more in a growing block", 501, || {
        next += 1;
        let more = Batch {
            tasks: vec![task(next, Some(7))],
            ..Batch::default()
        };
        timed(|| city.apply(more, 0.0))
    });
    measured("5,000 tasks more at once", 5, || {
        let tasks = (0..5_000).map(|_| {
            next += 1;
            task(next, Some(next % 1_000))
        });
        let more = Batch {
            tasks: tasks.collect(),
            ..Batch::default()
        };
        timed(|| city.apply(more, 0.0))
    });
    let at: Vec<_> = (0..1_000)
        .filter_map(|row| city.task(FIRST_TASK + row * 97).map(|cell| cell.center()))
        .collect();
    let mut turn = 0;
    measured("what is at a point", 2_001, || {
        turn = (turn + 1) % at.len();
        timed(|| city.at(at[turn]))
    });
    measured("a route", 2_001, || {
        turn = (turn + 1) % (at.len() - 500);
        timed(|| city.street_route(at[turn], at[turn + 500]))
    });
}
