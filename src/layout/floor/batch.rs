//! What goes into the floor plan and what comes out of it.

use bevy::math::{Rect, Vec2};

/// Rows that appeared, changed their relationships or went, in the order in which they are given places: the same rows in the
/// same order give the same plan.
#[derive(Debug, Clone)]
pub struct Batch<K> {
    /// New workflows.
    pub workflows: Vec<K>,
    /// New or changed tasks, each with the workflow that it is part of.
    pub tasks: Vec<(K, Option<K>)>,
    /// New or changed agents, each with the task that it has in hand.
    pub agents: Vec<(K, Option<K>)>,
    /// Workflows whose rows are gone.
    pub gone_workflows: Vec<K>,
    /// Tasks whose rows are gone: their slots become free.
    pub gone_tasks: Vec<K>,
    /// Agents whose rows are gone.
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

/// A district's circle on the floor plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing<K> {
    /// The workflow whose tasks the circle contains; `None` for *Unassigned*.
    pub workflow: Option<K>,
    /// Centre, in world units.
    pub center: Vec2,
    /// Radius, in world units.
    pub radius: f32,
}

/// The places after a batch: of everything that is new or moved, and possibly of some that did not move.
#[derive(Debug, Clone)]
pub struct Outcome<K> {
    /// The circles of districts that are new, moved or of another size.
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
    /// A task or a run.
    Task(K),
    /// An agent, at its task or in the dock.
    Agent(K),
    /// A district where no task or agent is; `None` is *Unassigned*.
    District(Option<K>),
}
