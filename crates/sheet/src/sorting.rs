//! The order of many rows by one column, made and kept in pieces that fit into frames.

mod full;

use std::{cmp::Ordering, hash::BuildHasher as _};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use model::RowKey;

use super::{SortKey, key::Head};
use full::Full;

/// Up to this many changes are put into their places one by one. It takes about a tenth of a frame.
const MOST_SPLICED: usize = 256;

/// The order of rows by their keys, ascending or descending; rows without a value come last in both directions, and equal
/// rows are in ascending order of their [`RowKey`]s.
///
/// Rows are offered, changed and removed at any time. [`Self::sort`] brings the order up to date in pieces; until it is
/// through, the last complete order is shown.
#[derive(Debug)]
pub struct Sorting {
    is_descending: bool,
    slots: Slots,
    /// The slots of rows that are there, found by their row keys.
    index: HashTable<u32>,
    hasher: RandomState,
    /// The last complete order.
    order: Vec<Ranked>,
    /// Slots that are in no order yet. A row that changes or goes before it is sorted costs no memory.
    added: Vec<u32>,
    /// Slots of rows that are gone, or that have another slot now; they may still be in the order.
    gone: Vec<u32>,
    full: Option<Full>,
    /// Becomes the next order; kept for its memory.
    spare: Vec<Ranked>,
}

/// The rows. A slot never changes as long as some order contains it: a row whose key changes gets another one.
#[derive(Debug, Default)]
struct Slots {
    rows: Vec<Slot>,
    /// The key of each slot. They are apart, because they are compared more often.
    keys: Vec<SortKey>,
    /// Bytes of the texts of the keys.
    text_bytes: usize,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    row: RowKey,
    is_there: bool,
    /// Where it is in [`Sorting::added`], if that has it there.
    added: u32,
}

/// A slot with a copy of what decides most comparisons, so that these do not wait for the memory of two rows.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    prefix: u64,
    next: u64,
    /// The beginning of the row key ([`tie`]).
    tie: u64,
    slot: u32,
    group: u8,
}

impl Ranked {
    fn head(&self) -> Head {
        Head {
            group: self.group,
            prefix: self.prefix,
            next: self.next,
        }
    }
}

