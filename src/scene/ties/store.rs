//! The ties that are shown, packed, and since when each has been.

use bevy::{platform::collections::HashMap, prelude::*};

use super::{
    focus::Ends,
    instance::{TIE_WORDS, Tie},
};
use crate::scene::marks::{Marks, Table};

#[derive(Debug, Clone, Copy)]
struct Shown {
    slot: u32,
    since: u32,
    via: Option<[Vec2; 2]>,
}

/// The ties of what is pointed at. Bounded by `MOST_TIES`.
#[derive(Resource, Debug, Default)]
pub struct ShownTies {
    table: Table<TIE_WORDS>,
    shown: HashMap<Ends, Shown>,
    strength: u8,
}

impl ShownTies {
    pub fn table(&self) -> &Table<TIE_WORDS> {
        &self.table
    }

    pub fn table_mut(&mut self) -> &mut Table<TIE_WORDS> {
        &mut self.table
    }

    pub fn len(&self) -> usize {
        self.shown.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Shows these ties from now on and no others; those that were shown before go on.
    pub(super) fn set(&mut self, ties: impl Iterator<Item = (Ends, Option<[Vec2; 2]>)>, strength: u8, now: u32) {
        let mut before = std::mem::take(&mut self.shown);
        self.strength = strength;
        for (ends, via) in ties {
            let shown = match before.remove(&ends) {
                Some(shown) => Shown { via, ..shown },
                None => Shown {
                    slot: self.table.insert([0; TIE_WORDS]),
                    since: now,
                    via,
                },
            };
            self.shown.insert(ends, shown);
        }
        if self.shown.is_empty() {
            // What nobody points at any more leaves no empty slots to be drawn.
            self.table.clear();
        }
        for shown in before.into_values() {
            self.table.remove(shown.slot);
        }
    }

    /// Writes every tie with the slots that its ends have now: nothing where an end has no mark.
    pub(super) fn write(&mut self, marks: &Marks) {
        for (&(from, to, kind), shown) in &self.shown {
            let ends = marks.seat(from).zip(marks.seat(to));
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
