//! One tie as the shader reads it: eight words (32 bytes); `assets/shaders/ties.wgsl` has the other half.

use bevy::math::Vec2;

use crate::scene::marks::{Layer, Seat};

/// Words of one packed tie.
pub const TIE_WORDS: usize = 8;
/// Bits of a slot; the layer is above them.
const SLOT_BITS: u32 = 30;
const LIVE: u32 = 1;
const BUNDLED: u32 = 1 << 3;

/// What a tie says. It leads from what comes first: the task that is waited for, the whole, the agent.
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

/// A line from one mark to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tie {
    pub from: Seat,
    pub to: Seat,
    pub kind: TieKind,
    /// Stamp of when it was first shown.
    pub since: u32,
    /// How strong it is drawn, of 255: the more there are, the less.
    pub strength: u8,
    /// Points in the world that it is drawn towards on its way; without them it is an arc.
    pub via: Option<[Vec2; 2]>,
}

impl Tie {
    /// Nothing when an end is no mark that a tie can point at.
    pub fn pack(&self) -> Option<[u32; TIE_WORDS]> {
        let via = self.via.filter(|via| via.iter().all(|point| point.is_finite()));
        let word =
            LIVE | (self.kind as u32) << 1 | if via.is_some() { BUNDLED } else { 0 } | u32::from(self.strength) << 8;
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

    /// The inverse of `pack`; nothing for an empty slot.
    pub fn unpack(words: &[u32; TIE_WORDS]) -> Option<Self> {
        let [from, to, since, word, ax, ay, bx, by] = *words;
        let kind = match (word >> 1) & 3 {
            0 => TieKind::Dependency,
            1 => TieKind::Part,
            _ => TieKind::Assignment,
        };
        let point = |x, y| Vec2::new(f32::from_bits(x), f32::from_bits(y));
        let is_live = word & LIVE != 0;
        is_live.then_some(())?;
        Some(Self {
            from: seat(from)?,
            to: seat(to)?,
            kind,
            since,
            strength: (word >> 8) as u8,
            via: (word & BUNDLED != 0).then(|| [point(ax, ay), point(bx, by)]),
        })
    }
}

fn end(seat: Seat) -> Option<u32> {
    let layer = match seat.layer {
        Layer::Tasks => 0,
        Layer::Alarms => 1,
        Layer::Agents => 2,
        Layer::Grounds | Layer::Overlay => return None,
    };
    (seat.slot < 1 << SLOT_BITS).then_some(layer << SLOT_BITS | seat.slot)
}

fn seat(word: u32) -> Option<Seat> {
    let layer = match word >> SLOT_BITS {
        0 => Layer::Tasks,
        1 => Layer::Alarms,
        2 => Layer::Agents,
        _ => return None,
    };
    let slot = word & ((1 << SLOT_BITS) - 1);
    Some(Seat { layer, slot })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_read_back() {
        let seat = |layer, slot| Seat { layer, slot };
        for (kind, via) in [
            (TieKind::Dependency, None),
            (TieKind::Part, Some([Vec2::new(1.5, -2.0), Vec2::new(0.0, 9.0)])),
            (TieKind::Assignment, None),
        ] {
            let tie = Tie {
                from: seat(Layer::Agents, 7),
                to: seat(Layer::Alarms, (1 << SLOT_BITS) - 1),
                kind,
                since: u32::MAX,
                strength: 200,
                via,
            };
            assert_eq!(Tie::unpack(&tie.pack().expect("fits")), Some(tie));
            let to = seat(Layer::Grounds, 0);
            assert_eq!(Tie { to, ..tie }.pack(), None, "a district is no end");
            let to = seat(Layer::Tasks, 1 << SLOT_BITS);
            assert_eq!(Tie { to, ..tie }.pack(), None, "no slot is that large");
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
