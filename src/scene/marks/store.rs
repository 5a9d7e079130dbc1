//! All marks of the scene by the layer that they are drawn in, and the slot of each entity's mark.

use bevy::{ecs::entity::EntityHashMap, prelude::*};

use super::{
    mark::{FLAGS_SHIFT, Flags, Mark, MarkKind, WORD, WORDS, renew},
    table::Table,
};
use model::Status;

/// One instanced draw each, in this order from the back. The links are drawn after the grounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Blocks and the dock.
    Grounds,
    /// Tasks and runs that are not in trouble.
    Tasks,
    /// Tasks in trouble: never hidden by their neighbours, at any zoom.
    Alarms,
    /// Agents, in front of the tasks that they have in hand.
    Agents,
    /// The rings around the hovered and the selected row.
    Overlay,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 5] = [Self::Grounds, Self::Tasks, Self::Alarms, Self::Agents, Self::Overlay];

    /// Its position in tables by layer.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// The layer of a mark.
    pub(crate) fn of(kind: MarkKind, status: Status, needs_human: bool) -> Self {
        match kind {
            MarkKind::Agent => Self::Agents,
            MarkKind::Block | MarkKind::Ground | MarkKind::Dock => Self::Grounds,
            MarkKind::Task if needs_human || status.is_trouble() => Self::Alarms,
            MarkKind::Task => Self::Tasks,
        }
    }
}

/// The layer of a mark and its slot in that layer's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkSlot {
    /// The layer that draws the mark.
    pub layer: Layer,
    /// The slot in the layer's table.
    pub slot: u32,
}

/// Every mark. The renderer copies what changed; nothing reads all of it in every frame.
#[derive(Resource, Debug, Default)]
pub struct Marks {
    tables: [Table<WORDS>; Layer::ALL.len()],
    slots: EntityHashMap<MarkSlot>,
    /// Entities whose slot is new, another one or gone since the links last read this. Bounded by the entities that change
    /// in a frame: the links empty it every frame.
    moved: Vec<Entity>,
    moves: u64,
}

impl Marks {
    /// The marks of a layer.
    pub fn table(&self, layer: Layer) -> &Table<WORDS> {
        &self.tables[layer.index()]
    }

    /// The marks of a layer, to change.
    pub fn table_mut(&mut self, layer: Layer) -> &mut Table<WORDS> {
        &mut self.tables[layer.index()]
    }

    /// Where an entity's mark is kept; `None` while the entity has none.
    pub fn slot(&self, entity: Entity) -> Option<MarkSlot> {
        self.slots.get(&entity).copied()
    }

    /// A copy of the mark of a task or an agent; `None` while the entity has none.
    pub fn mark(&self, entity: Entity) -> Option<Mark> {
        let MarkSlot { layer, slot } = self.slot(entity).filter(|slot| slot.layer != Layer::Grounds)?;
        self.table(layer).get(slot).and_then(Mark::unpack)
    }

    /// The words of an entity's mark.
    pub(super) fn words(&self, entity: Entity) -> Option<&[u32; WORDS]> {
        let MarkSlot { layer, slot } = self.slot(entity)?;
        self.table(layer).get(slot)
    }

    /// The number of entities with a mark.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no entity has a mark.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Draws an entity as a packed mark in `layer` from now on.
    pub(crate) fn set(&mut self, entity: Entity, layer: Layer, words: [u32; WORDS]) {
        match self.slots.get(&entity) {
            Some(old) if old.layer == layer => {
                let slot = old.slot;
                self.table_mut(layer).write(slot, words);
            }
            other => {
                if let Some(old) = other.copied() {
                    self.table_mut(old.layer).remove(old.slot);
                }
                let slot = self.table_mut(layer).insert(words);
                self.slots.insert(entity, MarkSlot { layer, slot });
                self.note_move(entity);
            }
        }
    }

