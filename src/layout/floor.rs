//! The floor plan: which district, slot, stand and home everybody has. Pure: rows go in by key, places come out.

use std::hash::Hash;

use bevy::{
    math::{Rect, Vec2},
    platform::collections::{HashMap, HashSet},
};

use super::{
    belt,
    dock::Dock,
    packing::Packing,
    size::Size,
    slots::{SlotTable, Slots},
};

/// What is known of rows that appeared, changed their links or went. In the order in which equals are served; the
/// same rows in the same order give the same plan.
#[derive(Debug, Clone)]
pub struct Batch<K> {
    pub workflows: Vec<K>,
    /// Tasks and the workflow that each is part of.
    pub tasks: Vec<(K, Option<K>)>,
    /// Agents and the task in each one's hands.
    pub agents: Vec<(K, Option<K>)>,
    pub gone_workflows: Vec<K>,
    pub gone_tasks: Vec<K>,
    pub gone_agents: Vec<K>,
}

impl<K> Default for Batch<K> {
    fn default() -> Self {
        Self {
            workflows: Vec::new(),
            tasks: Vec::new(),
            agents: Vec::new(),
            gone_workflows: Vec::new(),
            gone_tasks: Vec::new(),
            gone_agents: Vec::new(),
        }
    }
}

/// A district's circle; `workflow` is `None` for *Unassigned*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing<K> {
    pub workflow: Option<K>,
    pub center: Vec2,
    pub radius: f32,
}

/// Who stands where after a batch: everything that is new or moved, and perhaps some that did not.
#[derive(Debug, Clone)]
pub struct Outcome<K> {
    pub districts: Vec<Standing<K>>,
    pub tasks: Vec<(K, Vec2)>,
    pub agents: Vec<(K, Vec2)>,
    /// The rectangle around everything; `None` while there is nothing.
    pub extent: Option<Rect>,
    /// There is an *Unassigned* district.
    pub unassigned: bool,
}

/// What stands at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot<K> {
    Task(K),
    Agent(K),
    /// The ground of a district; `None` is *Unassigned*.
    District(Option<K>),
}

/// A mark is hit within this distance of its middle; marks are less than one (tasks) or 1.6 (agents) wide.
const TASK_HIT: f32 = 0.5;
const AGENT_HIT: f32 = 0.85;

/// One district.
#[derive(Debug)]
struct Hall<K> {
    workflow: Option<K>,
    slots: Slots<K>,
    size: Size,
    /// Agents that work here; each has a stand once the batch is done.
    agents: usize,
    stands: Vec<Option<K>>,
}

#[derive(Debug, Clone, Copy)]
struct TaskSeat {
    hall: u32,
    slot: u32,
}

#[derive(Debug, Clone, Copy)]
struct AgentSeat<K> {
    home: u32,
    task: Option<K>,
    /// Where it stands: in which hall, and at which stand once it has one.
    hall: Option<u32>,
    stand: Option<u32>,
}

/// The floor plan of the whole fleet.
#[derive(Debug)]
pub struct Floor<K> {
    table: SlotTable,
    packing: Packing,
    halls: Vec<Option<Hall<K>>>,
    free_halls: Vec<u32>,
    by_workflow: HashMap<K, u32>,
    unassigned: Option<u32>,
    tasks: HashMap<K, TaskSeat>,
    agents: HashMap<K, AgentSeat<K>>,
    /// Who has a task in hand; only tasks that somebody has.
    holders: HashMap<K, Vec<K>>,
    homes: Slots<K>,
    dock: Option<Dock>,
    /// How sparse the ground still was after the last time that everybody was stood anew.
    settled_sparsity: f32,
}

/// Ground this many times the districts' own area is worth the unrest of standing everybody anew.
const TOO_SPARSE: f32 = 4.0;

impl<K> Default for Floor<K> {
    fn default() -> Self {
        Self {
            table: SlotTable::default(),
            packing: Packing::default(),
            halls: Vec::new(),
            free_halls: Vec::new(),
            by_workflow: HashMap::default(),
            unassigned: None,
            tasks: HashMap::default(),
            agents: HashMap::default(),
            holders: HashMap::default(),
            homes: Slots::default(),
            dock: None,
            settled_sparsity: 0.0,
        }
    }
}

/// What a batch has touched so far.
struct Touched<K> {
    /// Halls whose number of tasks or agents changed.
    halls: HashSet<u32>,
    /// Halls that moved or changed size: everybody in them is told anew.
    moved: HashSet<u32>,
    tasks: Vec<K>,
    agents: Vec<K>,
}

