//! The rows that something is kept of: their states, and where their entries are.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use model::RowKey;

use crate::{head::Head, states::States};

/// No slot.
const NONE: u32 = u32::MAX;
/// Ids longer than this are stored outside the key.
const INLINE_ID: usize = 36;

/// What is kept of a row.
#[derive(Debug)]
pub(crate) struct Slot {
    pub key: RowKey,
    pub states: States,
    /// The newest entry of the row; it may be forgotten.
    pub newest: u64,
    /// The newest entry of the row that changed its state; it may be forgotten.
    pub newest_state: u64,
    /// Entries of the row in the ring.
    pub entries: u32,
    /// The entry that led to the present state, once it has left the ring.
    pub kept: Option<Box<(u64, Head)>>,
    /// Neighbours in the list of rows without entries in the ring.
    older: u32,
    newer: u32,
    is_bare: bool,
    /// What [`Slot::measured`] gave last.
    bytes: usize,
}

impl Slot {
    fn measured(&self) -> usize {
        let id = self.key.id.as_str().len();
        let kept = self
            .kept
            .as_ref()
            .map_or(0, |kept| size_of::<(u64, Head)>() + 16 + kept.1.text_bytes());
        size_of::<Self>() + 16 + self.states.bytes() + kept + if id > INLINE_ID { id + 32 } else { 0 }
    }
}

/// The rows that something is kept of, by key and by number. Rows without entries in the ring are in a list, ordered by when
/// their last one left it.
#[derive(Debug)]
pub(crate) struct Rows {
    slots: Vec<Option<Box<Slot>>>,
    free: Vec<u32>,
    by_key: HashTable<u32>,
    hasher: RandomState,
    oldest_bare: u32,
    newest_bare: u32,
    /// Rows of the list before this one have no kept entry.
    first_kept: u32,
    /// Bytes of the slots, and of those among them that are in the list.
    slot_bytes: usize,
    bare_bytes: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashTable::new(),
            hasher: RandomState::default(),
            oldest_bare: NONE,
            newest_bare: NONE,
            first_kept: NONE,
            slot_bytes: 0,
            bare_bytes: 0,
        }
    }
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.slot_bytes
            + self.slots.capacity() * size_of::<Option<Box<Slot>>>()
            + self.free.capacity() * size_of::<u32>()
            + self.by_key.allocation_size()
    }

    /// Bytes of the rows without entries in the ring.
    pub(crate) fn bare_bytes(&self) -> usize {
        self.bare_bytes
    }

    pub(crate) fn find(&self, key: &RowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let is_it = |row: &u32| self.get(*row).is_some_and(|slot| slot.key == *key);
        self.by_key.find(hash, is_it).copied()
    }

    #[inline]
    pub(crate) fn get(&self, row: u32) -> Option<&Slot> {
        self.slots.get(row as usize)?.as_deref()
    }

    /// Changes a row's slot and counts its bytes anew.
    pub(crate) fn edit<T>(&mut self, row: u32, edit: impl FnOnce(&mut Slot) -> T) -> Option<T> {
        let slot = self.slots.get_mut(row as usize)?.as_deref_mut()?;
        let before = slot.bytes;
        let result = edit(slot);
        slot.bytes = slot.measured();
        let after = slot.bytes;
        self.slot_bytes = self.slot_bytes - before + after;
        if slot.is_bare {
            self.bare_bytes = self.bare_bytes - before + after;
        }
        Some(result)
    }

    pub(crate) fn insert(&mut self, key: RowKey) -> u32 {
        let hash = self.hasher.hash_one(&key);
        let mut slot = Box::new(Slot {
            key,
            states: States::default(),
            newest: 0,
            newest_state: 0,
            entries: 0,
            kept: None,
            older: NONE,
            newer: NONE,
            is_bare: false,
            bytes: 0,
        });
        slot.bytes = slot.measured();
        self.slot_bytes += slot.bytes;
        let row = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(row as usize) {
            Some(place) => *place = Some(slot),
            None => self.slots.push(Some(slot)),
        }
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_key.insert_unique(hash, row, |row| {
            let slot = slots.get(*row as usize).and_then(Option::as_deref);
            slot.map_or(0, |slot| hasher.hash_one(&slot.key))
        });
        row
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, row: u32) -> Option<Box<Slot>> {
        self.leave_list(row);
        let slot = self.slots.get_mut(row as usize)?.take()?;
        self.slot_bytes -= slot.bytes;
        self.free.push(row);
        let hash = self.hasher.hash_one(&slot.key);
        if let Ok(found) = self.by_key.find_entry(hash, |other| *other == row) {
            found.remove();
        }
        Some(slot)
    }

    /// Appends a row to the list of those without entries in the ring.
    pub(crate) fn join_list(&mut self, row: u32) {
        let newest = self.newest_bare;
        let Some(slot) = self.slot_mut(row).filter(|slot| !slot.is_bare) else {
            return;
        };
        (slot.is_bare, slot.older, slot.newer) = (true, newest, NONE);
        self.bare_bytes += self.get(row).map_or(0, |slot| slot.bytes);
        match self.slot_mut(newest) {
            Some(before) => before.newer = row,
            None => self.oldest_bare = row,
        }
        self.newest_bare = row;
        if self.get(self.first_kept).is_none() {
            self.first_kept = row;
        }
    }

    /// Takes a row out of the list of those without entries in the ring.
    pub(crate) fn leave_list(&mut self, row: u32) {
        let Some(slot) = self.slot_mut(row).filter(|slot| slot.is_bare) else {
            return;
        };
        slot.is_bare = false;
        let (older, newer, bytes) = (slot.older, slot.newer, slot.bytes);
        self.bare_bytes -= bytes;
        if self.first_kept == row {
            self.first_kept = newer;
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest_bare = newer,
        }
        match self.slot_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest_bare = older,
        }
    }

    /// The first row of the list.
    pub(crate) fn oldest_bare(&self) -> Option<u32> {
        self.get(self.oldest_bare).map(|_| self.oldest_bare)
    }

    /// Forgets the kept entry of the first row of the list that has one. Returns whether there was one.
    pub(crate) fn forget_kept(&mut self) -> bool {
        while let Some(newer) = self.get(self.first_kept).map(|slot| slot.newer) {
            let kept = self.edit(self.first_kept, |slot| slot.kept.take());
            self.first_kept = newer;
            if kept.is_some_and(|kept| kept.is_some()) {
                return true;
            }
        }
        false
    }

    /// The numbers of all rows.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.slots.len() as u32
    }

    fn slot_mut(&mut self, row: u32) -> Option<&mut Slot> {
        self.slots.get_mut(row as usize)?.as_deref_mut()
    }
}
