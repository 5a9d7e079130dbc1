//! What all labels of one arrangement are composed from.

use bevy::{ecs::entity::EntityHashMap, prelude::*};
use plan::Level;

use super::{
    rows::{BlockFacts, LabelRows, RowFacts},
    text::{self, Age},
};
use crate::{
    layout::Block,
    scene::{camera::View, detail::Detail, text_scale::TextScale},
};

/// Composes labels for one view.
pub(super) struct Composer<'a, 'w, 's> {
    /// The rows that labels are made from.
    pub(super) rows: &'a LabelRows<'w, 's>,
    /// What the camera shows.
    pub(super) view: &'a View,
    /// The level of detail.
    pub(super) detail: Detail,
    /// The factor of all font sizes, for the distance from which the wall is read.
    pub(super) scale: f32,
    /// Milliseconds since the Unix epoch.
    pub(super) epoch_ms: i64,
    /// Seconds of `FleetClock`.
    pub(super) now: f64,
    /// The selected row.
    pub(super) selected: Option<Entity>,
    /// When something in a block was last seen to change, seconds of `FleetClock`.
    pub(super) changes: &'a EntityHashMap<f64>,
}

impl Composer<'_, '_, '_> {
    /// Logical pixels of one desk pixel.
    pub(super) fn unit(&self) -> f32 {
        TextScale(self.scale).unit()
    }

    /// The level of detail of cells of this size in world units.
    pub(super) fn level(&self, cell: Vec2) -> Level {
        self.detail.level(cell / self.view.world_per_px, TextScale(self.scale))
    }

    /// A rectangle of the world on the screen.
    pub(super) fn screen_rect(&self, world: Rect) -> Rect {
        let corners = [world.min, world.max].map(|corner| self.view.screen_from_world(corner));
        Rect::from_corners(corners[0], corners[1])
    }

    /// A rectangle of the screen in the world.
    pub(super) fn world_rect(&self, screen: Rect) -> Rect {
        let corners = [screen.min, screen.max].map(|corner| self.view.world_from_screen(corner));
        Rect::from_corners(corners[0], corners[1])
    }

    /// The middle and the size of a block on the screen, at the end of its move.
    pub(super) fn named_block(&self, block: &Block) -> (Vec2, Vec2) {
        let rect = self.screen_rect(block.rect());
        (rect.center(), rect.size())
    }

    /// The middle and the size of a cell or an agent on the screen, at the end of its move.
    pub(super) fn named_row(&self, row: &RowFacts) -> (Vec2, Vec2) {
        let middle = self.view.screen_from_world(row.place.at);
        (middle, row.place.size / self.view.world_per_px)
    }

    /// Whether the cells of a block are agents.
    pub(super) fn is_of_agents(&self, block: &BlockFacts) -> bool {
        let first = Rect::from_center_size(block.block.place.first_cell, block.block.place.cell * 0.5);
        let mut cells = self.rows.cells_in(first);
        cells.next().is_some_and(|cell| cell.task.is_none())
    }

    /// How long ago a block, or anything in it, last changed.
    pub(super) fn block_age(&self, block: Entity) -> Option<Age> {
        let own = self.rows.age_secs(block, self.epoch_ms);
        let seen = self.changes.get(&block).map(|at| self.now - at);
        let secs = own.into_iter().chain(seen).min_by(f64::total_cmp)?;
        Some(text::age(secs))
    }

    /// Whether a label in a rectangle of the screen would hide a cell in trouble.
    pub(super) fn hides_trouble(&self, rect: Rect) -> bool {
        let world = self.world_rect(rect.inflate(2.0 * self.unit()));
        self.rows.cells_in(world).any(|cell| cell.trouble().is_some())
    }
}
