//! What the pointer is over and what a click selects.

use bevy::prelude::*;

use super::{pointer::Pointer, selection::Selection, sight::Sight};
use crate::{
    fleet::FleetIndex,
    frame::FrameSystems,
    messages::{Intent, PointerResting},
};

pub(super) fn plugin(app: &mut App) {
    // In `Receive`: a click is about what the last picture showed.
    app.add_systems(Update, (hover_and_click, obey).chain().in_set(FrameSystems::Receive));
}

fn hover_and_click(
    mut selection: ResMut<Selection>,
    pointer: Res<Pointer>,
    sight: Sight,
    resting: Res<PointerResting>,
    rows: Query<()>,
) {
    let pick = |screen: Vec2| sight.row_at(screen).filter(|&row| rows.contains(row));
    let mut next = *selection;
    next.hovered = pointer
        .over
        .filter(|_| !pointer.is_dragging() && !resting.0)
        .and_then(pick);
    // The second click of a double one is about the row of the first, wherever the scene has gone meanwhile.
    if let (Some(at), None) = (pointer.clicked, pointer.double_clicked) {
        next.selected = pick(at);
    }
    // What is selected may be despawned at any time.
    next.selected = next.selected.filter(|&row| rows.contains(row));
    selection.set_if_neq(next);
}

fn obey(mut selection: ResMut<Selection>, mut intents: MessageReader<Intent>, index: Option<Res<FleetIndex>>) {
    for intent in intents.read() {
        if let Intent::Select(key) = intent {
            let selected = key
                .as_ref()
                .and_then(|key| index.as_ref().and_then(|index| index.get(key)));
            let hovered = selection.hovered;
            selection.set_if_neq(Selection { hovered, selected });
        }
    }
}
