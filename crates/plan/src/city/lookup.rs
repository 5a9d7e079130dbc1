//! What is at a point or in a rectangle: computed from strips and grids, without looking at all rows.

use std::hash::Hash;

use glam::Vec2;

use super::{Block, City, block::Site};
use crate::{BlockKey, Rect, Spot};

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// What is at a point of the world, at the end of all moves.
    pub fn at(&self, world: Vec2) -> Option<Spot<K>> {
        let point = self.in_plan(world);
        if let Some(agent) = self.dock.at(point) {
            return Some(agent.map_or(Spot::Dock, Spot::Agent));
        }
        if let Some((rect, _)) = self.finished
            && rect.contains(point)
        {
            return Some(Spot::Header(BlockKey::Finished));
        }
        let block = self.lot_at(point)?;
        if !block.rect.contains(point) {
            return self.street_agent(block, point).map(Spot::Agent);
        }
        if point.y < block.rect.min.y + block.header {
            return Some(Spot::Header(block.key));
        }
        let task = self.slot_at(block, point).and_then(|slot| block.slots.row(slot));
        Some(task.map_or(Spot::Block(block.key), Spot::Task))
    }

    /// The block at a point of the world.
    pub fn block_at(&self, world: Vec2) -> Option<BlockKey<K>> {
        let point = self.in_plan(world);
        if let Some((rect, _)) = self.finished
            && rect.contains(point)
        {
            return Some(BlockKey::Finished);
        }
        let block = self.lot_at(point)?;
        block.rect.contains(point).then_some(block.key)
    }

    /// The tasks whose cell's middle is in a rectangle of the world, and those middles. It costs what is found.
    pub fn tasks_in(&self, world: Rect) -> Vec<(K, Vec2)> {
        let (one, other) = (self.in_plan(world.min), self.in_plan(world.max));
        let rect = Rect::new(one.min(other), one.max(other));
        let mut found = Vec::new();
        if !rect.min.cmple(rect.max).all() {
            return found;
        }
        let first = self
            .strips
            .partition_point(|strip| strip.top + strip.height <= rect.min.y);
        let strips = self.strips.get(first..).unwrap_or(&[]);
        for strip in strips.iter().take_while(|strip| strip.top <= rect.max.y) {
            let left = |number: &u32| self.block(*number).is_some_and(|block| block.rect.max.x <= rect.min.x);
            let from = strip.blocks.partition_point(left);
            for block in strip.blocks.iter().skip(from).filter_map(|&number| self.block(number)) {
                if block.rect.min.x > rect.max.x {
                    break;
                }
                if block.site == Site::Cells {
                    self.cells_in(block, rect, &mut found);
                }
            }
        }
        found
    }

    fn cells_in(&self, block: &Block<K, O>, rect: Rect, found: &mut Vec<(K, Vec2)>) {
        let low = ((rect.min - block.origin) / block.pitch - 0.5).ceil().max(Vec2::ZERO);
        let high = ((rect.max - block.origin) / block.pitch - 0.5).floor();
        let grid = Vec2::new(block.columns as f32, block.rows as f32) - 1.0;
        let high = high.min(grid);
        if high.cmplt(low).any() {
            return;
        }
        for column in low.x as u32..=high.x as u32 {
            for row in low.y as u32..=high.y as u32 {
                let slot = column * block.rows + row;
                if let Some(task) = block.slots.row(slot) {
                    found.push((task, self.to_world(block.cell(slot))));
                }
            }
        }
    }

    /// The block that a point of the plan belongs to: on its ground, or in the street below or at the right of it.
    pub(super) fn lot_at(&self, point: Vec2) -> Option<&Block<K, O>> {
        if !point.is_finite() {
            return None;
        }
        let below = self.strips.partition_point(|strip| strip.top <= point.y);
        let strip = self.strips.get(below.checked_sub(1)?)?;
        let left = |number: &u32| self.block(*number).is_some_and(|block| block.rect.min.x <= point.x);
        let after = strip.blocks.partition_point(left);
        self.block(*strip.blocks.get(after.checked_sub(1)?)?)
    }

    fn slot_at(&self, block: &Block<K, O>, point: Vec2) -> Option<u32> {
        let place = (point - block.origin) / block.pitch;
        if block.site != Site::Cells || place.cmplt(Vec2::ZERO).any() {
            return None;
        }
        let (column, row) = (place.x as u32, place.y as u32);
        if column >= block.columns || row >= block.rows {
            return None;
        }
        let slot = column * block.rows + row;
        // The gap between cells belongs to none.
        let aside = (point - block.cell(slot)).abs();
        aside.cmple(Self::cell_size(block.pitch) / 2.0).all().then_some(slot)
    }

    fn street_agent(&self, block: &Block<K, O>, point: Vec2) -> Option<K> {
        let size = block.rect.size();
        let from = point - block.rect.min;
        let aside = block.lanes.len() as u32 - block.below;
        let lane = if from.y >= size.y {
            let lane = (from.x / size.x * block.below as f32) as u32;
            (lane < block.below).then_some(lane)?
        } else {
            let lane = (from.y / size.y * aside as f32) as u32;
            (lane < aside).then_some(block.below + lane)?
        };
        let agent = block.lanes.get(lane as usize).copied().flatten()?;
        (self.lane(block, lane).distance(point) <= self.widths.agent * 0.6).then_some(agent)
    }
}
