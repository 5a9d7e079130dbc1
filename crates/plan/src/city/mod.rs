//! The plan of all rows: rows go in by handle, places come out.
//!
//! `seats` gives tasks their slots, `whole` places everything, `growth` changes one strip, `streets` and `dock` give agents
//! their places, and `outcome` lists what changed. Within, y points down from the upper left corner of the scene.

mod block;
mod dock;
mod growth;
mod headers;
mod lookup;
mod outcome;
mod report;
mod routes;
mod seats;
mod streets;
mod strip;
mod whole;

use std::{collections::BTreeSet, hash::Hash};

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use glam::Vec2;

use crate::{Batch, BlockKey, Changes, NameWidth, Pace, Rect, Scene};
use block::Block;
use dock::Dock;
pub use report::Report;
use seats::{AgentSeat, TaskSeat};
use strip::{Strip, Widths};

/// A plan is made anew when it is filled less than this share of what it was when it was made.
const LEAST_FILL: f32 = 0.75;
/// A plan is made anew when the cells of a strip had to become smaller than this share of what they were.
const LEAST_SCALE: f32 = 0.85;
/// A workflow that is to be only a header waits for the next whole plan; for its sake, one is made after so many times the
/// least time between two.
const QUIET_WAITS: f64 = 6.0;
/// Rows more than this many times those of the last whole plan are placed anew at once.
const OUTGROWN: usize = 2;

/// The plan of all rows. `K` is the handle of a row, `O` what rows sort by: no two rows of a kind have the same.
#[derive(Debug)]
pub struct City<K, O> {
    scene: Scene,
    pace: Pace,
    blocks: Vec<Option<Block<K, O>>>,
    free_blocks: Vec<u32>,
    by_key: HashMap<BlockKey<K>, u32>,
    tasks: HashMap<K, TaskSeat>,
    agents: HashMap<K, AgentSeat<K, O>>,
    /// The width of the header's text of *Unassigned*.
    unassigned: NameWidth,
    /// The agents that have a task in hand, by task.
    holders: HashMap<K, Vec<K>>,
    /// From the top.
    strips: Vec<Strip>,
    widths: Widths,
    dock: Dock<K>,
    /// The block of workflows that finished long ago: its ground and their number.
    finished: Option<(Rect, u32)>,
    planned: Option<Planned>,
    /// The latest moment that was passed in, seconds.
    now: f64,
}

/// What is remembered of the last whole plan.
#[derive(Debug, Clone, Copy)]
struct Planned {
    at: f64,
    rows: usize,
    fill: f32,
    /// How much smaller than the plan's the cells of a strip had to become since, at most.
    scale: f32,
}

/// What a batch has touched so far.
#[derive(Debug)]
struct Touched<K> {
    /// Blocks whose number of tasks changed.
    filled: BTreeSet<u32>,
    /// Blocks that moved or changed size: all their rows have new places.
    moved: BTreeSet<u32>,
    /// Blocks that are where they were, with another number of columns or counted agents.
    changed: BTreeSet<u32>,
    /// Tasks in the order in which they were touched.
    tasks: Vec<K>,
    /// Agents that need a place.
    agents: HashSet<K>,
    /// Agents that got a place.
    placed: Vec<K>,
    gone_blocks: Vec<BlockKey<K>>,
    /// Whether the block of finished workflows stands for fewer of them.
    unfolded: bool,
}

