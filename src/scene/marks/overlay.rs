//! The rings of what the pointer is over and what is selected: copies of those two marks, on top of everything. A ring
//! comes from when its row was first pointed at, and goes from when it was left.

use bevy::prelude::*;

use super::{
    clock::stamp,
    instance::{Flags, Mark, MarkKind, WORDS},
    tables::{Layer, Marks},
};
use crate::{fleet::FleetClock, scene::selection::Selection};

/// A ring that goes is gone by then (`LEAVE_SECS` in pointed.wgsl).
const LEFT_SECS: f64 = 0.2;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Selection>();
}

/// One ring: the row it is around since when, and the one that it left when.
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
            .filter(|(left, since)| Some(*left) != row && now - since < LEFT_SECS);
    }
}

pub(super) fn draw(
    mut marks: ResMut<Marks>,
    selection: Res<Selection>,
    clock: Res<FleetClock>,
    mut slots: Local<Option<[u32; 4]>>,
    mut rings: Local<[Ring; 2]>,
) {
    let [hover_slot, hover_left, selection_slot, selection_left] = *slots.get_or_insert_with(|| {
        let table = marks.table_mut(Layer::Overlay);
        // Empty slots of our own; nothing else lives in this layer.
        [(); 4].map(|()| table.insert([0; WORDS]))
    });
    let [hover, selected] = &mut *rings;
    let hovered = selection.hovered.filter(|hovered| Some(*hovered) != selection.selected);
    hover.point(hovered, clock.0);
    selected.point(selection.selected, clock.0);
    let (of_hover, of_selection) = (Flags::HOVER_RING, Flags::SELECTION_RING);
    for (slot, ring, flags) in [
        (hover_slot, hover.around, of_hover),
        (hover_left, hover.left, of_hover.with(Flags::LEFT, true)),
        (selection_slot, selected.around, of_selection),
        (selection_left, selected.left, of_selection.with(Flags::LEFT, true)),
    ] {
        let words = ring
            .and_then(|(row, since)| Some((marks.mark(row)?, stamp(since))))
            .map_or([0; WORDS], |(mark, since)| around(&mark, flags, since).pack());
        marks.table_mut(Layer::Overlay).write(slot, words);
    }
}

/// A ring around a mark, with its own stamps in the place of the mark's: when it came, and when it was left.
fn around(mark: &Mark, flags: Flags, since: u32) -> Mark {
    let came = if flags.contains(Flags::LEFT) {
        mark.appeared
    } else {
        since
    };
    Mark {
        // A district's third stamp would be its shares.
        kind: match mark.kind {
            MarkKind::Agent => MarkKind::Agent,
            _ => MarkKind::Task,
        },
        flags: mark.flags.with(flags, true),
        changed: came,
        status_changed: since,
        ..*mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_comes_once_and_goes_when_it_is_left() {
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
        ring.point(None, 3.2 + LEFT_SECS);
        assert_eq!(ring, Ring::default());
    }

    #[test]
    fn a_districts_ring_has_its_times() {
        let mark = Mark::new(MarkKind::District, Vec2::ONE, 4.0, model::Status::Idle);
        let ring = around(&mark, Flags::SELECTION_RING, 77);
        let read = Mark::unpack(&ring.pack()).expect("a ring is drawn");
        assert_eq!((read.changed, read.radius, read.to), (77, 4.0, Vec2::ONE));
        assert!(read.flags.contains(Flags::SELECTION_RING) && !read.flags.contains(Flags::LEFT));
        let left = around(&mark, Flags::SELECTION_RING.with(Flags::LEFT, true), 77);
        assert_eq!((left.changed, left.status_changed), (mark.appeared, 77));
    }
}
