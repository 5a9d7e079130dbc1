//! The ties of the hovered and the selected row: what it waits for, what waits for it, what it is a part of and what its
//! parts are. They are drawn for these two rows alone: packed lines, one instanced draw.
//!
//! `lookup` finds the ties of a row, `lines` draws each as an arc, or as two legs and a strand along the streets that all
//! ties between the same two blocks share, `route` shapes strands, and `tie` packs lines. Like a beam a line refers to the
//! slots of its two marks, and the shader reads their positions there.

mod lines;
mod lookup;
mod route;
mod tie;

use bevy::{ecs::entity::EntityHashSet, prelude::*};

use super::{
    marks::{Marks, stamp},
    selection::Selection,
    trail::Trail,
};
use crate::{
    fleet::{FleetClock, Touched},
    frame::DrawSystems,
};

pub use lines::ShownTies;
pub use lookup::MOST_TIES;
pub(super) use lookup::{Ends, TieLookup};
pub(crate) use tie::{BENT, FROM_POINT, KIND_SHIFT, LIVE, SLOT_BITS, STRENGTH_SHIFT, TIE_WORDS, TO_POINT};
pub use tie::{Piece, Tie, TieKind};

/// Shortest interval between two lookups while rows change; another hovered or selected row is looked up at once.
const LEAST_SECS: f64 = 0.2;

/// The last lookup.
#[derive(Debug, Default)]
struct Last {
    /// The hovered and the selected row.
    rows: [Option<Entity>; 2],
    /// The trail that was drawn (`Trail::version`).
    trail: u64,
    revision: u64,
    at: f64,
    /// The blocks and the agents that the ties connect.
    connected: EntityHashSet,
    mark_moves: u64,
}

/// The ties' systems.
pub(super) fn plugin(app: &mut App) {
    app.init_resource::<ShownTies>()
        .add_systems(Update, update.in_set(DrawSystems::Ties));
}

fn update(
    mut last: Local<Last>,
    mut ties: ResMut<ShownTies>,
    marks: Res<Marks>,
    selection: Res<Selection>,
    trail: Res<Trail>,
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    lookup: TieLookup,
) {
    let rows = [selection.hovered, selection.selected];
    let is_other_row = last.rows != rows || last.trail != trail.version;
    let has_row = selection.hovered.or(selection.selected).is_some();
    if !is_other_row && !has_row {
        return;
    }
    let has_news = last.revision != lookup.revision() && clock.0 - last.at >= LEAST_SECS;
    let has_moved = !last.connected.is_empty()
        && touched
            .iter()
            .any(|row| last.connected.contains(&row) && lookup.departs(row, clock.0));
    if is_other_row || has_news || has_moved {
        let ends = lookup.ties(selection.hovered, selection.selected, trail.lit());
        (last.rows, last.trail) = (rows, trail.version);
        (last.revision, last.at) = (lookup.revision(), clock.0);
        last.connected = lookup.connected(&ends);
        ties.set(&ends, &lookup, stamp(clock.0));
    } else if last.mark_moves == marks.moves() {
        return;
    }
    last.mark_moves = marks.moves();
    ties.write(&marks);
}
