//! The whole plan: every block gets its ground, every row its place, from the rows, the scene and the moment alone.

use std::hash::Hash;

use glam::Vec2;

use super::{
    Block, City, Planned, Strip, Touched, Widths,
    block::Site,
    headers::{HeaderStrips, header_strips},
    strip::share_out,
};
use crate::{
    Changes, NameWidth, Rect,
    fit::{Ground, SMALLEST_HEADER, Want, fit},
};

/// The share of the scene that is not block: edges, streets and the dock.
const OPEN: f32 = 0.145;
const EDGES: f32 = 0.012;
/// The share of the scene's height that headers without cells take at most, by their share of all rows.
const HEADERS_LEAST: f32 = 0.25;
const HEADERS_MOST: f32 = 0.6;

/// The blocks of a plan by their site, in order.
#[derive(Debug, Default)]
struct Sorted {
    cells: Vec<u32>,
    headers: Vec<u32>,
    folded: u32,
}

impl<K: Copy + Eq + Hash, O: Ord + Clone> City<K, O> {
    pub(super) fn place_all(&mut self, mut touched: Touched<K>) -> Changes<K> {
        let sorted = self.sort_blocks();
        let scene = self.scene;
        self.clear_posts();
        let has_blocks = !sorted.cells.is_empty() || !sorted.headers.is_empty() || sorted.folded > 0;
        let dock_height = self.reserve_dock(has_blocks);
        let ground = Vec2::new(scene.size.x, scene.size.y - dock_height);
        let chips = sorted.headers.len() + usize::from(sorted.folded > 0);
        let share = chips as f32 / (chips + self.tasks.len()).max(1) as f32;
        let most = if sorted.cells.is_empty() {
            ground.y
        } else {
            ground.y * share.clamp(HEADERS_LEAST, HEADERS_MOST)
        };
        let headers = header_strips(chips, ground.x, most, sorted.cells.is_empty(), scene.text);
        let body = Vec2::new(ground.x, ground.y - headers.height());
        self.strips.clear();
        self.widths = Widths {
            edge: headers.street,
            street: Vec2::splat(headers.street),
            ..Widths::default()
        };
        if !sorted.cells.is_empty() {
            self.place_cells(&sorted.cells, body, headers.height());
        }
        self.place_headers(&sorted, &headers, body.y);
        let present = self.by_key.values().copied().collect::<Vec<_>>();
        touched.moved.extend(present);
        touched.agents.extend(self.agents.keys().copied());
        self.planned = Some(Planned {
            at: self.now,
            rows: self.len(),
            fill: 1.0,
            scale: 1.0,
        });
        let fill = self.fill();
        if let Some(planned) = &mut self.planned {
            planned.fill = fill;
        }
        self.seat_agents(&mut touched);
        self.outcome(touched, true)
    }

    /// Says what each block is given, sorts the tasks of those with cells, and the blocks.
    fn sort_blocks(&mut self) -> Sorted {
        let (now, pace) = (self.now, self.pace);
        let mut sorted = Sorted::default();
        for (number, block) in self.blocks.iter_mut().enumerate() {
            let Some(block) = block else { continue };
            let since = block.finished.map_or(f64::NEG_INFINITY, |finished| now - finished);
            block.clear_ground();
            block.site = if since >= pace.fold_after {
                sorted.folded += 1;
                Site::Folded
            } else if since >= pace.shrink_after || block.slots.used() == 0 {
                sorted.headers.push(number as u32);
                Site::Header
            } else {
                block.slots.sort();
                sorted.cells.push(number as u32);
                Site::Cells
            };
        }
        for numbers in [&mut sorted.cells, &mut sorted.headers] {
            numbers.sort_by(|&one, &next| {
                let rank = |number: u32| self.block(number).map(|block| block.rank());
                rank(one).cmp(&rank(next))
            });
        }
        // Sorting gives slots anew.
        for &number in &sorted.cells {
            self.note_slots(number);
        }
        sorted
    }

    /// Notes the slots that the tasks of a block have now.
    pub(super) fn note_slots(&mut self, number: u32) {
        let Some(block) = self.blocks.get(number as usize).and_then(Option::as_ref) else {
            return;
        };
        for (slot, row) in block.slots.iter() {
            if let Some(seat) = self.tasks.get_mut(&row) {
                seat.slot = slot;
            }
        }
    }

    fn place_cells(&mut self, numbers: &[u32], ground: Vec2, headers: f32) {
        let want = |&number: &u32| {
            let (cells, name) = self.block(number).map_or((1, NameWidth::default()), |block| {
                (block.slots.used().max(1), block.name)
            });
            Want { cells, name }
        };
        let wants: Vec<Want> = numbers.iter().map(want).collect();
        let fit = fit(
            &wants,
            Ground {
                size: ground,
                text: self.scene.text,
                has_agents: !self.agents.is_empty(),
                streets: OPEN - EDGES - (self.scene.size.y - ground.y - headers) / self.scene.size.y,
            },
        );
        self.widths = Widths {
            edge: fit.edge,
            street: fit.street,
            pad: fit.pad,
            header: fit.header,
            row: fit.pitch.y,
            column: fit.pitch.x,
            agent: fit.agent,
        };
        let mut top = fit.edge;
        for strip in &fit.strips {
            let range = strip.first..strip.first + strip.count;
            let Some(blocks) = numbers.get(range.clone()) else {
                continue;
            };
            for (&number, index) in blocks.iter().zip(range.clone()) {
                if let (Some(block), Some(&columns), Some(&named)) =
                    (self.block_mut(number), fit.columns.get(index), fit.named.get(index))
                {
                    (block.columns, block.named) = (columns, named);
                }
            }
            let height = fit.header + 2.0 * fit.pad + strip.rows as f32 * fit.pitch.y;
            let pitch = self.give_columns(fit.pitch, blocks);
            let index = self.strips.len();
            self.strips.push(Strip {
                top,
                height,
                rows: strip.rows,
                pitch,
                blocks: blocks.to_vec(),
            });
            self.arrange(index);
            top += height + fit.street.y;
        }
    }

