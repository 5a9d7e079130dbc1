//! Fleets of rows for tests, the example and the measurement.

use glam::Vec2;
use plan::{Agent, Batch, NameWidth, Scene, Task, Workflow};

/// Handles of the three kinds differ, as entities do.
pub(crate) const FIRST_TASK: u32 = 1_000_000;
pub(crate) const FIRST_AGENT: u32 = 10_000_000;

/// The screens of the table, pixels.
#[allow(dead_code, reason = "not every user of this module draws all of them")]
pub(crate) const SCREENS: [(&str, f32, f32); 5] = [
    ("1080p", 1920.0, 1000.0),
    ("portrait", 1080.0, 1840.0),
    ("ultra-wide", 3440.0, 1360.0),
    ("4K", 3840.0, 2000.0),
    ("small", 1024.0, 530.0),
];

pub(crate) fn scene(width: f32, height: f32) -> Scene {
    Scene {
        size: Vec2::new(width, height),
        text: 13.0,
    }
}

/// How tasks are spread over workflows.
#[allow(dead_code, reason = "not every user of this module spreads in all ways")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    /// Sizes as of workflows: a few are many times larger than most.
    Skewed,
    /// All the same.
    Even,
    /// All but three of each other workflow are in the one in the middle.
    Giant,
}

/// A name of this width, with counts beside it.
pub(crate) fn name(alone: f32) -> NameWidth {
    NameWidth {
        alone,
        with_counts: alone + 49.0,
    }
}

pub(crate) fn workflow(row: u32, finished: Option<f64>) -> Workflow<u32, u32> {
    Workflow {
        row,
        order: row,
        finished,
        name: name(55.0 + (row.wrapping_mul(2_654_435_761) >> 24) as f32 * 0.5),
    }
}

pub(crate) fn task(row: u32, workflow: Option<u32>) -> Task<u32, u32> {
    Task {
        row,
        order: row,
        workflow,
    }
}

pub(crate) fn agent(row: u32, task: Option<u32>) -> Agent<u32, u32> {
    Agent {
        row,
        order: row,
        task,
        group: (row % 3) as u8,
    }
}

/// So many rows in so many workflows, and agents, of which two in three have a task in hand.
pub(crate) fn fleet(rows: u32, workflows: u32, agents: u32, spread: Spread, seed: u64) -> Batch<u32, u32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut weights: Vec<f64> = (0..workflows)
        .map(|number| match spread {
            Spread::Even => 1.0,
            Spread::Skewed => random.f64().powi(3) * 12.0 + 0.6,
            Spread::Giant if number == workflows / 2 => f64::from(rows),
            Spread::Giant => 3.0,
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    for weight in &mut weights {
        sum += *weight / total * f64::from(rows);
        *weight = sum;
    }
    let workflow_of = |number: u32| weights.partition_point(|end| *end <= f64::from(number)) as u32;
    let tasks: Vec<_> = (0..rows)
        .map(|number| task(FIRST_TASK + number, Some(workflow_of(number).min(workflows - 1))))
        .collect();
    Batch {
        workflows: (0..workflows).map(|row| workflow(row, None)).collect(),
        agents: (0..agents)
            .map(|number| {
                let in_hand = FIRST_TASK + random.u32(0..rows.max(1));
                agent(FIRST_AGENT + number, (number % 3 != 0).then_some(in_hand))
            })
            .collect(),
        tasks,
        ..Batch::default()
    }
}
