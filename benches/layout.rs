//! How long the layout takes: 100,000 tasks in 1,000 districts stood from nothing, one task more, and 5,000 tasks more at
//! once, spread over all districts; ten times as many of everything from nothing, and one district more among those.
//! `cargo bench --bench layout`, which builds for release; with `--profile dev` it measures what the tests run.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use opswall::layout::floor::{Batch, Floor};

const DISTRICTS: u32 = 1_000;
const TASKS: u32 = 100_000;
const AGENTS: u32 = 5_000;
/// Keys of the three kinds must differ, as entities do.
const FIRST_TASK: u32 = 100_000;
const FIRST_AGENT: u32 = 10_000_000;
/// What one bulk insert brings.
const BULK: u32 = 5_000;

/// The whole fleet; half of the agents have a task in hand. Districts differ in size as workflows do: every other task
/// is spread evenly, the rest makes the first districts the largest, up to 1,650 tasks against 50.
fn fleet(times: u32) -> Batch<u32> {
    let districts = DISTRICTS * times;
    let district = |task: u32| {
        let (even, number) = (task.is_multiple_of(2), task / 2 % districts);
        if even { number } else { number * number / districts }
    };
    Batch {
        workflows: (0..districts).collect(),
        tasks: (0..TASKS * times)
            .map(|task| (FIRST_TASK + task, Some(district(task))))
            .collect(),
        agents: (0..AGENTS * times)
            .map(|agent| (FIRST_AGENT + agent, (agent % 2 == 0).then_some(FIRST_TASK + agent * 7)))
            .collect(),
        ..Batch::default()
    }
}

fn tasks(first: u32, count: u32) -> Batch<u32> {
    Batch {
        tasks: (first..first + count)
            .map(|task| (task, Some(task % DISTRICTS)))
            .collect(),
        ..Batch::default()
    }
}

fn layout(criterion: &mut Criterion) {
    for (name, times) in [
        ("1,000,000 tasks in 10,000 districts from nothing", 10),
        ("100,000 tasks in 1,000 districts from nothing", 1),
    ] {
        let fleet = fleet(times);
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                Floor::<u32>::default,
                |mut floor| {
                    black_box(floor.apply(&fleet));
                    floor
                },
                BatchSize::LargeInput,
            );
        });
    }
    let fleet = fleet(1);
    let stood = || {
        let mut floor = Floor::<u32>::default();
        floor.apply(&fleet);
        floor
    };
    criterion.bench_function("one task more", |bencher| {
        let (mut floor, mut next) = (stood(), 5_000_000);
        bencher.iter(|| {
            next += 1;
            black_box(floor.apply(&tasks(next, 1)));
            // It goes again, so that the fleet stays as large as it is said to be.
            black_box(floor.apply(&Batch {
                gone_tasks: vec![next],
                ..Batch::default()
            }))
        });
    });
    let wide = self::fleet(10);
    criterion.bench_function("one district more among 10,000", |bencher| {
        let (mut floor, mut next) = (Floor::<u32>::default(), FIRST_TASK / 2);
        floor.apply(&wide);
        bencher.iter(|| {
            next += 1;
            black_box(floor.apply(&Batch {
                workflows: vec![next],
                ..Batch::default()
            }));
            black_box(floor.apply(&Batch {
                gone_workflows: vec![next],
                ..Batch::default()
            }))
        });
    });
    criterion.bench_function("5,000 tasks more at once", |bencher| {
        bencher.iter_batched(
            stood,
            |mut floor| {
                black_box(floor.apply(&tasks(5_000_000, BULK)));
                floor
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = layout
}
criterion_main!(benches);
