//! The entries in order: new ones at one end, the oldest leave at the other.

use std::collections::VecDeque;

use crate::head::Head;

/// Entries of one block. Memory is taken and given back block by block, so that no append moves what is there.
const BLOCK: usize = 64;

/// Entries by id. Ids count up from 1 and are never used again.
#[derive(Debug)]
pub(crate) struct Ring {
    blocks: VecDeque<Vec<Option<Head>>>,
    /// The id of the first place of the first block.
    base: u64,
    /// The id of the oldest entry.
    first: u64,
    /// The id of the next entry.
    next: u64,
    /// Bytes of the texts.
    text_bytes: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            blocks: VecDeque::new(),
            base: 1,
            first: 1,
            next: 1,
            text_bytes: 0,
        }
    }
}

impl Ring {
    /// The id that the next entry gets.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The id of the oldest entry, or the next one where there is none.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn len(&self) -> usize {
        (self.next - self.first) as usize
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        let blocks = self.blocks.len() * (BLOCK * size_of::<Option<Head>>() + 16);
        blocks + self.blocks.capacity() * size_of::<Vec<Head>>() + self.text_bytes
    }

    pub(crate) fn push(&mut self, head: Head) -> u64 {
        if self.blocks.back().is_none_or(|block| block.len() == BLOCK) {
            if self.blocks.is_empty() {
                self.base = self.next;
            }
            self.blocks.push_back(Vec::with_capacity(BLOCK));
        }
        self.text_bytes += head.text_bytes();
        if let Some(block) = self.blocks.back_mut() {
            block.push(Some(head));
        }
        self.next += 1;
        self.next - 1
    }

    fn place(&self, id: u64) -> Option<(usize, usize)> {
        if id < self.first || id >= self.next {
            return None;
        }
        let at = (id - self.base) as usize;
        Some((at / BLOCK, at % BLOCK))
    }

    #[inline]
    pub(crate) fn get(&self, id: u64) -> Option<&Head> {
        let (block, at) = self.place(id)?;
        self.blocks.get(block)?.get(at)?.as_ref()
    }

    /// An entry, to change anything but its texts.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Head> {
        let (block, at) = self.place(id)?;
        self.blocks.get_mut(block)?.get_mut(at)?.as_mut()
    }

    /// Gives an entry other texts.
    pub(crate) fn set_texts(&mut self, id: u64, texts: Box<[u8]>) {
        let Some(head) = self.get_mut(id) else { return };
        let before = head.text_bytes();
        head.texts = texts;
        let after = head.text_bytes();
        self.text_bytes = self.text_bytes - before + after;
    }

    /// Takes the oldest entry out.
    pub(crate) fn pop(&mut self) -> Option<(u64, Head)> {
        let (block, at) = self.place(self.first)?;
        let head = self.blocks.get_mut(block)?.get_mut(at)?.take()?;
        let id = self.first;
        self.text_bytes -= head.text_bytes();
        self.first += 1;
        // A block that is still being filled stays, also when all in it is gone.
        if at + 1 == BLOCK {
            self.blocks.pop_front();
            self.base = self.first;
        }
        Some((id, head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::Tag;

    #[test]
    fn entries_are_found_by_their_ids_while_they_are_there() {
        let mut ring = Ring::default();
        for number in 1..=1_000_u64 {
            let head = Head::new(number as i64, Tag::Connecting, vec![0; 10].into());
            assert_eq!(ring.push(head), number);
            if number > 300 {
                let (id, head) = ring.pop().expect("an entry");
                assert_eq!((id, head.first_ms), (number - 300, (number - 300) as i64));
            }
        }
        assert_eq!((ring.len(), ring.first(), ring.next()), (300, 701, 1_001));
        assert!(ring.get(700).is_none() && ring.get(1_001).is_none());
        assert!((701..=1_000).all(|id| ring.get(id).is_some_and(|head| head.first_ms == id as i64)));
        assert!(ring.blocks.len() <= 300 / BLOCK + 2);
        ring.set_texts(800, vec![0; 110].into());
        assert_eq!(ring.text_bytes, 300 * 26 + 100);
        while ring.pop().is_some() {}
        assert_eq!((ring.len(), ring.text_bytes), (0, 0));
        assert_eq!(ring.push(Head::new(0, Tag::Connecting, Box::default())), 1_001);
        assert!(ring.get(1_001).is_some());
    }
}
