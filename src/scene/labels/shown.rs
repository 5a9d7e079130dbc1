//! The labels that are on the screen, for reports on how legible the scene is.

use bevy::prelude::*;

use super::label::{Label, LabelKind};

/// A label that is on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownLabel {
    /// What it says.
    pub kind: LabelKind,
    /// The block, task, run or agent that it is about.
    pub about: Entity,
    /// Its whole text, with line breaks.
    pub text: String,
    /// Whether something of the name or the title was left out.
    pub is_shortened: bool,
    /// Where it is, logical pixels of the screen.
    pub rect: Rect,
}

impl ShownLabel {
    pub(super) fn new(label: &Label, rect: Rect) -> Self {
        Self {
            kind: label.kind,
            about: label.owner.entity(),
            text: label.text(),
            is_shortened: label.is_shortened,
            rect,
        }
    }
}

/// The labels that were on the screen when anything of them last changed, at most `MOST_LABELS`.
#[derive(Resource, Debug, Default, Clone, PartialEq)]
pub struct ShownLabels {
    /// In no order.
    pub labels: Vec<ShownLabel>,
}

impl ShownLabels {
    /// How many pairs of labels lie over one another by more than a pixel.
    pub fn overlapping(&self) -> usize {
        let rects: Vec<Rect> = self.labels.iter().map(|label| label.rect.inflate(-1.0)).collect();
        let pairs = rects.iter().enumerate().map(|(index, rect)| {
            let others = rects.iter().take(index);
            others.filter(|other| !rect.intersect(**other).is_empty()).count()
        });
        pairs.sum()
    }
}
