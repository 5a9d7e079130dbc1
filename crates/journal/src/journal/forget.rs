//! What is too much is forgotten, the oldest first.

use super::Journal;
use crate::{
    head::{Head, NO_ROW, Tag},
    rows::Slot,
    states::Since,
    texts,
};

impl Journal {
    /// Forgets the oldest until the bounds hold. Rows without entries in the log take at most half of the bytes; of these,
    /// states are kept longer than the entries that led to the present ones.
    pub(super) fn shrink(&mut self) {
        while self.ring.len() > self.bounds.entries || self.bytes() > self.bounds.bytes {
            let is_entry = self.rows.bare_bytes() <= self.bounds.bytes / 2 && self.ring.len() > 1;
            if is_entry {
                self.forget_entry();
            } else if !self.rows.forget_kept() && !self.forget_row() {
                if self.ring.len() <= 1 {
                    break;
                }
                self.forget_entry();
            }
        }
    }

    /// Forgets the oldest entry. If the state that a row is in began with it, it stays with the row.
    fn forget_entry(&mut self) {
        let Some((id, head)) = self.ring.pop() else { return };
        self.forgotten += 1;
        let row = head.row;
        if row == NO_ROW {
            return;
        }
        let left = self.rows.edit(row, |slot| {
            slot.entries = slot.entries.saturating_sub(1);
            let is_there = slot.states.status().is_some();
            if is_there && slot.newest_state == id {
                slot.kept = Some(Box::new((id, head)));
            }
            (slot.entries, is_there && says_more_than_horizon(slot))
        });
        match left {
            Some((0, true)) => self.rows.join_list(row),
            Some((0, false)) => {
                self.rows.remove(row);
            }
            _ => {}
        }
    }

    /// Forgets the states of the row that had no entry for the longest time. Returns whether there was one.
    fn forget_row(&mut self) -> bool {
        let Some(slot) = self.rows.oldest_bare().and_then(|row| self.rows.remove(row)) else {
            return false;
        };
        let source = slot.key.source;
        let horizon_ms = self
            .horizon_ms(source)
            .max(slot.states.last_ms().unwrap_or(self.began_ms));
        self.source_mut(source).horizon_ms = Some(horizon_ms);
        true
    }

    /// Removes values that may not be kept any more.
    pub(super) fn mask(&mut self) {
        let rules = &self.rules;
        let is_secret = |name: &str| rules.is_secret(name);
        let masked = |head: &Head| match head.tag {
            Tag::Changed | Tag::Routine => texts::masked(&head.texts, &is_secret),
            _ => None,
        };
        for id in self.ring.first()..self.ring.next() {
            if let Some(texts) = self.ring.get(id).and_then(masked) {
                self.ring.set_texts(id, texts);
            }
        }
        for row in self.rows.numbers() {
            self.rows.edit(row, |slot| {
                if let Some(kept) = &mut slot.kept
                    && let Some(texts) = masked(&kept.1)
                {
                    kept.1.texts = texts;
                }
            });
        }
    }
}

/// Whether the states of a row are more than that it has been in its state since the horizon.
fn says_more_than_horizon(slot: &Slot) -> bool {
    let mut states = slot.states.stretches();
    states.len() > 1
        || states
            .next()
            .is_some_and(|first| !matches!(first.since, Since::AtLeast(_)))
}
