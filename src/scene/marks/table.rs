//! Packed instances in stable slots, and which of them changed. Pure: no ECS, no GPU.

use std::ops::Range;

/// Instances in a chunk of the changed set: 4 KiB of 64-byte marks, small enough to copy little that did not change.
const CHUNK: usize = 64;
/// Changed slots nearer to each other than this are copied together with what lies between them: 24 KiB of 64-byte marks
/// are copied about as fast as a copy is set up.
const JOINED: usize = 6 * CHUNK;
/// Tables smaller than this are never compacted.
const COMPACT_FROM: usize = 4096;

/// A set of changed slots, in chunks.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Runs {
    words: Vec<u64>,
    any: bool,
}

impl Runs {
    /// Adds a slot.
    pub(crate) fn mark(&mut self, slot: usize) {
        let chunk = slot / CHUNK;
        if self.words.len() <= chunk / 64 {
            self.words.resize(chunk / 64 + 1, 0);
        }
        if let Some(word) = self.words.get_mut(chunk / 64) {
            *word |= 1 << (chunk % 64);
            self.any = true;
        }
    }

    /// Adds a range of slots.
    pub(crate) fn mark_range(&mut self, slots: Range<usize>) {
        for chunk in slots.start / CHUNK..slots.end.div_ceil(CHUNK) {
            self.mark(chunk * CHUNK);
        }
    }

    /// Adds the slots of another set.
    pub(crate) fn join(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
        self.any |= other.any;
    }

    /// Whether no slot has changed.
    pub(crate) fn is_empty(&self) -> bool {
        !self.any
    }

    /// Empties the set and returns it as ranges of slots below `len`, in order. Chunks that are near each other are joined,
    /// so that there are at most `len / JOINED` ranges.
    pub(crate) fn drain(&mut self, len: usize) -> Vec<Range<usize>> {
        if !self.any {
            return Vec::new();
        }
        self.any = false;
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (index, word) in self.words.iter_mut().enumerate() {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                let chunk = index * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let run = chunk * CHUNK..((chunk + 1) * CHUNK).min(len);
                if run.is_empty() {
                    continue;
                }
                match runs.last_mut() {
                    Some(last) if run.start - last.end <= JOINED => last.end = run.end,
                    _ => runs.push(run),
                }
            }
        }
        runs
    }
}

/// Packed instances of `N` words. An instance keeps its slot, because links refer to it; a freed slot is zeroed, which the
/// shader skips, and used again.
#[derive(Debug, Clone)]
pub struct Table<const N: usize> {
    items: Vec<[u32; N]>,
    free: Vec<u32>,
    changed: Runs,
}

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
            changed: Runs::default(),
        }
    }
}

