//! Who has which slot, and what everybody has in hand.

use std::hash::Hash;

use super::{AgentSeat, Batch, Floor, TaskSeat, Touched};

impl<K: Copy + Eq + Hash> Floor<K> {
    pub(super) fn see_off(&mut self, batch: &Batch<K>, touched: &mut Touched<K>) {
        for agent in &batch.gone_agents {
            if let Some(seat) = self.agents.remove(agent) {
                self.homes.release(seat.home, *agent);
                self.let_go(*agent, seat.task);
                self.leave_stand(*agent, seat, touched);
            }
        }
        for task in &batch.gone_tasks {
            if let Some(seat) = self.tasks.remove(task) {
                self.leave_slot(*task, seat, touched);
                touched.agents.extend(self.holders.get(task).into_iter().flatten());
            }
        }
    }

    pub(super) fn seat_task(&mut self, task: K, workflow: Option<K>, touched: &mut Touched<K>) {
        let known = workflow.and_then(|workflow| self.by_workflow.get(&workflow).copied());
        let target = match known.or(self.unassigned) {
            Some(hall) => hall,
            None => {
                let hall = self.open_hall(None, touched);
                self.unassigned = Some(hall);
                hall
            }
        };
        if let Some(&seat) = self.tasks.get(&task) {
            if seat.hall == target && self.hall(target).is_some_and(|hall| hall.slots.holds(seat.slot, task)) {
                return;
            }
            self.leave_slot(task, seat, touched);
        }
        let Some(hall) = self.hall_mut(target) else { return };
        let slot = hall.slots.take(task);
        self.tasks.insert(task, TaskSeat { hall: target, slot });
        touched.halls.insert(target);
        touched.tasks.push(task);
        if !self.holders.is_empty() {
            touched.agents.extend(self.holders.get(&task).into_iter().flatten());
        }
    }

    /// Notes what an agent has in hand; its stand comes later, when the halls are known.
    pub(super) fn engage(&mut self, agent: K, task: Option<K>, touched: &mut Touched<K>) {
        let before = self.agents.get(&agent).copied();
        let seat = before.unwrap_or_else(|| AgentSeat {
            home: self.homes.take(agent),
            task: None,
            hall: None,
            stand: None,
        });
        if before.is_some() && seat.task == task {
            return;
        }
        self.let_go(agent, seat.task);
        if let Some(task) = task {
            self.holders.entry(task).or_default().push(agent);
        }
        // Another task is another stand, also in the same hall.
        self.leave_stand(agent, seat, touched);
        self.agents.insert(
            agent,
            AgentSeat {
                task,
                hall: None,
                stand: None,
                ..seat
            },
        );
        touched.agents.push(agent);
    }

    pub(super) fn leave_slot(&mut self, task: K, seat: TaskSeat, touched: &mut Touched<K>) {
        if let Some(hall) = self.hall_mut(seat.hall)
            && hall.slots.holds(seat.slot, task)
        {
            hall.slots.release(seat.slot, task);
            touched.halls.insert(seat.hall);
        }
    }

    /// Takes an agent off its stand and out of its hall's count.
    pub(super) fn leave_stand(&mut self, agent: K, seat: AgentSeat<K>, touched: &mut Touched<K>) {
        let Some(number) = seat.hall else { return };
        let Some(hall) = self.hall_mut(number) else { return };
        if let Some(stand) = seat.stand
            && let Some(place) = hall.stands.get_mut(stand as usize)
            && *place == Some(agent)
        {
            *place = None;
            hall.agents = hall.agents.saturating_sub(1);
            touched.halls.insert(number);
        }
    }

    pub(super) fn let_go(&mut self, agent: K, task: Option<K>) {
        if let Some(task) = task
            && let Some(holders) = self.holders.get_mut(&task)
        {
            holders.retain(|holder| *holder != agent);
            if holders.is_empty() {
                self.holders.remove(&task);
            }
        }
    }
}
