//! How legible the picture is, in numbers: `opswall snapshot OUT.png --report`.

use std::{collections::BTreeMap, path::Path};

use bevy::{ecs::system::SystemParam, prelude::*};
use plan::Level;
use serde::Serialize;

use crate::{
    fleet::{Counts, FleetIndex, RowLabel},
    layout::{Block, CellSizes, CityPlan, Ground, Tallies, block_name},
    scene::{
        camera::View,
        detail::{Detail, loud_px},
        labels::{LabelKind, ShownLabels, name_fits},
        marks::{Layer, Marks},
        text_scale::TextScale,
    },
};
use model::{Kind, Status};

/// What the picture shows. Shares are 0 to 1, sizes logical pixels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    /// The picture's file.
    pub(super) picture: String,
    /// Rows on the wall, and those of them that are drawn by themselves, not as a part of a number or of a band.
    pub(super) rows: usize,
    pub(super) rows_drawn: usize,
    /// The share of the scene that is block, and of the blocks' bodies that is cells with a row.
    pub(super) blocks_share: f32,
    pub(super) cells_share: f32,
    /// Blocks, and the share of them whose name is whole on the screen.
    pub(super) names: usize,
    pub(super) names_whole: f32,
    /// Blocks with a task in trouble, and the share of them whose name is on the screen.
    pub(super) names_in_trouble: usize,
    pub(super) names_in_trouble_shown: f32,
    /// Tasks with a cell, and the share of them whose title is whole on the screen.
    pub(super) titles: usize,
    pub(super) titles_whole: f32,
    /// The shorter side of the smallest cell, and the least side of one in trouble.
    pub(super) smallest_row_px: f32,
    pub(super) smallest_trouble_px: f32,
    /// Pairs of texts that lie over each other, and names that are cut although their block is wide enough.
    pub(super) texts_overlapping: usize,
    pub(super) texts_cut_beside_free_ground: usize,
    /// Tasks and runs by state, as the header counts them; only states that occur.
    pub(super) states: BTreeMap<&'static str, usize>,
    /// Tasks and runs, as the blocks count them.
    pub(super) in_blocks: usize,
}

/// Reads what a report is made from.
#[derive(SystemParam)]
pub(super) struct Reporter<'w, 's> {
    fleet: Res<'w, FleetIndex>,
    counts: Res<'w, Counts>,
    plan: Res<'w, CityPlan>,
    tallies: Res<'w, Tallies>,
    cells: Res<'w, CellSizes>,
    view: Res<'w, View>,
    detail: Res<'w, Detail>,
    scale: Res<'w, TextScale>,
    marks: Res<'w, Marks>,
    labels: Res<'w, ShownLabels>,
    blocks: Query<
        'w,
        's,
        (
            Entity,
            &'static Block,
            Option<&'static RowLabel>,
            Option<&'static Ground>,
        ),
    >,
}

impl Reporter<'_, '_> {
    /// The report on what is on the screen now.
    pub(super) fn report(&self, picture: &Path) -> Report {
        let of_kind = |kind: LabelKind| self.labels.labels.iter().filter(move |label| label.kind == kind);
        let own = self.plan.report();
        let drawn = |layer| self.marks.table(layer).live();
        let names = self.blocks.iter().count();
        let whole = of_kind(LabelKind::Block).filter(|label| !label.is_shortened).count();
        let in_trouble: Vec<Entity> = self
            .blocks
            .iter()
            .map(|(block, ..)| block)
            .filter(|block| self.tallies.of(*block).alarms() > 0)
            .collect();
        let shown = in_trouble
            .iter()
            .filter(|block| of_kind(LabelKind::Block).any(|label| label.about == **block));
        let shown = shown.count();
        let titles = drawn(Layer::Tasks) + drawn(Layer::Alarms);
        let titles_whole = of_kind(LabelKind::Title).filter(|label| !label.is_shortened).count();
        let smallest = self.cells.least.min_element() / self.view.world_per_px;
        let are_banded = self.detail.level(self.cells.most / self.view.world_per_px, *self.scale) == Level::Band;
        let calm = if are_banded { 0 } else { drawn(Layer::Tasks) };
        let cut = of_kind(LabelKind::Block).filter(|label| label.is_shortened && self.is_wide_enough(label.about));
        let states = Status::ALL.map(|status| (status.word(), self.counts.work(status)));
        Report {
            picture: picture.display().to_string(),
            rows: self.fleet.len(),
            rows_drawn: calm + drawn(Layer::Alarms) + drawn(Layer::Agents) + self.rows_of_blocks(),
            blocks_share: own.blocks_share,
            cells_share: own.cells_share,
            names,
            names_whole: share(whole, names),
            names_in_trouble: in_trouble.len(),
            names_in_trouble_shown: share(shown, in_trouble.len()),
            titles,
            titles_whole: share(titles_whole, titles),
            smallest_row_px: if own.cells > 0 { smallest } else { 0.0 },
            smallest_trouble_px: smallest.max(loud_px(*self.scale) * self.scale.unit()),
            texts_overlapping: self.labels.overlapping(),
            texts_cut_beside_free_ground: cut.count(),
            states: states.into_iter().filter(|(_, count)| *count > 0).collect(),
            in_blocks: self.counted_in_blocks(),
        }
    }

    /// The blocks that are rows.
    fn rows_of_blocks(&self) -> usize {
        self.blocks.iter().filter(|(_, _, label, _)| label.is_some()).count()
    }

    /// Tasks and runs as the blocks count them, those of folded workflows included.
    fn counted_in_blocks(&self) -> usize {
        let work: usize = Kind::work().map(|kind| self.counts.total(kind)).sum();
        if work == 0 { 0 } else { self.tallies.total() as usize }
    }

    /// Whether the name of a block would fit into its header in the smallest letters.
    fn is_wide_enough(&self, block: Entity) -> bool {
        let Ok((_, block, label, ground)) = self.blocks.get(block) else {
            return false;
        };
        let width_px = block.header().width() / self.view.world_per_px;
        block_name(label, ground).is_some_and(|name| name_fits(name, width_px, self.scale.0))
    }
}

/// A share; all of nothing is 1.
fn share(part: usize, all: usize) -> f32 {
    if all == 0 { 1.0 } else { part as f32 / all as f32 }
}
