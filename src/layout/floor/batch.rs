//! What goes into the floor plan and what comes out of it.

use bevy::math::{Rect, Vec2};

/// What is known of rows that appeared, changed their links or went. In the order in which equals are served; the
/// same rows in the same order give the same plan.
#[derive(Debug, Clone)]
pub struct Batch<K> {
    pub workflows: Vec<K>,
    /// Tasks and the workflow that each is part of.
    pub tasks: Vec<(K, Option<K>)>,
    /// Agents and the task in each one's hands.
    pub agents: Vec<(K, Option<K>)>,
    pub gone_workflows: Vec<K>,
    pub gone_tasks: Vec<K>,
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

/// A district's circle; `workflow` is `None` for *Unassigned*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing<K> {
    pub workflow: Option<K>,
    pub center: Vec2,
    pub radius: f32,
}

/// Who stands where after a batch: everything that is new or moved, and perhaps some that did not.
#[derive(Debug, Clone)]
pub struct Outcome<K> {
    pub districts: Vec<Standing<K>>,
    pub tasks: Vec<(K, Vec2)>,
    pub agents: Vec<(K, Vec2)>,
    /// The rectangle around everything; `None` while there is nothing.
    pub extent: Option<Rect>,
    /// The rectangle of the dock; `None` while no agent rests there.
    pub dock: Option<Rect>,
    /// There is an *Unassigned* district.
    pub unassigned: bool,
}

/// What stands at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<K> {
    Task(K),
    Agent(K),
    /// The ground of a district; `None` is *Unassigned*.
    District(Option<K>),
}
