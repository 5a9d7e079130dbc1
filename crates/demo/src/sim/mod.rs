//! The simulated organisation: agents that work on the tasks of workflows. It is seeded and has no clock.
//!
//! [`Simulation::step`] returns the next transaction. It depends on the seed and the sizes alone; the time of the call is only
//! written into the rows. The number of rows is bounded: finished tasks are deleted after a while, ended workflows are archived
//! and replaced, and new tasks are added only while there are too few.

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

pub(crate) use pace::TransactionPace;

use crate::{
    Options,
    store::{Mutation, TableId},
};
use model::{SimAgent, SimTask, SimWorkflow};
use pool::Pools;

/// A simulated organisation: agents that work on the tasks of workflows. It changes in transactions and does no I/O.
#[derive(Debug)]
pub struct Simulation {
    rng: Rng,
    /// The dependencies of tasks have random numbers of their own, so that they do not influence anything else.
    tie_rng: Rng,
    agents: Vec<SimAgent>,
    /// The tasks by index. The indices of deleted tasks are used again.
    tasks: Vec<Option<SimTask>>,
    /// Free indices of `tasks`.
    free: Vec<u32>,
    workflows: Vec<SimWorkflow>,
    pools: Pools,
    /// Finished tasks, oldest first, with the stamp that they had then. An entry is out of date if the stamp differs.
    finished: VecDeque<(u32, u32)>,
    /// Number of tasks.
    alive: usize,
    /// Number of tasks to keep.
    target: usize,
    agent_count: usize,
    runs: bool,
    workflow_metadata: Arc<str>,
    now: i64,
    /// The changes of the transaction that is being made.
    out: Vec<Mutation>,
}

impl Simulation {
    /// An organisation in the middle of its work at `now` (microseconds since the Unix epoch).
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

    /// The next transaction: one change, a few that belong together, or a wave. It is empty only if there is nothing to change.
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

    /// Lets something happen, or nothing.
    fn turn(&mut self) {
        // The number of tasks is kept first, so that it stays bounded whatever the random numbers are.
        if self.finished.len() > self.kept() && self.rng.u8(0..10) < 6 {
            return self.sweep();
        }
        if self.alive < self.target && self.rng.u8(0..10) < 5 && self.plan() {
            return;
        }
        if self.alive * 4 < self.target * 3 && self.chance(25) {
            // Too many workflows are between their end and their replacement.
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

    /// Number of finished tasks that are kept.
    fn kept(&self) -> usize {
        (self.target * 22 / 100).max(3)
    }

    /// True with this probability.
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    fn uuid(&mut self) -> Uuid {
        Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid()
    }
}
