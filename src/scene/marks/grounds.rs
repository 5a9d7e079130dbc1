//! The blocks with their header and tally, and the dock.

use bevy::prelude::*;

use super::{
    ground::{self, GroundMark},
    mark::{Flags, MarkKind},
    stamp::stamp,
    store::{Layer, Marks},
};
use crate::{
    fleet::{FleetClock, Moment, RowState, Touched, WorkflowRow},
    layout::{Block, DockGround, Tallies, Tally},
};
use model::Status;

/// The slot of the dock's mark, which belongs to no entity.
#[derive(Resource, Debug, Default)]
pub(super) struct DockSlot(Option<u32>);

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<DockSlot>();
}

pub(super) fn remove(mut marks: ResMut<Marks>, mut removed: RemovedComponents<Block>, blocks: Query<(), With<Block>>) {
    for entity in removed.read() {
        if !blocks.contains(entity) {
            marks.remove(entity);
        }
    }
}

pub(super) fn draw(
    mut marks: ResMut<Marks>,
    mut slot: ResMut<DockSlot>,
    tallies: Res<Tallies>,
    clock: Res<FleetClock>,
    dock: Res<DockGround>,
    touched: Res<Touched>,
    blocks: Query<(&Block, Option<(&WorkflowRow, &RowState, &Moment)>)>,
) {
    for entity in touched.iter().chain(tallies.changed()) {
        let Ok((block, row)) = blocks.get(entity) else {
            continue;
        };
        let tally = tallies.of(entity);
        let past = |secs: f64| stamp(secs.min(clock.0));
        let kind = if row.is_some() {
            MarkKind::Block
        } else {
            MarkKind::Ground
        };
        let mut mark = GroundMark::new(kind, block.rect());
        mark.from = block.from;
        mark.moved = past(block.moved);
        mark.header = block.header().height();
        mark.cell = block.place.cell.min_element();
        mark.shares =
            [Status::Running, Status::Done, Status::Blocked, Status::Failed].map(|status| share(&tally, status));
        mark.progress = tally.done();
        if let Some((workflow, state, moment)) = row {
            mark.status = state.0.status;
            mark.progress = workflow.progress.or(mark.progress);
            mark.appeared = past(moment.appeared);
            mark.gone = moment.gone.map(past);
        }
        (mark.status_before, mark.status_changed) = (mark.status, mark.appeared);
        if let Some((status, before, changed, flags)) = marks.words(entity).map(ground::history) {
            // `scene::highlight` owns these flags.
            mark.flags = flags & (Flags::HIGHLIGHTED | Flags::WAS_HIGHLIGHTED);
            (mark.status_before, mark.status_changed) = match row {
                Some((_, _, moment)) if status != mark.status => (status, past(moment.changed)),
                _ => (before, changed),
            };
        }
        marks.set(entity, Layer::Grounds, mark.pack());
    }
    if dock.is_changed() {
        let words = dock.0.map(|rect| GroundMark::new(MarkKind::Dock, rect).pack());
        let table = marks.table_mut(Layer::Grounds);
        match (words, slot.0) {
            (Some(words), Some(slot)) => table.write(slot, words),
            (Some(words), None) => slot.0 = Some(table.insert(words)),
            (None, Some(old)) => {
                table.remove(old);
                slot.0 = None;
            }
            (None, None) => {}
        }
    }
}

/// The share of the rows in a status, of 255, rounded up: a single one among a thousand is visible.
fn share(tally: &Tally, status: Status) -> u8 {
    let total = u64::from(tally.total().max(1));
    u8::try_from((u64::from(tally.of(status)) * 255).div_ceil(total)).unwrap_or(u8::MAX)
}
