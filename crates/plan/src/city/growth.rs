//! Changes of one strip: a block takes free columns of its neighbours, a new block joins, and where nothing is free, the
//! strip's cells become smaller until the next whole plan.

use std::hash::Hash;

use glam::Vec2;

use super::{City, Touched, block::Site, strip::share_out};
use crate::{BlockKey, Rect, fit::gap};

/// A growing block takes this share of its columns more than it needs, where they are free.
const SLACK: f32 = 0.2;

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// Gives touched blocks the ground that they need.
    pub(super) fn fit_blocks(&mut self, touched: &mut Touched<K>) {
        for number in touched.filled.clone() {
            let Some(block) = self.block(number) else { continue };
            match block.site {
                Site::Cells if block.slots.end() > block.capacity() => self.grow(number, touched),
                Site::Nowhere => self.join(number, touched),
                // A workflow that is under way again, or has its first task.
                Site::Header | Site::Folded if block.finished.is_none() && block.slots.used() > 0 => {
                    self.leave_strip(number, touched);
                    self.join(number, touched);
                }
                _ => {}
            }
        }
    }

    fn strip_of(&self, number: u32) -> Option<usize> {
        let top = self.block(number)?.rect.min.y;
        let index = self.strips.partition_point(|strip| strip.top < top - 1e-3);
        self.strips.get(index)?.blocks.contains(&number).then_some(index)
    }

    /// Columns that a strip has room for with so many blocks.
    fn strip_columns(&self, index: usize, blocks: usize, pitch: f32) -> u32 {
        let room = self.room();
        let (street, pad) = self.widths.in_strip(room, blocks);
        debug_assert!(index < self.strips.len());
        ((room - blocks as f32 * (street + 2.0 * pad)) / pitch.max(1e-6) * 1.000_1) as u32
    }

    fn columns_of(&self, numbers: &[u32]) -> Vec<u32> {
        let of = |&number: &u32| self.block(number).map_or(0, |block| block.columns);
        numbers.iter().map(of).collect()
    }

    /// Gives a block that has outgrown its columns more of them.
    fn grow(&mut self, number: u32, touched: &mut Touched<K>) {
        let Some(index) = self.strip_of(number) else { return };
        let Some(strip) = self.strips.get(index) else { return };
        let (rows, pitch, numbers) = (strip.rows, strip.pitch.x, strip.blocks.clone());
        let Some(place) = numbers.iter().position(|&other| other == number) else {
            return;
        };
        let mut columns = self.columns_of(&numbers);
        let free = self
            .strip_columns(index, numbers.len(), pitch)
            .saturating_sub(columns.iter().sum());
        let Some(block) = self.block(number) else { return };
        let needed = block.least_columns(rows) - block.columns;
        let slack = (block.columns as f32 * SLACK) as u32;
        let spare = |city: &Self, other: usize| {
            let block = numbers.get(other).and_then(|&number| city.block(number));
            block.map_or(0, |block| block.columns.saturating_sub(block.least_columns(rows)))
        };
        let mut taken = free.min(needed + slack);
        if let Some(own) = columns.get_mut(place) {
            *own += taken;
        }
        // The nearest neighbours first, so that few blocks move.
        let mut distance = 1;
        while taken < needed && distance < numbers.len() {
            for other in [place + distance, place.wrapping_sub(distance)] {
                let given = spare(self, other).min(needed.saturating_sub(taken));
                if other < numbers.len() && given > 0 {
                    taken += given;
                    if let Some(columns) = columns.get_mut(other) {
                        *columns -= given;
                    }
                    if let Some(own) = columns.get_mut(place) {
                        *own += given;
                    }
                }
            }
            distance += 1;
        }
        if taken < needed {
            self.squeeze(index, touched);
            return;
        }
        self.set_columns(&numbers, &columns);
        self.arrange_moving(index, touched);
    }

    /// Gives a block without ground a part of a strip: of the last one, where that has room.
    fn join(&mut self, number: u32, touched: &mut Touched<K>) {
        let bodies = self.strips.iter().filter(|strip| strip.rows > 0).count();
        if bodies == 0 {
            // Nothing to join: the whole plan is made anew.
            self.planned = None;
            return;
        }
        let fits = |city: &Self, index: usize| {
            let Some(strip) = city.strips.get(index) else {
                return false;
            };
            let least: u32 = strip
                .blocks
                .iter()
                .chain([&number])
                .filter_map(|&number| city.block(number))
                .map(|block| block.least_columns(strip.rows))
                .sum();
            city.strip_columns(index, strip.blocks.len() + 1, strip.pitch.x) >= least
        };
        let index = (0..bodies).rev().find(|&index| fits(self, index)).unwrap_or(bodies - 1);
        let has_room = fits(self, index);
        let Some(strip) = self.strips.get(index) else { return };
        let (rows, pitch) = (strip.rows, strip.pitch.x);
        let before = |&other: &u32| {
            let rank = |number| self.block(number).map(|block| block.rank());
            rank(other) < rank(number)
        };
        let at = strip.blocks.partition_point(before);
        let mut numbers = strip.blocks.clone();
        numbers.insert(at, number);
        if let Some(block) = self.block_mut(number) {
            block.site = Site::Cells;
            block.rows = rows;
            block.columns = block.least_columns(rows);
        }
        touched.moved.insert(number);
        // Agents of tasks that had no cell have waited in the dock.
        let tasks = self.block(number).into_iter().flat_map(|block| block.slots.iter());
        let waiting = tasks.filter_map(|(_, task)| self.holders.get(&task)).flatten();
        touched.agents.extend(waiting);
        if let Some(strip) = self.strips.get_mut(index) {
            strip.blocks.clone_from(&numbers);
        }
        if !has_room {
            self.squeeze(index, touched);
            return;
        }
        // Those with the most free columns give them.
        let all = self.strip_columns(index, numbers.len(), pitch);
        let mut columns = self.columns_of(&numbers);
        let spare: Vec<u32> = numbers
            .iter()
            .filter_map(|&number| self.block(number))
            .map(|block| block.columns.saturating_sub(block.least_columns(rows)))
            .collect();
        let excess = columns.iter().sum::<u32>().saturating_sub(all);
        for (columns, given) in columns.iter_mut().zip(share_out(excess, &spare)) {
            *columns -= given;
        }
        self.set_columns(&numbers, &columns);
        self.arrange_moving(index, touched);
    }

    /// Makes the cells of a strip smaller, so that all its blocks fit with some slack.
    fn squeeze(&mut self, index: usize, touched: &mut Touched<K>) {
        let Some(strip) = self.strips.get(index) else { return };
        let (before, pitch, numbers) = (strip.rows, strip.pitch, strip.blocks.clone());
        let mut rows = before + 1;
        let (pitch, columns) = loop {
            let scale = before as f32 / rows as f32;
            let all = self.strip_columns(index, numbers.len(), pitch.x * scale);
            let least: Vec<u32> = numbers
                .iter()
                .filter_map(|&number| self.block(number))
                .map(|block| block.least_columns(rows))
                .collect();
            let sum: u32 = least.iter().sum();
            if sum as f32 * (1.0 + SLACK / 2.0) <= all as f32 {
                let extra = share_out(all - sum, &least);
                let columns: Vec<u32> = least.iter().zip(extra).map(|(least, extra)| least + extra).collect();
                break (pitch * scale, columns);
            }
            rows += 1 + rows / 16;
        };
        for &number in &numbers {
            if let Some(block) = self.block_mut(number) {
                block.rows = rows;
            }
        }
        if let Some(strip) = self.strips.get_mut(index) {
            (strip.rows, strip.pitch) = (rows, pitch);
        }
        self.set_columns(&numbers, &columns);
        self.arrange_moving(index, touched);
        if let Some(planned) = &mut self.planned {
            planned.is_squeezed = true;
        }
    }

    fn set_columns(&mut self, numbers: &[u32], columns: &[u32]) {
        for (&number, &columns) in numbers.iter().zip(columns) {
            if let Some(block) = self.block_mut(number) {
                block.columns = columns;
            }
        }
    }

    /// Arranges a strip and notes which of its blocks are elsewhere or of another size.
    fn arrange_moving(&mut self, index: usize, touched: &mut Touched<K>) {
        let numbers = self.strips.get(index).map_or(Vec::new(), |strip| strip.blocks.clone());
        let state = |city: &Self, number: u32| city.block(number).map(|block| (block.rect, block.pitch, block.origin));
        let before: Vec<_> = numbers.iter().map(|&number| state(self, number)).collect();
        self.arrange(index);
        for (&number, before) in numbers.iter().zip(before) {
            if state(self, number) != before {
                touched.moved.insert(number);
            }
        }
    }

    /// Puts the blocks of a strip side by side, as wide as their columns.
    pub(super) fn arrange(&mut self, index: usize) {
        let room = self.room();
        let widths = self.widths;
        let Some(strip) = self.strips.get(index) else { return };
        let (top, height, rows, pitch) = (strip.top, strip.height, strip.rows, strip.pitch);
        let numbers = strip.blocks.clone();
        let count = numbers.len().max(1) as f32;
        let (street, pad) = widths.in_strip(room, numbers.len());
        let columns: u32 = self.columns_of(&numbers).iter().sum();
        // What is left is room around the cells of all its blocks, unless whole columns are free.
        let left = room - columns as f32 * pitch.x - count * (street + 2.0 * pad);
        let aside = pad + left.max(0.0) / (2.0 * count);
        let mut x = widths.edge;
        for number in numbers {
            let Some(block) = self.block_mut(number) else { continue };
            let width = block.columns as f32 * pitch.x + 2.0 * aside;
            block.rect = Rect::new(Vec2::new(x, top), Vec2::new(x + width, top + height));
            block.origin = Vec2::new(x + aside, top + widths.header + widths.pad);
            (block.rows, block.pitch, block.header) = (rows, pitch, widths.header);
            x += width + street;
        }
    }

    /// Takes a block out of its strip. Its left neighbour gets its ground, and no cell moves.
    pub(super) fn leave_strip(&mut self, number: u32, touched: &mut Touched<K>) {
        if self.block(number).is_some_and(|block| block.site == Site::Folded) {
            self.unfold(touched);
            return;
        }
        let Some(index) = self.strip_of(number) else { return };
        let Some(strip) = self.strips.get_mut(index) else {
            return;
        };
        let Some(place) = strip.blocks.iter().position(|&other| other == number) else {
            return;
        };
        strip.blocks.remove(place);
        let (rows, pitch) = (strip.rows, strip.pitch);
        let left = place.checked_sub(1).and_then(|left| strip.blocks.get(left)).copied();
        let Some(right) = self.block(number).map(|block| block.rect.max.x) else {
            return;
        };
        if let Some(neighbour) = left.and_then(|left| self.block_mut(left))
            && rows > 0
        {
            let gained = ((right - neighbour.rect.max.x) / pitch.x.max(1e-6)) as u32;
            neighbour.rect.max.x = right;
            neighbour.columns += gained;
            touched.moved.extend(left);
        }
    }

    /// One workflow fewer is part of the block of finished ones.
    fn unfold(&mut self, touched: &mut Touched<K>) {
        let left = self
            .finished
            .map(|(rect, workflows)| (rect, workflows.saturating_sub(1)));
        self.finished = left.filter(|(_, workflows)| *workflows > 0);
        touched.unfolded = true;
        if self.finished.is_none() {
            touched.gone_blocks.push(BlockKey::Finished);
        }
    }

    /// Width and height of a cell at a pitch.
    pub(super) fn cell_size(pitch: Vec2) -> Vec2 {
        (pitch - gap(pitch)).max(Vec2::ZERO)
    }
}
