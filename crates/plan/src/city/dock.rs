//! The dock: rows of places for agents without a task, at the bottom of the scene, by group.

use glam::Vec2;

use crate::{Rect, Scene};

/// The share of the scene's height that the dock takes at most, when there are blocks.
const MOST: f32 = 0.045;
/// The greatest diameter of an agent, pixels at a desk, with blocks and without.
const DIAMETER: f32 = 26.0;
const DIAMETER_ALONE: f32 = 90.0;
/// From place to place and from row to row, in diameters.
const ACROSS: f32 = 1.5;
const DOWN: f32 = 1.3;
/// Places that are kept per resting agent, and per agent at work.
const RESERVE: f32 = 0.15;
const RESERVE_AT_WORK: f32 = 0.25;

/// The places of one group.
#[derive(Debug, Clone, Copy)]
struct Segment {
    group: u8,
    first: u32,
    count: u32,
}

#[derive(Debug)]
pub(super) struct Dock<K> {
    /// The ground kept for it; empty while there are no agents.
    rect: Rect,
    pub(super) diameter: f32,
    largest: f32,
    in_row: u32,
    segments: Vec<Segment>,
    slots: Vec<Option<K>>,
}

impl<K> Default for Dock<K> {
    fn default() -> Self {
        Self {
            rect: Rect::default(),
            diameter: 0.0,
            largest: 0.0,
            in_row: 1,
            segments: Vec::new(),
            slots: Vec::new(),
        }
    }
}

impl<K: Copy + Eq> Dock<K> {
    pub(super) fn is_closed(&self) -> bool {
        self.rect.area() <= 0.0
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes ground for so many agents, of which `resting` have no task, and returns its height.
    pub(super) fn open(&mut self, scene: Scene, agents: usize, resting: usize, has_blocks: bool) -> f32 {
        if agents == 0 {
            return 0.0;
        }
        let (size, factor) = (scene.size, scene.factor());
        let at_work = (agents - resting) as f32;
        let places = (resting as f32 * (1.0 + RESERVE)).max(at_work * RESERVE_AT_WORK).ceil() + 1.0;
        let most = if has_blocks { MOST * size.y } else { size.y };
        let diameter = if has_blocks { DIAMETER } else { DIAMETER_ALONE } * factor;
        self.largest = diameter.min(most / DOWN);
        let rows_at = |diameter: f32| (places / (size.x / (ACROSS * diameter)).floor().max(1.0)).ceil();
        let mut diameter = self.largest;
        while rows_at(diameter) * DOWN * diameter > most && diameter > 0.05 {
            diameter *= 0.95;
        }
        let height = if has_blocks {
            (rows_at(diameter) * DOWN * diameter).min(most)
        } else {
            most
        };
        self.largest = diameter;
        self.rect = Rect::new(Vec2::new(0.0, size.y - height), size);
        height
    }

    /// Gives the groups of resting agents, which are sorted, their places. All become free.
    pub(super) fn lay(&mut self, groups: &[u8]) {
        self.segments.clear();
        let mut first = 0;
        for group in groups.chunk_by(|one, next| one == next) {
            let count = group.len() as u32 + (group.len() as f32 * RESERVE).ceil() as u32;
            let number = group.first().copied().unwrap_or(0);
            self.segments.push(Segment {
                group: number,
                first,
                count,
            });
            // One place between groups stays free.
            first += count + 1;
        }
        self.slots.clear();
        self.slots.resize(first as usize, None);
        let size = self.rect.size();
        let in_row = |diameter: f32| ((size.x / (ACROSS * diameter)) as u32).max(1);
        let mut diameter = self.largest.max(0.05);
        while first.div_ceil(in_row(diameter)) as f32 * DOWN * diameter > size.y * 1.001 && diameter > 0.05 {
            diameter *= 0.97;
        }
        (self.diameter, self.in_row) = (diameter, in_row(diameter));
    }

    /// Gives an agent the first free place of its group; `None` where there is none.
    pub(super) fn take(&mut self, agent: K, group: u8) -> Option<u32> {
        let segment = *self.segments.iter().find(|segment| segment.group == group)?;
        let range = segment.first as usize..(segment.first + segment.count) as usize;
        let free = self.slots.get(range)?.iter().position(Option::is_none)?;
        let slot = segment.first + free as u32;
        *self.slots.get_mut(slot as usize)? = Some(agent);
        Some(slot)
    }

    pub(super) fn leave(&mut self, slot: u32) {
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = None;
        }
    }

    /// The middle of a place.
    pub(super) fn place(&self, slot: u32) -> Vec2 {
        let (column, row) = (slot % self.in_row, slot / self.in_row);
        let step = Vec2::new(ACROSS, DOWN) * self.diameter;
        self.rect.min + (Vec2::new(column as f32, row as f32) + 0.5) * step
    }

    /// The agent at a point of the dock.
    pub(super) fn at(&self, point: Vec2) -> Option<Option<K>> {
        if !self.rect.contains(point) || self.diameter <= 0.0 {
            return None;
        }
        let place = (point - self.rect.min) / (Vec2::new(ACROSS, DOWN) * self.diameter);
        let (column, row) = (place.x as u32, place.y as u32);
        let agent = (column < self.in_row)
            .then(|| self.slots.get((row * self.in_row + column) as usize).copied().flatten())
            .flatten();
        Some(agent)
    }

    /// The ground in use; `None` while nobody rests.
    pub(super) fn used(&self) -> Option<Rect> {
        let last = self.slots.iter().rposition(Option::is_some)? as u32;
        let step = Vec2::new(ACROSS, DOWN) * self.diameter;
        let columns = if last >= self.in_row { self.in_row } else { last + 1 };
        let size = Vec2::new(columns as f32, (last / self.in_row + 1) as f32) * step;
        Some(Rect::new(self.rect.min, self.rect.min + size))
    }
}
