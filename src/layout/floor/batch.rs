//! What goes into the floor plan and what comes out of it.

use bevy::math::{Rect, Vec2};

/// Rows that appeared, changed their relationships or went, in the order in which they are given places: the same rows in the
/// same order give the same plan.
#[derive(Debug, Clone)]
pub struct Batch<K> {
    /// Workflows.
    pub workflows: Vec<K>,
    /// Tasks and the workflow that each is part of.
    pub tasks: Vec<(K, Option<K>)>,
    /// Agents and the task that each has in hand.
    pub agents: Vec<(K, Option<K>)>,
    /// Workflows that are gone.
    pub gone_workflows: Vec<K>,
    /// Tasks that are gone.
    pub gone_tasks: Vec<K>,
    /// Agents that are gone.
    pub gone_agents: Vec<K>,
}

impl<K> Default for Batch<K> {
    fn default() -> Self {
        Self {
            workflows: Vec::new(),
            tasks: Vec::new(),
            agents: Vec::new(),
            gone_workflows: Vec::new(),
            gone_tasks: Vec::new(),
            gone_agents: Vec::new(),
        }
    }
}

/// A district's circle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing<K> {
    /// Its workflow; `None` for *Unassigned*.
    pub workflow: Option<K>,
    /// Its centre.
    pub center: Vec2,
    /// Its radius.
    pub radius: f32,
}

/// The places after a batch: of everything that is new or moved, and possibly of some that did not move.
#[derive(Debug, Clone)]
pub struct Outcome<K> {
    /// Districts.
    pub districts: Vec<Standing<K>>,
    /// Tasks and their places.
    pub tasks: Vec<(K, Vec2)>,
    /// Agents and their places.
    pub agents: Vec<(K, Vec2)>,
    /// The rectangle around everything; `None` while there is nothing.
    pub extent: Option<Rect>,
    /// The rectangle of the dock; `None` while no agent is there.
    pub dock: Option<Rect>,
    /// Whether there is a district *Unassigned*.
    pub unassigned: bool,
}

/// What is at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<K> {
    /// A task.
    Task(K),
    /// An agent.
    Agent(K),
    /// A district; `None` is *Unassigned*.
    District(Option<K>),
}
