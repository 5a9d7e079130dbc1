//! Where agents stand: in the hall of the task in hand, as near to it as there is room.

use std::hash::Hash;

use bevy::platform::collections::{HashMap, HashSet};

use super::{AgentSeat, Floor, Touched};
use crate::layout::{belt, size::Size};

impl<K: Copy + Eq + Hash> Floor<K> {
    /// Says in which hall each touched agent works; halls count their agents to know how many belts they need.
    pub(super) fn assign_halls(&mut self, touched: &mut Touched<K>) {
        let mut seen: HashSet<K> = HashSet::default();
        touched.agents.retain(|agent| seen.insert(*agent));
        for agent in touched.agents.clone() {
            let Some(&seat) = self.agents.get(&agent) else { continue };
            let hall = seat.task.and_then(|task| self.hall_of(task));
            // Touched because its task was re-seated: even in the same hall it looks for a stand again.
            self.leave_stand(agent, seat, touched);
            if let Some(number) = hall
                && let Some(hall) = self.hall_mut(number)
            {
                hall.agents += 1;
                touched.halls.insert(number);
            }
            self.agents.insert(
                agent,
                AgentSeat {
                    hall,
                    stand: None,
                    ..seat
                },
            );
        }
    }

    /// Gives every touched agent the free stand nearest to its task.
    pub(super) fn seat_agents(&mut self, touched: &mut Touched<K>) {
        let mut seen: HashSet<K> = HashSet::default();
        touched.agents.retain(|agent| seen.insert(*agent));
        // How full the belts of each hall are, counted once.
        let mut crowds: HashMap<u32, Vec<usize>> = HashMap::default();
        for agent in &touched.agents {
            let Some(seat) = self.agents.get_mut(agent) else {
                continue;
            };
            let (Some(number), None) = (seat.hall, seat.stand) else {
                continue;
            };
            let Some(hall) = self.halls.get_mut(number as usize).and_then(Option::as_mut) else {
                seat.hall = None;
                continue;
            };
            let slot = seat
                .task
                .and_then(|task| self.tasks.get(&task))
                .map_or(0, |task| task.slot);
            let Size { reach, belts, .. } = hall.size;
            let task = self.table.place(slot as usize);
            let stands = &hall.stands;
            let taken = |stand: usize| stands.get(stand).is_some_and(Option::is_some);
            let crowds = crowds
                .entry(number)
                .or_insert_with(|| belt::crowds(reach, belts, taken));
            let Some((belt, stand)) = belt::nearest_free(reach, crowds, task, taken) else {
                continue;
            };
            if let Some(crowd) = crowds.get_mut(belt) {
                *crowd += 1;
            }
            if hall.stands.len() <= stand {
                hall.stands.resize(stand + 1, None);
            }
            if let Some(place) = hall.stands.get_mut(stand) {
                *place = Some(*agent);
            }
            seat.stand = Some(stand as u32);
        }
    }
}
