//! The rings of what the pointer is over and what is selected: copies of those two marks, on top of everything.

use bevy::prelude::*;

use super::{
    instance::{Flags, Mark, WORDS},
    tables::{Layer, Marks},
};
use crate::scene::selection::Selection;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Selection>();
}

pub(super) fn draw(mut marks: ResMut<Marks>, selection: Res<Selection>, mut slots: Local<Option<[u32; 2]>>) {
    let slots = *slots.get_or_insert_with(|| {
        let table = marks.table_mut(Layer::Overlay);
        // Two empty slots of our own; nothing else lives in this layer.
        [table.insert([0; WORDS]), table.insert([0; WORDS])]
    });
    let hovered = selection.hovered.filter(|hovered| Some(*hovered) != selection.selected);
    for (slot, entity, ring) in [
        (slots[0], hovered, Flags::HOVER_RING),
        (slots[1], selection.selected, Flags::SELECTION_RING),
    ] {
        let words = entity.and_then(|entity| marks.mark(entity)).map_or([0; WORDS], |mark| {
            Mark {
                flags: mark.flags.with(ring, true),
                ..mark
            }
            .pack()
        });
        marks.table_mut(Layer::Overlay).write(slot, words);
    }
}