impl Sorting {
    /// An order without rows.
    pub fn new(is_descending: bool) -> Self {
        Self {
            is_descending,
            slots: Slots::default(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            order: Vec::new(),
            added: Vec::new(),
            gone: Vec::new(),
            full: None,
            spare: Vec::new(),
        }
    }

    /// Whether it is descending.
    pub fn is_descending(&self) -> bool {
        self.is_descending
    }

    /// Adds a row, or gives one that is there another key. Rows beyond 4,294,967,295 are ignored.
    pub fn offer(&mut self, row: &RowKey, key: SortKey) {
        if let Some(slot) = self.slot_of(row) {
            if self.slots.key(slot) == Some(&key) {
                return;
            }
            if self.added_at(slot).is_some() {
                self.slots.set_key(slot, key);
                return;
            }
            self.remove(row);
        }
        let new = Slot {
            row: row.clone(),
            is_there: true,
            added: u32::try_from(self.added.len()).unwrap_or(u32::MAX),
        };
        let Some(slot) = self.slots.add(new, key) else {
            return;
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_of = |slot: &u32| slots.get(*slot).map_or(0, |slot| hasher.hash_one(&slot.row));
        self.index.insert_unique(hasher.hash_one(row), slot, hash_of);
        self.added.push(slot);
    }

    /// Removes a row; returns whether it was there.
    pub fn remove(&mut self, row: &RowKey) -> bool {
        let slots = &self.slots;
        let is_row = |slot: &u32| slots.get(*slot).is_some_and(|slot| slot.row == *row);
        let Ok(found) = self.index.find_entry(self.hasher.hash_one(row), is_row) else {
            return false;
        };
        let (slot, _) = found.remove();
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.is_there = false;
        }
        match self.added_at(slot) {
            None => self.gone.push(slot),
            Some(at) => {
                self.added.swap_remove(at);
                let moved = self.added.get(at).copied();
                if let Some(moved) = moved.and_then(|moved| self.slots.get_mut(moved)) {
                    moved.added = u32::try_from(at).unwrap_or(u32::MAX);
                }
                self.slots.release(&[slot]);
            }
        }
        true
    }

    /// Brings the order up to date. `is_over` is called after every thousand comparisons or so; once it returns true, the
    /// rest is left to the next call. Returns whether the order is complete.
    pub fn sort(&mut self, is_over: &mut dyn FnMut() -> bool) -> bool {
        loop {
            if self.is_sorted() {
                return true;
            }
            match self.full.take() {
                Some(mut full) => {
                    if full.step(&self.slots, &self.order) {
                        let gone;
                        (self.spare, gone) = full.finish();
                        std::mem::swap(&mut self.order, &mut self.spare);
                        self.slots.release(&gone);
                    } else {
                        self.full = Some(full);
                    }
                }
                None if self.added.len() + self.gone.len() <= MOST_SPLICED => self.splice(),
                None => {
                    let spare = std::mem::take(&mut self.spare);
                    let (added, gone) = (std::mem::take(&mut self.added), std::mem::take(&mut self.gone));
                    self.full = Some(Full::new(added, gone, spare, self.order.len(), self.is_descending));
                }
            }
            if is_over() {
                return self.is_sorted();
            }
        }
    }

    /// Whether the order contains everything that was offered, changed and removed.
    pub fn is_sorted(&self) -> bool {
        self.full.is_none() && self.added.is_empty() && self.gone.is_empty()
    }

    /// The share of the present work that is done, 0 to 1.
    pub fn progress(&self) -> f32 {
        match &self.full {
            Some(full) => full.progress(),
            None => f32::from(u8::from(self.is_sorted())),
        }
    }

    /// The number of rows in the last complete order.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether the last complete order has no rows.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The row at a position of the last complete order. It may have been removed since.
    pub fn row(&self, at: usize) -> Option<&RowKey> {
        Some(&self.slots.get(self.order.get(at)?.slot)?.row)
    }

    /// The position of a row in the last complete order; `None` where it was added or changed since.
    pub fn position(&self, row: &RowKey) -> Option<usize> {
        let slot = self.slot_of(row)?;
        self.slots
            .position(&self.order, self.slots.ranked(slot, self.is_descending)?)
    }

    /// Bytes of memory: slots, orders and texts, without what the allocator adds and what row ids longer than 36 bytes
    /// share with others.
    pub fn bytes(&self) -> usize {
        let lists = self.order.capacity() + self.spare.capacity();
        let full = self.full.as_ref().map_or(0, Full::bytes);
        let rows = self.slots.rows.capacity() * size_of::<Slot>() + self.slots.keys.capacity() * size_of::<SortKey>();
        let numbers = self.slots.free.capacity() + self.added.capacity() + self.gone.capacity();
        let numbers = numbers * size_of::<u32>();
        lists * size_of::<Ranked>() + full + rows + numbers + self.slots.text_bytes + self.index.allocation_size()
    }

    fn slot_of(&self, row: &RowKey) -> Option<u32> {
        let is_row = |slot: &u32| self.slots.get(*slot).is_some_and(|slot| slot.row == *row);
        self.index.find(self.hasher.hash_one(row), is_row).copied()
    }

    /// Where a slot is among those that are in no order yet, if it is one of them.
    fn added_at(&self, slot: u32) -> Option<usize> {
        let at = self.slots.get(slot)?.added as usize;
        (self.added.get(at) == Some(&slot)).then_some(at)
    }

    /// Takes a few slots out of the order and puts a few into their places.
    fn splice(&mut self) {
        let slots = &self.slots;
        let ranked = |slot: u32| slots.ranked(slot, self.is_descending);
        let mut added: Vec<Ranked> = self.added.drain(..).filter_map(ranked).collect();
        let place = |slot: &u32| slots.position(&self.order, ranked(*slot)?);
        let mut cuts: Vec<usize> = self.gone.iter().filter_map(place).collect();
        cuts.sort_unstable();
        added.sort_unstable_by(|a, b| slots.cmp(a, b));
        let place_of = |new: &Ranked| self.order.partition_point(|old| slots.cmp(old, new) == Ordering::Less);
        match (&*cuts, &*added) {
            ([], []) => {}
            // One row that changed moves those between its two places.
            (&[cut], &[new]) => {
                let at = place_of(&new);
                let (between, last) = if at <= cut {
                    (at..cut + 1, at)
                } else {
                    (cut..at, at - 1)
                };
                if let Some(between) = self.order.get_mut(between) {
                    if at <= cut {
                        between.rotate_right(1);
                    } else {
                        between.rotate_left(1);
                    }
                }
                if let Some(place) = self.order.get_mut(last) {
                    *place = new;
                }
            }
            _ => {
                let mut cuts = cuts.into_iter().peekable();
                let (order, spare) = (&self.order, &mut self.spare);
                let mut at = 0;
                let mut copy_to = |spare: &mut Vec<Ranked>, end: usize| {
                    while let Some(cut) = cuts.next_if(|cut| *cut < end) {
                        spare.extend_from_slice(order.get(at..cut).unwrap_or_default());
                        at = cut + 1;
                    }
                    spare.extend_from_slice(order.get(at..end).unwrap_or_default());
                    at = at.max(end);
                };
                spare.clear();
                for new in &added {
                    copy_to(spare, place_of(new));
                    spare.push(*new);
                }
                copy_to(spare, order.len());
                std::mem::swap(&mut self.order, &mut self.spare);
            }
        }
        self.slots.release(&self.gone);
        self.gone.clear();
    }
}

impl Slots {
    fn get(&self, slot: u32) -> Option<&Slot> {
        self.rows.get(slot as usize)
    }

