//! One line of a tie as the shader reads it: twelve words (48 bytes). `assets/shaders/ties.wgsl` unpacks it.

use bevy::math::Vec2;

use crate::scene::marks::{Layer, MarkSlot};

/// Words of one packed line.
pub(crate) const TIE_WORDS: usize = 12;
/// Bits of a slot; the layer is above them.
pub(crate) const SLOT_BITS: u32 = 30;
/// Set in every line; an empty slot is zero.
pub(crate) const LIVE: u32 = 1;
/// Where the kind begins in its word.
pub(crate) const KIND_SHIFT: u32 = 1;
/// Set where the line begins at a point, not at its mark,
pub(crate) const FROM_POINT: u32 = 1 << 3;
/// where it ends at a point,
pub(crate) const TO_POINT: u32 = 1 << 4;
/// and where it has a control point.
pub(crate) const BENT: u32 = 1 << 5;
/// Where the strength begins in its word.
pub(crate) const STRENGTH_SHIFT: u32 = 8;

/// What a tie means. It leads from what comes first: the task that is waited for, the whole, the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum TieKind {
    /// From a task to one that waits for it.
    Dependency,
    /// From a task to a part of it.
    Part,
    /// From an agent to a task that is assigned to it.
    Assignment,
}

impl TieKind {
    /// Every kind, in the order of the numbers that the shader uses.
    pub(crate) const ALL: [Self; 3] = [Self::Dependency, Self::Part, Self::Assignment];
}

/// Which part of a tie a line is. Points are world units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Piece {
    /// All of it: an arc from mark to mark.
    Arc,
    /// A leg from its mark to the beginning of a strand, which has this direction and width there.
    Leave {
        /// The beginning of the strand.
        to: Vec2,
        /// A direction of length 1.
        heading: Vec2,
        /// As a multiple of a single line's.
        width: f32,
    },
    /// A part of a strand, which many ties share: a straight line, or a corner.
    Strand {
        /// Where it begins.
        from: Vec2,
        /// Where it ends.
        to: Vec2,
        /// The control point of a corner.
        bend: Option<Vec2>,
        /// The length of the strand before it.
        begin: f32,
        /// As a multiple of a single line's.
        width: f32,
    },
    /// A leg from the end of a strand, which has this direction and width there, to its mark.
    Arrive {
        /// The end of the strand.
        from: Vec2,
        /// A direction of length 1.
        heading: Vec2,
        /// As a multiple of a single line's.
        width: f32,
    },
}

/// A line of a tie from one mark to another. Its colour is that of the first, also where it begins elsewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tie {
    /// The mark that it leads from.
    pub from: MarkSlot,
    /// The mark that it leads to.
    pub to: MarkSlot,
    /// The relationship that it stands for.
    pub kind: TieKind,
    /// The stamp of when it was first shown.
    pub since: u32,
    /// Its strength, of 255: the more ties there are, the fainter each is.
    pub strength: u8,
    /// Which part of the tie it is.
    pub piece: Piece,
}

impl Tie {
    /// Whether it has the arrow head at the mark that the tie leads to: one line of each tie has.
    pub fn has_head(&self) -> bool {
        matches!(self.piece, Piece::Arc | Piece::Arrive { .. })
    }

    /// The line as the shader reads it; `None` if a mark is in a layer that ties cannot refer to, or a number is not finite.
    pub(crate) fn pack(&self) -> Option<[u32; TIE_WORDS]> {
        let none = Vec2::ZERO;
        // Begin, end, control point or direction, length before it, width.
        let (form, from, to, bend, begin, width) = match self.piece {
            Piece::Arc => (0, none, none, none, 0.0, 0.0),
            Piece::Leave { to, heading, width } => (TO_POINT, none, to, heading, 0.0, width),
            Piece::Strand {
                from,
                to,
                bend,
                begin,
                width,
            } => {
                let bent = if bend.is_some() { BENT } else { 0 };
                (
                    FROM_POINT | TO_POINT | bent,
                    from,
                    to,
                    bend.unwrap_or(none),
                    begin,
                    width,
                )
            }
            Piece::Arrive { from, heading, width } => (FROM_POINT, from, none, heading, 0.0, width),
        };
        let numbers = [from.x, from.y, to.x, to.y, bend.x, bend.y, begin, width];
        if !numbers.iter().all(|number| number.is_finite()) {
            return None;
        }
        let word = LIVE | (self.kind as u32) << KIND_SHIFT | form | u32::from(self.strength) << STRENGTH_SHIFT;
        let [a, b, c, d, e, f, g, h] = numbers.map(f32::to_bits);
        Some([end(self.from)?, end(self.to)?, self.since, word, a, b, c, d, e, f, g, h])
    }