impl<K: Copy + Eq + Hash> Floor<K> {
    /// Takes in a batch and says who stands where now.
    pub fn apply(&mut self, batch: &Batch<K>) -> Outcome<K> {
        let mut touched = Touched {
            halls: HashSet::default(),
            moved: HashSet::default(),
            tasks: Vec::new(),
            agents: Vec::new(),
        };
        self.tasks.reserve(batch.tasks.len());
        self.see_off(batch, &mut touched);
        for &workflow in &batch.workflows {
            if !self.by_workflow.contains_key(&workflow) {
                let hall = self.open_hall(Some(workflow), &mut touched);
                self.by_workflow.insert(workflow, hall);
            }
        }
        for &(task, workflow) in &batch.tasks {
            self.seat_task(task, workflow, &mut touched);
        }
        for &(agent, task) in &batch.agents {
            self.engage(agent, task, &mut touched);
        }
        self.assign_halls(&mut touched);
        self.close_halls(batch, &mut touched);
        self.fit_halls(&mut touched);
        self.seat_agents(&mut touched);
        self.report(touched)
    }

    /// What stands at a point, where everybody is once they have arrived. No search: all places are computed.
    pub fn at(&self, point: Vec2) -> Option<Spot<K>> {
        if let Some(home) = self.dock.and_then(|dock| dock.home_at(point)) {
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
        let agent = hall.stands.iter().enumerate().find_map(|(stand, agent)| {
            agent.filter(|_| belt::place(hall.size.reach, stand).distance(inside) < AGENT_HIT)
        });
        Some(agent.map_or(Spot::District(hall.workflow), Spot::Agent))
    }

    /// The workflow whose district a point lies in.
    pub fn district_at(&self, point: Vec2) -> Option<K> {
        let (number, _) = self.packing.at(point)?;
        self.hall(number)?.workflow
    }

    fn see_off(&mut self, batch: &Batch<K>, touched: &mut Touched<K>) {
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

    fn open_hall(&mut self, workflow: Option<K>, touched: &mut Touched<K>) -> u32 {
        let size = Size::fitting(&mut self.table, 0, 0);
        let hall = Hall {
            workflow,
            slots: Slots::default(),
            size,
            agents: 0,
            stands: Vec::new(),
        };
        let number = self.free_halls.pop().unwrap_or(self.halls.len() as u32);
        match self.halls.get_mut(number as usize) {
            Some(place) => *place = Some(hall),
            None => self.halls.push(Some(hall)),
        }
        touched.halls.insert(number);
        number
    }

    fn seat_task(&mut self, task: K, workflow: Option<K>, touched: &mut Touched<K>) {
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
    fn engage(&mut self, agent: K, task: Option<K>, touched: &mut Touched<K>) {
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

    /// Says in which hall each touched agent works; halls count their agents to know how many belts they need.
    fn assign_halls(&mut self, touched: &mut Touched<K>) {
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

    /// Closes the halls of gone workflows, and *Unassigned* when it is empty. Their tasks have been seated elsewhere;
    /// those on their way out keep the place they have.
    fn close_halls(&mut self, batch: &Batch<K>, touched: &mut Touched<K>) {
        let mut closing: Vec<u32> = batch
            .gone_workflows
            .iter()
            .filter_map(|workflow| self.by_workflow.remove(workflow))
            .collect();
        if let Some(number) = self.unassigned
            && self.hall(number).is_none_or(|hall| hall.slots.is_empty())
        {
            self.unassigned = None;
            closing.push(number);
        }
        for number in closing {
            touched.halls.remove(&number);
            self.packing.remove(number);
            let Some(hall) = self.halls.get_mut(number as usize).and_then(Option::take) else {
                continue;
            };
            self.free_halls.push(number);
            for agent in hall.stands.into_iter().flatten() {
                if let Some(seat) = self.agents.get_mut(&agent) {
                    (seat.hall, seat.stand) = (None, None);
                    touched.agents.push(agent);
                }
            }
            // Whoever was to get a stand there goes home.
            for agent in &touched.agents {
                if let Some(seat) = self.agents.get_mut(agent)
                    && seat.hall == Some(number)
                {
                    seat.hall = None;
                }
            }
        }
    }

    /// Gives every touched hall its size, and new ones their ground.
    fn fit_halls(&mut self, touched: &mut Touched<K>) {
        let mut numbers: Vec<u32> = touched.halls.iter().copied().collect();
        numbers.sort_unstable();
        let mut newcomers: Vec<(u32, f32)> = Vec::new();
        for number in numbers {
            let table = &mut self.table;
            let Some(hall) = self.halls.get_mut(number as usize).and_then(Option::as_mut) else {
                continue;
            };
            let size = hall.size.adapted(table, hall.slots.end(), hall.agents);
            let resized = size != hall.size;
            if size.reach != hall.size.reach || size.belts < hall.size.belts {
                // Stands lie elsewhere now, or fewer are left: everybody looks for the nearest again.
                for agent in hall.stands.drain(..).flatten() {
                    if let Some(seat) = self.agents.get_mut(&agent) {
                        seat.stand = None;
                        touched.agents.push(agent);
                    }
                }
            }
            hall.size = size;
            if self.packing.get(number).is_none() {
                newcomers.push((number, size.radius()));
            } else if resized {
                touched.moved.insert(number);
                touched.moved.extend(self.packing.resize(number, size.radius()));
            }
        }
        self.sort_for_packing(&mut newcomers);
        touched.moved.extend(newcomers.iter().map(|(number, _)| *number));
        self.packing.place_all(&newcomers);
        let sparsity = self.packing.sparsity();
        if sparsity > TOO_SPARSE && sparsity > self.settled_sparsity * 1.2 {
            self.pack_anew(touched);
        }
    }

    /// The largest first, equals in the order in which they came, *Unassigned* last.
    fn sort_for_packing(&self, circles: &mut [(u32, f32)]) {
        let late = |number: u32| Some(number) == self.unassigned;
        circles.sort_by(|a, b| late(a.0).cmp(&late(b.0)).then(b.1.total_cmp(&a.1)).then(a.0.cmp(&b.0)));
    }

    /// Months of coming and going leave holes; once most of the ground is empty, everybody moves together once.
    fn pack_anew(&mut self, touched: &mut Touched<K>) {
        let mut all: Vec<(u32, f32)> = self
            .packing
            .iter()
            .map(|(number, circle)| (number, circle.radius))
            .collect();
        self.sort_for_packing(&mut all);
        self.packing = Packing::default();
        self.packing.place_all(&all);
        self.settled_sparsity = self.packing.sparsity();
        touched.moved.extend(all.iter().map(|(number, _)| *number));
    }

    /// Gives every touched agent the free stand nearest to its task.
    fn seat_agents(&mut self, touched: &mut Touched<K>) {
        let mut seen: HashSet<K> = HashSet::default();
        touched.agents.retain(|agent| seen.insert(*agent));
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
            let Some(stand) = belt::nearest_free(reach, belts, task, taken) else {
                continue;
            };
            if hall.stands.len() <= stand {
                hall.stands.resize(stand + 1, None);
            }
            if let Some(place) = hall.stands.get_mut(stand) {
                *place = Some(*agent);
            }
            seat.stand = Some(stand as u32);
        }
    }

    fn report(&mut self, touched: Touched<K>) -> Outcome<K> {
        let mut outcome = Outcome {
            districts: Vec::new(),
            tasks: Vec::new(),
            agents: Vec::new(),
            extent: None,
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
        for task in touched.tasks {
            if let Some(seat) = self.tasks.get(&task)
                && !touched.moved.contains(&seat.hall)
                && let Some(circle) = self.packing.get(seat.hall)
            {
                outcome
                    .tasks
                    .push((task, circle.center + self.table.place(seat.slot as usize)));
            }
        }
        let homes = self.homes.end();
        let districts = self.districts_rect();
        let dock = self
            .dock
            .map_or_else(|| Dock::under(districts, homes), |dock| dock.adapted(districts, homes));
        let dock_moved = self.dock.replace(dock) != Some(dock);
        for agent in touched.agents {
            let Some(seat) = self.agents.get(&agent) else { continue };
            match (seat.hall, seat.stand) {
                (Some(number), Some(stand)) => {
                    if !touched.moved.contains(&number)
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
        outcome.extent = match (districts, dock.bounds(homes)) {
            (Some(districts), Some(dock)) => Some(districts.union(dock)),
            (districts, dock) => districts.or(dock),
        };
        outcome
    }

    fn districts_rect(&self) -> Option<Rect> {
        self.packing
            .iter()
            .map(|(_, circle)| Rect::from_center_half_size(circle.center, Vec2::splat(circle.radius)))
            .reduce(|all, one| all.union(one))
    }

    fn hall(&self, number: u32) -> Option<&Hall<K>> {
        self.halls.get(number as usize).and_then(Option::as_ref)
    }

    fn hall_mut(&mut self, number: u32) -> Option<&mut Hall<K>> {
        self.halls.get_mut(number as usize).and_then(Option::as_mut)
    }

    /// The hall that a task has its slot in. A task on its way out may remember a hall that has closed.
    fn hall_of(&self, task: K) -> Option<u32> {
        let seat = self.tasks.get(&task)?;
        self.hall(seat.hall)?.slots.holds(seat.slot, task).then_some(seat.hall)
    }

    fn leave_slot(&mut self, task: K, seat: TaskSeat, touched: &mut Touched<K>) {
        if let Some(hall) = self.hall_mut(seat.hall)
            && hall.slots.holds(seat.slot, task)
        {
            hall.slots.release(seat.slot, task);
            touched.halls.insert(seat.hall);
        }
    }

    /// Takes an agent off its stand and out of its hall's count.
    fn leave_stand(&mut self, agent: K, seat: AgentSeat<K>, touched: &mut Touched<K>) {
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

    fn let_go(&mut self, agent: K, task: Option<K>) {
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
