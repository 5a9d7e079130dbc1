//! Changes of one strip: a block takes free columns of its neighbours, a new block joins, and where nothing is free, the
//! strip is laid out anew, with smaller cells where that is not enough.

use std::hash::Hash;

use glam::Vec2;

use super::{Block, City, Strip, Touched, block::Site, strip::share_out};
use crate::{
    BlockKey, Rect,
    fit::{WIDEST_NAME, gap, worth},
};

/// A growing block takes this share of its columns more than it needs, where they are free.
const SLACK: f32 = 0.2;
/// A strip that is laid out anew has no room for its names where its cells would be smaller than this share of those of the plan.
const LEAST_NAMED: f32 = 0.7;
/// So many numbers of rows are tried for a strip that is laid out anew.
const MOST_ROWS_TRIED: usize = 24;
/// Where no strip has room for a new block, the last strip counts as so much less crowded.
const LAST: f32 = 0.8;

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

    fn columns_of(&self, numbers: &[u32]) -> Vec<u32> {
        let of = |&number: &u32| self.block(number).map_or(0, |block| block.columns);
        numbers.iter().map(of).collect()
    }

    /// The least length that blocks take in a strip with so many rows of cells of this width.
    fn least_length(&self, numbers: &[u32], rows: u32, pitch: f32) -> f32 {
        let (street, pad) = self.widths.in_strip(self.room(), numbers.len());
        let width = |block: &Block<K, O>| block.width(block.least_columns(rows), pitch);
        let widths = numbers.iter().filter_map(|&number| self.block(number)).map(width);
        widths.sum::<f32>() + numbers.len() as f32 * (street + 2.0 * pad)
    }

    /// Gives a block that has outgrown its columns more of them.
    fn grow(&mut self, number: u32, touched: &mut Touched<K>) {
        let Some(index) = self.strip_of(number) else { return };
        let Some(strip) = self.strips.get(index) else { return };
        let (rows, pitch, numbers) = (strip.rows, strip.pitch.x, strip.blocks.clone());
        let Some(place) = numbers.iter().position(|&other| other == number) else {
            return;
        };
        let Some(block) = self.block(number) else { return };
        let (least, before) = (block.least_columns(rows), block.columns);
        let slack = (before as f32 * SLACK) as u32;
        let width = block.width(before, pitch);
        let fitting = |free: f32| ((width + free) / pitch.max(1e-6) * 1.000_1) as u32;
        let mut free = self.free_length(&numbers, pitch);
        let mut columns = self.columns_of(&numbers);
        // The nearest neighbours first, so that few blocks move.
        let mut distance = 1;
        while fitting(free) < least && distance < numbers.len() {
            for other in [place + distance, place.wrapping_sub(distance)] {
                let Some(donor) = numbers.get(other).and_then(|&number| self.block(number)) else {
                    continue;
                };
                let Some(columns) = columns.get_mut(other) else {
                    continue;
                };
                while fitting(free) < least && *columns > donor.least_columns(rows) {
                    free += donor.width(*columns, pitch) - donor.width(*columns - 1, pitch);
                    *columns -= 1;
                }
            }
            distance += 1;
        }
        let fitting = fitting(free);
        if fitting < least {
            self.lay_anew(index, touched);
            return;
        }
        if let Some(own) = columns.get_mut(place) {
            *own = fitting.min(least + slack);
        }
        self.set_columns(&numbers, &columns, touched);
        self.arrange_moving(index, touched);
    }

    /// Gives a block without ground a part of a strip: of the last one that has room, or of the least crowded.
    fn join(&mut self, number: u32, touched: &mut Touched<K>) {
        let bodies = self.strips.iter().filter(|strip| strip.rows > 0).count();
        if bodies == 0 {
            // Nothing to join: the whole plan is made anew.
            self.planned = None;
            return;
        }
        let (name_scale, widest_name) = (self.name_scale(), WIDEST_NAME * self.room());
        if let Some(block) = self.block_mut(number) {
            block.named = (block.name.alone * name_scale).min(widest_name);
        }
        let joined = |city: &Self, index: usize| {
            let mut numbers = city.strips.get(index).map_or(Vec::new(), |strip| strip.blocks.clone());
            let rank = |number| city.block(number).map(|block| block.rank());
            let at = numbers.partition_point(|&other| rank(other) < rank(number));
            numbers.insert(at, number);
            numbers
        };
        // How many times the strip's length its blocks would need.
        let crowd = |index: usize| {
            let length = |strip: &Strip| self.least_length(&joined(self, index), strip.rows, strip.pitch.x);
            self.strips.get(index).map_or(f32::INFINITY, length) / self.room()
        };
        let last = bodies - 1;
        let roomy = (0..bodies).rev().find(|&index| crowd(index) <= 1.0);
        // The new block is the last in most orders: another strip must have much more room.
        let preferred = |index: usize| crowd(index) * if index == last { LAST } else { 1.0 };
        let index = roomy
            .or_else(|| (0..bodies).min_by(|&one, &other| preferred(one).total_cmp(&preferred(other))))
            .unwrap_or(last);
        let numbers = joined(self, index);
        let Some(strip) = self.strips.get_mut(index) else {
            return;
        };
        let (rows, pitch) = (strip.rows, strip.pitch.x);
        strip.blocks.clone_from(&numbers);
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
        if roomy.is_none() {
            self.lay_anew(index, touched);
            return;
        }
        // Those with the most free columns give them.
        while self.free_length(&numbers, pitch) < 0.0 {
            let spare = |&number: &u32| {
                let block = self.block(number)?;
                Some((block.columns.saturating_sub(block.least_columns(rows)), number))
            };
            let donor = numbers.iter().filter_map(spare).max_by_key(|(spare, _)| *spare);
            let Some((1.., donor)) = donor else { break };
            if let Some(block) = self.block_mut(donor) {
                block.columns -= 1;
                touched.changed.insert(donor);
            }
        }
        self.arrange_moving(index, touched);
    }

    /// Lays a strip out anew, with some slack: the tasks of its blocks get slots without gaps, and its cells become as much
    /// smaller as that needs. They are never larger than those of the plan.
    fn lay_anew(&mut self, index: usize, touched: &mut Touched<K>) {
        let Some(strip) = self.strips.get(index) else { return };
        let numbers = strip.blocks.clone();
        let body = strip.height - self.widths.header - 2.0 * self.widths.pad;
        for &number in &numbers {
            self.sort_slots(number, touched);
        }
        let planned = Vec2::new(self.widths.column, self.widths.row);
        let planned_worth = worth(planned, self.scene.factor()).max(1e-6);
        let (mut share, mut rows, mut pitch) = self.best_grid(&numbers, body, planned_worth);
        if share < LEAST_NAMED {
            // Until the next whole plan, tasks have precedence over names.
            for &number in &numbers {
                if let Some(block) = self.block_mut(number) {
                    block.named = 0.0;
                }
            }
            (share, rows, pitch) = self.best_grid(&numbers, body, planned_worth);
        }
        for &number in &numbers {
            if let Some(block) = self.block_mut(number) {
                block.rows = rows;
                block.columns = block.least_columns(rows);
            }
        }
        let columns = self.columns_of(&numbers);
        let free = (self.free_length(&numbers, pitch.x) / pitch.x.max(1e-6)).max(0.0) as u32;
        let extra = share_out(free, &columns);
        let columns: Vec<u32> = columns.iter().zip(extra).map(|(least, extra)| least + extra).collect();
        if let Some(strip) = self.strips.get_mut(index) {
            (strip.rows, strip.pitch) = (rows, pitch);
        }
        self.set_columns(&numbers, &columns, touched);
        self.arrange_moving(index, touched);
        if let Some(planned) = &mut self.planned {
            planned.scale = planned.scale.min(share);
        }
    }

    /// The number of rows with which the blocks of a strip have the best cells, their pitch, and how good they are compared
    /// with those of the plan.
    fn best_grid(&self, numbers: &[u32], body: f32, planned_worth: f32) -> (f32, u32, Vec2) {
        let mut rows = (body / self.widths.row.max(1e-6)).round().max(1.0) as u32;
        let most = self.widths.widest(self.scene.factor());
        let mut best = (0.0, rows, Vec2::ZERO);
        for _ in 0..MOST_ROWS_TRIED {
            let pitch = Vec2::new(self.widest_with_slack(numbers, rows, most), body / rows as f32);
            let share = worth(pitch, self.scene.factor()) / planned_worth;
            if share > best.0 {
                best = (share, rows, pitch);
            }
            rows += 1 + rows / 16;
        }
        best
    }

    /// The widest cells with which the blocks of a strip have so many rows and some slack, at most `most`.
    fn widest_with_slack(&self, numbers: &[u32], rows: u32, most: f32) -> f32 {
        let room = self.room();
        let fits = |width: f32| self.least_length(numbers, rows, width * (1.0 + SLACK / 4.0)) <= room;
        if fits(most) {
            return most;
        }
        let (mut least, mut wide) = (0.0, most);
        for _ in 0..16 {
            let middle = f32::midpoint(least, wide);
            if fits(middle) {
                least = middle;
            } else {
                wide = middle;
            }
        }
        least
    }

    /// Gives the tasks of a block slots without gaps.
    fn sort_slots(&mut self, number: u32, touched: &mut Touched<K>) {
        let Some(block) = self.block_mut(number) else { return };
        if !block.slots.sort() {
            return;
        }
        touched.moved.insert(number);
        self.note_slots(number);
    }

    fn set_columns(&mut self, numbers: &[u32], columns: &[u32], touched: &mut Touched<K>) {
        for (&number, &columns) in numbers.iter().zip(columns) {
            if let Some(block) = self.block_mut(number)
                && block.columns != columns
            {
                block.columns = columns;
                touched.changed.insert(number);
            }
        }
    }

    /// Arranges a strip and notes which of its blocks are elsewhere or of another size.
    fn arrange_moving(&mut self, index: usize, touched: &mut Touched<K>) {
        let numbers = self.strips.get(index).map_or(Vec::new(), |strip| strip.blocks.clone());
        let state = |city: &Self, number: u32| {
            let block = city.block(number)?;
            Some((block.rect, block.pitch, block.origin))
        };
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
        // What is left is room around the cells of all its blocks.
        let left = self.free_length(&numbers, pitch.x);
        let aside = pad + left.max(0.0) / (2.0 * count);
        let mut x = widths.edge;
        for number in numbers {
            let Some(block) = self.block_mut(number) else { continue };
            let width = block.width(block.columns, pitch.x) + 2.0 * aside;
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
