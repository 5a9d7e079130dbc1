//! The ties of the hovered and the selected row: what it waits for, what waits for it, what it is a part of and what its
//! parts are. They are drawn for these two rows alone: one packed tie each, one instanced draw.
//!
//! `lookup` finds the ties of a row, `route` leads those between two districts along one strand, and `tie` packs them. Like
//! a beam a tie refers to the slots of its two marks, and the shader reads their positions there.

mod lookup;
mod route;
mod tie;

use bevy::{ecs::entity::EntityHashSet, platform::collections::HashMap, prelude::*};

use super::{
    marks::{Marks, Table, stamp},
    selection::Selection,
};
use crate::{
    fleet::{FleetClock, Touched},
    frame::DrawSystems,
};

pub use lookup::MOST_TIES;
pub(super) use lookup::{Ends, TieLookup};
pub(crate) use tie::{BUNDLED, KIND_SHIFT, LIVE, SLOT_BITS, STRENGTH_SHIFT, TIE_WORDS};
pub use tie::{Tie, TieKind};

/// Shortest interval between two lookups while rows change; another hovered or selected row is looked up at once.
const LEAST_SECS: f64 = 0.2;

#[derive(Debug, Clone, Copy)]
struct ShownTie {
    slot: u32,
    since: u32,
    via: Option<[Vec2; 2]>,
}

/// The ties that are shown, packed, and since when each is shown. At most `MOST_TIES`.
#[derive(Resource, Debug, Default)]
pub struct ShownTies {
    table: Table<TIE_WORDS>,
    shown: HashMap<Ends, ShownTie>,
    strength: u8,
}

impl ShownTies {
    /// The packed ties.
    pub fn table(&self) -> &Table<TIE_WORDS> {
        &self.table
    }

    /// The packed ties, to change.
    pub(crate) fn table_mut(&mut self) -> &mut Table<TIE_WORDS> {
        &mut self.table
    }

    /// Shows exactly these ties; those that were shown before keep their start time.
    fn set(&mut self, ties: impl Iterator<Item = (Ends, Option<[Vec2; 2]>)>, strength: u8, now: u32) {
        let mut before = std::mem::take(&mut self.shown);
        self.strength = strength;
        for (ends, via) in ties {
            let shown = match before.remove(&ends) {
                Some(shown) => ShownTie { via, ..shown },
                None => ShownTie {
                    slot: self.table.insert([0; TIE_WORDS]),
                    since: now,
                    via,
                },
            };
            self.shown.insert(ends, shown);
        }
        if self.shown.is_empty() {
            // Empty slots would be drawn.
            self.table.clear();
        }
        for shown in before.into_values() {
            self.table.remove(shown.slot);
        }
    }

    /// Packs every tie with the slots that its marks have now; a tie whose row has no mark is empty.
    fn write(&mut self, marks: &Marks) {
        for (&(from, to, kind), shown) in &self.shown {
            let ends = marks.slot(from).zip(marks.slot(to));
            let words = ends.and_then(|(from, to)| {
                let tie = Tie {
                    from,
                    to,
                    kind,
                    since: shown.since,
                    strength: self.strength,
                    via: shown.via,
                };
                tie.pack()
            });
            self.table.write(shown.slot, words.unwrap_or([0; TIE_WORDS]));
        }
    }
}

/// The last lookup.
#[derive(Debug, Default)]
struct Last {
    selection: Selection,
    revision: u64,
    at: f64,
    districts: EntityHashSet,
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
    clock: Res<FleetClock>,
    touched: Res<Touched>,
    lookup: TieLookup,
) {
    let is_other_row = last.selection != *selection;
    let has_row = selection.hovered.or(selection.selected).is_some();
    if !is_other_row && !has_row {
        return;
    }
    let has_news = last.revision != lookup.revision() && clock.0 - last.at >= LEAST_SECS;
    let has_moved = !last.districts.is_empty() && touched.iter().any(|row| last.districts.contains(&row));
    if is_other_row || has_news || has_moved {
        let ends = lookup.ties(selection.hovered, selection.selected);
        last.selection = *selection;
        (last.revision, last.at) = (lookup.revision(), clock.0);
        last.districts = lookup.districts(&ends);
        let strength = route::strength(ends.len());
        let routed = ends.iter().map(|&(from, to, kind)| {
            let grounds = lookup.ground(from).zip(lookup.ground(to));
            ((from, to, kind), grounds.and_then(|(from, to)| route::via(from, to)))
        });
        ties.set(routed, strength, stamp(clock.0));
    } else if last.mark_moves == marks.moves() {
        return;
    }
    last.mark_moves = marks.moves();
    ties.write(&marks);
}
