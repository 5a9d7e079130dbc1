//! The rows that go into the plan.

/// A workflow, or another group of tasks: agents of one team, runs of one definition or day.
#[derive(Debug, Clone)]
pub struct Workflow<K, O> {
    /// Its handle.
    pub row: K,
    /// What blocks sort by: creation, then id.
    pub order: O,
    /// When it finished, in the seconds that `City::apply` is given; `None` while it is under way, and while anything in it
    /// is in trouble.
    pub finished: Option<f64>,
    /// The width of its header's text.
    pub name: NameWidth,
}

/// Widths of a header's text at the least readable size, pixels. Blocks are that wide where there is room.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NameWidth {
    /// Of the name alone.
    pub alone: f32,
    /// With its counts.
    pub with_counts: f32,
}

impl NameWidth {
    /// Widths of at least nothing, also from ones that are no numbers.
    pub(crate) fn bounded(self) -> Self {
        let bound = |width: f32| if width.is_finite() { width.max(0.0) } else { 0.0 };
        let alone = bound(self.alone);
        Self {
            alone,
            with_counts: bound(self.with_counts).max(alone),
        }
    }
}

/// A task or run: one cell.
#[derive(Debug, Clone)]
pub struct Task<K, O> {
    /// Its handle.
    pub row: K,
    /// What the cells of a block sort by: creation, then id.
    pub order: O,
    /// The workflow or group it is part of. Without one, or with one that the plan does not have, it is in *Unassigned*.
    pub workflow: Option<K>,
}

/// An agent.
#[derive(Debug, Clone)]
pub struct Agent<K, O> {
    /// Its handle.
    pub row: K,
    /// What agents sort by: creation, then id.
    pub order: O,
    /// The task it has in hand.
    pub task: Option<K>,
    /// The group of the dock that it rests in, by state; groups are in ascending order.
    pub group: u8,
}

/// Rows that appeared, changed or went. No order is needed.
#[derive(Debug, Clone)]
pub struct Batch<K, O> {
    /// New and changed workflows.
    pub workflows: Vec<Workflow<K, O>>,
    /// New and changed tasks.
    pub tasks: Vec<Task<K, O>>,
    /// New and changed agents.
    pub agents: Vec<Agent<K, O>>,
    /// The width of the header's text of *Unassigned*; `None` for the one before, which is nothing at first.
    pub unassigned: Option<NameWidth>,
    /// Workflows that are gone; the tasks that still name them are in *Unassigned* from then on.
    pub gone_workflows: Vec<K>,
    /// Tasks that are gone.
    pub gone_tasks: Vec<K>,
    /// Agents that are gone.
    pub gone_agents: Vec<K>,
}

impl<K, O> Default for Batch<K, O> {
    fn default() -> Self {
        Self {
            workflows: Vec::new(),
            tasks: Vec::new(),
            agents: Vec::new(),
            unassigned: None,
            gone_workflows: Vec::new(),
            gone_tasks: Vec::new(),
            gone_agents: Vec::new(),
        }
    }
}