    /// Gives the blocks of a strip more columns, in proportion to their tasks, as long as there is room, and returns the pitch
    /// with which its cells use the rest.
    fn give_columns(&mut self, pitch: Vec2, numbers: &[u32]) -> Vec2 {
        let free = (self.free_length(numbers, pitch.x) / pitch.x * 1.000_1).max(0.0) as u32;
        let cells = |&number: &u32| self.block(number).map_or(0, |block| block.slots.used());
        let cells: Vec<u32> = numbers.iter().map(cells).collect();
        for (&number, extra) in numbers.iter().zip(share_out(free, &cells)) {
            if let Some(block) = self.block_mut(number) {
                block.columns += extra;
            }
        }
        let (mut fits, mut wide) = (pitch.x, self.widths.widest(self.scene.factor()));
        if self.free_length(numbers, wide) >= 0.0 {
            return Vec2::new(wide, pitch.y);
        }
        for _ in 0..12 {
            let middle = f32::midpoint(fits, wide);
            if self.free_length(numbers, middle) >= 0.0 {
                fits = middle;
            } else {
                wide = middle;
            }
        }
        Vec2::new(fits, pitch.y)
    }

    /// The length of a strip that its blocks do not use with cells of this width.
    pub(super) fn free_length(&self, numbers: &[u32], pitch: f32) -> f32 {
        let room = self.room();
        let (street, pad) = self.widths.in_strip(room, numbers.len());
        let used = |&number: &u32| {
            self.block(number)
                .map_or(0.0, |block| block.width(block.columns, pitch))
        };
        let used: f32 = numbers.iter().map(used).sum();
        room - numbers.len() as f32 * (street + 2.0 * pad) - used
    }

    fn place_headers(&mut self, sorted: &Sorted, headers: &HeaderStrips, top: f32) {
        self.finished = None;
        for (index, (range, at)) in headers.strips(top).enumerate() {
            let length = self.scene.size.x - headers.street;
            let width = length / range.len() as f32;
            let rect = |place: usize| {
                let left = headers.street + place as f32 * width;
                Rect::new(
                    Vec2::new(left, at),
                    Vec2::new(left + width - headers.street, at + headers.header),
                )
            };
            let mut blocks = Vec::new();
            for (place, chip) in range.enumerate() {
                let Some(&number) = sorted.headers.get(chip) else {
                    self.finished = Some((rect(place), sorted.folded));
                    continue;
                };
                if let Some(block) = self.block_mut(number) {
                    block.rect = rect(place);
                    block.header = headers.header;
                }
                blocks.push(number);
            }
            debug_assert!(index < headers.count);
            self.strips.push(Strip {
                top: at,
                height: headers.header,
                rows: 0,
                pitch: Vec2::ZERO,
                blocks,
            });
        }
    }

    /// The length that blocks and their streets have in a strip.
    pub(super) fn room(&self) -> f32 {
        self.scene.size.x - self.widths.edge
    }

    /// How many times wider names are in headers than at the smallest readable size; 0 without headers.
    pub(super) fn name_scale(&self) -> f32 {
        self.widths.header / (SMALLEST_HEADER * self.scene.text)
    }

    /// How long ago a block finished, seconds; negative for one that is under way.
    fn finished_for(&self, block: &Block<K, O>) -> f64 {
        block.finished.map_or(f64::NEG_INFINITY, |finished| self.now - finished)
    }

    /// Whether a block that is to be only a header has cells.
    pub(super) fn has_quiet(&self) -> bool {
        let is_quiet = |block: &Block<K, O>| self.finished_for(block) >= self.pace.shrink_after;
        let mut blocks = self.blocks.iter().flatten();
        blocks.any(|block| block.site == Site::Cells && is_quiet(block))
    }

    /// Cells in use per cell that there is room for. Those of workflows that are to be only a header count as free.
    pub(super) fn fill(&self) -> f32 {
        let (mut used, mut room) = (0_u64, 0_u64);
        for block in self.blocks.iter().flatten() {
            if block.site != Site::Cells {
                continue;
            }
            let is_quiet = self.finished_for(block) >= self.pace.shrink_after;
            room += u64::from(block.capacity());
            used += if is_quiet { 0 } else { u64::from(block.slots.used()) };
        }
        // Ground that no block uses, in cells of the plan.
        let length = self.room();
        for strip in self.strips.iter().filter(|strip| strip.rows > 0) {
            let taken: f32 = strip
                .blocks
                .iter()
                .filter_map(|&number| self.block(number))
                .map(|block| block.rect.size().x + self.widths.street.x)
                .sum();
            let free = ((length - taken) / strip.pitch.x.max(1e-6)).max(0.0) as u64;
            room += free * u64::from(strip.rows);
        }
        if room == 0 { 1.0 } else { used as f32 / room as f32 }
    }
}
