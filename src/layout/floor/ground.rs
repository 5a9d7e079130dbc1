//! The districts' ground: opening, sizing, standing and closing halls.

use std::hash::Hash;

use super::{Batch, Floor, Hall, Outcome, Touched};
use crate::layout::{packing::Packing, size::Size, slots::Slots};

/// Ground this many times the districts' own area is worth the unrest of standing everybody anew.
const TOO_SPARSE: f32 = 4.0;

impl<K: Copy + Eq + Hash> Floor<K> {
    pub(super) fn open_hall(&mut self, workflow: Option<K>, touched: &mut Touched<K>) -> u32 {
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

    /// Closes the halls of gone workflows, and *Unassigned* when it is empty. Their tasks have been seated elsewhere;
    /// those on their way out keep the place they have.
    pub(super) fn close_halls(&mut self, batch: &Batch<K>, touched: &mut Touched<K>) {
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
            // An agent that was to get a stand there returns to its seat.
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
    pub(super) fn fit_halls(&mut self, touched: &mut Touched<K>) {
        let mut numbers: Vec<u32> = touched.halls.iter().copied().collect();
        numbers.sort_unstable();
        let (mut newcomers, mut resized): (Vec<(u32, f32)>, Vec<(u32, f32)>) = (Vec::new(), Vec::new());
        for number in numbers {
            let table = &mut self.table;
            let Some(hall) = self.halls.get_mut(number as usize).and_then(Option::as_mut) else {
                continue;
            };
            let size = hall.size.adapted(table, hall.slots.end(), hall.agents);
            let is_resized = size != hall.size;
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
            } else if is_resized {
                resized.push((number, size.radius()));
            }
        }
        touched.moved.extend(resized.iter().map(|(number, _)| *number));
        touched.moved.extend(self.packing.resize(&resized));
        self.sort_for_packing(&mut newcomers);
        touched.moved.extend(newcomers.iter().map(|(number, _)| *number));
        self.packing.place_all(&newcomers);
    }

    /// The largest first, equals in the order in which they came, *Unassigned* last.
    pub(super) fn sort_for_packing(&self, circles: &mut [(u32, f32)]) {
        let late = |number: u32| Some(number) == self.unassigned;
        circles.sort_by(|a, b| late(a.0).cmp(&late(b.0)).then(b.1.total_cmp(&a.1)).then(a.0.cmp(&b.0)));
    }

    /// Months of coming and going leave holes: where most of the ground is empty, everybody moves together once. Not
    /// part of any batch: what comes and goes moves nobody further than it grows.
    pub fn tidy(&mut self) -> Option<Outcome<K>> {
        let sparsity = self.packing.sparsity();
        (sparsity > TOO_SPARSE && sparsity > self.settled_sparsity * 1.2).then(|| {
            let mut touched = Touched::default();
            self.pack_anew(&mut touched);
            self.report(touched)
        })
    }

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
}
