//! The render world's copy of what is drawn. Only what changed is copied, between two frames; the GPU's buffers can be
//! filled from here whenever the device had to be replaced.

use std::{collections::VecDeque, ops::Range};

use bevy::{prelude::*, render::MainWorld};

use crate::{
    messages::Quality,
    scene::{
        links::{LINK_WORDS, Links},
        marks::{FRAME_WORDS, Frame, Layer, Marks, Runs, Table, WORDS},
        ties::{ShownTies, TIE_WORDS},
    },
};

/// So long after it changed a mark is among the recent ones, at most: its pulse is over.
const RECENT_MILLIS: u32 = 1_500;
/// Changes are put together by so many milliseconds.
const RECENT_STEP_MILLIS: u32 = 250;

/// A copy of one table, what of it is not yet on the GPU, and what changed a moment ago.
#[derive(Debug)]
pub(super) struct Replica<const N: usize> {
    pub(super) items: Vec<[u32; N]>,
    pub(super) pending: Runs,
    /// The latest last, with the millisecond in which each began: seven at most.
    changes: VecDeque<(u32, Runs)>,
}

impl<const N: usize> Default for Replica<N> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            pending: Runs::default(),
            changes: VecDeque::new(),
        }
    }
}

impl<const N: usize> Replica<N> {
    /// Takes in what changed; `now` in milliseconds that come round.
    fn follow(&mut self, table: &mut Table<N>, now: u32) {
        while let Some((began, _)) = self.changes.front()
            && now.wrapping_sub(*began) > RECENT_MILLIS + RECENT_STEP_MILLIS
        {
            self.changes.pop_front();
        }
        if !table.has_changed() {
            return;
        }
        let changed = table.drain_changed();
        let is_new = |(began, _): &(u32, Runs)| now.wrapping_sub(*began) <= RECENT_STEP_MILLIS;
        if !self.changes.back().is_some_and(is_new) {
            self.changes.push_back((now, Runs::default()));
        }
        self.items.resize(table.items().len(), [0; N]);
        for run in changed {
            if let (Some(to), Some(from)) = (self.items.get_mut(run.clone()), table.items().get(run.clone())) {
                to.copy_from_slice(from);
                self.pending.mark_range(run.clone());
                if let Some((_, recent)) = self.changes.back_mut() {
                    recent.mark_range(run);
                }
            }
        }
    }

    /// The items below `len` that changed a moment ago, in order.
    pub(super) fn recent(&self, len: usize) -> Vec<Range<u32>> {
        let mut all = Runs::default();
        for (_, runs) in &self.changes {
            all.join(runs);
        }
        let whole = |slot: usize| u32::try_from(slot).unwrap_or(u32::MAX);
        let runs = all.drain(len).into_iter();
        runs.map(|run| whole(run.start)..whole(run.end)).collect()
    }
}

#[derive(Resource, Debug, Default)]
pub(super) struct Mirror {
    pub(super) quality: Quality,
    pub(super) frame: Frame,
    pub(super) marks: [Replica<WORDS>; Layer::ALL.len()],
    pub(super) links: Replica<LINK_WORDS>,
    pub(super) ties: Replica<TIE_WORDS>,
}

impl Mirror {
    pub(super) fn is_stale(&self) -> bool {
        self.frame.staleness() > 0.0
    }
}

pub(super) fn copy(mut main: ResMut<MainWorld>, mut mirror: ResMut<Mirror>) {
    let mirror = &mut *mirror;
    mirror.quality = main.get_resource().copied().unwrap_or_default();
    if let Some(frame) = main.get_resource::<Frame>() {
        debug_assert_eq!(frame.0.len(), FRAME_WORDS);
        mirror.frame.clone_from(frame);
    }
    let now = mirror.frame.millis();
    if let Some(mut marks) = main.get_resource_mut::<Marks>() {
        for (layer, replica) in Layer::ALL.into_iter().zip(&mut mirror.marks) {
            replica.follow(marks.table_mut(layer), now);
        }
    }
    if let Some(mut links) = main.get_resource_mut::<Links>() {
        mirror.links.follow(links.table_mut(), now);
    }
    if let Some(mut ties) = main.get_resource_mut::<ShownTies>() {
        mirror.ties.follow(ties.table_mut(), now);
    }
}
