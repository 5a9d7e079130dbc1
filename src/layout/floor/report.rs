//! Says who stands where after a batch.

use std::hash::Hash;

use bevy::{
    math::{Rect, Vec2},
    platform::collections::HashSet,
};

use super::{Floor, Outcome, Standing, Touched};
use crate::layout::{belt, dock::Dock};

impl<K: Copy + Eq + Hash> Floor<K> {
    pub(super) fn report(&mut self, touched: Touched<K>) -> Outcome<K> {
        let mut outcome = Outcome {
            districts: Vec::new(),
            tasks: Vec::new(),
            agents: Vec::new(),
            extent: None,
            dock: None,
            unassigned: self.unassigned.is_some(),
        };
        let mut moved: Vec<u32> = touched.moved.iter().copied().collect();
        moved.sort_unstable();
        for number in moved {
            let (Some(hall), Some(circle)) = (self.hall(number), self.packing.get(number)) else {
                continue;
            };
            outcome.districts.push(Standing {
                workflow: hall.workflow,
                center: circle.center,
                radius: circle.radius,
            });
            let place = |slot: u32| circle.center + self.table.place(slot as usize);
            outcome
                .tasks
                .extend(hall.slots.iter().map(|(slot, task)| (task, place(slot))));
            outcome
                .agents
                .extend(hall.stands.iter().enumerate().filter_map(|(stand, agent)| {
                    agent.map(|agent| (agent, circle.center + belt::place(hall.size.reach, stand)))
                }));
        }
        for task in &touched.tasks {
            if let Some(seat) = self.tasks.get(task)
                && !touched.moved.contains(&seat.hall)
                && let Some(circle) = self.packing.get(seat.hall)
            {
                outcome
                    .tasks
                    .push((*task, circle.center + self.table.place(seat.slot as usize)));
            }
        }
        let districts = self.districts_rect();
        let bounds = self.report_dock(&mut outcome, districts, &touched.moved, touched.agents);
        outcome.extent = match (districts, bounds) {
            (Some(districts), Some(dock)) => Some(districts.union(dock)),
            (districts, dock) => districts.or(dock),
        };
        outcome
    }

    /// Adapts the dock to the districts, and reports the agents that are touched or rest there; returns the dock's bounds.
    fn report_dock(
        &mut self,
        outcome: &mut Outcome<K>,
        districts: Option<Rect>,
        moved: &HashSet<u32>,
        agents: Vec<K>,
    ) -> Option<Rect> {
        let homes = self.homes.end();
        let dock = self
            .dock
            .map_or_else(|| Dock::under(districts, homes), |dock| dock.adapted(districts, homes));
        let dock_moved = self.dock.replace(dock) != Some(dock);
        for agent in agents {
            let Some(seat) = self.agents.get(&agent) else { continue };
            match (seat.hall, seat.stand) {
                (Some(number), Some(stand)) => {
                    if !moved.contains(&number)
                        && let (Some(hall), Some(circle)) = (self.hall(number), self.packing.get(number))
                    {
                        outcome
                            .agents
                            .push((agent, circle.center + belt::place(hall.size.reach, stand as usize)));
                    }
                }
                _ if dock_moved => {}
                _ => outcome.agents.push((agent, dock.place(seat.home as usize))),
            }
        }
        if dock_moved {
            let resting = self.homes.iter().filter(|(_, agent)| {
                self.agents
                    .get(agent)
                    .is_some_and(|seat| seat.hall.is_none() || seat.stand.is_none())
            });
            outcome
                .agents
                .extend(resting.map(|(home, agent)| (agent, dock.place(home as usize))));
        }
        let bounds = dock.bounds(homes);
        // Its ground is kept free, but a dock where nobody rests would be a box without meaning.
        outcome.dock = bounds.filter(|_| {
            self.agents
                .values()
                .any(|seat| seat.hall.is_none() || seat.stand.is_none())
        });
        bounds
    }

    pub(super) fn districts_rect(&self) -> Option<Rect> {
        self.packing
            .iter()
            .map(|(_, circle)| Rect::from_center_half_size(circle.center, Vec2::splat(circle.radius)))
            .reduce(|all, one| all.union(one))
    }
}
