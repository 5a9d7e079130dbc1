//! The lines that ties are drawn with.

use bevy::{platform::collections::HashMap, prelude::*};
use model::Status;

use super::{
    lookup::{Ends, MOST_TIES, TieLookup},
    route,
    tie::{Piece, TIE_WORDS, Tie},
};
use crate::scene::marks::{Marks, Table};

/// The most parts of strands that are drawn; the strands of the most important ties come first. With two legs a tie it
/// bounds all lines.
const MOST_PARTS: usize = 2 * MOST_TIES;

/// What a line belongs to.
#[derive(Debug, Clone, Copy)]
enum Of {
    Tie(Ends),
    /// The number of a strand.
    Strand(usize),
}

#[derive(Debug, Clone, Copy)]
struct Line {
    of: Of,
    since: u32,
    strength: u8,
    piece: Piece,
}

/// The ties that are shown, as packed lines, and since when each is shown. At most `MOST_TIES`.
#[derive(Resource, Debug, Default)]
pub struct ShownTies {
    table: Table<TIE_WORDS>,
    /// The slots of the lines, in their order.
    slots: Vec<u32>,
    lines: Vec<Line>,
    /// The ties of each strand, the most important first.
    strands: Vec<Vec<Ends>>,
    since: HashMap<Ends, u32>,
}

/// A strand while its ties are gathered.
#[derive(Debug, Default)]
struct Strand {
    points: Vec<Vec2>,
    /// Where it begins and ends, and its directions there. `None` where there is no way.
    joints: Option<[(Vec2, Vec2); 2]>,
    ties: Vec<Ends>,
}

impl ShownTies {
    /// The packed lines.
    pub fn table(&self) -> &Table<TIE_WORDS> {
        &self.table
    }

    /// The packed lines, to change.
    pub(crate) fn table_mut(&mut self) -> &mut Table<TIE_WORDS> {
        &mut self.table
    }

    /// Shows exactly these ties, the most important first; those that were shown before keep their start time.
    pub(super) fn set(&mut self, ties: &[Ends], lookup: &TieLookup, now: u32) {
        let before = std::mem::take(&mut self.since);
        let since = |ends: &Ends| (*ends, before.get(ends).copied().unwrap_or(now));
        self.since = ties.iter().map(since).collect();
        let mut strands: Vec<Strand> = Vec::new();
        let mut by_ends: HashMap<(Entity, Entity), usize> = HashMap::default();
        let mut of_ties: Vec<(Ends, Option<usize>)> = Vec::with_capacity(ties.len());
        for &ends in ties {
            let (from, to, _) = ends;
            let strand = lookup.between(from, to).map(|between| {
                let number = *by_ends.entry(between).or_insert_with(|| {
                    let points = lookup.strand(from, to);
                    strands.push(Strand {
                        joints: route::joints(&points),
                        points,
                        ties: Vec::new(),
                    });
                    strands.len() - 1
                });
                if let Some(strand) = strands.get_mut(number) {
                    strand.ties.push(ends);
                }
                number
            });
            of_ties.push((ends, strand));
        }
        self.lines.clear();
        self.draw_strands(&strands, now);
        let strength = route::strength(ties.len());
        for (ends, strand) in of_ties {
            let strand = strand.and_then(|number| strands.get(number));
            self.draw_tie(ends, strand, lookup, strength, now);
        }
        self.strands = strands.into_iter().map(|strand| strand.ties).collect();
    }

    fn draw_strands(&mut self, strands: &[Strand], now: u32) {
        let strength = route::strength(strands.len());
        for (number, strand) in strands.iter().enumerate() {
            let parts = route::parts(&strand.points);
            if strand.joints.is_none() || self.lines.len() + parts.len() > MOST_PARTS {
                continue;
            }
            // It is as old as the oldest of its ties.
            let since = strand.ties.iter().filter_map(|ends| self.since.get(ends));
            let since = since
                .copied()
                .max_by_key(|since| now.wrapping_sub(*since))
                .unwrap_or(now);
            let width = route::width(strand.ties.len());
            self.lines.extend(parts.into_iter().map(|part| Line {
                of: Of::Strand(number),
                since,
                strength,
                piece: Piece::Strand {
                    from: part.from,
                    to: part.to,
                    bend: part.bend,
                    begin: part.begin,
                    width,
                },
            }));
        }
    }

