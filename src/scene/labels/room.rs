//! The room for labels on the screen. What is in a fixed rectangle of its own is added without a search; everything else goes
//! where nothing is written yet. Streets are kept apart: nothing in them may reach into a block.

use bevy::prelude::*;

use super::{MOST_LABELS, board::Board, label::Label};
use crate::scene::camera::View;

/// How far a label may be over the edge of the screen, because widths are estimated.
const OVER_PX: f32 = 2.0;
/// What is free above and below the letters of a line: names in streets may be that near to blocks.
const LEADING_PX: f32 = 2.5;

/// The labels of an arrangement so far, and where there is room for more.
#[derive(Debug)]
pub(super) struct Room {
    labels: Vec<Label>,
    free: Rect,
    world_per_px: f32,
    scale: f32,
    /// What is written, and marks that nothing is written over.
    written: Board,
    /// The same in the streets; blocks are occupied.
    streets: Board,
}

impl Room {
    /// The room on the part of the screen that no fixed panel covers.
    pub(super) fn new(free: Rect, view: &View, scale: f32) -> Self {
        Self {
            labels: Vec::new(),
            free,
            world_per_px: view.world_per_px,
            scale,
            written: Board::new(free),
            streets: Board::new(free),
        }
    }

    /// The part of the screen that no fixed panel covers.
    pub(super) fn free(&self) -> Rect {
        self.free
    }

    /// Whether no more labels are drawn.
    pub(super) fn is_full(&self) -> bool {
        self.labels.len() >= MOST_LABELS
    }

    /// How many labels there are.
    pub(super) fn count(&self) -> usize {
        self.labels.len()
    }

    /// Takes the last labels back; the ground that they had remains occupied.
    pub(super) fn keep(&mut self, count: usize) {
        self.labels.truncate(count);
    }

    /// The labels, the most important first.
    pub(super) fn into_labels(self) -> Vec<Label> {
        self.labels
    }

    /// Where a label would be; `named` is the middle and the size of what it names on the screen.
    pub(super) fn rect(&self, label: &Label, named: (Vec2, Vec2)) -> Rect {
        label.rect_at(named, self.world_per_px, label.size_px(self.scale))
    }

    /// Keeps names in streets off a block, or off an agent.
    pub(super) fn block_streets(&mut self, rect: Rect) {
        self.streets.block(rect);
    }

    /// Keeps titles off a mark.
    pub(super) fn block_mark(&mut self, rect: Rect) {
        self.written.block(rect);
    }

    /// Adds a label in a rectangle of its own, unless that is not wholly on the screen or something was written over it.
    pub(super) fn add_fixed(&mut self, label: Label, named: (Vec2, Vec2)) -> bool {
        let rect = self.rect(&label, named);
        let inner = rect.inflate(-OVER_PX);
        let is_on_screen = self.free.contains(inner.min) && self.free.contains(inner.max);
        if self.is_full() || !is_on_screen || self.written.touches(inner) {
            return false;
        }
        self.written.block(rect);
        self.labels.push(label);
        true
    }

    /// Adds a label where nothing is written, over whatever marks are not kept clear.
    pub(super) fn add_over(&mut self, label: Label, named: (Vec2, Vec2)) -> bool {
        let rect = self.rect(&label, named);
        if self.is_full() || !self.written.take(rect) {
            return false;
        }
        self.streets.block(rect);
        self.labels.push(label);
        true
    }

    /// Adds a label in a street, where that is free.
    pub(super) fn add_in_street(&mut self, label: Label, named: (Vec2, Vec2)) -> bool {
        let rect = self.rect(&label, named);
        let letters = Rect {
            min: rect.min + Vec2::new(0.0, LEADING_PX),
            max: rect.max - Vec2::new(0.0, LEADING_PX),
        };
        if self.is_full() || self.written.touches(letters) || !self.streets.take(letters) {
            return false;
        }
        self.written.block(letters);
        self.labels.push(label);
        true
    }
}
