//! What comes out of the plan, in world units.

use glam::Vec2;

use crate::Rect;

/// Which block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockKey<K> {
    /// That of a workflow, or of another group of tasks.
    Workflow(K),
    /// That of tasks without a workflow.
    Unassigned,
    /// The one that stands for all workflows that finished long ago.
    Finished,
}

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockPlace<K> {
    /// Which block.
    pub key: BlockKey<K>,
    /// Its ground.
    pub rect: Rect,
    /// The part of its ground for its name and counts, at its upper edge. Empty where no text is readable there.
    pub header: Rect,
    /// The part of its ground for its cells. Empty for a block that is only a header.
    pub body: Rect,
    /// Middle of the first cell.
    pub first_cell: Vec2,
    /// From one cell to the next; each step of y is downwards.
    pub pitch: Vec2,
    /// Width and height of a cell.
    pub cell: Vec2,
    /// Columns and rows of cells. Cells are counted down the columns.
    pub grid: [u32; 2],
    /// Agents that have no place of their own in its street, and where their number is shown.
    pub counted_agents: u32,
    /// Where that number is shown.
    pub count_at: Vec2,
    /// Workflows that it stands for: one, or more for the block of finished ones.
    pub workflows: u32,
}

/// Where an agent is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AgentPlace {
    /// In the street beside its task.
    Street(Vec2),
    /// In the street of its task's block, where a number stands for it.
    Counted(Vec2),
    /// In the dock.
    Dock(Vec2),
}

impl AgentPlace {
    /// The point, world units.
    pub fn at(self) -> Vec2 {
        match self {
            Self::Street(at) | Self::Counted(at) | Self::Dock(at) => at,
        }
    }
}

/// The places that are new after a batch or a whole plan; some may be as before.
#[derive(Debug, Clone)]
pub struct Changes<K> {
    /// Blocks that are new, moved, resized, or whose count of agents changed.
    pub blocks: Vec<BlockPlace<K>>,
    /// Blocks that no longer have a place.
    pub gone_blocks: Vec<BlockKey<K>>,
    /// Tasks and their cells; `None` for tasks of a block that is only a header.
    pub tasks: Vec<(K, Option<Rect>)>,
    /// Agents and their places.
    pub agents: Vec<(K, AgentPlace)>,
    /// The ground of the dock; `None` while no agent rests there.
    pub dock: Option<Rect>,
    /// The rectangle of the whole plan.
    pub extent: Rect,
    /// Whether everything was placed anew: one move of all rows.
    pub replanned: bool,
}

/// What is at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<K> {
    /// A task or run.
    Task(K),
    /// An agent in a street or in the dock.
    Agent(K),
    /// The header of a block.
    Header(BlockKey<K>),
    /// A block where there is no cell.
    Block(BlockKey<K>),
    /// The dock where no agent is.
    Dock,
}