    fn draw_tie(&mut self, ends: Ends, strand: Option<&Strand>, lookup: &TieLookup, strength: u8, now: u32) {
        let since = self.since.get(&ends).copied().unwrap_or(now);
        let mut draw = |piece| {
            self.lines.push(Line {
                of: Of::Tie(ends),
                since,
                strength,
                piece,
            });
        };
        let joints = strand.and_then(|strand| Some((strand.joints?, route::width(strand.ties.len()))));
        let Some(([(begin, leaves), (end, arrives)], width)) = joints else {
            draw(Piece::Arc);
            return;
        };
        // The strand of an agent begins at the agent.
        if lookup.is_cell(ends.0) {
            draw(Piece::Leave {
                to: begin,
                heading: leaves,
                width,
            });
        }
        draw(Piece::Arrive {
            from: end,
            heading: arrives,
            width,
        });
    }

    /// Packs every line with the slots that its marks have now; a line whose row has no mark is empty.
    pub(super) fn write(&mut self, marks: &Marks) {
        if self.lines.is_empty() {
            // Empty slots would be drawn.
            self.table.clear();
            self.slots.clear();
        }
        while self.slots.len() > self.lines.len() {
            if let Some(slot) = self.slots.pop() {
                self.table.remove(slot);
            }
        }
        while self.slots.len() < self.lines.len() {
            self.slots.push(self.table.insert([0; TIE_WORDS]));
        }
        let colours: Vec<Option<Ends>> = self.strands.iter().map(|ties| loudest(ties, marks)).collect();
        for (line, slot) in self.lines.iter().zip(&self.slots) {
            let ends = match line.of {
                Of::Tie(ends) => Some(ends),
                Of::Strand(number) => colours.get(number).copied().flatten(),
            };
            let words = ends.and_then(|(from, to, kind)| {
                let tie = Tie {
                    from: marks.slot(from)?,
                    to: marks.slot(to)?,
                    kind,
                    since: line.since,
                    strength: line.strength,
                    piece: line.piece,
                };
                tie.pack()
            });
            self.table.write(*slot, words.unwrap_or([0; TIE_WORDS]));
        }
    }
}

/// The tie of a strand that gives it its colour and kind: one from a fault, else one from what is not done.
fn loudest(ties: &[Ends], marks: &Marks) -> Option<Ends> {
    let both = |ends: &Ends| marks.mark(ends.0).filter(|_| marks.slot(ends.1).is_some());
    let rank = |ends: &&Ends| match both(ends).map(|mark| mark.status) {
        Some(status) if status.is_fault() => 0,
        Some(Status::Done) => 2,
        Some(_) => 1,
        None => 3,
    };
    ties.iter().min_by_key(rank).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{
        marks::{Layer, Mark, MarkKind},
        ties::TieKind,
    };

    #[test]
    fn a_strand_has_the_colour_of_a_fault_among_its_ties() {
        let row = |number: u32| Entity::from_raw_u32(number).expect("not the placeholder");
        let mut marks = Marks::default();
        for (number, status) in [
            (1, Status::Done),
            (2, Status::Running),
            (3, Status::Failed),
            (9, Status::Queued),
        ] {
            let mark = Mark::new(MarkKind::Task, Vec2::ZERO, Vec2::ONE, status);
            marks.set(row(number), Layer::of(MarkKind::Task, status, false), mark.pack());
        }
        let tie = |number: u32| (row(number), row(9), TieKind::Dependency);
        assert_eq!(loudest(&[tie(1), tie(2), tie(3)], &marks), Some(tie(3)));
        assert_eq!(loudest(&[tie(1), tie(2)], &marks), Some(tie(2)));
        assert_eq!(
            loudest(&[tie(4), tie(1)], &marks),
            Some(tie(1)),
            "one without a mark has no colour"
        );
        assert_eq!(loudest(&[], &marks), None);
    }
}
