//! An organisation of agents at work on workflows of tasks: pure, seeded, without a clock.
//!
//! [`Simulation::step`] makes the next transaction. What happens depends on the seed and the sizes alone; the moment
//! given with the call only stamps the rows. Populations are bounded: finished tasks are deleted after a while, ended
//! workflows are archived and replaced, and new tasks come only while there are too few.

mod agents;
mod edit;
mod model;
mod pace;
mod people;
mod pool;
mod rows;
mod start;
mod ties;
mod workflows;

use std::{collections::VecDeque, sync::Arc};

use fastrand::Rng;
use uuid::{Builder, Uuid};

pub use pace::Pace;

use super::{
    Options,
    store::{Mutation, TableId},
};
use model::{Agent, Task, Workflow};
use pool::Pools;

/// The organisation.
#[derive(Debug)]
pub struct Simulation {
    rng: Rng,
    /// Dice of their own: who depends on whom changes nothing else that happens.
    tie_rng: Rng,
    agents: Vec<Agent>,
    /// Slots are used again.
    tasks: Vec<Option<Task>>,
    free: Vec<u32>,
    workflows: Vec<Workflow>,
    pools: Pools,
    /// Finished tasks, oldest first, with the stamp they finished with; entries may be out of date.
    finished: VecDeque<(u32, u32)>,
    alive: usize,
    target: usize,
    agent_count: usize,
    runs: bool,
    workflow_metadata: Arc<str>,
    now: i64,
    /// The transaction being made.
    out: Vec<Mutation>,
}

impl Simulation {
    /// The organisation in the middle of its work, as of `now` (microseconds since the Unix epoch).
    pub fn new(options: &Options, now: i64) -> Self {
        let mut simulation = Self {
            rng: Rng::with_seed(options.seed),
            tie_rng: Rng::with_seed(!options.seed),
            agents: Vec::with_capacity(options.agents),
            tasks: Vec::with_capacity(options.tasks),
            free: Vec::new(),
            workflows: Vec::with_capacity(options.workflows),
            pools: Pools::default(),
            finished: VecDeque::new(),
            alive: 0,
            target: options.tasks,
            agent_count: options.agents,
            runs: options.runs,
            workflow_metadata: r#"{"trigger": "manual", "version": 3}"#.into(),
            now,
            out: Vec::new(),
        };
        simulation.populate(options);
        simulation.out.clear();
        simulation
    }

    /// The next transaction: one change, or a few that belong together, or a wave. Empty only where nobody lives.
    pub fn step(&mut self, now: i64) -> Vec<Mutation> {
        self.now = now;
        for _ in 0..32 {
            self.turn();
            if !self.out.is_empty() {
                break;
            }
        }
        if self.out.is_empty() {
            self.heartbeat();
        }
        std::mem::take(&mut self.out)
    }

    fn turn(&mut self) {
        // Keep the population first, so that it stays bounded whatever the dice say.
        if self.finished.len() > self.kept() && self.rng.u8(0..10) < 6 {
            return self.sweep();
        }
        if self.alive < self.target && self.rng.u8(0..10) < 5 && self.plan() {
            return;
        }
        if self.alive * 4 < self.target * 3 && self.chance(25) {
            // Too many workflows are between the end of one and the start of the next.
            return self.workflow_turn();
        }
        match self.rng.u16(0..1000) {
            0..640 => self.agent_turn(),
            640..730 => self.heartbeat(),
            730..880 => self.person_turn(),
            880..940 => self.unstick(),
            _ => self.workflow_turn(),
        }
    }

    /// Finished tasks that stay to be seen.
    fn kept(&self) -> usize {
        (self.target * 22 / 100).max(3)
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    fn uuid(&mut self) -> Uuid {
        Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid()
    }
}
