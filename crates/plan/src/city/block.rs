//! One block: its rows, its ground and the agents in its street.

use glam::Vec2;

use crate::{BlockKey, NameWidth, Rect, slots::Slots};

/// What the plan gives a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// Nothing yet.
    Nowhere,
    /// A part of a strip, with cells.
    Cells,
    /// A part of a strip, without cells.
    Header,
    /// It is one of those that the block of finished workflows stands for.
    Folded,
}

#[derive(Debug)]
pub(super) struct Block<K, O> {
    pub(super) key: BlockKey<K>,
    /// `None` for *Unassigned*, which is last.
    pub(super) order: Option<O>,
    pub(super) finished: Option<f64>,
    pub(super) name: NameWidth,
    pub(super) slots: Slots<K, O>,
    pub(super) site: Site,
    /// The top of its strip is that of its ground: strips are found by it.
    pub(super) rect: Rect,
    /// Columns of cells.
    pub(super) columns: u32,
    /// Its cells have at least this width, so that its name is whole.
    pub(super) named: f32,
    /// Rows of cells.
    pub(super) rows: u32,
    pub(super) pitch: Vec2,
    /// Upper left corner of the first cell's share of the ground.
    pub(super) origin: Vec2,
    pub(super) header: f32,
    /// Agents by their place in the street: first those below the block, then those at its right.
    pub(super) lanes: Vec<Option<K>>,
    /// How many of the lanes are below the block.
    pub(super) below: u32,
    /// Agents for which a number stands.
    pub(super) counted: Vec<K>,
}

impl<K: Copy + Eq, O: Ord> Block<K, O> {
    pub(super) fn new(key: BlockKey<K>, order: Option<O>) -> Self {
        Self {
            key,
            order,
            finished: None,
            name: NameWidth::default(),
            slots: Slots::default(),
            site: Site::Nowhere,
            rect: Rect::default(),
            columns: 0,
            named: 0.0,
            rows: 0,
            pitch: Vec2::ZERO,
            origin: Vec2::ZERO,
            header: 0.0,
            lanes: Vec::new(),
            below: 0,
            counted: Vec::new(),
        }
    }

    /// Takes its ground and its street away.
    pub(super) fn clear_ground(&mut self) {
        self.rect = Rect::default();
        (self.columns, self.rows, self.header, self.named) = (0, 0, 0.0, 0.0);
        (self.pitch, self.origin) = (Vec2::ZERO, Vec2::ZERO);
        self.lanes.clear();
        self.below = 0;
    }

    /// The middle of a slot's cell.
    pub(super) fn cell(&self, slot: u32) -> Vec2 {
        let rows = self.rows.max(1);
        self.origin + (Vec2::new((slot / rows) as f32, (slot % rows) as f32) + 0.5) * self.pitch
    }

    /// Slots that it has room for.
    pub(super) fn capacity(&self) -> u32 {
        self.columns * self.rows
    }

    /// The width of so many columns of cells, with what its name needs.
    pub(super) fn width(&self, columns: u32, pitch: f32) -> f32 {
        (columns as f32 * pitch).max(self.named)
    }

    /// The least columns that its slots in use take.
    pub(super) fn least_columns(&self, rows: u32) -> u32 {
        self.slots.end().div_ceil(rows.max(1)).max(1)
    }

    /// Its place in the order of blocks: *Unassigned* is last.
    pub(super) fn rank(&self) -> (bool, Option<&O>) {
        (self.order.is_none(), self.order.as_ref())
    }
}
