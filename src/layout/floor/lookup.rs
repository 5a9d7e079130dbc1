//! What stands at a point: computed, not searched.

use std::hash::Hash;

use bevy::math::{Rect, Vec2};

use super::{Floor, Spot};
use crate::layout::{belt, size::Size};

/// A mark is hit within this distance of its middle; marks are less than one (tasks) or 1.6 (agents) wide.
const TASK_HIT: f32 = 0.5;
const AGENT_HIT: f32 = 0.85;

impl<K: Copy + Eq + Hash> Floor<K> {
    /// What stands at a point, where everybody is once they have arrived. No search: all places are computed.
    pub fn at(&self, point: Vec2) -> Option<Spot<K>> {
        let home = self.dock.and_then(|dock| {
            let home = dock.home_at(point)?;
            (dock.place(home).distance(point) < AGENT_HIT).then_some(home)
        });
        if let Some(home) = home {
            let agent = self.homes.holder(home)?;
            let is_home = self.agents.get(&agent).is_some_and(|seat| seat.stand.is_none());
            return is_home.then_some(Spot::Agent(agent));
        }
        let (number, circle) = self.packing.at(point)?;
        let hall = self.hall(number)?;
        let inside = point - circle.center;
        let task = self
            .table
            .nearest(inside)
            .filter(|&slot| self.table.place(slot).distance(inside) < TASK_HIT);
        if let Some(task) = task.and_then(|slot| hall.slots.holder(slot)) {
            return Some(Spot::Task(task));
        }
        let Size { reach, belts, .. } = hall.size;
        let agent = belt::stand_at(reach, belts, inside)
            .filter(|&stand| belt::place(reach, stand).distance(inside) < AGENT_HIT)
            .and_then(|stand| hall.stands.get(stand).copied().flatten());
        Some(agent.map_or(Spot::District(hall.workflow), Spot::Agent))
    }

    /// The tasks that stand in a rectangle, and where, in no order. What it costs follows what is in the rectangle.
    pub fn tasks_in(&self, rect: Rect) -> Vec<(K, Vec2)> {
        let mut found = Vec::new();
        for (number, circle) in self.packing.within(rect) {
            let Some(hall) = self.hall(number) else { continue };
            let inside = Rect {
                min: rect.min - circle.center,
                max: rect.max - circle.center,
            };
            let slots = self.table.within(inside, hall.slots.end()).into_iter();
            let tasks = slots.filter_map(|slot| Some((hall.slots.holder(slot)?, self.table.place(slot))));
            found.extend(tasks.map(|(task, place)| (task, circle.center + place)));
        }
        found
    }

    /// The workflow whose district a point lies in.
    pub(crate) fn district_at(&self, point: Vec2) -> Option<K> {
        let (number, _) = self.packing.at(point)?;
        self.hall(number)?.workflow
    }
}
