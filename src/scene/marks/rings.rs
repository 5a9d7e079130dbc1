//! The rings around the hovered and the selected rows: copies of those two marks, on top of everything. A ring appears when
//! its row is first hovered or selected, and fades out when it no longer is.

use bevy::prelude::*;
use model::Status;

use super::{
    mark::{Flags, Mark, MarkKind, WORDS},
    stamp::stamp,
    store::{Layer, Marks},
};
use crate::{fleet::FleetClock, layout::Block, scene::selection::Selection};

/// Rows beside the one in the inspector that have a ring: more of them are told by the dimming of the others.
const MOST_OTHERS: usize = 256;
/// A fading ring is invisible after this (`LEAVE_SECS` in pointed.wgsl).
const FADE_SECS: f64 = 0.2;

/// One ring: its row and since when, and the row that it left and when.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Ring {
    around: Option<(Entity, f64)>,
    left: Option<(Entity, f64)>,
}

impl Ring {
    fn point(&mut self, row: Option<Entity>, now: f64) {
        let before = self.around.map(|(row, _)| row);
        if before != row {
            self.left = before.map(|row| (row, now));
            self.around = row.map(|row| (row, now));
        }
        self.left = self
            .left
            .filter(|(left, since)| Some(*left) != row && now - since < FADE_SECS);
    }
}

pub(super) fn draw(
    mut marks: ResMut<Marks>,
    selection: Res<Selection>,
    clock: Res<FleetClock>,
    blocks: Query<&Block>,
    mut slots: Local<Option<[u32; 4]>>,
    mut rings: Local<[Ring; 2]>,
    mut others: Local<Vec<(u32, Entity, f64)>>,
) {
    let [hover_slot, hover_left, selection_slot, selection_left] = *slots.get_or_insert_with(|| {
        let table = marks.table_mut(Layer::Overlay);
        // Nothing else is in this layer.
        [(); 4].map(|()| table.insert([0; WORDS]))
    });
    let [hover, selected] = &mut *rings;
    let hovered = selection.hovered.filter(|hovered| Some(*hovered) != selection.selected);
    hover.point(hovered, clock.0);
    selected.point(selection.selected, clock.0);
    let (of_hover, of_selection) = (Flags::HOVER_RING, Flags::SELECTION_RING);
    for (slot, ring, flags) in [
        (hover_slot, hover.around, of_hover),
        (hover_left, hover.left, of_hover | Flags::FADING),
        (selection_slot, selected.around, of_selection),
        (selection_left, selected.left, of_selection | Flags::FADING),
    ] {
        let words = ring
            .and_then(|(row, since)| {
                let mark = marks.mark(row).or_else(|| Some(of_block(blocks.get(row).ok()?)));
                Some((mark?, stamp(since)))
            })
            .map_or([0; WORDS], |(mark, since)| around(&mark, flags, since).pack());
        marks.table_mut(Layer::Overlay).write(slot, words);
    }
    let wanted = selection.others.get(..MOST_OTHERS).unwrap_or(&selection.others);
    let is_same = others.iter().map(|(_, row, _)| row).eq(wanted);
    if !is_same {
        let before: Vec<(u32, Entity, f64)> = others.drain(..).collect();
        let since = |row: Entity| {
            before
                .iter()
                .find(|(_, other, _)| *other == row)
                .map(|(_, _, since)| *since)
        };
        let mut free = before.iter().map(|(slot, ..)| *slot);
        let table = marks.table_mut(Layer::Overlay);
        let kept = wanted.iter().map(|row| {
            let slot = free.next().unwrap_or_else(|| table.insert([0; WORDS]));
            (slot, *row, since(*row).unwrap_or(clock.0))
        });
        others.extend(kept);
        for slot in free {
            table.remove(slot);
        }
    }
    for (slot, row, since) in &*others {
        let words = (marks.mark(*row)).map_or([0; WORDS], |mark| around(&mark, of_selection, stamp(*since)).pack());
        marks.table_mut(Layer::Overlay).write(*slot, words);
    }
}

/// A block as the ring around it sees it.
fn of_block(block: &Block) -> Mark {
    let rect = block.rect();
    let mut mark = Mark::new(MarkKind::Block, rect.center(), rect.size(), Status::Idle);
    (mark.from, mark.moved) = (block.from.center(), stamp(block.moved));
    mark
}

/// A ring around a mark: the mark with the ring's stamps, of when it appeared and when it was left.
fn around(mark: &Mark, flags: Flags, since: u32) -> Mark {
    let appeared = if flags.contains(Flags::FADING) {
        mark.appeared
    } else {
        since
    };
    Mark {
        flags: mark.flags | flags,
        changed: appeared,
        status_changed: since,
        ..*mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_appears_once_and_fades_when_its_row_is_left() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let (one, other) = (row(1), row(2));
        let mut ring = Ring::default();
        ring.point(Some(one), 1.0);
        ring.point(Some(one), 2.0);
        assert_eq!((ring.around, ring.left), (Some((one, 1.0)), None));
        ring.point(Some(other), 3.0);
        assert_eq!((ring.around, ring.left), (Some((other, 3.0)), Some((one, 3.0))));
        ring.point(Some(one), 3.1);
        assert_eq!(ring.left, Some((other, 3.1)), "a row has one ring");
        ring.point(None, 3.2);
        ring.point(None, 3.2 + FADE_SECS);
        assert_eq!(ring, Ring::default());
    }

    #[test]
    fn a_ring_has_stamps() {
        let mark = Mark::new(MarkKind::Task, Vec2::ONE, Vec2::splat(4.0), Status::Idle);
        let ring = around(&mark, Flags::SELECTION_RING, 77);
        let read = Mark::unpack(&ring.pack()).expect("a ring is drawn");
        assert_eq!((read.changed, read.size, read.to), (77, mark.size, Vec2::ONE));
        assert!(read.flags.contains(Flags::SELECTION_RING) && !read.flags.contains(Flags::FADING));
        let left = around(&mark, Flags::SELECTION_RING | Flags::FADING, 77);
        assert_eq!((left.changed, left.status_changed), (mark.appeared, 77));
    }
}