impl<const N: usize> Table<N> {
    /// Takes a slot for a new instance.
    pub(crate) fn insert(&mut self, item: [u32; N]) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.items.push([0; N]);
            u32::try_from(self.items.len() - 1).unwrap_or(u32::MAX)
        });
        self.write(slot, item);
        slot
    }

    /// Replaces an instance; nothing happens when it is the same or the slot does not exist.
    pub(crate) fn write(&mut self, slot: u32, item: [u32; N]) {
        if let Some(old) = self.items.get_mut(slot as usize)
            && *old != item
        {
            *old = item;
            self.changed.mark(slot as usize);
        }
    }

    /// Frees a slot.
    pub(crate) fn remove(&mut self, slot: u32) {
        if (slot as usize) < self.items.len() {
            self.write(slot, [0; N]);
            self.free.push(slot);
        }
    }

    /// Removes all instances and all slots.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.free.clear();
        self.changed.mark(0);
    }

    /// The instance in a slot.
    pub(crate) fn get(&self, slot: u32) -> Option<&[u32; N]> {
        self.items.get(slot as usize)
    }

    /// Every slot, including the empty ones (all zero): what the GPU draws.
    pub fn items(&self) -> &[[u32; N]] {
        &self.items
    }

    /// The number of instances.
    pub fn live(&self) -> usize {
        self.items.len() - self.free.len()
    }

    /// Calls `change` on every slot; all count as changed.
    pub(crate) fn rewrite(&mut self, mut change: impl FnMut(&mut [u32; N])) {
        for item in &mut self.items {
            change(item);
        }
        self.changed.mark_range(0..self.items.len());
    }

    /// Whether most slots are empty, as after the removal of many rows, so that the table is worth compacting.
    pub(crate) fn is_sparse(&self) -> bool {
        self.items.len() >= COMPACT_FROM && self.live() * 4 < self.items.len()
    }

    /// Removes the empty slots. Calls `moved(old, new)` for every instance.
    pub(crate) fn compact(&mut self, mut moved: impl FnMut(u32, u32)) {
        let mut new = 0u32;
        let mut kept = Vec::with_capacity(self.live());
        for (old, item) in self.items.iter().enumerate() {
            if *item != [0; N] {
                kept.push(*item);
                moved(u32::try_from(old).unwrap_or(u32::MAX), new);
                new += 1;
            }
        }
        self.items = kept;
        self.free.clear();
        self.changed.mark_range(0..self.items.len());
    }

    /// Whether any slot has changed since the last `drain_changed`.
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The ranges of `items` that changed since the last call.
    pub fn drain_changed(&mut self) -> Vec<Range<usize>> {
        let len = self.items.len();
        self.changed.drain(len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unchanged_writes_are_free() {
        let mut table = Table::<2>::default();
        let slot = table.insert([1, 2]);
        assert_eq!(table.drain_changed(), vec![0..1]);
        table.write(slot, [1, 2]);
        assert!(table.drain_changed().is_empty());
        table.write(slot, [1, 3]);
        assert_eq!(table.drain_changed(), vec![0..1]);
    }

    #[test]
    fn near_changes_become_one_copy_and_slots_between_distant_ones_are_not_copied() {
        let mut runs = Runs::default();
        for slot in (0..100_000).step_by(CHUNK * 2) {
            runs.mark(slot);
        }
        assert_eq!(runs.drain(100_000).len(), 1);
        assert!(runs.is_empty());
        for slot in (0..1_000_000).step_by(10_000) {
            runs.mark(slot);
        }
        let far = runs.drain(1_000_000);
        assert_eq!(far.len(), 100);
        assert!(far.iter().map(Range::len).sum::<usize>() <= 100 * CHUNK);
    }

    #[test]
    fn a_sparse_table_is_compacted() {
        let mut table = Table::<1>::default();
        let slots: Vec<u32> = (0..COMPACT_FROM as u32).map(|n| table.insert([n + 1])).collect();
        for slot in slots.iter().filter(|slot| *slot % 10 != 0) {
            table.remove(*slot);
        }
        assert!(table.is_sparse());
        let mut moves = Vec::new();
        table.compact(|old, new| moves.push((old, new)));
        assert_eq!(table.items().len(), table.live());
        for (old, new) in moves {
            assert_eq!(table.get(new), Some(&[old + 1]));
        }
    }

    proptest! {
        #[test]
        fn a_copy_made_from_the_changes_equals_the_table(steps in proptest::collection::vec((0u8..4, any::<u16>(), 1u32..9), 1..400)) {
            let mut table = Table::<1>::default();
            let mut slots: Vec<u32> = Vec::new();
            let mut copy: Vec<[u32; 1]> = Vec::new();
            for (what, which, value) in steps {
                let pick = (!slots.is_empty()).then(|| usize::from(which) % slots.len());
                match (what, pick) {
                    (0, Some(at)) => table.remove(slots.swap_remove(at)),
                    (1, Some(at)) => table.write(slots[at], [value]),
                    (2, _) => {
                        copy.resize(table.items().len(), [0]);
                        for run in table.drain_changed() {
                            copy[run.clone()].copy_from_slice(&table.items()[run]);
                        }
                        prop_assert_eq!(&copy, table.items());
                    }
                    _ => slots.push(table.insert([value])),
                }
                prop_assert_eq!(table.live(), slots.len());
            }
        }
    }
}
