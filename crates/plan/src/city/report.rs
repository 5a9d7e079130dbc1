//! How well the plan uses the scene.

use std::hash::Hash;

use super::{City, block::Site};
use crate::Rect;

/// A block is as wide as its name but for rounding, pixels.
const ROUNDING: f32 = 0.05;

/// How well the plan uses the scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Report {
    /// The share of the scene that is block.
    pub blocks_share: f32,
    /// The share of the blocks' bodies that is cells with a row; 1 where there is no body.
    pub cells_share: f32,
    /// The least width or height of a cell, pixels; infinite where there is none.
    pub smallest_cell: f32,
    /// Height of the headers above cells, pixels; 0 where they are left out.
    pub header: f32,
    /// Diameter of an agent in a street, pixels; 0 without agents.
    pub agent: f32,
    /// Cells that are drawn.
    pub cells: usize,
    /// The share of blocks with cells whose name is whole in their header.
    pub names_whole: f32,
}

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    /// How well the plan uses the scene.
    pub fn report(&self) -> Report {
        let (mut blocks, mut bodies, mut cells) = (0.0_f64, 0.0_f64, 0.0_f64);
        let mut smallest = f32::INFINITY;
        let mut count = 0;
        let (mut names, mut whole) = (0_u32, 0_u32);
        let scale = self.name_scale();
        for block in self.blocks.iter().flatten() {
            blocks += f64::from(block.rect.area());
            if block.site != Site::Cells {
                continue;
            }
            names += 1;
            whole += u32::from(
                scale > 0.0 && block.name.alone * scale <= block.rect.size().x - 2.0 * self.widths.pad + ROUNDING,
            );
            let mut body: Rect = block.rect;
            body.min.y += block.header;
            bodies += f64::from(body.area());
            let cell = Self::cell_size(block.pitch);
            cells += f64::from(cell.x * cell.y) * f64::from(block.slots.used());
            smallest = smallest.min(cell.min_element());
            count += block.slots.used() as usize;
        }
        blocks += self.finished.map_or(0.0, |(rect, _)| f64::from(rect.area()));
        let scene = f64::from(self.scene.size.x * self.scene.size.y);
        Report {
            blocks_share: (blocks / scene) as f32,
            cells_share: if bodies > 0.0 { (cells / bodies) as f32 } else { 1.0 },
            smallest_cell: smallest,
            header: self.widths.header,
            agent: self.widths.agent,
            cells: count,
            names_whole: if names > 0 { whole as f32 / names as f32 } else { 1.0 },
        }
    }
}