impl<K> Touched<K> {
    fn new() -> Self {
        Self {
            filled: BTreeSet::new(),
            moved: BTreeSet::new(),
            changed: BTreeSet::new(),
            tasks: Vec::new(),
            agents: HashSet::new(),
            placed: Vec::new(),
            gone_blocks: Vec::new(),
            unfolded: false,
        }
    }
}

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// An empty plan.
    pub fn new(scene: Scene, pace: Pace) -> Self {
        Self {
            scene: scene.bounded(),
            pace,
            blocks: Vec::new(),
            free_blocks: Vec::new(),
            by_key: HashMap::new(),
            tasks: HashMap::new(),
            agents: HashMap::new(),
            unassigned: NameWidth::default(),
            holders: HashMap::new(),
            strips: Vec::new(),
            widths: Widths::default(),
            dock: Dock::default(),
            finished: None,
            planned: None,
            now: 0.0,
        }
    }

    /// Takes in a batch at `now`, seconds of any clock that does not go back, and lists the places that are new.
    pub fn apply(&mut self, batch: Batch<K, O>, now: f64) -> Changes<K> {
        self.now = now;
        let mut touched = Touched::new();
        self.take_in(batch, &mut touched);
        if self.is_outgrown() {
            return self.place_all(touched);
        }
        self.fit_blocks(&mut touched);
        if self.is_outgrown() {
            return self.place_all(touched);
        }
        self.seat_agents(&mut touched);
        self.outcome(touched, false)
    }

    /// Fits everything to another scene. `None` while the scene is as before.
    pub fn set_scene(&mut self, scene: Scene, now: f64) -> Option<Changes<K>> {
        let scene = scene.bounded();
        if scene == self.scene {
            return None;
        }
        self.scene = scene;
        Some(self.replan(now))
    }

    /// Lets finished workflows step back after other times, and places everything anew. `None` while the times are as before,
    /// and while there are no rows.
    pub fn set_pace(&mut self, pace: Pace, now: f64) -> Option<Changes<K>> {
        let is_changed = pace != self.pace;
        self.pace = pace;
        (is_changed && !self.is_empty()).then(|| self.replan(now))
    }

    /// Places everything anew: the plan that the same rows have on a wall that has just started.
    pub fn replan(&mut self, now: f64) -> Changes<K> {
        self.now = now;
        self.place_all(Touched::new())
    }

    /// Places everything anew where that is due: the plan is filled too little, a strip had to take much smaller cells, or a
    /// workflow has long waited to become a header; and the last whole plan is old enough. Call it now and then.
    pub fn tidy(&mut self, now: f64) -> Option<Changes<K>> {
        self.now = now;
        let planned = self.planned?;
        if now - planned.at < self.pace.replan_every {
            return None;
        }
        let is_late = now - planned.at >= QUIET_WAITS * self.pace.replan_every && self.has_quiet();
        let is_due = is_late || planned.scale < LEAST_SCALE || self.fill() < LEAST_FILL * planned.fill;
        is_due.then(|| self.place_all(Touched::new()))
    }

    /// Diameter of an agent in a street, pixels; 0 without agents.
    pub fn agent_diameter(&self) -> f32 {
        self.widths.agent
    }

    /// Diameter of an agent in the dock, pixels; 0 without agents.
    pub fn dock_diameter(&self) -> f32 {
        self.dock.diameter
    }

    /// Rows in the plan: workflows, tasks and agents.
    pub fn len(&self) -> usize {
        self.by_key.len() + self.tasks.len() + self.agents.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the rows have nothing to do with the last whole plan: a plan for as few is of no use for them.
    fn is_outgrown(&self) -> bool {
        self.planned.is_none_or(|planned| {
            self.len() > planned.rows.max(1) * OUTGROWN || (self.dock.is_closed() && !self.agents.is_empty())
        })
    }

    fn block(&self, number: u32) -> Option<&Block<K, O>> {
        self.blocks.get(number as usize).and_then(Option::as_ref)
    }

    fn block_mut(&mut self, number: u32) -> Option<&mut Block<K, O>> {
        self.blocks.get_mut(number as usize).and_then(Option::as_mut)
    }

    /// A point of the plan in the world.
    fn to_world(&self, point: Vec2) -> Vec2 {
        let half = self.scene.size / 2.0;
        Vec2::new(point.x - half.x, half.y - point.y)
    }

    /// A rectangle of the plan in the world.
    fn rect_to_world(&self, rect: Rect) -> Rect {
        let (one, other) = (self.to_world(rect.min), self.to_world(rect.max));
        Rect::new(one.min(other), one.max(other))
    }

    /// A point of the world in the plan.
    fn in_plan(&self, point: Vec2) -> Vec2 {
        let half = self.scene.size / 2.0;
        Vec2::new(point.x + half.x, half.y - point.y)
    }
}
