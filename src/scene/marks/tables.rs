//! All marks of the scene, by the layer they are drawn in, and who sits where.

use bevy::{ecs::entity::EntityHashMap, prelude::*};

use super::{
    instance::{Flags, Mark, MarkKind, WORDS},
    table::Table,
};
use model::Status;

/// One instanced draw each, in this order from the back. The links are drawn after the grounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Districts, the dock.
    Grounds,
    /// Tasks that nobody needs to look at.
    Tasks,
    /// Failed, blocked and waiting tasks: never hidden by their neighbours, however far one zooms out.
    Alarms,
    Agents,
    /// The rings of what is hovered and selected.
    Overlay,
}

impl Layer {
    pub const ALL: [Self; 5] = [Self::Grounds, Self::Tasks, Self::Alarms, Self::Agents, Self::Overlay];

    pub fn index(self) -> usize {
        self as usize
    }

    /// Where a mark belongs.
    pub fn of(kind: MarkKind, status: Status, needs_human: bool) -> Self {
        match kind {
            MarkKind::Agent => Self::Agents,
            MarkKind::District | MarkKind::Unassigned | MarkKind::Dock => Self::Grounds,
            MarkKind::Task => match status {
                Status::Failed | Status::Blocked | Status::Waiting => Self::Alarms,
                _ if needs_human => Self::Alarms,
                _ => Self::Tasks,
            },
        }
    }
}

/// Where an entity's mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    pub layer: Layer,
    pub slot: u32,
}

/// Every mark. The renderer copies what changed; nothing else reads it each frame.
#[derive(Resource, Debug, Default)]
pub struct Marks {
    tables: [Table<WORDS>; Layer::ALL.len()],
    seats: EntityHashMap<Seat>,
    /// Entities whose seat is new, other or gone since the links last looked. Bounded by the entities that changed in a
    /// frame: the links empty it every frame.
    reseated: Vec<Entity>,
    reseats: u64,
}

impl Marks {
    pub fn table(&self, layer: Layer) -> &Table<WORDS> {
        &self.tables[layer.index()]
    }

    pub fn table_mut(&mut self, layer: Layer) -> &mut Table<WORDS> {
        &mut self.tables[layer.index()]
    }

    pub fn seat(&self, entity: Entity) -> Option<Seat> {
        self.seats.get(&entity).copied()
    }

    pub fn mark(&self, entity: Entity) -> Option<Mark> {
        let seat = self.seat(entity)?;
        self.table(seat.layer).get(seat.slot).and_then(Mark::unpack)
    }

    /// Entities that have a mark.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Draws an entity from now on as `mark`, in `layer`.
    pub fn set(&mut self, entity: Entity, layer: Layer, mark: &Mark) {
        let words = mark.pack();
        match self.seats.get(&entity) {
            Some(seat) if seat.layer == layer => {
                let slot = seat.slot;
                self.table_mut(layer).write(slot, words);
            }
            other => {
                if let Some(seat) = other.copied() {
                    self.table_mut(seat.layer).remove(seat.slot);
                }
                let slot = self.table_mut(layer).insert(words);
                self.seats.insert(entity, Seat { layer, slot });
                self.reseat(entity);
            }
        }
    }

    /// Sets or takes back one flag of a mark that is there.
    pub fn flag(&mut self, entity: Entity, flag: Flags, on: bool) {
        let Some(Seat { layer, slot }) = self.seat(entity) else {
            return;
        };
        let table = self.table_mut(layer);
        if let Some(mut mark) = table.get(slot).and_then(Mark::unpack) {
            mark.flags = mark.flags.without(flag).with(flag, on);
            table.write(slot, mark.pack());
        }
    }

    /// The entity is drawn no more.
    pub fn remove(&mut self, entity: Entity) {
        if let Some(seat) = self.seats.remove(&entity) {
            self.table_mut(seat.layer).remove(seat.slot);
            self.reseat(entity);
            // Grounds and overlay are small and hold marks that belong to no entity.
            if !matches!(seat.layer, Layer::Grounds | Layer::Overlay) && self.table(seat.layer).is_sparse() {
                self.compact(seat.layer);
            }
        }
    }

    fn reseat(&mut self, entity: Entity) {
        self.reseated.push(entity);
        self.reseats = self.reseats.wrapping_add(1);
    }

    /// Changes whenever any entity's seat does.
    pub fn reseats(&self) -> u64 {
        self.reseats
    }

    /// Entities whose seat changed since the last call.
    pub fn drain_reseated(&mut self) -> Vec<Entity> {
        std::mem::take(&mut self.reseated)
    }

    /// Moves old stamps up, everywhere (see `clock`).
    pub fn settle(&mut self, now: u32) {
        for table in &mut self.tables {
            table.rewrite(|words| {
                if let Some(mut mark) = Mark::unpack(words) {
                    mark.settle(now);
                    *words = mark.pack();
                }
            });
        }
    }

    fn compact(&mut self, layer: Layer) {
        self.reseats = self.reseats.wrapping_add(1);
        let mut new_slots = std::collections::HashMap::new();
        self.table_mut(layer).compact(|old, new| {
            new_slots.insert(old, new);
        });
        for (entity, seat) in &mut self.seats {
            if seat.layer == layer
                && let Some(slot) = new_slots.get(&seat.slot)
                && *slot != seat.slot
            {
                seat.slot = *slot;
                self.reseated.push(*entity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(index: u32) -> Entity {
        Entity::from_raw_u32(index).expect("not the placeholder")
    }

    fn task(status: Status) -> Mark {
        Mark::new(MarkKind::Task, Vec2::ONE, 0.4, status)
    }

    #[test]
    fn a_task_that_fails_moves_to_the_alarms_and_back() {
        let mut marks = Marks::default();
        let place = |marks: &mut Marks, status| {
            marks.set(entity(1), Layer::of(MarkKind::Task, status, false), &task(status));
        };
        place(&mut marks, Status::Running);
        assert_eq!(
            marks.seat(entity(1)),
            Some(Seat {
                layer: Layer::Tasks,
                slot: 0
            })
        );
        place(&mut marks, Status::Failed);
        assert_eq!(marks.seat(entity(1)).map(|seat| seat.layer), Some(Layer::Alarms));
        assert_eq!(
            (marks.table(Layer::Tasks).live(), marks.table(Layer::Alarms).live()),
            (0, 1)
        );
        place(&mut marks, Status::Done);
        assert_eq!(
            (marks.table(Layer::Tasks).live(), marks.table(Layer::Alarms).live()),
            (1, 0)
        );
        marks.remove(entity(1));
        assert_eq!((marks.table(Layer::Tasks).live(), marks.len()), (0, 0));
    }

    #[test]
    fn seats_stay_right_when_most_marks_go() {
        let mut marks = Marks::default();
        for index in 0..10_000 {
            let mut mark = task(Status::Running);
            mark.radius = index as f32;
            marks.set(entity(index), Layer::Tasks, &mark);
        }
        for index in 0..9_990 {
            marks.remove(entity(index));
        }
        assert!(marks.table(Layer::Tasks).items().len() < 5000, "the gaps are closed");
        for index in 9_990..10_000 {
            assert_eq!(marks.mark(entity(index)).map(|mark| mark.radius), Some(index as f32));
        }
    }
}