    /// Sets or clears a flag of an existing mark.
    pub(crate) fn flag(&mut self, entity: Entity, flag: Flags, on: bool) {
        let Some(MarkSlot { layer, slot }) = self.slot(entity) else {
            return;
        };
        let table = self.table_mut(layer);
        if let Some(mut words) = table.get(slot).copied() {
            let bits = flag.bits() << FLAGS_SHIFT;
            words[WORD] = if on { words[WORD] | bits } else { words[WORD] & !bits };
            table.write(slot, words);
        }
    }

    /// Removes an entity's mark.
    pub(crate) fn remove(&mut self, entity: Entity) {
        if let Some(MarkSlot { layer, slot }) = self.slots.remove(&entity) {
            self.table_mut(layer).remove(slot);
            self.note_move(entity);
            // Grounds and overlay are small and contain marks that belong to no entity.
            if !matches!(layer, Layer::Grounds | Layer::Overlay) && self.table(layer).is_sparse() {
                self.compact(layer);
            }
        }
    }

    fn note_move(&mut self, entity: Entity) {
        self.moved.push(entity);
        self.moves = self.moves.wrapping_add(1);
    }

    /// A number that changes whenever the slot of any entity does.
    pub(crate) fn moves(&self) -> u64 {
        self.moves
    }

    /// Entities whose slot changed since the last call.
    pub(crate) fn drain_moved(&mut self) -> Vec<Entity> {
        std::mem::take(&mut self.moved)
    }

    /// Moves old stamps up in all marks (`marks::stamp`).
    pub(super) fn renew_stamps(&mut self, now: u32) {
        for (layer, table) in Layer::ALL.into_iter().zip(&mut self.tables) {
            // The other words of a ground are no stamps.
            let stamps: &[usize] = if layer == Layer::Grounds {
                &[4, 5, 11]
            } else {
                &[4, 5, 6, 7, 11]
            };
            table.rewrite(|words| {
                if words[WORD] == 0 {
                    return;
                }
                for (at, word) in words.iter_mut().enumerate() {
                    if stamps.contains(&at) {
                        renew(word, now);
                    }
                }
            });
        }
    }

    fn compact(&mut self, layer: Layer) {
        self.moves = self.moves.wrapping_add(1);
        let mut new_slots = std::collections::HashMap::new();
        self.table_mut(layer).compact(|old, new| {
            new_slots.insert(old, new);
        });
        for (entity, place) in &mut self.slots {
            if place.layer == layer
                && let Some(slot) = new_slots.get(&place.slot)
                && *slot != place.slot
            {
                place.slot = *slot;
                self.moved.push(*entity);
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
        Mark::new(MarkKind::Task, Vec2::ONE, Vec2::splat(0.5), status)
    }

    #[test]
    fn a_task_that_fails_moves_to_the_alarms_and_back() {
        let mut marks = Marks::default();
        let place = |marks: &mut Marks, status| {
            marks.set(entity(1), Layer::of(MarkKind::Task, status, false), task(status).pack());
        };
        place(&mut marks, Status::Running);
        assert_eq!(
            marks.slot(entity(1)),
            Some(MarkSlot {
                layer: Layer::Tasks,
                slot: 0
            })
        );
        place(&mut marks, Status::Failed);
        assert_eq!(marks.slot(entity(1)).map(|slot| slot.layer), Some(Layer::Alarms));
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
    fn slots_stay_correct_when_most_marks_are_removed() {
        let mut marks = Marks::default();
        for index in 0..10_000 {
            let mut mark = task(Status::Running);
            mark.to.x = index as f32;
            marks.set(entity(index), Layer::Tasks, mark.pack());
        }
        for index in 0..9_990 {
            marks.remove(entity(index));
        }
        assert!(marks.table(Layer::Tasks).items().len() < 5000, "the gaps are closed");
        for index in 9_990..10_000 {
            assert_eq!(marks.mark(entity(index)).map(|mark| mark.to.x), Some(index as f32));
        }
    }
}
