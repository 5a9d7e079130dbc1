//! The render world's copy of what is drawn. Only what changed is copied, between two frames; the GPU's buffers can be
//! filled from here whenever the device had to be replaced.

use bevy::{prelude::*, render::MainWorld};

use crate::{
    messages::Quality,
    scene::{
        links::{LINK_WORDS, Links},
        marks::{FRAME_WORDS, Frame, Layer, Marks, Runs, Table, WORDS},
        ties::{ShownTies, TIE_WORDS},
    },
};

/// A copy of one table and what of it is not yet on the GPU.
#[derive(Debug)]
pub(super) struct Replica<const N: usize> {
    pub(super) items: Vec<[u32; N]>,
    pub(super) pending: Runs,
}

impl<const N: usize> Default for Replica<N> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            pending: Runs::default(),
        }
    }
}

impl<const N: usize> Replica<N> {
    fn follow(&mut self, table: &mut Table<N>) {
        if !table.has_changed() {
            return;
        }
        let changed = table.drain_changed();
        self.items.resize(table.items().len(), [0; N]);
        for run in changed {
            if let (Some(to), Some(from)) = (self.items.get_mut(run.clone()), table.items().get(run.clone())) {
                to.copy_from_slice(from);
                self.pending.mark_range(run);
            }
        }
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
    if let Some(mut marks) = main.get_resource_mut::<Marks>() {
        for (layer, replica) in Layer::ALL.into_iter().zip(&mut mirror.marks) {
            replica.follow(marks.table_mut(layer));
        }
    }
    if let Some(mut links) = main.get_resource_mut::<Links>() {
        mirror.links.follow(links.table_mut());
    }
    if let Some(mut ties) = main.get_resource_mut::<ShownTies>() {
        mirror.ties.follow(ties.table_mut());
    }
}
