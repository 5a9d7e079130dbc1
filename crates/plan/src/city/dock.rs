//! The dock: rows of places for agents without a task, at the bottom of the scene, by group.

use std::collections::BTreeMap;

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
/// The least diameter of an agent, pixels.
const LEAST: f32 = 0.05;
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
        while rows_at(diameter) * DOWN * diameter > most && diameter > LEAST {
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
        let counted = groups.chunk_by(|one, next| one == next).filter_map(|group| {
            let reserve = (group.len() as f32 * RESERVE).ceil() as u32;
            Some((*group.first()?, group.len() as u32 + reserve))
        });
        self.divide(counted.collect());
        while self.rows() as f32 * DOWN * self.diameter > self.rect.size().y * 1.001 && self.diameter > LEAST {
            self.set_diameter(self.diameter * 0.97);
        }
    }

    /// As `lay`, but no group gets fewer places than it has, as long as all fit: agents that go to work and come back do not
    /// move the others each time.
    pub(super) fn lay_again(&mut self, groups: &[u8]) {
        let before: BTreeMap<u8, u32> = self.segments.iter().map(|own| (own.group, own.count)).collect();
        self.lay(groups);
        let (fresh, diameter) = (self.segments.clone(), self.diameter);
        let mut most: BTreeMap<u8, u32> = fresh.iter().map(|own| (own.group, own.count)).collect();
        for (group, count) in before {
            let own = most.entry(group).or_insert(0);
            *own = count.max(*own);
        }
        self.divide(most.into_iter().collect());
        self.set_diameter(diameter);
        if self.rows() as f32 * DOWN * diameter > self.rect.size().y * 1.001 {
            self.divide(fresh.iter().map(|own| (own.group, own.count)).collect());
            self.set_diameter(diameter);
        }
    }

    fn divide(&mut self, counts: Vec<(u8, u32)>) {
        self.segments.clear();
        let mut first = 0;
        for (group, count) in counts {
            self.segments.push(Segment { group, first, count });
            // One place between groups stays free.
            first += count + 1;
        }
        self.slots.clear();
        self.slots.resize(first as usize, None);
        self.set_diameter(self.largest.max(LEAST));
    }

    fn set_diameter(&mut self, diameter: f32) {
        self.diameter = diameter;
        self.in_row = ((self.rect.size().x / (ACROSS * diameter)) as u32).max(1);
    }

    fn rows(&self) -> u32 {
        (self.slots.len() as u32).div_ceil(self.in_row)
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

    /// The ground in use; `None` while no agent rests.
    pub(super) fn used(&self) -> Option<Rect> {
        let last = self.slots.iter().rposition(Option::is_some)? as u32;
        let step = Vec2::new(ACROSS, DOWN) * self.diameter;
        let columns = if last >= self.in_row { self.in_row } else { last + 1 };
        let size = Vec2::new(columns as f32, (last / self.in_row + 1) as f32) * step;
        Some(Rect::new(self.rect.min, self.rect.min + size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dock(groups: &[u8]) -> Dock<u32> {
        let scene = Scene {
            size: Vec2::new(1920.0, 1000.0),
            text: 13.0,
        };
        let mut dock = Dock::default();
        dock.open(scene, 100, groups.len(), true);
        dock.lay(groups);
        dock
    }

    #[test]
    fn a_full_group_gets_more_places_and_the_others_keep_theirs() {
        let mut dock = dock(&[0, 0, 0, 2, 2]);
        let taken: Vec<Option<u32>> = (0..6).map(|agent| dock.take(agent, 0)).collect();
        assert_eq!(taken, [Some(0), Some(1), Some(2), Some(3), None, None]);
        assert_eq!((dock.take(9, 2), dock.take(9, 1)), (Some(5), None));
        dock.lay_again(&[0, 0, 1]);
        // Four for the first, as before; two for the new one; three for the last, which is empty for now.
        let firsts = [0, 1, 2].map(|group| dock.take(1, group));
        assert_eq!(firsts, [Some(0), Some(5), Some(8)]);
    }

    #[test]
    fn agents_in_the_dock_are_found_where_they_are_and_do_not_overlap() {
        let groups: Vec<u8> = (0..90).map(|agent| agent / 40).collect();
        let mut dock = dock(&groups);
        let slots: Vec<u32> = (0..90)
            .filter_map(|agent| dock.take(agent, groups[agent as usize]))
            .collect();
        assert_eq!(slots.len(), 90);
        for (agent, &slot) in (0..).zip(&slots) {
            let at = dock.place(slot);
            assert_eq!(dock.at(at), Some(Some(agent)));
            let others = slots.iter().filter(|other| **other != slot);
            assert!(
                others
                    .into_iter()
                    .all(|&other| dock.place(other).distance(at) >= dock.diameter)
            );
            let own = Rect::centered(at, Vec2::splat(dock.diameter));
            assert!(own.min.cmpge(dock.rect.min).all() && own.max.cmple(dock.rect.max + 0.01).all());
        }
        assert!(dock.used().is_some_and(|used| used.max.y <= dock.rect.max.y + 0.01));
    }
}
