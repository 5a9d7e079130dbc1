//! The floor plan: which district, slot, stand and home everybody has. Pure: rows go in by key, places come out.
//!
//! `batch` is what goes in and out, `seats` gives slots and tasks in hand, `ground` sizes and stands districts, `stands`
//! gives agents their places, `report` says what came of it and `lookup` what stands at a point.

mod batch;
mod ground;
mod lookup;
mod report;
mod seats;
mod stands;

use std::hash::Hash;

use bevy::platform::collections::{HashMap, HashSet};

pub use batch::{Batch, Outcome, Spot, Standing};

use super::{
    dock::Dock,
    packing::Packing,
    size::Size,
    slots::{SlotTable, Slots},
};

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
    /// Halls that moved or changed size: the places of all rows in them are reported again.
    moved: HashSet<u32>,
    tasks: Vec<K>,
    agents: Vec<K>,
}

impl<K> Default for Touched<K> {
    fn default() -> Self {
        Self {
            halls: HashSet::default(),
            moved: HashSet::default(),
            tasks: Vec::new(),
            agents: Vec::new(),
        }
    }
}

impl<K: Copy + Eq + Hash> Floor<K> {
    /// Takes in a batch and says who stands where now.
    pub fn apply(&mut self, batch: &Batch<K>) -> Outcome<K> {
        let mut touched = Touched::default();
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

    /// Rows that have been given a place: districts, tasks and agents.
    pub(crate) fn len(&self) -> usize {
        self.by_workflow.len() + self.tasks.len() + self.agents.len()
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
}
