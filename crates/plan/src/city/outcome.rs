//! Lists the places that are new.

use std::hash::Hash;

use foldhash::{HashSet, HashSetExt};

use super::{
    Block, City, Touched,
    block::Site,
    seats::{Post, TaskSeat},
};
use crate::{AgentPlace, BlockKey, BlockPlace, Changes, Rect};

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    pub(super) fn outcome(&self, touched: Touched<K>, replanned: bool) -> Changes<K> {
        let mut tasks = Vec::with_capacity(if replanned {
            self.tasks.len()
        } else {
            touched.tasks.len()
        });
        let mut blocks = Vec::new();
        for &number in &touched.moved {
            let Some(block) = self.block(number) else { continue };
            let has_cells = block.site == Site::Cells;
            let cell = |(slot, row)| (row, has_cells.then(|| self.cell_rect(block, slot)));
            tasks.extend(block.slots.iter().map(cell));
        }
        for &number in touched.moved.union(&touched.changed) {
            blocks.extend(self.block(number).and_then(|block| self.block_place(block)));
        }
        if replanned || touched.unfolded {
            blocks.extend(self.finished_place());
        }
        for &task in &touched.tasks {
            if let Some(&seat) = self.tasks.get(&task)
                && !touched.moved.contains(&seat.block)
            {
                tasks.push((task, self.seat_rect(seat)));
            }
        }
        let mut seen = HashSet::with_capacity(touched.placed.len());
        let placed = touched.placed.iter().filter(|agent| seen.insert(**agent));
        let agents = placed.filter_map(|&agent| Some((agent, self.agent(agent)?))).collect();
        Changes {
            blocks,
            gone_blocks: touched.gone_blocks,
            tasks,
            agents,
            dock: self.dock.used().map(|rect| self.rect_to_world(rect)),
            extent: Rect::centered(glam::Vec2::ZERO, self.scene.size),
            replanned,
        }
    }

    fn cell_rect(&self, block: &Block<K, O>, slot: u32) -> Rect {
        Rect::centered(self.to_world(block.cell(slot)), Self::cell_size(block.pitch))
    }

    fn seat_rect(&self, seat: TaskSeat) -> Option<Rect> {
        let block = self.block(seat.block)?;
        (block.site == Site::Cells).then(|| self.cell_rect(block, seat.slot))
    }

    /// A task's cell, world units; `None` where its block is only a header, and for unknown tasks.
    pub fn task(&self, row: K) -> Option<Rect> {
        self.seat_rect(*self.tasks.get(&row)?)
    }

    /// The block of a task, also where that is only a header or folded; `None` for unknown tasks.
    pub fn block_of(&self, row: K) -> Option<BlockKey<K>> {
        Some(self.block(self.tasks.get(&row)?.block)?.key)
    }

    /// Where an agent is; `None` for unknown ones.
    pub fn agent(&self, row: K) -> Option<AgentPlace> {
        match self.agents.get(&row)?.post {
            Post::Nowhere => None,
            Post::Dock { slot } => Some(AgentPlace::Dock(self.to_world(self.dock.place(slot)))),
            Post::Street { block, lane } => {
                let block = self.block(block)?;
                Some(AgentPlace::Street(self.to_world(self.lane(block, lane))))
            }
            Post::Counted { block } => {
                let block = self.block(block)?;
                let at = self.lane(block, Self::count_lane(block));
                Some(AgentPlace::Counted(self.to_world(at)))
            }
        }
    }

    /// Where a block is; `None` for one that is unknown or folded.
    pub fn place_of(&self, key: BlockKey<K>) -> Option<BlockPlace<K>> {
        if key == BlockKey::Finished {
            return self.finished_place();
        }
        self.block_place(self.block(*self.by_key.get(&key)?)?)
    }

    /// All blocks, in no order.
    pub fn places(&self) -> impl Iterator<Item = BlockPlace<K>> + '_ {
        let blocks = self.blocks.iter().flatten();
        blocks
            .filter_map(|block| self.block_place(block))
            .chain(self.finished_place())
    }

    fn block_place(&self, block: &Block<K, O>) -> Option<BlockPlace<K>> {
        if !matches!(block.site, Site::Cells | Site::Header) {
            return None;
        }
        let middle = block.rect.min.y + block.header;
        let (mut header, mut body) = (block.rect, block.rect);
        (header.max.y, body.min.y) = (middle, middle);
        let has_cells = block.site == Site::Cells;
        Some(BlockPlace {
            key: block.key,
            rect: self.rect_to_world(block.rect),
            header: self.rect_to_world(header),
            body: self.rect_to_world(if has_cells { body } else { Rect::new(body.max, body.max) }),
            first_cell: if has_cells {
                self.to_world(block.cell(0))
            } else {
                self.rect_to_world(header).center()
            },
            pitch: block.pitch,
            cell: Self::cell_size(block.pitch),
            grid: [block.columns, block.rows],
            counted_agents: block.counted.len() as u32,
            count_at: self.to_world(self.lane(block, Self::count_lane(block))),
            workflows: 1,
        })
    }

    fn finished_place(&self) -> Option<BlockPlace<K>> {
        let (rect, workflows) = self.finished?;
        let world = self.rect_to_world(rect);
        Some(BlockPlace {
            key: BlockKey::Finished,
            rect: world,
            header: world,
            body: Rect::new(world.min, world.min),
            first_cell: world.center(),
            pitch: glam::Vec2::ZERO,
            cell: glam::Vec2::ZERO,
            grid: [0, 0],
            counted_agents: 0,
            count_at: world.center(),
            workflows,
        })
    }
}
