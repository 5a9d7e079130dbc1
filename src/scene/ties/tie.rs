//! One tie as the shader reads it: eight words (32 bytes). `assets/shaders/ties.wgsl` unpacks it.

use bevy::math::Vec2;

use crate::scene::marks::{Layer, MarkSlot};

/// Words of one packed tie.
pub(crate) const TIE_WORDS: usize = 8;
/// Bits of a slot; the layer is above them.
pub(crate) const SLOT_BITS: u32 = 30;
/// Set in every tie; an empty slot is zero.
pub(crate) const LIVE: u32 = 1;
/// Where the kind begins in its word.
pub(crate) const KIND_SHIFT: u32 = 1;
/// Set where the tie is a strand with control points.
pub(crate) const BUNDLED: u32 = 1 << 3;
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

/// A line from one mark to another.
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
    /// Control points of a strand, in world units; without them the tie is an arc.
    pub via: Option<[Vec2; 2]>,
}

impl Tie {
    /// The tie as the shader reads it; `None` if a mark is in a layer that ties cannot refer to.
    pub(crate) fn pack(&self) -> Option<[u32; TIE_WORDS]> {
        let via = self.via.filter(|via| via.iter().all(|point| point.is_finite()));
        let word = LIVE
            | (self.kind as u32) << KIND_SHIFT
            | if via.is_some() { BUNDLED } else { 0 }
            | u32::from(self.strength) << STRENGTH_SHIFT;
        let [a, b] = via.unwrap_or_default();
        Some([
            end(self.from)?,
            end(self.to)?,
            self.since,
            word,
            a.x.to_bits(),
            a.y.to_bits(),
            b.x.to_bits(),
            b.y.to_bits(),
        ])
    }

    /// The inverse of `pack`; `None` for an empty slot.
    pub fn unpack(words: &[u32; TIE_WORDS]) -> Option<Self> {
        let [from, to, since, word, ax, ay, bx, by] = *words;
        let number = word >> KIND_SHIFT & 3;
        let kind = TieKind::ALL.into_iter().find(|kind| *kind as u32 == number)?;
        let point = |x, y| Vec2::new(f32::from_bits(x), f32::from_bits(y));
        let is_live = word & LIVE != 0;
        is_live.then_some(())?;
        Some(Self {
            from: slot_of(from)?,
            to: slot_of(to)?,
            kind,
            since,
            strength: (word >> STRENGTH_SHIFT) as u8,
            via: (word & BUNDLED != 0).then(|| [point(ax, ay), point(bx, by)]),
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
        for (kind, via) in [
            (TieKind::Dependency, None),
            (TieKind::Part, Some([Vec2::new(1.5, -2.0), Vec2::new(0.0, 9.0)])),
            (TieKind::Assignment, None),
        ] {
            let tie = Tie {
                from: at(Layer::Agents, 7),
                to: at(Layer::Alarms, (1 << SLOT_BITS) - 1),
                kind,
                since: u32::MAX,
                strength: 200,
                via,
            };
            assert_eq!(Tie::unpack(&tie.pack().expect("fits")), Some(tie));
            let to = at(Layer::Grounds, 0);
            assert_eq!(Tie { to, ..tie }.pack(), None, "a tie cannot lead to a district");
            let to = at(Layer::Tasks, 1 << SLOT_BITS);
            assert_eq!(Tie { to, ..tie }.pack(), None, "the slot has too many bits");
            let nowhere = Tie {
                via: Some([Vec2::NAN, Vec2::ZERO]),
                ..tie
            };
            let packed = nowhere.pack().and_then(|words| Tie::unpack(&words));
            assert_eq!(packed.map(|tie| tie.via), Some(None));
        }
        assert_eq!(Tie::unpack(&[0; TIE_WORDS]), None);
    }
}
