//! How long the layout takes: 100,000 tasks in 1,000 blocks placed from nothing, one task more, and 5,000 tasks more at once,
//! spread over all blocks; ten times as many of everything from nothing, and one block more among those. "In the wall" is with
//! the ECS: rows are read, counted and get their components. The reference, to compare machines by, sorts as many rows as there
//! are and puts them into a map.
//! `cargo bench --bench layout`, which builds for release; with `--profile dev` it measures what the tests run.

use std::{collections::HashMap, hint::black_box};

use bevy::prelude::*;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use model::{Kind, RowId, RowKey, SourceId};
use opswall::{
    fleet::{self, AgentRow, Key, PartOf, TaskRow, Touched, WorkflowRow, WorksOn},
    frame, layout, messages,
};
use plan::{Agent, Batch, City, NameWidth, Pace, Scene, Task, Workflow};

const BLOCKS: u32 = 1_000;
const TASKS: u32 = 100_000;
const AGENTS: u32 = 5_000;
/// Handles of the three kinds must differ, as entities do.
const FIRST_TASK: u32 = 100_000;
const FIRST_AGENT: u32 = 10_000_000;
/// What one bulk insert brings.
const BULK: u32 = 5_000;
/// The scene of a 1080p screen below the header.
const SCENE: Scene = Scene {
    size: Vec2::new(1920.0, 1010.0),
    text: 13.0,
};

/// The block of a task. Blocks differ in size as workflows do: every other task is spread evenly, the rest makes the first blocks
/// the largest, up to 1,650 tasks against 50.
fn block_of(task: u32, blocks: u32) -> u32 {
    let (even, number) = (task.is_multiple_of(2), task / 2 % blocks);
    if even { number } else { number * number / blocks }
}

/// The task that an agent has in hand: half of the agents have one.
fn in_hand(agent: u32) -> Option<u32> {
    agent.is_multiple_of(2).then_some(agent * 7)
}

fn workflow(row: u32) -> Workflow<u32, u32> {
    Workflow {
        row,
        order: row,
        finished: None,
        name: NameWidth {
            alone: 120.0,
            with_counts: 170.0,
        },
    }
}

fn task(row: u32, block: u32) -> Task<u32, u32> {
    Task {
        row,
        order: row,
        workflow: Some(block),
    }
}

fn fleet(times: u32) -> Batch<u32, u32> {
    let blocks = BLOCKS * times;
    Batch {
        workflows: (0..blocks).map(workflow).collect(),
        tasks: (0..TASKS * times)
            .map(|number| task(FIRST_TASK + number, block_of(number, blocks)))
            .collect(),
        agents: (0..AGENTS * times)
            .map(|number| Agent {
                row: FIRST_AGENT + number,
                order: number,
                task: in_hand(number).map(|task| FIRST_TASK + task),
                group: (number % 3) as u8,
            })
            .collect(),
        ..Batch::default()
    }
}

/// Tasks spread evenly over the blocks.
fn tasks(first: u32, count: u32) -> Batch<u32, u32> {
    Batch {
        tasks: (first..first + count).map(|row| task(row, row % BLOCKS)).collect(),
        ..Batch::default()
    }
}

fn city() -> City<u32, u32> {
    City::new(SCENE, Pace::default())
}

fn planned(fleet: &Batch<u32, u32>) -> City<u32, u32> {
    let mut city = city();
    city.apply(fleet.clone(), 0.0);
    city
}

fn reference(criterion: &mut Criterion) {
    let rows = fleet(1).tasks;
    criterion.bench_function("reference: 100,000 rows sorted and put into a map", |bencher| {
        bencher.iter(|| {
            let mut sorted: Vec<(u32, u32)> = rows
                .iter()
                .map(|row| (row.order.wrapping_mul(2_654_435_761), row.row))
                .collect();
            sorted.sort_unstable();
            black_box(
                sorted
                    .into_iter()
                    .map(|(order, row)| (row, order))
                    .collect::<HashMap<_, _>>(),
            )
        });
    });
}