    /// The inverse of `pack`; `None` for an empty slot.
    pub fn unpack(words: &[u32; TIE_WORDS]) -> Option<Self> {
        let [from_slot, to_slot, since, word, ref numbers @ ..] = *words;
        let number = word >> KIND_SHIFT & 3;
        let kind = TieKind::ALL.into_iter().find(|kind| *kind as u32 == number)?;
        (word & LIVE != 0).then_some(())?;
        let [a, b, c, d, e, f, begin, width] = numbers.map(f32::from_bits);
        let (from, to, bend) = (Vec2::new(a, b), Vec2::new(c, d), Vec2::new(e, f));
        let heading = bend;
        let piece = match (word & FROM_POINT != 0, word & TO_POINT != 0) {
            (false, false) => Piece::Arc,
            (false, true) => Piece::Leave { to, heading, width },
            (true, false) => Piece::Arrive { from, heading, width },
            (true, true) => Piece::Strand {
                from,
                to,
                bend: (word & BENT != 0).then_some(bend),
                begin,
                width,
            },
        };
        Some(Self {
            from: slot_of(from_slot)?,
            to: slot_of(to_slot)?,
            kind,
            since,
            strength: (word >> STRENGTH_SHIFT) as u8,
            piece,
        })
    }
}

fn end(MarkSlot { layer, slot }: MarkSlot) -> Option<u32> {
    let layer = match layer {
        Layer::Tasks => 0,
        Layer::Alarms => 1,
        Layer::Agents => 2,
        Layer::Grounds | Layer::Overlay => return None,
    };
    (slot < 1 << SLOT_BITS).then_some(layer << SLOT_BITS | slot)
}

fn slot_of(word: u32) -> Option<MarkSlot> {
    let layer = match word >> SLOT_BITS {
        0 => Layer::Tasks,
        1 => Layer::Alarms,
        2 => Layer::Agents,
        _ => return None,
    };
    let slot = word & ((1 << SLOT_BITS) - 1);
    Some(MarkSlot { layer, slot })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_is_reversible() {
        let at = |layer, slot| MarkSlot { layer, slot };
        let (from, to, width) = (Vec2::new(1.5, -2.0), Vec2::new(0.0, 9.0), 2.5);
        let strand = |bend| Piece::Strand {
            from,
            to,
            bend,
            begin: 77.25,
            width,
        };
        let heading = Vec2::NEG_Y;
        for (kind, piece, has_head) in [
            (TieKind::Dependency, Piece::Arc, true),
            (TieKind::Part, Piece::Leave { to, heading, width }, false),
            (TieKind::Dependency, strand(None), false),
            (TieKind::Part, strand(Some(Vec2::ONE)), false),
            (TieKind::Assignment, Piece::Arrive { from, heading, width }, true),
        ] {
            let tie = Tie {
                from: at(Layer::Agents, 7),
                to: at(Layer::Alarms, (1 << SLOT_BITS) - 1),
                kind,
                since: u32::MAX,
                strength: 200,
                piece,
            };
            assert_eq!(Tie::unpack(&tie.pack().expect("fits")), Some(tie));
            assert_eq!(tie.has_head(), has_head);
            let to = at(Layer::Grounds, 0);
            assert_eq!(Tie { to, ..tie }.pack(), None, "a tie cannot lead to a block");
            let to = at(Layer::Tasks, 1 << SLOT_BITS);
            assert_eq!(Tie { to, ..tie }.pack(), None, "the slot has too many bits");
            let piece = strand(Some(Vec2::NAN));
            assert_eq!(Tie { piece, ..tie }.pack(), None, "it is nowhere");
        }
        assert_eq!(Tie::unpack(&[0; TIE_WORDS]), None);
    }
}
