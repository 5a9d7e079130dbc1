//! A sort of many new rows in pieces: runs are sorted, merged, and merged with the order that there was.

use std::{cmp::Ordering, ops::Range};

use super::{Ranked, Slots};

/// Rows that are sorted at once; about 10,000 comparisons, of rows that are near each other in memory.
const RUN: usize = 1_024;
/// Rows that are merged at once.
const PIECE: usize = 1_024;

/// A sort in progress.
#[derive(Debug)]
pub(super) struct Full {
    /// The slots of the new rows.
    added: Vec<u32>,
    is_descending: bool,
    /// The new rows: runs of `width`, sorted as far as the stage says.
    runs: Vec<Ranked>,
    /// What the stage has written.
    out: Vec<Ranked>,
    stage: Stage,
    /// Slots that are gone and that the result will not contain.
    gone: Vec<u32>,
    /// Rows that were handled, of those that will be, over all stages.
    done: usize,
    total: usize,
}

#[derive(Debug)]
enum Stage {
    /// Slots become runs, which are sorted.
    Sort,
    /// Two runs after the other are merged: what is left of each, and the length of runs.
    Merge {
        left: Range<usize>,
        right: Range<usize>,
        width: usize,
    },
    /// The new rows are merged with the old order: how many of each have been.
    Join { new: usize, old: usize },
}

impl Full {
    pub(super) fn new(added: Vec<u32>, gone: Vec<u32>, spare: Vec<Ranked>, old: usize, is_descending: bool) -> Self {
        let mut passes = 2;
        let mut width = RUN;
        while width < added.len() {
            passes += 1;
            width = width.saturating_mul(2);
        }
        let mut out = spare;
        out.clear();
        Self {
            total: added.len() * passes + old,
            runs: Vec::with_capacity(added.len()),
            added,
            is_descending,
            out,
            stage: Stage::Sort,
            gone,
            done: 0,
        }
    }

    pub(super) fn progress(&self) -> f32 {
        self.done as f32 / self.total.max(1) as f32
    }

    /// Its memory in bytes.
    pub(super) fn bytes(&self) -> usize {
        let ranked = self.runs.capacity() + self.out.capacity();
        let slots = self.added.capacity() + self.gone.capacity();
        ranked * size_of::<Ranked>() + slots * size_of::<u32>()
    }

    /// The order, and the slots that it does not contain any more.
    pub(super) fn finish(self) -> (Vec<Ranked>, Vec<u32>) {
        (self.out, self.gone)
    }

    /// A piece of the work; whether that was the last. `old` is the same order in every call.
    pub(super) fn step(&mut self, slots: &Slots, old: &[Ranked]) -> bool {
        match &mut self.stage {
            Stage::Sort => {
                let at = self.runs.len();
                let slots_of_run = self.added.iter().skip(at).take(RUN);
                let ranked = slots_of_run.filter_map(|slot| slots.ranked(*slot, self.is_descending));
                self.runs.extend(ranked);
                if let Some(run) = self.runs.get_mut(at..) {
                    run.sort_unstable_by(|a, b| slots.cmp(a, b));
                    self.done += run.len();
                }
                if self.runs.len() == at || self.runs.len() >= self.added.len() {
                    self.stage = self.merge_of(RUN);
                }
                false
            }
            Stage::Merge { left, right, width } => {
                let before = self.out.len();
                merge(slots, &self.runs, left, &self.runs, right, &mut self.out, |_| true);
                self.done += self.out.len() - before;
                if (*left).is_empty() && (*right).is_empty() {
                    let (at, width) = (right.end, *width);
                    if at < self.runs.len() {
                        self.stage = pair(at, width, self.runs.len());
                    } else {
                        std::mem::swap(&mut self.runs, &mut self.out);
                        self.out.clear();
                        self.stage = self.merge_of(width.saturating_mul(2));
                    }
                }
                false
            }
            Stage::Join { new, old: at } => {
                let (mut left, mut right) = (*at..old.len(), *new..self.runs.len());
                let before = left.len() + right.len();
                let is_there = |ranked| slots.is_there(ranked);
                merge(slots, old, &mut left, &self.runs, &mut right, &mut self.out, is_there);
                (*at, *new) = (left.start, right.start);
                self.done += before - left.len() - right.len();
                left.is_empty() && right.is_empty()
            }
        }
    }

    /// The stage that merges runs of a length, or the last one where there is a single run.
    fn merge_of(&self, width: usize) -> Stage {
        match width < self.runs.len() {
            true => pair(0, width, self.runs.len()),
            false => Stage::Join { new: 0, old: 0 },
        }
    }
}

/// Merges the two runs that begin at a position.
fn pair(at: usize, width: usize, len: usize) -> Stage {
    let middle = at.saturating_add(width).min(len);
    let end = middle.saturating_add(width).min(len);
    Stage::Merge {
        left: at..middle,
        right: middle..end,
        width,
    }
}

/// Merges up to [`PIECE`] rows of two sorted ranges, of which those remain that are left.
fn merge(
    slots: &Slots,
    from_left: &[Ranked],
    left: &mut Range<usize>,
    from_right: &[Ranked],
    right: &mut Range<usize>,
    out: &mut Vec<Ranked>,
    is_kept: impl Fn(Ranked) -> bool,
) {
    for _ in 0..PIECE {
        let a = from_left.get(left.start).filter(|_| !(*left).is_empty());
        let b = from_right.get(right.start).filter(|_| !(*right).is_empty());
        let is_left = match (a, b) {
            (Some(a), Some(b)) => slots.cmp(a, b) != Ordering::Greater,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return,
        };
        let next = if is_left {
            left.start += 1;
            a
        } else {
            right.start += 1;
            b
        };
        out.extend(next.copied().filter(|next| is_kept(*next)));
    }
}