fn plan_alone(criterion: &mut Criterion) {
    for (name, times) in [
        ("1,000,000 tasks in 10,000 blocks from nothing", 10),
        ("100,000 tasks in 1,000 blocks from nothing", 1),
    ] {
        let fleet = fleet(times);
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                || (city(), fleet.clone()),
                |(mut city, fleet)| {
                    black_box(city.apply(fleet, 0.0));
                    city
                },
                BatchSize::LargeInput,
            );
        });
    }
    let fleet = fleet(1);
    criterion.bench_function("one task more", |bencher| {
        let (mut city, mut next) = (planned(&fleet), 5_000_000);
        bencher.iter(|| {
            next += 1;
            black_box(city.apply(tasks(next, 1), 1.0));
            // It goes again, so that the fleet stays as large as it is said to be.
            let gone = Batch {
                gone_tasks: vec![next],
                ..Batch::default()
            };
            black_box(city.apply(gone, 1.0))
        });
    });
    criterion.bench_function("5,000 tasks more at once", |bencher| {
        bencher.iter_batched(
            || planned(&fleet),
            |mut city| {
                black_box(city.apply(tasks(5_000_000, BULK), 1.0));
                city
            },
            BatchSize::LargeInput,
        );
    });
    let wide = self::fleet(10);
    criterion.bench_function("one block more among 10,000", |bencher| {
        let (mut city, mut next) = (planned(&wide), FIRST_TASK / 2);
        bencher.iter(|| {
            next += 1;
            let more = Batch {
                workflows: vec![workflow(next)],
                ..Batch::default()
            };
            black_box(city.apply(more, 1.0));
            let gone = Batch {
                gone_workflows: vec![next],
                ..Batch::default()
            };
            black_box(city.apply(gone, 1.0))
        });
    });
}

fn key(kind: Kind, number: u32) -> Key {
    let id = RowId::from(number.to_string().as_str());
    Key(RowKey::new(kind, SourceId::usual(kind), id))
}

/// The fleet as entities that have changed and wait for their places.
fn wall() -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, messages::plugin, frame::plugin, layout::plugin));
    fleet::resources(&mut app);
    let world = app.world_mut();
    let blocks: Vec<Entity> = (0..BLOCKS)
        .map(|number| world.spawn((key(Kind::Workflow, number), WorkflowRow::default())).id())
        .collect();
    let tasks: Vec<Entity> = (0..TASKS)
        .map(|number| {
            let block = blocks[block_of(number, BLOCKS) as usize];
            world
                .spawn((key(Kind::Task, number), TaskRow::default(), PartOf(block)))
                .id()
        })
        .collect();
    let agents: Vec<Entity> = (0..AGENTS)
        .map(|number| {
            let mut agent = world.spawn((key(Kind::Agent, number), AgentRow::default()));
            if let Some(task) = in_hand(number) {
                agent.insert(WorksOn(tasks[task as usize]));
            }
            agent.id()
        })
        .collect();
    let mut touched = world.resource_mut::<Touched>();
    for row in blocks.into_iter().chain(tasks).chain(agents) {
        touched.note(row);
    }
    app
}

fn in_the_wall(criterion: &mut Criterion) {
    criterion.bench_function("100,000 tasks in 1,000 blocks from nothing, in the wall", |bencher| {
        bencher.iter_batched_ref(wall, App::update, BatchSize::PerIteration);
    });
    criterion.bench_function("one task more, in the wall", |bencher| {
        let mut app = wall();
        app.update();
        let mut blocks = app.world_mut().query_filtered::<Entity, With<WorkflowRow>>();
        let blocks: Vec<Entity> = blocks.iter(app.world()).collect();
        let mut next = TASKS;
        bencher.iter(|| {
            next += 1;
            let block = blocks[next as usize % blocks.len()];
            let world = app.world_mut();
            let row = world
                .spawn((key(Kind::Task, next), TaskRow::default(), PartOf(block)))
                .id();
            let mut touched = world.resource_mut::<Touched>();
            touched.clear();
            touched.note(row);
            app.update();
            app.world_mut().despawn(row);
            app.world_mut().resource_mut::<Touched>().clear();
            app.update();
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = reference, plan_alone, in_the_wall
}
criterion_main!(benches);