    fn get_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.rows.get_mut(slot as usize)
    }

    fn key(&self, slot: u32) -> Option<&SortKey> {
        self.keys.get(slot as usize)
    }

    fn is_there(&self, ranked: Ranked) -> bool {
        self.get(ranked.slot).is_some_and(|slot| slot.is_there)
    }

    fn ranked(&self, slot: u32, is_descending: bool) -> Option<Ranked> {
        let Head { group, prefix, next } = self.key(slot)?.head(is_descending);
        Some(Ranked {
            prefix,
            next,
            tie: tie(&self.get(slot)?.row),
            slot,
            group,
        })
    }

    /// `None` where there are too many.
    fn add(&mut self, new: Slot, key: SortKey) -> Option<u32> {
        if let Some(slot) = self.free.pop() {
            *self.get_mut(slot)? = new;
            self.set_key(slot, key);
            return Some(slot);
        }
        let slot = u32::try_from(self.rows.len()).ok()?;
        self.rows.push(new);
        self.text_bytes += key.text_bytes();
        self.keys.push(key);
        Some(slot)
    }

    fn set_key(&mut self, slot: u32, key: SortKey) {
        if let Some(old) = self.keys.get_mut(slot as usize) {
            self.text_bytes = (self.text_bytes + key.text_bytes()).saturating_sub(old.text_bytes());
            *old = key;
        }
    }

    /// Makes slots free that no order contains any more.
    fn release(&mut self, gone: &[u32]) {
        for slot in gone {
            self.set_key(*slot, SortKey::NULL);
        }
        self.free.extend_from_slice(gone);
    }

    fn position(&self, order: &[Ranked], ranked: Ranked) -> Option<usize> {
        order.binary_search_by(|other| self.cmp(other, &ranked)).ok()
    }

    /// A total order: no two slots are equal.
    #[inline]
    fn cmp(&self, a: &Ranked, b: &Ranked) -> Ordering {
        let heads = (a.group, a.prefix, a.next).cmp(&(b.group, b.prefix, b.next));
        heads.then_with(|| self.cmp_whole(a, b))
    }

    fn cmp_whole(&self, a: &Ranked, b: &Ranked) -> Ordering {
        let by_text = || Some(self.key(a.slot)?.cmp_texts(self.key(b.slot)?));
        let text = match a.head().text_direction() {
            None => Ordering::Equal,
            Some(false) => by_text().unwrap_or(Ordering::Equal),
            Some(true) => by_text().unwrap_or(Ordering::Equal).reverse(),
        };
        let by_row = || Some(self.get(a.slot)?.row.cmp(&self.get(b.slot)?.row));
        text.then_with(|| a.tie.cmp(&b.tie))
            .then_with(|| by_row().unwrap_or(Ordering::Equal))
            .then_with(|| a.slot.cmp(&b.slot))
    }
}

/// The beginning of a row key as a number: of two keys the lesser one has not the greater number.
fn tie(row: &RowKey) -> u64 {
    let mut bytes = [0; 8];
    let [kind, source @ .., _, _, _, _, _] = &mut bytes;
    *kind = row.kind as u8;
    *source = u16::try_from(row.source.index()).unwrap_or(u16::MAX).to_be_bytes();
    for (byte, id) in bytes.iter_mut().skip(3).zip(row.id.as_str().bytes()) {
        *byte = id;
    }
    u64::from_be_bytes(bytes)
}
