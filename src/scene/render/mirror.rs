//! The render world's copy of what is drawn. Only changes are copied, between two frames; the GPU's buffers are filled from
//! it again when the device was replaced.

use std::{collections::VecDeque, ops::Range};

use bevy::{prelude::*, render::MainWorld};

use super::uniform::SceneUniform;
use crate::{
    layout::CellSizes,
    messages::Quality,
    scene::{
        links::{LINK_WORDS, Links},
        marks::{Layer, Marks, Runs, Table, WORDS},
        ties::{ShownTies, TIE_WORDS},
    },
};

/// A mark counts as recent for this long after it changed: its pulse is over by then.
const RECENT_MILLIS: u32 = 1_500;
/// Changes within this time are recorded together.
const RECENT_STEP_MILLIS: u32 = 250;

/// A copy of one table, the part of it that is not yet on the GPU, and what changed recently.
#[derive(Debug)]
pub(super) struct Replica<const N: usize> {
    /// The table as it is in the main world.
    pub(super) items: Vec<[u32; N]>,
    /// The runs of `items` that the GPU does not have yet.
    pub(super) pending: Runs,
    /// The latest last, with the millisecond in which each began: at most seven.
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
    /// Copies what changed; `now` in milliseconds modulo 2^32.
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

    /// The ranges of items below `len` that changed recently, in order.
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

/// The copy of the main world's scene that the render world draws, updated in every frame.
#[derive(Resource, Debug, Default)]
pub(super) struct Mirror {
    /// Which features of the picture are on.
    pub(super) quality: Quality,
    /// The values that all shaders share in this frame.
    pub(super) uniform: SceneUniform,
    /// The sizes of the cells and of the agents.
    pub(super) cells: CellSizes,
    /// The marks, by layer.
    pub(super) marks: [Replica<WORDS>; Layer::ALL.len()],
    /// The beams from agents to their tasks.
    pub(super) links: Replica<LINK_WORDS>,
    /// The ties of the hovered and the selected row.
    pub(super) ties: Replica<TIE_WORDS>,
}

impl Mirror {
    /// Whether the scene is drawn as one that may be old.
    pub(super) fn is_stale(&self) -> bool {
        self.uniform.stale > 0.0
    }
}

/// Copies what changed since the last frame from the main world.
pub(super) fn copy(mut main: ResMut<MainWorld>, mut mirror: ResMut<Mirror>) {
    let mirror = &mut *mirror;
    mirror.quality = *main.resource();
    mirror.uniform.clone_from(main.resource());
    mirror.cells = *main.resource();
    let now = mirror.uniform.now_ms;
    let mut marks = main.resource_mut::<Marks>();
    for (layer, replica) in Layer::ALL.into_iter().zip(&mut mirror.marks) {
        replica.follow(marks.table_mut(layer), now);
    }
    mirror.links.follow(main.resource_mut::<Links>().table_mut(), now);
    mirror.ties.follow(main.resource_mut::<ShownTies>().table_mut(), now);
}
